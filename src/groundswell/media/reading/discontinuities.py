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

from groundswell.media.errors import MediaError
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
FEWEST = 3
"""So few pictures on another clock are strays."""


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
    last: int = 0
    """The place of the last packet."""
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
        self._before: deque[int] = deque(maxlen=FEWEST)
        self.found: list[Run] = []
        self.strays = False
        """Whether a few packets came with times of another clock, amid a run that goes on behind them."""

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
        parts = run is not None and self._parts(run, at, shown, key)
        self.strays = self.strays or (run is not None and self._returns(run, at, parts=parts))
        if run is None or parts:
            run = self._begun(run, place, shown, at)
        self._before.append(at)
        run.take(len(self._untimed))
        run.count += 1
        run.last = place
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

    def _returns(self, run: Run, at: int, *, parts: bool) -> bool:
        """Whether the clock is back where it was a few packets before: what came between were strays."""
        near = (FEWEST + 1) * self._step
        if parts:  # they were ahead, or themselves a run
            return any(0 < at - earlier <= near for earlier in list(self._before)[:-1])
        return len(self.found) > 1 and run.count < FEWEST and at - run.at > near and 0 < at - self.found[-2].at <= near

    def _parts(self, run: Run, at: int, shown: int, key: bool) -> bool:
        if at - run.at > self._leap + self._step or run.at - at > self._disorder:
            return True
        return self._reorders and key and run.high - shown > self._overlap


def survey(
    container: InputContainer, video: VideoStream, audio: Sequence[AudioStream], unheard: Sequence[Stream] = ()
) -> Timeline:
    """Read a stream's packets from here to its end; its timeline, which is plain where the clock runs through.

    Raises `MediaError`: ``tracks_change`` when one of the tracks that are ``unheard`` has sound after all (a clip of
    that part would be silent), ``damaged`` when the clock leaps away for a few pictures and comes back.
    """
    tick = video.time_base or Fraction(1, 90_000)
    rate = video.average_rate or video.guessed_rate or USUAL_RATE
    pictures = Runs(tick, round(1 / rate / tick), reorders=True)
    sounds = [Runs(Fraction(s.time_base or 1), 0, reorders=False) for s in audio]
    track = {video.index: pictures, **{s.index: runs for s, runs in zip(audio, sounds, strict=True)}}
    late = {stream.index for stream in unheard}
    for packet in _packets(container, [video, *audio, *unheard]):
        if packet.size and packet.stream_index in late:
            raise MediaError("tracks_change", "Its sound begins only part of the way through.")
        if packet.size:
            track[packet.stream_index].take(packet)
    if pictures.strays:
        raise MediaError("damaged", "The times of some of its pictures are not those of the pictures around them.")
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
    """Which pieces of pictures each run of sound goes with: those that it shares much of the file with, all by the
    clock of the first. Where to begin reading is where their pictures are."""
    runs = track.found
    stops = [run.place for run in runs[1:]]
    for number, (run, stop) in enumerate(zip(runs, [*stops, None], strict=True)):
        found = [number] if len(runs) == len(pieces) else _shared(run, pieces)
        for n in found:
            window = pieces[n].window
            keys = tuple((round(at * tick / track.tick), place) for at, place in window.keys) if n == found[0] else ()
            yield SoundPiece(n, shifts[found[0]], Window("byte", run.place if number else 0, stop, keys))


def _shared(run: Run, pieces: tuple[Piece, ...]) -> list[int]:
    """The numbers of the pieces of which a run of sound covers more than half, else of the one it covers most of."""
    ends = [*(piece.window.first for piece in pieces[1:]), max(run.last + 1, pieces[-1].window.first + 1)]
    spans = [(piece.window.first, end) for piece, end in zip(pieces, ends, strict=True)]
    covered = [max(0, min(run.last + 1, end) - max(run.place, begin)) for begin, end in spans]
    most = [n for n, (begin, end) in enumerate(spans) if 2 * covered[n] > end - begin]
    return most or [covered.index(max(covered))]
