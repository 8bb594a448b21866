"""Plays that pages report and that are refused, counted by the moment that they name, in each process.

Nothing of them is logged. A few are what old pages and slow players send; ``LEAST`` within an hour are somebody trying,
which is told once an hour, with how many there were.
"""

from collections import OrderedDict
from uuid import UUID

from groundswell.events.ingest.limits import WINDOW_S, SlidingCounts

LEAST = 50
KEPT = 10_000
TRIED = frozenset({"service_key_needed", "visit_missing", "visit_invalid", "watched_too_fast"})
"""Refusals that no page of ours earns: what is late, or was watched for too short a time, it may well send."""


class RefusedPlays:
    """The counts of one process."""

    def __init__(self) -> None:
        self._counts = SlidingCounts(kept=KEPT)
        self._told: OrderedDict[UUID, float] = OrderedDict()

    def add(self, moment_id: UUID, events: int, now: float) -> int | None:
        """Count refused plays of a moment; how many there were within the hour, when that is to be told.

        Args:
            now: seconds of the monotonic clock.
        """
        count = int(self._counts.add(str(moment_id), now, events))
        told = self._told.get(moment_id)
        if count < LEAST or (told is not None and now - told < WINDOW_S):
            return None
        self._told[moment_id] = now
        self._told.move_to_end(moment_id)
        while len(self._told) > KEPT:
            self._told.popitem(last=False)
        return count
