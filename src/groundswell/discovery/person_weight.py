"""How much a person's vote weighs, and by what a person is counted.

Accounts are cheap and visitors without one are cheaper, so what costs nothing counts for little: a vote weighs
``FRESH`` until its account has been there for a while. Nobody is kept from voting, and where everybody is new, all
weigh alike and the order is the same. (Resistance by the cost of age; Levine, Shields & Margolin, *A Survey of
Solutions to the Sybil Attack*, 2006.)

A person with an established account has one ballot a scene, kind and day. All others of one network share ``SLOTS`` of
them, whatever number of browsers and accounts they show; those of whom no network is known share ``UNKNOWN_SLOTS``.
"""

from datetime import timedelta
from typing import Any, Final

FRESH: Final = 0.05
"""A visitor without an account, or an account that is young or has watched nothing and is not established."""

WATCHING: Final = 0.3
"""An account older than ``YOUNG`` of which the service has told how far it has watched."""

ESTABLISHED: Final = 1.0
"""An account older than ``ESTABLISHED_AFTER``."""

YOUNG: Final = timedelta(days=1)
ESTABLISHED_AFTER: Final = timedelta(days=7)

SLOTS: Final = 8
UNKNOWN_SLOTS: Final = 64

VOTER: Final = "hashtextextended(coalesce(e.viewer_id::text, e.visitor, e.id::text), 0)"
"""SQL: who voted by event ``e``: their account, else the day's hash of them, else (asked not to be told apart) nobody
else."""

WEIGHT: Final = """(
    CASE WHEN who.created_at <= e.at - CAST(:established_after AS interval) THEN CAST(:established AS float8)
        WHEN who.created_at <= e.at - CAST(:young AS interval)
            AND EXISTS (SELECT FROM published_progress seen WHERE seen.viewer_id = who.id)
        THEN CAST(:watching AS float8)
        ELSE CAST(:fresh AS float8) END
)"""
"""SQL: what a vote by event ``e`` of the viewer ``who`` (outer joined) weighs."""

NETWORK: Final = "hashtextextended(e.inputs ->> 'network', 0)"
"""SQL: the day's hash of the network that event ``e`` came from; null if it is not known."""


def ballot(voter: str, weight: str, network: str) -> str:
    """SQL: by what a vote is counted once a scene, kind and day."""
    slot = f"mod(abs({voter} / 2), CASE WHEN {network} IS NULL THEN {UNKNOWN_SLOTS} ELSE {SLOTS} END)"
    shared = f"hashtextextended(coalesce({network}::text, '') || '/' || {slot}, 1)"
    return f"CASE WHEN {weight} >= {ESTABLISHED} THEN {voter} ELSE {shared} END"


def weights() -> dict[str, Any]:
    """What ``WEIGHT`` names."""
    return {
        "fresh": FRESH,
        "watching": WATCHING,
        "established": ESTABLISHED,
        "young": YOUNG,
        "established_after": ESTABLISHED_AFTER,
    }
