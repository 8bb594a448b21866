"""When a message that was not taken is tried again: the schedule of the Standard Webhooks specification. Pure."""

from datetime import datetime, timedelta

PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
ATTEMPTS = len(PAUSES) + 1
TOLD_MAX = timedelta(hours=24)
"""The longest pause that a receiver can ask for (Retry-After)."""

RESTS_AFTER = 5
REST = timedelta(seconds=5)
REST_MAX = timedelta(minutes=5)


def next_attempt(attempts: int, now: datetime, told: timedelta | None = None) -> datetime | None:
    """When to try again after ``attempts`` in vain; None: no more.

    Args:
        told: what the receiver asked for; what is longer counts.
    """
    if attempts >= ATTEMPTS:
        return None
    return now + max(PAUSES[attempts - 1], min(told or timedelta(), TOLD_MAX))


def rest(failures: int, now: datetime) -> datetime | None:
    """Until when a receiver that took nothing of the last ``failures`` attempts is left alone; None: go on."""
    if failures < RESTS_AFTER:
        return None
    doubled: int = 2 ** min(failures // RESTS_AFTER - 1, 10)
    return now + min(REST * doubled, REST_MAX)
