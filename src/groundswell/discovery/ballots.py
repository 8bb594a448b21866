"""What counts for scenes: each person's first vote of a kind on a day for any moment of a scene, added up as it comes.

Votes know the scene of their moment (``HeatVote.scene_id``), and by what they are counted once in it
(``HeatVote.ballot``; ``person_weight``). A ballot that counts is kept (``SceneBallot``), and a scene's day
(``SceneDay``) is their sum. Where a vote is new or judged otherwise, or a moment comes to another scene, the ballots
that this concerns are looked up again, by an index; what differs from what is kept is taken out and put in. So it costs
as much as there is news, doing it twice changes nothing, and it comes to what counting all votes anew would.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from . import heat
from .rate import HALF_LIVES_S
from .scratch_tables import emptied, temporary_tables

PAGE = 5_000
"""Marked votes that are looked at at a time."""

UNIT = 2.0**-32
"""Of the sums of the middle and the slow counter; a vote weighs 1 to 16 times itself at its day's beginning."""

QUICK_UNIT = 2.0**-10
"""Of the quick one's, where it is up to 2 ** 48 times."""

KEY = "scene_id, day, kind, ballot"
TEMPORARY = temporary_tables(
    taken_votes="moment_id uuid, day date, kind varchar, voter bigint, ballot bigint",
    touched_ballots="scene_id uuid, day date, kind varchar, ballot bigint",
    due_ballots="scene_id uuid, day date, kind varchar, ballot bigint, at timestamptz, event_id uuid,"
    " weight float8, established boolean, network bigint, territory varchar",
    ballot_changes="scene_id uuid, day date, kind varchar, at timestamptz, weight float8, territory varchar, sign int",
)
EMPTY = emptied("taken_votes", "touched_ballots", "due_ballots", "ballot_changes")

# By a bound, not by a list of ids: marks come by the hundred thousand within a minute, and a plan that was made for few
# would go through the page's ids anew for each of them.
TAKE = text(
    """
    WITH taken AS (
        DELETE FROM stale_votes WHERE title_id = :title AND id <= coalesce(
            (SELECT id FROM stale_votes WHERE title_id = :title ORDER BY id OFFSET :page - 1 LIMIT 1),
            (SELECT max(id) FROM stale_votes WHERE title_id = :title)
        ) RETURNING moment_id, day, kind, voter, ballot
    )
    INSERT INTO taken_votes SELECT DISTINCT moment_id, day, kind, voter, ballot FROM taken
    """
)
MORE = text("SELECT EXISTS (SELECT FROM stale_votes WHERE title_id = :title)")

# A vote that was taken out is no longer there to say where it counted: its moment's scene does.
TOUCH_GONE = text(
    """
    INSERT INTO touched_ballots SELECT s.scene_id, n.day, n.kind, n.ballot
    FROM taken_votes n JOIN scene_votes s ON s.moment_id = n.moment_id WHERE s.scene_id IS NOT NULL
    """
)
TOUCH_TAKEN = text(
    """
    INSERT INTO touched_ballots SELECT v.scene_id, v.day, v.kind, v.ballot
    FROM taken_votes n JOIN heat_votes v
        ON v.moment_id = n.moment_id AND v.day = n.day AND v.kind = n.kind AND v.voter = n.voter
    WHERE v.scene_id IS NOT NULL
    """
)
TOUCH_MOVED = text(
    """
    INSERT INTO touched_ballots SELECT DISTINCT scene_id, day, kind, ballot FROM heat_votes
    WHERE moment_id = ANY(:moved) AND scene_id IS NOT NULL
    """
)
PLACE_TAKEN = text(
    """
    UPDATE heat_votes v SET scene_id = s.scene_id
    FROM taken_votes n LEFT JOIN scene_votes s ON s.moment_id = n.moment_id
    WHERE v.moment_id = n.moment_id AND v.day = n.day AND v.kind = n.kind AND v.voter = n.voter
        AND v.scene_id IS DISTINCT FROM s.scene_id
    """
)
PLACE_MOVED = text(
    """
    UPDATE heat_votes v SET scene_id = s.scene_id
    FROM unnest(CAST(:moved AS uuid[])) AS moved (id) LEFT JOIN scene_votes s ON s.moment_id = moved.id
    WHERE v.moment_id = moved.id AND v.scene_id IS DISTINCT FROM s.scene_id
    """
)

