"""The picture of an exact HLS clip: an encoded head, the title's own fragments, a tail copied and encoded.

Where the clip begins or ends amid a fragment, the fragment cannot be the title's. What can be copied of it is
copied to a fragment of our own, beside the few pictures that must be encoded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from av.video.frame import VideoFrame

from groundswell.media.bitstream.avc import AvcConfig
from groundswell.media.isobmff.init_segment import InitSegment
from groundswell.media.output.check import Witness
from groundswell.media.output.similarity import plane_of
from groundswell.media.reading.packets import CannotCopy, Packets
from groundswell.media.smartcut.avc_copy import AvcCopy
from groundswell.media.smartcut.coding import Coding
from groundswell.media.smartcut.copier import Copier, with_pts
from groundswell.media.smartcut.hevc_copy import HevcCopy
from groundswell.media.smartcut.splice import Picture, Splice, plan

from .byte_ranges import ExactTrack
from .codec_names import hevc_codec
from .exact_join import Joined
from .package import Package
from .packaged_track import TrackStretch

COPIERS: dict[str, type[Copier]] = {"avc1": AvcCopy, "hvc1": HevcCopy}
NAMES = {"vp09": "vp9", "av01": "av1"}
LONGEST_ENCODED_S = 6


@dataclass(frozen=True)
class ExactVideo:
    """The track made. ``first`` and ``stop``: when the picture begins and ends on the media timeline, in ticks."""

    track: ExactTrack
    tick: Fraction
    first: int
    stop: int
    frames: int
    copied: int


def exact_video(
    package: Package, folder: Path, ranges: list[tuple[int, int]], start_us: int, end_us: int, made: Path
) -> ExactVideo:
    """Raises `CannotCopy` where it cannot be, ``no_frames``, ``check_failed``, and ``ValueError`` for a file that is
    not what the package says."""
    track = package.video
    with (folder / track.file).open("rb") as file:
        init = InitSegment.parse(file.read(track.init_size))
        if init.entry not in COPIERS:
            raise CannotCopy(f"codec_{NAMES.get(init.entry, init.entry)}")
        stretch = TrackStretch.read(file, init, ranges, package.lead, start_us, end_us)
        return _Making(package, stretch, ranges).make(made)


class _Making:
    def __init__(self, package: Package, stretch: TrackStretch, ranges: list[tuple[int, int]]) -> None:
        self._track, self._stretch, self._ranges = package.video, stretch, ranges
        self._witnesses: dict[int, Witness] = {}
        picture, aspect = stretch.first_picture()
        record = stretch.init.record
        coding = Coding.of_frame(record, stretch.tick, package.video.frame_rate, aspect, picture)
        self._copier = COPIERS[stretch.init.entry](coding)
        self._splice = self._plan()

    def _plan(self) -> Splice:
        """Pictures are looked at up to the first clean one, and where the clip ends; between, nothing is read."""
        stretch, pictures, clean = self._stretch, list[Picture](), False
        first, last = stretch.wanted[0], stretch.wanted[-1]
        for fragment, numbers in stretch.numbers():
            amid = not first <= fragment.first_shown or max(s.pts for s in fragment.samples) > last
            if clean and not amid:
                pictures += [Picture(s.pts, clean=False) for s in fragment.samples]
                continue
            seen = [self._copier.take(stretch.packet(n)) for n in numbers]
            clean = clean or any(p.clean and p.pts >= first for p in seen)
            pictures += seen
        splice = plan(pictures, stretch.wanted)
        if splice is not None:
            return splice
        if (stretch.stop - first) * stretch.tick > LONGEST_ENCODED_S:
            raise CannotCopy("no_whole_gop")
        return Splice((), tuple(stretch.wanted), ())

    def make(self, folder: Path) -> ExactVideo:
        stretch, splice = self._stretch, self._splice
        copied = set(splice.copied)
        whole = [(f, numbers) for f, numbers in stretch.numbers() if copied.issuperset(numbers)]
        start, stop = (whole[0][1].start, whole[-1][1].stop) if whole else (len(stretch.samples), 0)
        head = self._encoded(splice.head, beside=min(copied, default=None))
        tail = self._encoded(splice.tail, beside=max(copied, key=lambda n: stretch.samples[n].pts, default=None))
        first = [*head, *self._copied(n for n in splice.copied if n < start)]
        last = [*self._copied(n for n in splice.copied if whole and n >= stop), *tail]
        if not whole:
            first, last = first + last, []
        middle = [f for f, _ in whole]
        record = self._copier.record
        joined = Joined(stretch, record, first, middle, last)
        joined.check(self._witnesses)
        about = self._track.model_copy(update={"codecs": _name(stretch.init.entry, record)})
        track = joined.write(about, self._ranges, folder)
        return ExactVideo(track, stretch.tick, stretch.wanted[0], stretch.stop, len(stretch.wanted), len(copied))

    def _copied(self, numbers: Iterable[int]) -> Packets:
        return [self._copier.copied(self._stretch.packet(n)) for n in numbers]

    def _encoded(self, encode: tuple[int, ...], *, beside: int | None) -> Packets:
        """Frames (by pts) encoded; on the way, a look at them and at the copied sample ``beside`` them."""
        if not encode:
            return []
        near = None if beside is None else self._stretch.samples[beside].pts
        return self._copier.encoded(self._watched(encode, near), len(encode))

    def _watched(self, encode: tuple[int, ...], near: int | None) -> Iterator[tuple[int, VideoFrame]]:
        wanted = tuple(sorted({*encode, *([] if near is None else [near])}))
        for pts, frame in with_pts(self._decoded_from(wanted[0]), wanted):
            if pts in (encode[0], encode[-1], near):
                self._witnesses[pts] = Witness(plane_of(frame), exact=pts == near)
            if pts != near:
                yield pts, frame

    def _decoded_from(self, pts: int) -> Iterator[tuple[int, VideoFrame]]:
        starts = [n.start for f, n in self._stretch.numbers() if f.samples[0].sync and f.samples[0].pts <= pts]
        return self._stretch.decode(starts[-1])


def _name(entry: str, record: bytes) -> str:
    return "avc1." + AvcConfig.parse(record).lead.hex() if entry == "avc1" else hevc_codec(record)
