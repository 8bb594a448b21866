"""Find where the clock of a stream starts again or leaps, and lay the pieces out one after the other.

The rule is the one of FFmpeg's command line (``dts_delta_threshold`` and the tenth of a second it allows for overlap),
held to the pictures' own clock: a leap of more than ten seconds ahead, or a step back by more than the reordering of
pictures can explain, begins a piece; it is shown when the piece before has ended. Smaller gaps stay gaps.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from groundswell.media.timeline import PLAIN, Piece, SoundPiece, Timeline, Window

STREAMS = frozenset({"mpegts", "mpeg", "flv", "live_flv", "kux"})
"""Containers whose packets carry a clock that may start again, and that can be read from any byte on."""
LEAP_S = Fraction(10)
OVERLAP_S = Fraction(1, 10)
OVERLAP_FRAMES = Fraction(5, 2)
DISORDER_S = Fraction(1, 2)
"""Decoding times may be this far out of order where some are guessed from presentation times."""
KEY_STEP_S = Fraction(1)
DEEPEST = 16
"""Most pictures that are decoded ahead."""
USUAL_RATE = Fraction(25)


@dataclass
class Run:
    """Packets of one track on one clock. Times in the track's ticks, places in bytes."""

    place: int
    low: int
    high: int
    at: int
    step: int
    keys: list[tuple[int, int]] = field(default_factory=list)
    count: int = 0
    untimed_start: int = 0
    """How many packets without a time it begins with, the first a keyframe."""
    reordered: bool = False
    untimed: deque[int] = field(default_factory=lambda: deque(maxlen=DEEPEST))
    """Which of the last packets came without a time."""

    @property
    def begin(self) -> int:
        """When the first picture is shown: before all others, if its keyframe has no time. (Of reordered pictures, the
        others without a time are shown later.)"""
        before = min(1, self.untimed_start) if self.reordered else self.untimed_start
        return self.low - self.step * before

    @property
    def end(self) -> int:
        """When the last picture ends. It may be one without a time: there are more then than fit before."""
        unseen = self.count - ((self.high - self.begin) // max(1, self.step) + 1)
        late = sum(n > self.count - DEEPEST for n in self.untimed)
        return self.high + self.step * (1 + min(max(0, unseen), late))

    def take(self, untimed: int) -> None:
        """Count so many packets without a time."""
        self.untimed.extend(range(self.count + 1, self.count + untimed + 1))
        self.count += untimed


class Runs:
    """The runs of one track, packet after packet."""

    def __init__(self, tick: Fraction, step: int, *, reorders: bool) -> None:
        self.tick, self._step, self._reorders = tick, max(1, step), reorders
        self._leap = int(LEAP_S / tick)
        self._overlap = max(int(OVERLAP_S / tick), int(OVERLAP_FRAMES * self._step) if reorders else 0)
        self._disorder = max(int(DISORDER_S / tick), 16 * self._step) if reorders else self._overlap
        self._apart = int(KEY_STEP_S / tick)
        self._place = 0
        self._untimed: list[tuple[int, bool]] = []
        self.found: list[Run] = []

    def take(self, packet: Packet[Stream]) -> None:
        place = packet.pos if packet.pos is not None and packet.pos >= 0 else self._place
        self._place = place
        pts, dts = packet.pts, packet.dts
        at = dts if dts is not None else pts
        if at is not None and pts is not None and not 0 <= pts - at <= self._leap:
            at = pts  # a decoding time that was guessed from before a leap
        if at is None:
            self._untimed.append((place, packet.is_keyframe))
            return
        shown = pts if pts is not None else at
        run = self.found[-1] if self.found else None
        key = packet.is_keyframe or any(key for _, key in self._untimed)
        if run is None or self._parts(run, at, shown, key):
            run = self._begun(run, place, shown, at)
        run.take(len(self._untimed))
        run.count += 1
        run.reordered = run.reordered or shown != at
        self._untimed.clear()
        run.low, run.high, run.at = min(run.low, shown), max(run.high, shown), max(run.at, at)
        if packet.is_keyframe and pts is not None and (not run.keys or pts - run.keys[-1][0] >= self._apart):
            run.keys.append((pts, place))

    def _begun(self, before: Run | None, place: int, shown: int, at: int) -> Run:
        """A new run, which begins with the last keyframe that came without a time, if there is one."""
        keys = [n for n, (_, key) in enumerate(self._untimed) if key and self._reorders]
        first = keys[-1] if keys else len(self._untimed)
        if before is not None:
            before.take(first)
        run = Run(self._untimed[first][0] if keys else place, shown, shown, at, self._step)
        run.untimed_start = len(self._untimed) - first if keys else 0
        self._untimed = self._untimed[first:]
        self.found.append(run)
        return run

    def close(self) -> None:
        """There are no more packets."""
        if self.found:
            self.found[-1].take(len(self._untimed))

    def _parts(self, run: Run, at: int, shown: int, key: bool) -> bool:
        if at - run.at > self._leap + self._step or run.at - at > self._disorder:
            return True
        return self._reorders and key and run.high - shown > self._overlap


def survey(container: InputContainer, video: VideoStream, audio: Sequence[AudioStream]) -> Timeline:
    """Read a stream's packets from here to its end; its timeline, which is plain where the clock runs through."""
    tick = video.time_base or Fraction(1, 90_000)
    rate = video.average_rate or video.guessed_rate or USUAL_RATE
    pictures = Runs(tick, round(1 / rate / tick), reorders=True)
    sounds = [Runs(Fraction(s.time_base or 1), 0, reorders=False) for s in audio]
    track = {video.index: pictures, **{s.index: runs for s, runs in zip(audio, sounds, strict=True)}}
    for packet in _packets(container, [video, *audio]):
        if packet.size:
            track[packet.stream_index].take(packet)
    pictures.close()
    if len(pictures.found) < 2:
        return PLAIN
    pieces = tuple(_pieces(pictures.found))
    seconds = [Fraction(piece.shift) * tick for piece in pieces]
    heard = tuple(tuple(_sound(runs, pieces, seconds, tick)) for runs in sounds)
    return Timeline(pieces, heard)


def _packets(container: InputContainer, tracks: list[Stream]) -> Iterator[Packet[Stream]]:
    try:
        yield from container.demux(tracks)
    except IndexError:  # a track turned up that was not announced: PyAV stops at the end
        return


def _pieces(runs: list[Run]) -> Iterator[Piece]:
    shift = 0
    places = [*(run.place for run in runs[1:]), None]
    ends = [run.end for run in runs]
    for number, (run, stop) in enumerate(zip(runs, places, strict=True)):
        if number:
            shift = ends[number - 1] + shift - run.begin
        window = Window("byte", run.place if number else 0, stop, tuple(run.keys))
        yield Piece(run.begin + shift, run.end + shift, shift, window)


def _sound(track: Runs, pieces: tuple[Piece, ...], shifts: list[Fraction], tick: Fraction) -> Iterator[SoundPiece]:
    """Which piece of pictures each run of sound goes with: the one that it shares most of the file with. Where to begin
    reading is where its pictures are."""
    runs = track.found
    begins = [piece.window.first for piece in pieces]
    stops = [run.place for run in runs[1:]]
    for number, (run, stop) in enumerate(zip(runs, [*stops, None], strict=True)):
        if len(runs) == len(pieces):
            best = number
        else:
            until = stop if stop is not None else 1 << 62
            shared = [
                min(until, end if end is not None else 1 << 62) - max(run.place, begin)
                for begin, end in zip(begins, [*begins[1:], None], strict=True)
            ]
            best = shared.index(max(shared))
        keys = tuple((round(at * tick / track.tick), place) for at, place in pieces[best].window.keys)
        yield SoundPiece(best, shifts[best], Window("byte", run.place if number else 0, stop, keys))
