"""The demo catalogue: three short films, made up and made here."""

from __future__ import annotations

from groundswell.demo.films import (
    frequency_station,
    frequency_train,
    lighthouse_dark,
    lighthouse_rooms,
    lighthouse_sea,
    mountain_inside,
    mountain_outside,
    mountain_under,
)
from groundswell.demo.films.film import Film, read_lines, seconds

_MADE_BY = [("Written, drawn and scored by", "arithmetic"), ("No gulls were harmed", "only computed")]

LIGHT_FOR_NOBODY = Film(
    slug="a-light-for-nobody",
    name="A Light for Nobody",
    synopsis=(
        "On her last night before the lamp at Skerry Point goes automatic, the keeper gives the technician tea. "
        "At midnight he throws the switch. At ten past, a boat calls out of the dark."
    ),
    tagline="Fifteen thousand nights. Somebody was looking.",
    kind="film",
    year=2025,
    rating="PG",
    genres=("Drama", "Sea"),
    cast=(("Ines Harrow", "Maren Oakes"), ("Theo Bright", "Idris Vance"), ("Calum", "Fergus Lorne")),
    territories=("GB", "IE", "US", "CA", "AU", "NZ", "FR", "DE"),
    accent="#ffb066",
    seed=1871,
    shots=(
        seconds("title", 9.0, lighthouse_sea.title),
        seconds("arrival", 10.25, lighthouse_sea.arrival),
        seconds("lamp_room", 12.0, lighthouse_rooms.lamp_room),
        seconds("face", 8.0, lighthouse_rooms.face),
        seconds("kitchen", 12.0, lighthouse_rooms.kitchen),
        seconds("storm", 8.75, lighthouse_sea.storm),
        seconds("panel", 8.25, lighthouse_dark.panel),
        seconds("dark_sea", 9.875, lighthouse_sea.dark_sea),
        seconds("stairs", 9.25, lighthouse_dark.stairs),
        seconds("flame", 7.0, lighthouse_dark.flame),
        seconds("rescue", 8.875, lighthouse_sea.rescue),
        seconds("morning", 9.125, lighthouse_sea.morning),
        seconds(
            "credits",
            9.625,
            lighthouse_sea.credits_roll(
                [
                    ("", "A Light for Nobody"),
                    ("Ines Harrow", "Maren Oakes"),
                    ("Theo Bright", "Idris Vance"),
                    ("Calum of the Second Chance", "Fergus Lorne"),
                    *_MADE_BY,
                ]
            ),
        ),
    ),
    lines=read_lines("a-light-for-nobody"),
    still_us=5_000_000,
)

WRONG_NUMBER = Film(
    slug="night-frequency-s1e1",
    name="Wrong Number in the Sky",
    synopsis=(
        "Juno has been alone on the station Halcyon for 206 days when a voice breaks into her frequency: "
        "Moss, who drives the night train to Varn. They agree to talk again. They agree on a time."
    ),
    tagline="She is in orbit. He is mostly cement.",
    kind="episode",
    series="Night Frequency",
    season=1,
    episode=1,
    year=2026,
    rating="12",
    genres=("Science fiction", "Comedy", "Trains"),
    cast=(("Juno Vale", "Ada Lindqvist"), ("Moss", "Tobias Fenn"), ("Gerald", "a bean")),
    territories=("GB", "US", "CA", "DE", "SE", "JP"),
    accent="#7cc4ff",
    seed=414,
    shots=(
        seconds("orbit", 9.0, frequency_station.orbit_title),
        seconds("viaduct", 10.125, frequency_train.bridge),
        seconds("halcyon", 8.875, frequency_station.station_out),
        seconds("cab", 10.125, frequency_train.cab),
        seconds("window", 11.0, frequency_station.window),
        seconds("city", 8.875, frequency_train.night_city),
        seconds("radio", 9.125, frequency_station.radio),
        seconds("aurora", 9.75, frequency_station.juno_face),
        seconds("forest", 9.375, frequency_train.forest),
        seconds("corridor", 8.75, frequency_station.corridor),
        seconds("mountain", 11.25, frequency_train.tunnel_mouth),
        seconds(
            "credits",
            11.75,
            frequency_station.control_room(
                [
                    ("", "Night Frequency"),
                    ("Juno Vale", "Ada Lindqvist"),
                    ("Moss", "Tobias Fenn"),
                    ("Gerald", "himself"),
                    *_MADE_BY,
                    ("Next time", "What the mountain heard"),
                ]
            ),
        ),
    ),
    lines=read_lines("night-frequency-s1e1"),
    still_us=15_500_000,
)

MOUNTAIN_HEARD = Film(
    slug="night-frequency-s1e2",
    name="What the Mountain Heard",
    synopsis=(
        "Moss has been doing sums on a sandwich bag. Every night at 2:14 his train enters the mountain, and every "
        "night at 2:14 Juno's station shakes. He asks her to knock on the Earth."
    ),
    tagline="Knock once. Politely.",
    kind="episode",
    series="Night Frequency",
    season=1,
    episode=2,
    year=2026,
    rating="12",
    genres=("Science fiction", "Comedy", "Trains"),
    cast=(("Juno Vale", "Ada Lindqvist"), ("Moss", "Tobias Fenn"), ("Gerald", "a bean, in flower")),
    territories=("GB", "US", "CA", "DE", "SE"),
    accent="#ff9a5c",
    seed=214,
    shots=(
        seconds("oriel", 9.125, mountain_outside.oriel_title),
        seconds("junction", 10.0, mountain_outside.platform),
        seconds("greenhouse", 10.0, mountain_inside.greenhouse),
        seconds("driver", 8.875, mountain_outside.driver_face),
        seconds("chart", 9.125, mountain_inside.chart),
        seconds("screen", 10.25, mountain_inside.false_window),
        seconds("tunnel", 7.875, mountain_under.tunnel),
        seconds("section", 9.875, mountain_under.section),
        seconds("lantern", 9.125, mountain_under.lantern_walk),
        seconds("door", 9.0, mountain_under.door),
        seconds("dawn", 9.75, mountain_outside.dawn),
        seconds("seat", 8.5, mountain_outside.window_seat),
        seconds(
            "credits",
            11.5,
            mountain_outside.to_the_sea(
                [
                    ("", "Night Frequency"),
                    ("Juno Vale", "Ada Lindqvist"),
                    ("Moss", "Tobias Fenn"),
                    ("Gerald", "himself, in flower"),
                    *_MADE_BY,
                    ("Change here for", "the sea"),
                ]
            ),
        ),
    ),
    lines=read_lines("night-frequency-s1e2"),
    still_us=98_000_000,
)

FILMS: tuple[Film, ...] = (LIGHT_FOR_NOBODY, WRONG_NUMBER, MOUNTAIN_HEARD)
BY_SLUG: dict[str, Film] = {film.slug: film for film in FILMS}
