"""How many plays one address, and one network, may bring in an hour before they are counted apart.

What is beyond is kept in the log with a robot's verdict: it is shown as left out, and is never counted as people. No
address is written down, so each process counts its own in memory (a sliding hour: this one's count, and of the one
before it the part that the hour still reaches). What many processes, or many visits together, show afterwards is
judged from the log (``attribution/invalid_traffic.py``).
"""

import time
from collections import OrderedDict
from dataclasses import dataclass

from groundswell.events.traffic.carriers import Carriers
from groundswell.events.traffic.verdicts import Verdict
from groundswell.events.traffic.visitors import household_of, network_of

RULE = "limits-1"
WINDOW_S = 3600.0
KEPT = 100_000


@dataclass(slots=True)
class _Count:
    begin: float
    now: int = 0
    before: int = 0


class SlidingCounts:
    """Counts by key over a sliding window; forgets the keys that were not seen for longest beyond ``kept``."""

    def __init__(self, window_s: float = WINDOW_S, kept: int = KEPT) -> None:
        self.window_s, self.kept = window_s, kept
        self._counts: OrderedDict[str, _Count] = OrderedDict()

    def add(self, key: str, now: float, more: int = 1) -> float:
        """Count ``more`` of ``key``; returns how many there were within the window before ``now``, these too."""
        count = self._counts.setdefault(key, _Count(now))
        self._counts.move_to_end(key)
        passed = int((now - count.begin) // self.window_s)
        if passed:
            count.before = count.now if passed == 1 else 0
            count.begin, count.now = count.begin + passed * self.window_s, 0
        count.now += more
        while len(self._counts) > self.kept:
            self._counts.popitem(last=False)
        return count.now + count.before * (1 - (now - count.begin) / self.window_s)


class VisitLimits:
    """The limits of one process.

    Args:
        per_address, per_network: plays an hour.
        carriers: networks whose addresses many people share: one has a network's limit, the network none.
    """

    def __init__(self, per_address: int, per_network: int, carriers: Carriers | None = None) -> None:
        self.per_address, self.per_network = per_address, per_network
        self.carriers = carriers or Carriers()
        self._counts = SlidingCounts()

    def judge(self, address: str, now: float | None = None) -> Verdict | None:
        """Count one more play from ``address``; the verdict when it is beyond a limit, else None.

        Args:
            now: seconds of the monotonic clock.
        """
        now = time.monotonic() if now is None else now
        by_address = self._counts.add(f"address {household_of(address)}", now)
        by_network = self._counts.add(f"network {network_of(address)}", now)
        shared = self.carriers.has(address)
        limit = self.per_network if shared else self.per_address
        if by_address > limit:
            return Verdict("robot", f"address_limit:over {limit} an hour", RULE)
        if by_network > self.per_network and not shared:
            return Verdict("robot", f"network_limit:over {self.per_network} an hour", RULE)
        return None
