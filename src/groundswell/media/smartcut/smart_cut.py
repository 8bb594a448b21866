"""Smart cut: copy the middle of a clip bit for bit, encode only its edges."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from av.video.frame import VideoFrame

from groundswell.media.audio.sound import AudioSpan
from groundswell.media.audio.soundtrack import add_sound
from groundswell.media.output.check import Seam, Witness, check_clip
from groundswell.media.output.grid import end_of, grid_of, rates_of, shown_next
from groundswell.media.output.mux import interleave, lay_out, mp4
from groundswell.media.output.similarity import plane_of
from groundswell.media.reading.account import check_positions
from groundswell.media.reading.frames import TIMES_OF_STORAGE, decode_between, is_timed_by_storage
from groundswell.media.reading.orientation import Orientation
from groundswell.media.reading.packets import CannotCopy, Packets, PacketStretch, gather
from groundswell.media.reading.source import OpenSource
from groundswell.media.request import AudioDone, CutResult, Order
from groundswell.media.times import to_us
from groundswell.media.title import TitleIndex

from .avc_copy import AvcCopy
from .coding import Coding
from .copier import Copier, with_pts
from .hevc_copy import HevcCopy
from .splice import Splice, plan

COPIERS: dict[str, type[Copier]] = {"h264": AvcCopy, "hevc": HevcCopy}


def smart_cut(title: OpenSource, index: TitleIndex, order: Order, turn: Orientation, path: Path) -> CutResult:
    """Write the clip to ``path`` and check it. Raises `CannotCopy` when it has to be encoded whole.

    Holds the stretch's packets in memory, as read; of decoded pictures no more than a decoder does.
    """
    if index.video.codec not in COPIERS:
        raise CannotCopy(f"codec_{index.video.codec}")
    if is_timed_by_storage(title):
        raise CannotCopy(TIMES_OF_STORAGE)
    stretch = gather(title, title.pts(order.start_us), title.pts(order.end_us))
    if not stretch.wanted:
        raise order.nothing(index)
    copier = COPIERS[index.video.codec](Coding.of_title(title, index))
    splice = plan([copier.take(p) for p in stretch.packets], stretch.wanted)
    if splice is None:
        raise CannotCopy("no_whole_gop")
    return _SmartCut(title, index, order, stretch, splice, copier).write(turn, path)


class _SmartCut:
    def __init__(
        self,
        title: OpenSource,
        index: TitleIndex,
        order: Order,
        stretch: PacketStretch,
        splice: Splice,
        copier: Copier,
    ) -> None:
        self._title, self._index, self._order = title, index, order
        self._stretch, self._splice, self._copier = stretch, splice, copier
        self._number = {pts: n for n, pts in enumerate(stretch.wanted)}
        self._witnesses: dict[int, Witness] = {}
        rates = rates_of(title, index)
        following = shown_next(title, stretch.following)
        self._grid = grid_of(stretch.wanted, title.tick, rates, end_of(title, order), following)

    def write(self, turn: Orientation, path: Path) -> CutResult:
        splice, copier = self._splice, self._copier
        packets = self._stretch.packets
        positions = [*splice.head, *(packets[n].pts or 0 for n in splice.copied), *splice.tail]
        check_positions(sorted((0, at) for at in positions), [(0, at) for at in self._stretch.wanted], whole=True)
        body = [copier.copied(packets[n]) for n in splice.copied]
        first_copied = packets[splice.copied[0]].pts or 0
        head = copier.encoded(self._frames(splice.head, beside=first_copied), len(splice.head))
        self._order.on_progress(0.4)
        last_copied = max(packets[n].pts or 0 for n in splice.copied)
        tail = copier.encoded(self._frames(splice.tail, beside=last_copied), len(splice.tail))
        self._order.on_progress(0.8)
        kind = self._mux(head + body + tail, turn, path)
        self._check(len(head), len(body), path, sound=kind != "none")
        self._order.on_progress(1.0)
        return self._result(len(body), kind, path)

    def _frames(self, encode: tuple[int, ...], *, beside: int) -> Iterator[tuple[int, VideoFrame]]:
        """The frames to encode; on the way, a look at them and at the copied frame ``beside`` them."""
        if not encode:
            return
        wanted = {*encode, beside}
        watched = {encode[0], encode[-1], beside}
        for pts, frame in with_pts(decode_between(self._title, min(wanted), max(wanted) + 1), tuple(sorted(wanted))):
            if pts in watched:
                self._witnesses[self._number[pts]] = Witness(plane_of(frame), exact=pts == beside)
            if pts != beside:
                yield pts, frame

    def _mux(self, packets: Packets, turn: Orientation, path: Path) -> AudioDone:
        grid, title = self._grid, self._title
        first = self._stretch.wanted[0] * title.tick
        with mp4(path) as output:
            stream = output.add_stream_from_template(title.video)
            stream.codec_context.codec_tag = self._copier.sample_entry
            stream.codec_context.extradata = self._copier.record
            if turn.matrix is not None:
                stream.set_display_matrix(turn.matrix)
            lay_out(packets, grid, stream)
            span = AudioSpan(first, first + grid.duration * grid.tick)
            sound, kind = add_sound(title, self._order, output, span)
            interleave(output, packets, sound, timescale=grid.timescale)
        return kind

    def _check(self, head: int, body: int, path: Path, *, sound: bool) -> None:
        seams = [Seam(0, head)]
        if self._splice.tail:
            seams.append(Seam(head + body - 1, head + body))
        until: Fraction | None = self._grid.duration * self._grid.tick if sound else None
        check_clip(path, self._grid, seams=seams, witnesses=self._witnesses, audio_until=until)

    def _result(self, copied: int, kind: AudioDone, path: Path) -> CutResult:
        wanted, splice = self._stretch.wanted, self._splice
        video = self._index.video
        return CutResult(
            mode="smart",
            profile=self._order.target.name,
            width=video.coded_width,
            height=video.coded_height,
            frames=len(wanted),
            frames_copied=copied,
            frames_encoded=len(splice.head) + len(splice.tail),
            first_pts_us=self._title.us(wanted[0]),
            last_pts_us=self._title.us(wanted[-1]),
            duration_us=to_us(self._grid.duration * self._grid.tick),
            audio=kind,
            size_bytes=path.stat().st_size,
            seam_psnr=self._seam_psnr(path) if self._order.measure_seam else None,
        )

    def _seam_psnr(self, path: Path) -> float | None:
        from .seam import seam_psnr  # what a plain cut does not need is not loaded

        found = [
            seam_psnr(self._title, part, path, self._number[part[0]])
            for part in (self._splice.head, self._splice.tail)
            if part
        ]
        return min(found, default=None)
