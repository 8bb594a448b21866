import asyncio
import tempfile
from pathlib import Path

import pytest

from groundswell.media import ClipRequest, MediaError, cut_bounded, probe_bounded, run_bounded
from tests.media.conftest import FilmMaker
from tests.media.film import Film, numbers


def names(folder: Path) -> list[str]:
    return [p.name for p in folder.iterdir()]


@pytest.mark.slow
async def test_a_bounded_cut_is_a_cut_with_progress(film_of: FilmMaker, tmp_path: Path) -> None:
    heard: list[float] = []

    async def listen(done: float) -> None:
        heard.append(done)

    clip = tmp_path / "clip.mp4"
    source = film_of(Film())
    result = await cut_bounded(source, ClipRequest(start_us=500_000, end_us=1_500_000), clip, on_progress=listen)
    assert result.frames == len(numbers(clip))
    assert heard == sorted(heard)
    assert names(tmp_path) == ["clip.mp4"]


async def test_refusals_cross_from_the_child(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        await probe_bounded(tmp_path / "absent.mp4")
    assert caught.value.code == "source_missing"


async def test_cancelling_ends_the_child_and_leaves_nothing(film_of: FilmMaker, tmp_path: Path) -> None:
    task = asyncio.create_task(
        cut_bounded(
            film_of(Film()), ClipRequest(start_us=0, end_us=2_000_000, profile="vertical"), tmp_path / "clip.mp4"
        )
    )
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not names(tmp_path)


async def test_other_work_by_name(film_of: FilmMaker, tmp_path: Path) -> None:
    arguments = {"source": str(film_of(Film())), "at_us": 0, "destination": str(tmp_path / "p.jpg")}
    assert await run_bounded("poster", arguments) == [1200, 630]
    assert (tmp_path / "p.jpg").exists()


async def test_a_killed_child_leaves_nothing_in_the_temporary_folder(
    film_of: FilmMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tone mapping writes its table there."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    source = film_of(Film(codec="libx265", pixel_format="yuv420p10le", colour=(9, 16, 9), frames=100, audio=None))
    request = ClipRequest(start_us=0, end_us=4_000_000, profile="wide")
    task: asyncio.Task[object] | None = None

    def stop(done: float) -> None:
        if done > 0 and task is not None:
            task.cancel()

    task = asyncio.create_task(cut_bounded(source, request, tmp_path / "clip.mp4", on_progress=stop))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list((tmp_path / "tmp").iterdir()) == []
    assert not (tmp_path / "clip.mp4").exists()
