"""Why a scene rises, in numbers and in words: its votes of a day against what is usual on that day of the week."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.discovery.tally import WINDOW_DAYS

WEEK_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

LATELY = text(
    """
    SELECT s.id, s.begun_at,
        (SELECT count(*) FROM scene_ballots b
            WHERE b.scene_id = s.id AND b.day >= :yesterday AND b.at > :day_ago) AS votes,
        (SELECT coalesce(sum(d.votes), 0) FROM scene_days d
            WHERE d.scene_id = s.id AND d.day < :today AND d.day >= :since
                AND extract(isodow FROM d.day) = :weekday)::bigint AS before
    FROM scenes s WHERE s.id = ANY(:scenes)
    """
)


@dataclass(frozen=True)
class Rise:
    """``votes`` of the last 24 hours; ``usual``: of such a day of the week on average, as long as the scene has been
    there (at most 60 days); None while it has seen no other."""

    votes: int
    usual: float | None
    weekday: str
    age: timedelta

    @property
    def words(self) -> str:
        """The reason, for people."""
        votes = f"{self.votes:,} vote{'' if self.votes == 1 else 's'}"
        if self.usual is None:
            return f"New: {votes} in the last 24 hours"
        if self.usual < 0.5:
            return f"{votes} in the last 24 hours, where a {self.weekday} usually has none"
        times = self.votes / self.usual
        if times >= 1.5:
            return f"{times:,.0f} times its usual for a {self.weekday}" if times >= 2 else f"Above its {self.weekday}s"
        return f"As usual for a {self.weekday}" if times >= 0.67 else f"Below its {self.weekday}s"


def rise(votes: int, before: int, begun_at: datetime, now: datetime) -> Rise:
    """A scene's rise: ``before`` are its votes on earlier days of this day of the week. Pure."""
    age = now - begun_at
    weeks = min(age.days, WINDOW_DAYS) // 7
    return Rise(votes, before / weeks if weeks else None, WEEK_DAYS[now.weekday()], age)


async def rises_among(session: AsyncSession, scene_ids: Collection[UUID], now: datetime) -> dict[UUID, Rise]:
    """The rises of scenes."""
    today = now.date()
    given = {
        "scenes": list(scene_ids),
        "day_ago": now - timedelta(days=1),
        "yesterday": today - timedelta(days=1),
        "today": today,
        "since": today - timedelta(days=WINDOW_DAYS),
        "weekday": now.isoweekday(),
    }
    rows = await session.execute(LATELY, given)
    return {row.id: rise(row.votes, row.before, row.begun_at, now) for row in rows}
