"""Every real file at hand, at three places, in the middle also in two more profiles, by turns: exact.

``GROUNDSWELL_LONG_TESTS=1`` tries every file in every profile at every place.
"""

import json
import os
from pathlib import Path

import av
import pytest

from groundswell.media import PROFILES, ClipRequest, cut, probe
from tests.conftest import SHARED_DATA
from tests.film_cache import rendered_once
from tests.media.exactness import assert_well_formed, origin_of


def shown(path: Path) -> list[float]:
    """When each frame of a file is shown, on the title's timeline, in microseconds."""
    origin = origin_of(path)
    with av.open(str(path)) as container:
        frames = container.decode(video=0)
        return [float(frame.pts * frame.time_base - origin) * 1e6 for frame in frames if frame.pts is not None]


@rendered_once
def times_of(path: Path, film: str, size_bytes: int) -> Path:
    """When each frame of a film is shown, as JSON: to learn it, all of the film is decoded, by FFmpeg alone."""
    path.write_text(json.dumps(shown(Path(film))))
    return path


FILES = ["an absent folder"]
if (SHARED_DATA / "video").is_dir():
    FILES = sorted(path.name for path in (SHARED_DATA / "video").iterdir() if path.is_file())
EVERY_FILE = pytest.mark.parametrize("name", FILES)


@pytest.mark.slow
@pytest.mark.timeout(900)
@EVERY_FILE
def test_every_real_file_is_cut_exactly(shared_data: Path, tmp_path: Path, name: str) -> None:
    path, clip = shared_data / "video" / name, tmp_path / "clip.mp4"
    times = json.loads(times_of(tmp_path / "times.json", str(path), path.stat().st_size).read_text())
    lasts = max(times)
    source, *others = PROFILES
    turn = FILES.index(name) % 3
    for place in (0.05, 0.45, 0.8):
        start_us = int(lasts * place)
        end_us = start_us + 300_000
        profiles = [source, *others[turn::3]] if place == 0.45 else [source]
        profiles = PROFILES if "GROUNDSWELL_LONG_TESTS" in os.environ else profiles
        for profile in profiles:
            result = cut(path, ClipRequest(start_us=start_us, end_us=end_us, profile=profile), clip)
            expected = [t for t in times if start_us - 0.5 <= t < end_us - 0.5]
            assert result.frames == len(expected), (profile, place)
            assert abs(result.first_pts_us - expected[0]) <= 1, (profile, place)
            assert abs(result.last_pts_us - expected[-1]) <= 1, (profile, place)
            assert_well_formed(clip)
            assert len(shown(clip)) == len(expected)


@EVERY_FILE
def test_every_real_file_can_be_probed(shared_data: Path, name: str) -> None:
    index = probe(shared_data / "video" / name)
    assert index.duration_us > 0
    assert type(index).from_json(index.to_json()) == index
