"""Cut a clip out of a title, exact to the frame."""

from __future__ import annotations

from pathlib import Path

import av

from .card import EndCard
from .errors import MediaError
from .gather import CannotCopy
from .limits import DEFAULT_LIMITS, Limits
from .mux import new_file
from .order import Audio, CutResult, Order, Progress
from .orientation import Orientation
from .probe import index_of
from .profiles import Profile, profile_named
from .smart import smart_cut
from .source import Source, open_source
from .times import SECOND_US, clock
from .title import TitleIndex


def cut(
    source: str | Path,
    start_us: int,
    end_us: int,
    destination: str | Path,
    *,
    profile: str = "source",
    audio: Audio = "copy",
    audio_track: int | None = None,
    subtitles: str | Path | int | None = None,
    focus: float | None = None,
    card: EndCard | None = None,
    measure_seam: bool = False,
    on_progress: Progress | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> CutResult:
    """Cut ``[start_us, end_us)`` of a title into an MP4 at ``destination``.

    Which frames: a title's presentation timeline begins at 0 with its earliest track (what players show as
    0:00). A frame's time is its presentation time stamp on that timeline, to the nearest microsecond. The clip
    holds exactly the frames with ``start_us <= time < end_us``; its first frame is shown at 0. Titles with a
    steady frame rate give steady clips at exactly that rate; others keep every frame's own time. The sound
    begins with the first frame: to within half an audio packet when copied, to the sample when
    ``audio='exact'`` (or where copying would not be in step). The MP4 has its index first and no edit list.
    It is checked before it appears at ``destination``; until then, and after a failure, there is nothing there.

    ``profile`` names one of `PROFILES`; ``audio_track`` counts from 0; ``subtitles`` (SRT or WebVTT, timed to the
    title; or the number of one of its own text tracks) are drawn into the picture; ``focus`` (0 to 1) puts the crop of
    tall profiles by hand; ``card`` is shown for two seconds after the last frame (not in ``source`` and ``clean``);
    ``on_progress`` hears numbers from 0 to 1.

    Raises `MediaError`: the reading reasons of `probe`, and ``start_not_before_end``, ``past_the_end``,
    ``no_frames``, ``too_long``, ``no_such_track``, ``bad_option``, ``bad_time``, ``bad_subtitles``,
    ``disk_full``, ``cannot_write``, ``check_failed``.
    """
    return cut_as(
        profile_named(profile),
        source,
        start_us,
        end_us,
        destination,
        audio=audio,
        audio_track=audio_track,
        subtitles=subtitles,
        focus=focus,
        card=card,
        measure_seam=measure_seam,
        on_progress=on_progress,
        limits=limits,
    )


def cut_as(
    profile: Profile,
    source: str | Path,
    start_us: int,
    end_us: int,
    destination: str | Path,
    *,
    audio: Audio = "copy",
    audio_track: int | None = None,
    subtitles: str | Path | int | None = None,
    focus: float | None = None,
    card: EndCard | None = None,
    measure_seam: bool = False,
    on_progress: Progress | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> CutResult:
    """`cut` into a shape of one's own."""
    order = Order(
        start_us,
        end_us,
        profile,
        audio,
        audio_track,
        Path(subtitles) if isinstance(subtitles, str) else subtitles,
        on_progress or (lambda _: None),
        limits,
        measure_seam,
        focus,
        card,
    )
    with open_source(source) as title:
        index = index_of(title, keyframes=False)
        if start_us >= index.duration_us + SECOND_US:
            raise MediaError("past_the_end", f"The video ends at {clock(index.duration_us)}.")
        with new_file(Path(destination)) as temporary:
            result = _make(title, index, order, temporary)
            title.check_unchanged()
            return result


def _make(title: Source, index: TitleIndex, order: Order, path: Path) -> CutResult:
    """Smartly where that is possible and comes out right, else by encoding every frame."""
    if order.profile.renders or order.subtitles is not None:
        return _render(title, index, order, path)
    turn = Orientation(index.video.rotation, index.video.mirrored, index.video.display_matrix)
    try:
        return smart_cut(title, index, order, turn, path)
    except CannotCopy as reason:
        return _render(title, index, order, path, str(reason))
    except MediaError as error:
        if error.code not in ("check_failed", "damaged"):
            raise
        return _render(title, index, order, path, f"{error.code}: {error.detail}")
    except (av.error.FFmpegError, ValueError) as error:
        title.check_unchanged()
        return _render(title, index, order, path, f"not_copyable: {error}")


def _render(title: Source, index: TitleIndex, order: Order, path: Path, reason: str | None = None) -> CutResult:
    from .render import render  # what a smart cut does not need is not loaded

    return render(title, index, order, path, reason)
