"""Cut a clip out of a title, exact to the frame."""

from __future__ import annotations

from pathlib import Path

import av

from .errors import MediaError
from .output.mux import new_file
from .reading.orientation import Orientation
from .reading.packets import CannotCopy
from .reading.probe import index_of
from .reading.source import OpenSource, open_source
from .request import ClipRequest, CutResult, Order, Progress
from .smartcut.smart_cut import smart_cut
from .times import SECOND_US, clock
from .title import TitleIndex


def cut(
    source: str | Path,
    request: ClipRequest,
    destination: str | Path,
    *,
    index: TitleIndex | None = None,
    on_progress: Progress | None = None,
) -> CutResult:
    """Cut a clip out of a title into an MP4 at ``destination``.

    Which frames: a title's presentation timeline begins at 0 with its earliest track (what players show as
    0:00). A frame's time is its presentation time stamp on that timeline, to the nearest microsecond. The clip
    holds exactly the frames with ``start_us <= time < end_us``; its first frame is shown at 0. Titles with a
    steady frame rate give steady clips at exactly that rate; others keep every frame's own time. The sound
    begins with the first frame: to within half an audio packet when copied, to the sample when
    ``audio='exact'`` (or where copying would not be in step). The MP4 has its index first and no edit list.
    It is checked before it appears at ``destination``; until then, and after a failure, there is nothing there.

    ``index`` is what `probe` said of the title, if it is at hand: a stream need not be read to its end again then.
    ``on_progress`` hears numbers from 0 to 1.

    Raises `MediaError`: the reading reasons of `probe`, and ``past_the_end``, ``no_frames``, ``no_such_track``,
    ``bad_subtitles``, ``disk_full``, ``cannot_write``, ``check_failed``.
    """
    order = Order.of(request, on_progress)
    with open_source(source, index.timeline if index is not None else None) as title:
        known = index_of(title, keyframes=False)
        if order.start_us >= known.duration_us + SECOND_US:
            raise MediaError("past_the_end", f"The video ends at {clock(known.duration_us)}.")
        with new_file(Path(destination)) as temporary:
            result = _make(title, known, order, temporary)
            title.check_unchanged()
            return result


def _make(title: OpenSource, index: TitleIndex, order: Order, path: Path) -> CutResult:
    """Smartly where that is possible and comes out right, else by encoding every frame."""
    if order.target.renders or order.subtitles is not None:
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


def _render(title: OpenSource, index: TitleIndex, order: Order, path: Path, reason: str | None = None) -> CutResult:
    from .rendering.renderer import render  # what a smart cut does not need is not loaded

    return render(title, index, order, path, reason)
