"""Every script is drawn by a font that has it, in the order in which it is read."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from groundswell.media.subtitles.captions import drawn
from groundswell.media.subtitles.cues import CueStyle
from groundswell.media.subtitles.fonts import Face, missing, missing_scripts, packaged, sized
from groundswell.media.subtitles.layout import clusters, draw_row, runs, width_of

SCRIPTS = {
    "NotoSans[": "Hello, ça va? Привет Γειά",
    "Arabic": "مرحبا بالعالم",
    "Hebrew": "שלום עולם",
    "Devanagari": "नमस्ते क्षत्रिय",
    "Bengali": "বাংলা ভাষা",
    "Tamil": "தமிழ் மொழி",
    "Telugu": "తెలుగు",
    "Thai": "สวัสดีชาวโลก",
    "Khmer": "ខ្មែរ",
    "Myanmar": "မြန်မာ",
    "Georgian": "ქართული",
    "Ethiopic": "አማርኛ",
    "CJK": "你好世界",
}


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGBA"))[..., 3].astype(float)


@pytest.mark.parametrize("script", SCRIPTS)
def test_each_script_looks_as_its_own_font_draws_it(script: str) -> None:
    """Held against the whole row drawn by the script's font at once, shaped by HarfBuzz and ordered by FriBidi."""
    text, size = SCRIPTS[script], 40
    path = next(p for p in packaged() if script in p.name)
    font = sized(Face(str(path), 2 if path.suffix == ".ttc" else 0), size)
    ours, theirs = (Image.new("RGBA", (700, 90), (0, 0, 0, 0)) for _ in range(2))
    draw_row(ours, text, 20, 60, size, (255, 255, 255), 0)
    ImageDraw.Draw(theirs).text((20, 60), text, font=font, anchor="ls", fill="white")
    a, b = pixels(ours), pixels(theirs)
    assert b.max() > 200
    assert np.abs(a - b).mean() < 0.15 * b.mean(), script
    assert missing(text) == ()


def test_the_package_brings_fonts_for_what_subtitles_are_written_in() -> None:
    assert packaged()
    assert missing_scripts() == ()
    assert missing("\U00012000 hello") == ("Cuneiform",)


def test_two_scripts_in_a_row_have_a_font_each_and_are_read_in_order() -> None:
    row = "Анна: 你好 مرحبا नमस्ते"
    made = runs(row)
    assert len({run.face for run in made}) >= 4
    assert all(run.face is not None for run in made)
    assert [run.direction for run in made if "م" in run.text] == ["rtl"]


def test_digits_and_brackets_amid_hebrew() -> None:
    """The base goes from right to left: what is written last stands left; digits keep their own order."""
    made = runs("שלום 2026 (טוב)")
    assert "".join(run.text for run in made if run.direction == "ltr") == "2026"
    assert made[0].text.strip() != "שלום"
    assert "שלום" in made[-1].text


@pytest.mark.parametrize("text", ["👍🏽", "🇫🇷", "👩‍👩‍👧", "❤️", "क्षि"[:2], "é"])
def test_a_grapheme_is_not_taken_apart(text: str) -> None:
    assert clusters(text) == [text]


def test_emoji_are_drawn_and_take_no_room_for_what_is_not_seen() -> None:
    assert pixels(drawn("😀", 400, 300)).max() > 200
    assert width_of("👍🏽", 40) == width_of("👍", 40)


@pytest.mark.parametrize(
    ("text", "colours"),
    [
        ("😀", {"yellow"}),
        ("❤️", {"red"}),
        ("🇩🇪", {"red", "yellow", "black"}),
        ("🏳️‍🌈", {"red", "yellow", "green", "blue"}),
    ],
)
def test_emoji_are_in_colour_and_what_is_joined_is_one_picture(text: str, colours: set[str]) -> None:
    image = Image.new("RGBA", (120, 120), (0, 0, 0, 0))
    draw_row(image, text, 5, 90, 80, (255, 255, 255), 4)
    red, green, blue, opaque = (np.asarray(image)[..., part].astype(int) for part in range(4))
    seen = {
        "yellow": (red > 200) & (green > 150) & (blue < 120),
        "red": (red > 180) & (green < 100) & (blue < 100),
        "green": (green > 100) & (red < 100) & (blue < 120),
        "blue": (blue > 120) & (red < 100),
        "black": (red < 30) & (green < 30) & (blue < 30) & (opaque > 250),
    }
    assert {name for name, where in seen.items() if where.sum() > 100} >= colours
    assert width_of(text, 80) == width_of("😀", 80)


def test_an_emoji_at_the_edge_is_cut_off_there() -> None:
    image = Image.new("RGBA", (60, 60), (0, 0, 0, 0))
    for left, baseline in ((-40.0, 30.0), (50.0, 80.0), (-500.0, 30.0), (20.0, 500.0)):
        draw_row(image, "😀", left, baseline, 50, (255, 255, 255), 0)
    assert np.asarray(image)[..., 3].any()


def test_a_line_is_where_and_as_its_look_says() -> None:
    plain, above = (pixels(drawn("Sign", 400, 300, look)) for look in (None, CueStyle(anchor=8, colour=(255, 0, 0))))
    assert np.nonzero(plain.any(axis=1))[0].min() > 200
    assert np.nonzero(above.any(axis=1))[0].max() < 100
    placed = pixels(drawn("Sign", 400, 300, CueStyle(anchor=5, at=(0.25, 0.5))))
    rows, columns = np.nonzero(placed.any(axis=1))[0], np.nonzero(placed.any(axis=0))[0]
    assert abs((rows.min() + rows.max()) / 2 - 150) < 12
    assert abs((columns.min() + columns.max()) / 2 - 100) < 6
