"""A visit as behaviour is judged by it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class SeenVisit:
    """A visit that passed for a person's: a ``click``, ``continue``, ``view``, ``play``, ``share`` or ``react``.
    ``viewer_id`` is whose it is known to be; ``bought_after_s`` how many seconds later that led to a sign-up or a sale,
    when it did; ``household`` and ``network`` are the day's hashes of where it came from; ``browser`` is the name that
    the browser gave itself; ``carrier`` says whether the operator knows the network as one whose addresses many people
    share."""

    event_id: UUID
    at: datetime
    visitor: str | None = None
    viewer_id: UUID | None = None
    sharer_id: UUID | None = None
    bought_after_s: float | None = None
    kind: str = "click"
    moment_id: UUID | None = None
    household: str | None = None
    network: str | None = None
    browser: str | None = None
    carrier: bool = False


def grouped(keyed: Iterable[tuple[K, SeenVisit]]) -> Mapping[K, list[SeenVisit]]:
    """The visits of each key."""
    groups: defaultdict[K, list[SeenVisit]] = defaultdict(list)
    for key, visit in keyed:
        groups[key].append(visit)
    return groups
