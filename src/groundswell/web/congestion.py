"""Congestion control: how many requests are worked on at once, and whose turn it is where there is too little for all.

The event loop is one processor. Once it is busy, more requests at a time make each slower and none sooner. So there are
few places while it has no time to spare, and more while what it works on waits for others: additive increase,
multiplicative decrease (Chiu & Jain, "Analysis of the increase and decrease algorithms", 1989). Where some are refused,
the places' time is divided by weight over the classes that ask, however many ask of each: start-time fair queueing
(Goyal, Vin & Cheng, 1996) without the queue, since one that stands is of no use (the thought of CoDel, Nichols &
Jacobson, "Controlling queue delay", 2012).

Nothing here asks a clock: the time comes with each call, in seconds.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

BUSY, IDLE = 0.8, 0.65
"""Parts of the time that the event loop works: above the one it is full, below the other more can be begun."""

LATE_S = 0.02
"""The event loop is late by this: others take the processor that it would have."""

DECREASE, INCREASE = 0.7, 0.25
"""Of the places there are; at least one."""

CONTENDED_S = 0.1
"""For so long after its last refusal a class counts as one that goes without."""

AHEAD_S = 0.03
"""Seconds of places' time by which one class may be ahead of another."""

LONG_S = 0.25
"""A request that takes longer waits for something else than the processor, and no longer counts."""


@dataclass(slots=True)
class TakenPlace:
    """A place that a request of class ``kind`` has since ``began``; ``counts`` while it is held and not for long."""

    kind: str
    began: float
    counts: bool = True


class Contention:
    """Whether somebody has been refused lately."""

    def __init__(self) -> None:
        self._until = float("-inf")

    def refused(self, now: float) -> None:
        self._until = now + CONTENDED_S

    def lasts(self, now: float) -> bool:
        return now < self._until


class FairPlaces:
    """``least`` to ``most`` places, for all classes together.

    Args:
        weights: how much more of the places' time than 1 a class has, where there is too little.
    """

    def __init__(self, least: int, most: int, weights: Mapping[str, int] | None = None) -> None:
        self.least, self.most, self.weights = least, most, weights or {}
        self.places, self.taken = most, 0
        self._young: deque[TakenPlace] = deque()
        self._used: dict[str, float] = {}
        self._contention: dict[str, Contention] = {}
        self._passed_over: dict[str, Contention] = {}
        self._all = Contention()

    def are_contended(self, now: float) -> bool:
        """Whether any class goes without."""
        return self._all.lasts(now)

    def goes_without(self, kind: str, now: float) -> bool:
        """Whether one of class ``kind`` was refused lately."""
        return kind in self._contention and self._contention[kind].lasts(now)

    def are_passed_over(self, now: float) -> bool:
        """Whether any class goes without for what others have, rather than for a limit of its own."""
        return any(each.lasts(now) for each in self._passed_over.values())

    def is_turn_of(self, kind: str, now: float) -> bool:
        """Whether a request of class ``kind`` may be begun."""
        return self.taken < self.places and self.used(kind) <= self._least_used(now) + AHEAD_S

    def used(self, kind: str) -> float:
        """Places' time that ``kind`` has had, by its weight, since classes went without."""
        return self._used.get(kind, 0.0)

    def take(self, kind: str, now: float) -> TakenPlace:
        place = TakenPlace(kind, now)
        self.taken += 1
        self._young.append(place)
        return place

    def give_back(self, place: TakenPlace, now: float) -> None:
        self._count_no_more(place, now)

    def refused(self, kind: str, now: float, *, at_its_limit: bool = False) -> None:
        """Note that one of class ``kind`` was refused. A class that did not ask for a while has saved up nothing.

        Args:
            at_its_limit: as many of the class are answered as may be. Others cannot make room for it, and do not wait
                until it has had as much as they.
        """
        if not self.are_contended(now):
            self._used.clear()
        if not self._all.lasts(now + CONTENDED_S):
            self._all.refused(now)
        self._contention.setdefault(kind, Contention()).refused(now)
        if at_its_limit:
            return
        passed_over = self._passed_over.setdefault(kind, Contention())
        if self.are_passed_over(now) and not passed_over.lasts(now):
            self._used[kind] = max(self.used(kind), self._least_used(now))
        passed_over.refused(now)

    def adapt(self, now: float, busy: float, lag_s: float) -> None:
        """Have as many places as an event loop can use that worked for a part ``busy`` of the time and ran so late.
        While nobody goes without, there is nothing to save."""
        while self._young and now - self._young[0].began > LONG_S:
            self._count_no_more(self._young.popleft(), now)
        while self._young and not self._young[0].counts:
            self._young.popleft()
        contended = self.are_contended(now)
        if contended and (busy > BUSY or lag_s > LATE_S):
            self.places = max(self.least, int(self.places * DECREASE))
        elif not contended or busy < IDLE:
            self.places = min(self.most, self.places + max(1, int(self.places * INCREASE)))

    def _least_used(self, now: float) -> float:
        """What the class has had that had least, of those that are passed over; no bound where none is."""
        had = [self.used(kind) for kind, each in self._passed_over.items() if each.lasts(now)]
        return min(had, default=float("inf"))

    def _count_no_more(self, place: TakenPlace, now: float) -> None:
        if place.counts:
            place.counts = False
            self.taken -= 1
            self._used[place.kind] = self.used(place.kind) + (now - place.began) / self.weights.get(place.kind, 1)


class Lag:
    """How late the event loop runs: an average in which the last looks weigh most, since one long task is no queue."""

    WEIGHT = 0.2

    def __init__(self) -> None:
        self.seconds = 0.0

    def seen(self, lag_s: float) -> float:
        """Note what was seen; the average with it."""
        self.seconds += self.WEIGHT * (max(0.0, lag_s) - self.seconds)
        return self.seconds


class ProcessorShare:
    """What a class that needs no place may take of the processor: a bucket, filled with ``share`` of each second, that
    holds what ``burst_s`` seconds bring."""

    def __init__(self, share: float, burst_s: float) -> None:
        self.share, self.holds = share, share * burst_s
        self._left, self._at = self.holds, float("-inf")

    def has_left(self, now: float) -> bool:
        self._left = min(self.holds, self._left + (now - self._at) * self.share)
        self._at = now
        return self._left > 0

    def spend(self, seconds: float) -> None:
        """Note what one of the class took; what is over is owed, up to once more what the bucket holds."""
        self._left = max(-self.holds, self._left - seconds)