DUE = text(
    """
    INSERT INTO due_ballots
    SELECT t.scene_id, t.day, t.kind, t.ballot, first.at, first.event_id, first.weight * first.factor,
        first.weight >= 1, first.network, first.territory
    FROM (SELECT DISTINCT scene_id, day, kind, ballot FROM touched_ballots) t
    CROSS JOIN LATERAL (
        SELECT v.at, v.event_id, v.weight, v.network, v.territory, s.factor
        FROM heat_votes v JOIN scene_votes s ON s.moment_id = v.moment_id
        WHERE v.scene_id = t.scene_id AND v.day = t.day AND v.kind = t.kind AND v.ballot = t.ballot
        ORDER BY v.at, v.event_id LIMIT 1
    ) first
    """
)
OUT = text(
    """
    WITH gone AS (
        DELETE FROM scene_ballots b USING (SELECT DISTINCT scene_id, day, kind, ballot FROM touched_ballots) t
        WHERE b.scene_id = t.scene_id AND b.day = t.day AND b.kind = t.kind AND b.ballot = t.ballot
            AND NOT EXISTS (
                SELECT FROM due_ballots d
                WHERE d.scene_id = b.scene_id AND d.day = b.day AND d.kind = b.kind AND d.ballot = b.ballot
                    AND d.at = b.at AND d.event_id = b.event_id AND d.weight = b.weight
            )
        RETURNING b.scene_id, b.day, b.kind, b.at, b.weight, b.territory
    )
    INSERT INTO ballot_changes SELECT scene_id, day, kind, at, weight, territory, -1 FROM gone
    """
)
IN = text(
    f"""
    WITH fresh AS (
        INSERT INTO scene_ballots ({KEY}, at, event_id, weight, established, network, territory)
        SELECT {KEY}, at, event_id, weight, established, network, territory FROM due_ballots
        ON CONFLICT DO NOTHING
        RETURNING scene_id, day, kind, at, weight, territory
    )
    INSERT INTO ballot_changes SELECT scene_id, day, kind, at, weight, territory, 1 FROM fresh
    """  # noqa: S608 - a constant of ours
)
SUMS = """
    INSERT INTO {table} AS d ({key}, votes, quick_units, middle_units, slow_units)
    SELECT {sources}, sum(c.sign), sum(c.sign * units.quick), sum(c.sign * units.middle), sum(c.sign * units.slow)
    FROM ballot_changes c
    JOIN unnest(CAST(:kinds AS text[]), CAST(:weights AS int[])) AS w (kind, weight) ON w.kind = c.kind
    CROSS JOIN LATERAL (
        SELECT extract(epoch FROM c.at - c.day::timestamp AT TIME ZONE 'UTC')::float8 AS since_s,
            w.weight * c.weight AS amount
    ) vote
    CROSS JOIN LATERAL (
        SELECT round(amount * power(2::float8, since_s / :quick) / :quick_unit)::numeric AS quick,
            round(amount * power(2::float8, since_s / :middle) / :unit)::numeric AS middle,
            round(amount * power(2::float8, since_s / :slow) / :unit)::numeric AS slow
    ) units
    WHERE {counted}
    GROUP BY {sources}
    ON CONFLICT ({key}) DO UPDATE SET votes = d.votes + excluded.votes,
        quick_units = d.quick_units + excluded.quick_units, middle_units = d.middle_units + excluded.middle_units,
        slow_units = d.slow_units + excluded.slow_units
"""
SUM = text(SUMS.format(table="scene_days", key="scene_id, day", sources="c.scene_id, c.day", counted="true"))
SUM_LOCAL = text(
    SUMS.format(
        table="scene_local_days",
        key="scene_id, territory, day",
        sources="c.scene_id, c.territory, c.day",
        counted="c.territory IS NOT NULL",
    )
)
EMPTIED = tuple(
    text(
        f"""
        DELETE FROM {table} d USING (SELECT DISTINCT scene_id, day FROM ballot_changes) c
        WHERE d.scene_id = c.scene_id AND d.day = c.day AND d.votes <= 0
        """  # noqa: S608 - names of ours
    )
    for table in ("scene_days", "scene_local_days")
)
CHANGED = text(
    """
    SELECT DISTINCT s.first_id FROM scene_votes s
    JOIN (SELECT DISTINCT scene_id FROM ballot_changes) c ON c.scene_id = s.scene_id
    WHERE s.first_id IS NOT NULL
    """
)


class Ballots:
    """Keeps the ballots of the scenes of one title, whose lock the caller holds: ``take`` what is marked before its
    moments are put into scenes, ``settle`` afterwards."""

    def __init__(self, session: AsyncSession, title_id: UUID) -> None:
        self.session, self.title_id = session, title_id

    async def take(self) -> bool:
        """Take the oldest marks; returns whether there are more."""
        await self.session.execute(TEMPORARY)
        await self.session.execute(TAKE, {"title": self.title_id, "page": PAGE})
        await self.session.execute(TOUCH_GONE)
        return bool(await self.session.scalar(MORE, {"title": self.title_id}))

    async def settle(self, moved: Sequence[UUID]) -> set[UUID]:
        """Count again what was taken, and all votes for ``moved``: moments that came to another scene, or to none, or
        whose votes weigh something else. Returns the first moments of scenes whose sums changed."""
        await self._touch(moved)
        placed: Any = await self.session.execute(PLACE_TAKEN)
        if moved:
            await self.session.execute(PLACE_MOVED, {"moved": list(moved)})
        if moved or placed.rowcount:  # else every vote is where it was
            await self._touch(moved)
        for statement in (DUE, OUT, IN):
            await self.session.execute(statement)
        for statement in (SUM, SUM_LOCAL):
            await self.session.execute(statement, scale())
        for statement in EMPTIED:
            await self.session.execute(statement)
        changed = {first for first in await self.session.scalars(CHANGED) if first is not None}
        await self.session.execute(EMPTY)
        return changed

    async def _touch(self, moved: Sequence[UUID]) -> None:
        await self.session.execute(TOUCH_TAKEN)
        if moved:
            await self.session.execute(TOUCH_MOVED, {"moved": list(moved)})


def measures() -> dict[str, float]:
    """The half-lives and units of ``SceneDay``'s sums, as SQL names them."""
    quick, middle, slow = (float(each) for each in HALF_LIVES_S)
    return {"quick": quick, "middle": middle, "slow": slow, "unit": UNIT, "quick_unit": QUICK_UNIT}


def scale() -> dict[str, Any]:
    """What the sums are made with."""
    return {"kinds": list(heat.WEIGHTS), "weights": list(heat.WEIGHTS.values())} | measures()
