"""A zoo of files as the world has them: one numbered film, put through ffmpeg's own command line in many ways.

Each animal is what ffmpeg is told after its input. The film's frames carry their number (`film.picture`), so that what
comes out of a cut can be held against what went in, whatever the container makes of time.
"""

from __future__ import annotations

import subprocess
import tomllib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import imageio_ffmpeg

from tests.film_cache import rendered_once
from tests.media.film import Film, make

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
BASE = Film(container="matroska", codec="ffv1", audio="pcm_s16le", b_frames=0, frames=75, pixel_format="yuv444p")


@dataclass(frozen=True)
class Animal:
    """``before`` goes before the input, ``after`` after it. ``numbered``: whether frames still carry their numbers."""

    suffix: str
    after: str
    before: str = ""
    numbered: bool = True
    rate: Fraction | None = Fraction(25)
    """The steady frame rate, None when it has none."""


def _animals() -> dict[str, Animal]:
    kept = tomllib.loads(Path(__file__).with_name("zoo.toml").read_text())
    return {
        name: Animal(
            suffix=told["suffix"],
            after=told["after"].format_map(kept["words"]),
            before=told.get("before", ""),
            numbered=told.get("numbered", True),
            rate=Fraction(rate) if (rate := told.get("rate", "25")) else None,
        )
        for name, told in kept["animals"].items()
    }


ZOO = _animals()


def breed(name: str, folder: Path) -> Path:
    """Make one animal in ``folder``."""
    folder.mkdir(exist_ok=True)
    animal = ZOO[name]
    path = folder / f"{name.replace(' ', '_').replace(',', '').replace(':', '')}.{animal.suffix}"
    return path if path.exists() else _bred(animal, path)


@rendered_once
def _bred(animal: Animal, path: Path) -> Path:
    with TemporaryDirectory() as name:
        folder = Path(name)
        base = make(BASE, folder / "base")
        before = animal.before.replace("COVER", "").replace("SUBTITLES", "").replace("CHAPTERS", "").split()
        command = [FFMPEG, "-v", "error", "-y", *before, "-i", str(base), *_extra(animal, folder)]
        after = [part.replace("COVER", str(_cover(folder))) for part in animal.after.split()]
        subprocess.run([*command, *after, str(path)], check=True, capture_output=True, timeout=120)
    return path


def _extra(animal: Animal, folder: Path) -> list[str]:
    """A second input, where an animal has one."""
    if animal.before == "COVER":
        return ["-i", str(_cover(folder))]
    if animal.before == "SUBTITLES":
        (folder / "s.srt").write_text(
            "1\n00:00:00,500 --> 00:00:01,500\nBonjour\n\n2\n00:00:02,000 --> 00:00:02,500\nÀ toi\n"
        )
        return ["-i", str(folder / "s.srt")]
    if animal.before == "CHAPTERS":
        chapter = "[CHAPTER]\nTIMEBASE=1/1000\nSTART={}\nEND={}\ntitle=Part\n"
        (folder / "c.txt").write_text(";FFMETADATA1\n" + chapter.format(0, 1000) + chapter.format(1000, 3000))
        return ["-i", str(folder / "c.txt")]
    return []


def _cover(folder: Path) -> Path:
    from PIL import Image

    path = folder / "cover.png"
    if not path.exists():
        Image.new("RGB", (300, 300), "teal").save(path)
    return path
