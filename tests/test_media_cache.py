"""The stand-in for the clip engine's child: it gives what the child gave to the same work, and to no other."""

from pathlib import Path

import pytest
from PIL import Image

from groundswell.media import MediaError, run_bounded
from groundswell.media.sandbox import child_process
from tests.media_cache import remembering


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a cache in which nothing is yet."""
    folder = tmp_path / "kept"
    folder.mkdir()
    use(folder, "engine", monkeypatch)
    return folder


def use(folder: Path, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_process, "start", remembering(folder, engine))


def made(kept: Path) -> int:
    """How often the child itself has made something."""
    return sum(each.is_dir() for each in kept.iterdir())


async def artwork(folder: Path, colour: str) -> bytes:
    """A poster made of a picture of one colour."""
    given, poster = folder / f"{colour}.png", folder / f"{colour}.jpg"
    Image.new("RGB", (32, 18), colour).save(given)
    poster.unlink(missing_ok=True)
    await run_bounded("artwork", {"path": str(given), "destination": str(poster), "size": (16, 9)})
    return poster.read_bytes()


async def test_the_same_work_is_done_once_wherever_its_files_lie(tmp_path: Path, kept: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    assert await artwork(one, "red") == await artwork(other, "red")
    assert made(kept) == 1


async def test_other_content_and_another_engine_are_other_work(
    tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    red = await artwork(folder, "red")
    assert await artwork(folder, "blue") != red
    use(kept, "mended engine", monkeypatch)
    assert await artwork(folder, "red") == red
    assert made(kept) == 3


async def test_what_is_refused_is_refused_again_by_the_child_itself(tmp_path: Path, kept: Path) -> None:
    (picture := tmp_path / "picture.png").write_bytes(b"no picture")
    for _ in range(2):
        with pytest.raises(MediaError):
            await run_bounded(
                "artwork", {"path": str(picture), "destination": str(tmp_path / "p.jpg"), "size": (16, 9)}
            )
    assert made(kept) == 0
