"""Output times: a steady title stays steady, an unsteady one keeps its own times."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from groundswell.media.reading.probe import on_grid
from groundswell.media.reading.source import OpenSource
from groundswell.media.request import Order
from groundswell.media.times import SECOND_US
from groundswell.media.title import TitleIndex

FINEST = 1_000_000
FINE = 10_000
HELD = Fraction(3, 2)
"""So many frames long a steady title's picture is at least that is held: less is the container's rounding."""


@dataclass(frozen=True)
class Grid:
    """Presentation times of a clip, first frame at 0: ``times[n]`` and ``duration`` in ticks of ``tick`` s."""

    tick: Fraction
    times: tuple[int, ...]
    duration: int
    steady: bool

    @property
    def timescale(self) -> int:
        return self.tick.denominator

    def length(self, n: int) -> int:
        """How long frame ``n`` is shown, in ticks."""
        return (self.times[n + 1] if n + 1 < len(self.times) else self.duration) - self.times[n]


def grid_of(pts: list[int], tick: Fraction, rates: list[Fraction], end: Fraction, following: int | None) -> Grid:
    """Lay sorted source ``pts`` out from 0.

    ``rates`` are the frame rates the container claims. If every frame lies on the grid of one of them, give
    or take the container's rounding, the clip is exactly steady at that rate. Otherwise each frame keeps its
    own time to the tick (to the microsecond where ticks are finer). The last is shown until ``following``
    (`shown_next`) or ``end`` (in ticks), whichever is first; of a steady clip it is one frame long, unless it is held.
    """
    stop = None if following is None else min(Fraction(following), max(end, pts[-1] + Fraction(1)))
    for rate in rates:
        if on_grid(pts, tick, rate):
            return _steady(len(pts), rate, Fraction(0) if stop is None else (stop - pts[-1]) * tick)
    return _own_times(pts, tick, rates, stop)


def _steady(count: int, rate: Fraction, held: Fraction) -> Grid:
    """``held``: how many seconds the last picture is shown. Where that is long, ticks are fine enough to say it."""
    is_held = held * rate > HELD
    tick = Fraction(1, rate.numerator * (-(-FINE // rate.numerator) if is_held else 1))
    step = int(1 / rate / tick)
    times = tuple(n * step for n in range(count))
    return Grid(tick, times, times[-1] + (round(held / tick) if is_held else step), True)


def _own_times(pts: list[int], tick: Fraction, rates: list[Fraction], stop: Fraction | None) -> Grid:
    out = tick if tick.numerator == 1 and tick.denominator <= FINEST else Fraction(1, FINEST)
    scale = tick / out
    usual = 1 / rates[0] / tick if rates else Fraction(1, 25) / tick
    stop = pts[-1] + usual if stop is None else stop
    times = [round((at - pts[0]) * scale) for at in (_spread(pts, stop) if usual >= 8 else pts)]
    for n in range(1, len(times)):
        times[n] = max(times[n], times[n - 1] + 1)
    return Grid(out, tuple(times), max(round((stop - pts[0]) * scale), times[-1] + 1), False)


def _spread(pts: list[int], stop: Fraction) -> list[Fraction]:
    """Pictures that shared a time, and so are a tick apart, share what is left until the next picture's."""
    out = [Fraction(at) for at in pts]
    n = 0
    while n < len(pts):
        last = n
        while last + 1 < len(pts) and pts[last + 1] - pts[last] == 1:
            last += 1
        until = Fraction(pts[last + 1]) if last + 1 < len(pts) else max(stop, Fraction(pts[last] + 1))
        for k in range(n, last + 1):
            out[k] = pts[n] + (until - pts[n]) * (k - n) / (last - n + 1)
        n = last + 1
    return out


def shown_next(title: OpenSource, following: int | None) -> int | None:
    """When the picture after a clip is shown, or the title's last ends, where its container says so: ticks of the video
    track."""
    video = title.video
    if following is not None or "mp4" not in title.container.format.name or title.fragmented:
        return following
    return (video.start_time or 0) + video.duration if video.duration and title.timeline.plain else None


def rates_of(title: OpenSource, index: TitleIndex) -> list[Fraction]:
    """The frame rates the container claims, the likeliest first."""
    claimed = (
        index.video.frame_rate,
        title.video.average_rate,
        title.video.guessed_rate,
        title.video.base_rate,
    )
    return [rate for rate in claimed if rate is not None and rate > 0]


def end_of(title: OpenSource, order: Order) -> Fraction:
    """The end asked for, in ticks of the video track."""
    return (Fraction(order.end_us, SECOND_US) + title.origin) / title.tick
