"""What the media engine finds out about a file: everything the catalogue keeps of it, made in a folder.

All of it is done by processes of their own, which can be killed and are bounded in time and memory.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groundswell.media import ClipRequest, Limits, TitleIndex, cut_bounded, probe_bounded, run_bounded
from groundswell.media.analysis.survey import BACKDROP, POSTER
from groundswell.platform.settings import Settings

from .packages import Packaged, copies_play, packaged
from .playback import playable_as

OnProgress = Callable[[str, float], object]
"""Hears (what is being done, how far: 0 to 1)."""

LEAST_MEMORY = 4 << 30
"""Address space, most of it never touched: decoders of large pictures reserve it for their threads."""


@dataclass(frozen=True)
class Analysis:
    """What was found. Paths are None where the file itself serves, or nothing was made.

    ``waveform`` is peaks from 0 to 255 by equal steps; ``shots`` are (start_us, end_us).
    """

    index: TitleIndex
    shots: list[tuple[int, int]]
    waveform: list[int]
    storyboard: dict[str, Any]
    storyboard_file: Path
    poster_file: Path
    backdrop_file: Path
    playback_file: Path | None
    playback_type: str
    packaged: Packaged
    copies_play: bool


def limits_for(duration_us: int, settings: Settings) -> Limits:
    """Bounds for work over the whole of a title: they grow with its length, eight times as long at most."""
    seconds = max(settings.render_timeout_s, duration_us // 1_000_000 * 8)
    memory = max(settings.render_memory_mb << 20, LEAST_MEMORY)
    return Limits(longest_us=duration_us + 1_000_000, wall_s=seconds, cpu_s=seconds * 4, memory_bytes=memory)


async def analyse(
    file: Path, folder: Path, settings: Settings, on_progress: OnProgress, poster: Path | None, backdrop: Path | None
) -> Analysis:
    """Everything about ``file``; what is made lies in ``folder``.

    Args:
        poster, backdrop: pictures that were given; taken from the film where None.

    Raises:
        MediaError: the file, or a picture, is refused.
    """
    on_progress("looking inside", 0.0)
    index = await probe_bounded(file)
    limits = limits_for(index.duration_us, settings)
    found = await run_bounded(
        "survey",
        {"source": str(file), "folder": str(folder)},
        limits,
        lambda part: on_progress("finding shots, drawing pictures", part),
    )
    for name, given, size in (("poster", poster, POSTER), ("backdrop", backdrop, BACKDROP)):
        if given is not None:
            made = {"path": str(given), "destination": str(folder / f"{name}.jpg"), "size": size}
            await run_bounded("artwork", made, limits)
    made_of = await packaged(file, folder / "hls", limits, lambda part: on_progress("packaging it for streaming", part))
    playback_type = playable_as(index)
    return Analysis(
        index=index,
        shots=[(start, end) for start, end in found["shots"]],
        waveform=found["peaks"],
        storyboard=found["storyboard"],
        storyboard_file=folder / "storyboard.jpg",
        poster_file=folder / "poster.jpg",
        backdrop_file=folder / "backdrop.jpg",
        playback_file=None if playback_type else await _playback(file, folder, index, limits, on_progress),
        playback_type=playback_type or "video/mp4",
        packaged=made_of,
        copies_play=copies_play(index),
    )


async def _playback(file: Path, folder: Path, index: TitleIndex, limits: Limits, on_progress: OnProgress) -> Path:
    """The title as H.264 and AAC in MP4, on the same timeline, for browsers that cannot play the file."""
    made = folder / "playback.mp4"
    await cut_bounded(
        file,
        ClipRequest(
            start_us=0,
            end_us=index.duration_us,
            profile="wide" if index.video.colour.is_hdr else "source",
            limits=limits,
        ),
        made,
        on_progress=lambda part: on_progress("making a version for browsers", part),
    )
    return made
