"""Video that others made, through the whole service: imported, clipped, rendered, served, and compared by pixels."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from groundswell.catalog.importing import import_title
from groundswell.media import probe
from tests.moments.clipping import clip
from tests.support import App

FILES = (
    "bbb_2500ms.ts",
    "bbb_642x642_768kbps_30fps_vp9.webm",
    "bbb_800x640_768kbps_30fps_avc_pyramid_3b.mp4",
    "internal_emulator_transformer_output_270_rotated.mp4",
    "sample_edit_list.mp4",
    "sample_with_increasing_timestamps_320w_240h.mp4",
    "sowt-with-video.mov",
)
"""All but the long film, which ``tests/test_cli.py`` takes through real processes, and the HDR one, whose colours are
meant to change."""

Picture = npt.NDArray[np.int16]


def upright(frame: av.VideoFrame) -> Picture:
    """The frame as it is shown, in grey."""
    picture = frame.to_ndarray(format="gray").astype(np.int16)
    return np.rot90(picture, round(frame.rotation / 90) % 4)


def pictures(video: Path) -> list[tuple[Fraction, Picture]]:
    """Every frame, with when it is shown (s)."""
    with av.open(str(video)) as container:
        shown = [(f.pts * f.time_base, upright(f)) for f in container.decode(video=0) if f.pts is not None]
    return sorted(shown, key=lambda each: each[0])


def difference(ours: Picture, theirs: Picture) -> float:
    """The mean difference of grey levels, ours being theirs scaled to fit and centred."""
    height, width = theirs.shape
    scale = min(ours.shape[0] / height, ours.shape[1] / width)
    rows, columns = int(height * scale), int(width * scale)
    top, left = (ours.shape[0] - rows) // 2, (ours.shape[1] - columns) // 2
    inner = ours[top : top + rows, left : left + columns]
    small = (np.linspace(0, length - 1, 24).round().astype(int) for length in inner.shape)
    large = (np.linspace(0, length - 1, 24).round().astype(int) for length in theirs.shape)
    return float(np.abs(_blurred(inner)[np.ix_(*small)] - _blurred(theirs)[np.ix_(*large)]).mean())


def _blurred(picture: Picture, radius: int = 3) -> Picture:
    """Means of neighbourhoods, so that scaling by another filter makes no difference."""
    padded = np.pad(picture, radius, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * radius + 1, 2 * radius + 1))
    return windows.mean(axis=(2, 3)).astype(np.int16)


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
async def test_a_real_file_is_clipped_from_its_first_frame_to_its_last(
    app: App, shared_data: Path, tmp_path: Path, name: str
) -> None:
    file = shared_data / "video" / name
    await import_title(app.runtime, file, name=name, slug="real")
    rule: dict[str, Any] = {"scope": "title", "title": "real", "min_clip_us": 100_000}
    rule |= {"viewer_total_us": 3_600_000_000, "title_total_us": 3_600_000_000}
    assert (await app.http.put("/v1/rights", json=rule, headers=app.signed_in("ravi", "rights"))).is_success
    duration = probe(file).duration_us / 1e6
    answer = await clip(app, start=duration * 0.3, end=duration * 0.3 + min(1.5, duration * 0.5), title="real")
    assert answer.status_code == 201, answer.text
    moment = answer.json()
    await app.run_jobs()
    media = await app.http.get(f"/m/{moment['code']}/wide.mp4")
    assert media.status_code == 200, media.text
    made = tmp_path / "clip.mp4"
    made.write_bytes(media.content)

    theirs = pictures(file)
    origin = theirs[0][0]
    wanted = [
        picture for at, picture in theirs if moment["start_us"] - 1 <= (at - origin) * 1_000_000 < moment["end_us"] - 1
    ]
    ours = [picture for _, picture in pictures(made)]
    assert len(ours) == len(wanted)
    assert difference(ours[0], wanted[0]) < 6
    assert difference(ours[-1], wanted[-1]) < 6
