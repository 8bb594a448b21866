"""Shared by these tests: a title of which everything is there to be taken, and what of it counts as taken."""

import re
from datetime import date
from pathlib import Path

import httpx

from groundswell.catalog.importer import import_title
from groundswell.web.route_powers import every_route
from tests.catalog.films import film
from tests.support import App

SAID = ["The keeper is dead.", "Nobody knows but you."]
CARDS = ("/poster.jpg", "/backdrop.jpg")
"""What a title shows of itself to everybody: its own advertisement, made by the service."""


async def import_whole(app: App, folder: Path, slug: str = "lamp") -> None:
    """A title of 24 s with lines, pictures, sound and a package."""
    video = film(folder / "lamp.mp4", shot_seconds=8)
    lines = [f"{n}\n00:00:{n * 5:02},000 --> 00:00:{n * 5 + 3:02},000\n{said}\n" for n, said in enumerate(SAID, 1)]
    (folder / "lamp.srt").write_text("\n".join(lines))
    says = {"name": slug.title(), "slug": slug, "released_on": date(2020, 1, 1), "subtitles": folder / "lamp.srt"}
    await import_title(app.runtime, video, **says)


def title_paths(app: App, slug: str) -> list[str]:
    """The address of every GET route that names a title, with what else it names filled in."""
    found = []
    for route in every_route(app.asgi.router):
        if "GET" not in (route.methods or ()) or not {"title", "slug"} & set(route.param_convertors):
            continue
        rest = set(route.param_convertors) - {"title", "slug"}
        assert rest <= {"name", "form"}, f"{route.path}: say how it is walked too"
        names = ["main", "video", "audio0"] if "name" in rest else [""]
        forms = ["rss", "atom"] if "form" in rest else [""]
        found += [route.path.format(title=slug, slug=slug, name=name, form=form) for name in names for form in forms]
    return sorted(set(found))


def takings(path: str, answer: httpx.Response) -> list[str]:
    """What of the title itself an answer gives: its words, its pictures, its sound, its heat."""
    if answer.status_code >= 400 or path.endswith(CARDS):
        return []
    kind = answer.headers.get("content-type", "")
    taken = [said for said in SAID if said in answer.text] if re.search("json|text|xml", kind) else []
    taken += [kind] if kind.startswith(("video/", "audio/", "image/", "application/vnd.apple", "text/vtt")) else []
    if "json" in kind:
        body = answer.json()
        taken += [
            key
            for key in ("peaks", "shots", "suggestions", "sentences")
            if isinstance(body, dict) and any(body.get(key) or ())
        ]
        taken += [key for key in ("bins",) if isinstance(body, dict) and any(body.get(key) or ())]
    return taken
