"""Pictures that people give: any size and orientation in, a plain JPEG of the right shape out."""

from pathlib import Path

import pytest
from PIL import Image

from groundswell.media.analysis.artwork import artwork
from groundswell.media.errors import MediaError
from groundswell.media.sandbox.bounded import run_bounded


def picture(path: Path, size: tuple[int, int], **options: object) -> Path:
    image = Image.new("RGB", size, "red")
    image.paste("blue", (0, 0, size[0], size[1] // 2))
    image.save(path, **options)
    return path


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.jpg"])
async def test_a_picture_fills_its_place(tmp_path: Path, name: str) -> None:
    given = picture(tmp_path / name, (1000, 3000))
    arguments = {"path": str(given), "destination": str(tmp_path / "out"), "size": (400, 600)}
    assert tuple(await run_bounded("artwork", arguments)) == (400, 600)
    made = Image.open(tmp_path / "out")
    assert (made.format, made.size) == ("JPEG", (400, 600))
    top, bottom = made.getpixel((200, 20)), made.getpixel((200, 580))
    assert top[2] > 200 > top[0]
    assert bottom[0] > 200 > bottom[2]


def test_a_small_picture_is_not_blown_up(tmp_path: Path) -> None:
    assert artwork(picture(tmp_path / "a.png", (100, 100)), tmp_path / "out", (400, 600)) == (67, 100)


def test_a_picture_taken_sideways_stands_upright_without_its_metadata(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "where I live"
    artwork(picture(tmp_path / "a.jpg", (300, 200), exif=exif), tmp_path / "out", (200, 300))
    made = Image.open(tmp_path / "out")
    assert made.size == (200, 300)
    assert not made.getexif()
    assert made.getpixel((190, 150))[2] > 200  # what was on top is now on the right


def bad(tmp_path: Path) -> dict[str, tuple[Path, str]]:
    whole = picture(tmp_path / "whole.png", (300, 300)).read_bytes()
    files = {"text": b"not a picture", "empty": b"", "cut": whole[: len(whole) // 2], "svg": b"<svg xmlns='x'/>"}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    found = {name: (tmp_path / name, "bad_picture") for name in files}
    return {**found, "missing": (tmp_path / "none", "source_missing"), "folder": (tmp_path, "unreadable")}


@pytest.mark.parametrize("name", ["text", "empty", "cut", "svg", "missing", "folder"])
def test_what_is_no_picture_is_refused(tmp_path: Path, name: str) -> None:
    path, code = bad(tmp_path)[name]
    with pytest.raises(MediaError) as refused:
        artwork(path, tmp_path / "out", (10, 10))
    assert refused.value.code == code
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_bomb_is_refused(tmp_path: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
    with pytest.raises(MediaError) as refused:
        artwork(tmp_path / "bomb.png", tmp_path / "out", (10, 10))
    assert refused.value.code == "too_large_picture"
