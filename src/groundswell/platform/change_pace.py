"""How much one person, or one key, may change: so many requests a minute, and so many a day, whatever they change.

Whoever changes something is counted where they become known (``accounts.access``): a viewer over all their tokens and
sessions, a service key, and who is neither by their address. So no route makes rows without end, nor stores answers
under ever new Idempotency-Keys, though it has no bound of its own. What has one, or is the service's own report, says
so on its endpoint (``kept_to``, ``unpaced``); ``web.row_bounds`` makes one table of all.

Each process counts for itself, in memory: over several, so many times as much gets through.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import Any, TypeVar

from fastapi import Request

from .problems import TooManyRequests
from .routing import SAFE
from .services import services_of
from .settings import Settings

E = TypeVar("E", bound=Callable[..., Any])

MINUTE_S, DAY_S = 60.0, 86_400.0
STAFF_TIMES = 10
"""Staff work through queues, and may change so many times as much."""
VISITORS_TIMES = 5
"""Many visitors may have one address."""
MOST = 50_000
"""Principals that are remembered: those who changed something last."""


class ChangePace:
    """Counts changes by the generic cell rate algorithm (ITU-T I.371): a minute's, or a day's, may come at once, and
    from then on as many as that time gives back."""

    def __init__(self, settings: Settings, most: int = MOST) -> None:
        self.settings, self.most = settings, most
        self._until: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def count(self, who: str, times: int = 1, now: float | None = None) -> None:
        """Count a change of ``who`` at ``now`` (seconds of the monotonic clock), who may make ``times`` as many as
        others.

        Raises:
            TooManyRequests: they have made as many as they may; Retry-After says when the next may come.
        """
        now = time.monotonic() if now is None else now
        settings = self.settings
        bounds = ((settings.changes_per_minute * times, MINUTE_S), (settings.changes_per_day * times, DAY_S))
        until = self._until.get(who, (now, now))
        minute, day = (max(at, now) + window_s / most for (most, window_s), at in zip(bounds, until, strict=True))
        over = [
            (at - now - window_s, most, window_s) for (most, window_s), at in zip(bounds, (minute, day), strict=True)
        ]
        if (longest := max(over))[0] > 1e-6:
            raise refused(*longest)
        self._until[who] = (minute, day)
        self._until.move_to_end(who)
        while len(self._until) > self.most:
            self._until.popitem(last=False)


def refused(wait_s: float, most: int, window_s: float) -> TooManyRequests:
    """The refusal, saying when to come back."""
    seconds = max(1, math.ceil(wait_s))
    window = "minute" if window_s == MINUTE_S else "day"
    detail = f"You may change {most:,} things a {window}; try again in {seconds:,} s."
    return TooManyRequests(detail, headers={"Retry-After": str(seconds)}, limit=most)


def pace(request: Request, who: str | None, times: int = 1, *, anyway: bool = False) -> None:
    """Count a request that changes something as one of ``who``, or of its address; once, however often it is asked who
    they are. ``anyway``: also where the endpoint is held to no pace.

    Raises:
        TooManyRequests: as ``ChangePace.count``.
    """
    if request.method in SAFE or not (anyway or is_paced(request.scope.get("endpoint"))):
        return
    if getattr(request.state, "paced", False):
        return
    request.state.paced = True
    services = services_of(request)
    services.get_or_add(ChangePace, lambda: ChangePace(services.settings)).count(who or address_of(request), times)


def address_of(request: Request) -> str:
    """As whom a visitor is counted: by their address, or its /64 (IPv6), of which each line has one to itself."""
    host = request.client.host if request.client else ""
    try:
        parsed = ip_address(host)
    except ValueError:
        return f"address:{host}"
    if isinstance(parsed, IPv6Address):
        mapped = parsed.ipv4_mapped
        return f"address:{mapped}" if mapped is not None else f"address:{parsed.exploded[:19]}"
    return f"address:{parsed}"


def kept_to(words: str) -> Callable[[E], E]:
    """Say on an endpoint to what the rows are kept that it makes, beside everybody's pace."""

    def note(endpoint: E) -> E:
        endpoint.kept_to = words  # type: ignore[attr-defined]
        return endpoint

    return note


def unpaced(words: str) -> Callable[[E], E]:
    """Say on an endpoint that whoever asks is not held to a pace, and what bounds its rows instead."""

    def note(endpoint: E) -> E:
        endpoint.unpaced = True  # type: ignore[attr-defined]
        return kept_to(words)(endpoint)

    return note


def is_paced(endpoint: Any) -> bool:
    """Whether whoever asks for ``endpoint`` is held to a pace."""
    return not getattr(endpoint, "unpaced", False)


def counts(dependency: E) -> E:
    """Note on a dependency that it counts whoever changes something."""
    dependency.counts_changes = True  # type: ignore[attr-defined]
    return dependency
