"""Which scene each moment of a title belongs to, kept as votes change, at a cost of what lies around them.

The scenes are those of ``scenes.gather``: the hottest moment that no hotter first one overlaps by half begins a scene,
and whatever a first moment overlaps belongs to the hottest such. That is the greedy maximal independent set of the
graph of overlaps in the order of heat, and it is kept like one (Censor-Hillel, Haramaty & Karnin, *Optimal Dynamic
Distributed MIS*, PODC 2016): a change can only concern what is colder and overlaps, so it is followed from the changed
moments downwards, and ends where nothing changes.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import TextClause, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.database import among

from .scenes import OVERLAP_MIN_PERCENT
from .tables import SceneVote

WRITTEN = (
    "start_us", "end_us", "length_us", "log_heat", "clicks", "plays", "public", "factor", "begun_at",
)  # fmt: skip

Votes = dict[UUID, dict[str, Any]]


def hotter(one: str, other: str) -> str:
    """SQL: whether vote ``one`` comes before ``other``."""
    equal = f"{one}.log_heat = {other}.log_heat AND {one}.moment_id < {other}.moment_id"
    return f"({one}.log_heat > {other}.log_heat OR ({equal}))"


def overlapping(one: str, other: str) -> str:
    """SQL: whether votes of a title overlap by half of the shorter, ``one`` found by its index."""
    shared = f"least({one}.end_us, {other}.end_us) - greatest({one}.start_us, {other}.start_us)"
    half = f"({shared}) * 100 >= least({one}.length_us, {other}.length_us) * {OVERLAP_MIN_PERCENT}"
    near = f"{one}.start_us > {other}.start_us - :longest AND {one}.start_us < {other}.end_us"
    return f"({one}.title_id = :title AND {near} AND {half})"


FIRST = "{0}.first_id = {0}.moment_id"

# Each gets the names ``title`` and ``longest``, the length of the title's longest vote.
JOIN = text(f"""
    UPDATE scene_votes v SET first_id = found.first_id FROM (
        SELECT free.moment_id, (
            SELECT f.moment_id FROM scene_votes f
            WHERE {FIRST.format("f")} AND {overlapping("f", "free")} AND {hotter("f", "free")}
            ORDER BY f.log_heat DESC, f.moment_id LIMIT 1
        ) AS first_id
        FROM scene_votes free WHERE free.title_id = :title AND free.first_id IS NULL
    ) found
    WHERE v.moment_id = found.moment_id AND found.first_id IS NOT NULL
    RETURNING v.first_id
""")  # noqa: S608 - put together from the words above
OVERTAKING = text(f"""
    UPDATE scene_votes v SET first_id = NULL FROM (
        SELECT o.moment_id, o.first_id FROM scene_votes o JOIN scene_votes f ON f.moment_id = o.first_id
        WHERE o.moment_id = ANY(:moments) AND o.moment_id <> f.moment_id AND {hotter("o", "f")}
    ) over
    WHERE v.moment_id = over.moment_id
    RETURNING over.first_id
""")  # noqa: S608
NEXT = text(f"""
    SELECT u.moment_id, u.log_heat, ARRAY(
        SELECT f.moment_id FROM scene_votes f
        WHERE {FIRST.format("f")} AND f.moment_id <> u.moment_id AND {overlapping("f", "u")} AND {hotter("u", "f")}
    ) AS displaced
    FROM scene_votes u WHERE u.title_id = :title AND u.first_id IS NULL AND u.log_heat <= :heat
    ORDER BY u.log_heat DESC, u.moment_id LIMIT 1
""")  # noqa: S608
DISSOLVE = text("UPDATE scene_votes SET first_id = NULL WHERE first_id = ANY(:firsts)")
CAPTURED = f"""
    UPDATE scene_votes v SET first_id = :first FROM (
        SELECT near.moment_id, near.first_id
        FROM scene_votes u JOIN scene_votes near ON {overlapping("near", "u")} AND {hotter("u", "near")}
        LEFT JOIN scene_votes f ON f.moment_id = near.first_id
        WHERE u.moment_id = :first AND (near.first_id IS NULL OR {hotter("u", "f")})
    ) near
    WHERE v.moment_id = near.moment_id
    RETURNING near.first_id
"""  # noqa: S608
CAPTURE = text(CAPTURED)
BEGIN = text(
    f"WITH begun AS (UPDATE scene_votes SET first_id = moment_id WHERE moment_id = :first) {CAPTURED}"  # noqa: S608
)


class Before(NamedTuple):
    """A vote as it was."""

    moment_id: UUID
    start_us: int
    end_us: int
    log_heat: float
    first_id: UUID | None
    factor: float


class Membership:
    """Keeps the scenes of one title, whose lock the caller holds. ``changed`` are the first moments of scenes to which
    something happened; of those that are no longer first, the scene is gone. ``moved`` are moments that no longer vote,
    or whose votes weigh something else."""

    def __init__(self, session: AsyncSession, title_id: UUID) -> None:
        self.session, self.title_id = session, title_id
        self.changed: set[UUID] = set()
        self.moved: set[UUID] = set()
        self._longest = 0

    async def write(self, moment_ids: Sequence[UUID], votes: Votes) -> Sequence[Before]:
        """Have ``votes`` for ``moment_ids``, none for those of them that are not in it; returns what there was."""
        columns = [getattr(SceneVote, name) for name in Before._fields]
        asked = select(*columns).where(SceneVote.title_id == self.title_id, among(SceneVote.moment_id, moment_ids))
        before = [Before(*row) for row in await self.session.execute(asked)]
        self.changed |= {each.first_id for each in before if each.first_id is not None}
        self.moved |= {each.moment_id for each in before if _weighs_otherwise(each, votes.get(each.moment_id))}
        await self._dissolve([each.moment_id for each in before if _ends(each, votes.get(each.moment_id))])
        moved = [each.moment_id for each in before if _moved(each, votes.get(each.moment_id))]
        await self.session.execute(
            text("UPDATE scene_votes SET first_id = NULL WHERE moment_id = ANY(:moments)"), {"moments": moved}
        )
        gone = among(SceneVote.moment_id, [id for id in moment_ids if id not in votes])
        await self.session.execute(delete(SceneVote).where(SceneVote.title_id == self.title_id, gone))
        await self._upsert(votes)
        self._longest = await self._read_longest()
        await self._grow([each for each in before if each.first_id == each.moment_id], votes)
        return before

    async def settle(self) -> None:
        """Give every moment that belongs to no scene one, the hottest first.

        What becomes free on the way is colder than what has just begun a scene, so no turn looks again at what those
        before it have settled.
        """
        self.changed |= await self._firsts(JOIN)
        heat = math.inf
        while (found := (await self.session.execute(NEXT, self._named(heat=heat))).first()) is not None:
            first, heat, displaced = found
            self.changed |= {first} | await self._firsts(BEGIN, first=first)
            if displaced:
                await self._dissolve(displaced)
                self.changed |= await self._firsts(JOIN)

    async def _upsert(self, votes: Votes) -> None:
        if votes:
            put = upsert(SceneVote)
            values = {name: getattr(put.excluded, name) for name in WRITTEN}
            put = put.on_conflict_do_update(index_elements=["moment_id"], set_=values)
            await self.session.execute(put, list(votes.values()))

    async def _grow(self, firsts: Iterable[Before], votes: Votes) -> None:
        """Moments may have overtaken the first of their scene; first moments that became hotter take what lay with
        colder ones."""
        self.changed |= await self._firsts(OVERTAKING, moments=list(votes))
        self.changed |= await self._firsts(JOIN)
        for each in firsts:
            now = votes.get(each.moment_id)
            if now is not None and not _ends(each, now) and now["log_heat"] > each.log_heat:
                self.changed |= await self._firsts(CAPTURE, first=each.moment_id)

    async def _dissolve(self, firsts: Sequence[UUID]) -> None:
        if firsts:
            self.changed |= set(firsts)
            await self.session.execute(DISSOLVE, {"firsts": list(firsts)})

    async def _firsts(self, statement: TextClause, **named: object) -> set[UUID]:
        found = await self.session.scalars(statement, self._named(**named))
        return {first for first in found if first is not None}

    def _named(self, **named: object) -> dict[str, object]:
        return {"title": self.title_id, "longest": self._longest, **named}

    async def _read_longest(self) -> int:
        longest = select(func.max(SceneVote.length_us)).filter_by(title_id=self.title_id)
        return await self.session.scalar(longest) or 0


def _weighs_otherwise(before: Before, now: dict[str, Any] | None) -> bool:
    """Whether its votes count something else for its scene than they did."""
    return now is None or now["factor"] != before.factor


def _moved(before: Before, now: dict[str, Any] | None) -> bool:
    """Whether what it overlaps may be something else."""
    return now is None or (now["start_us"], now["end_us"]) != (before.start_us, before.end_us)


def _ends(before: Before, now: dict[str, Any] | None) -> bool:
    """Whether a scene that it begins is no longer the one that it would begin."""
    return before.first_id == before.moment_id and (
        now is None or _moved(before, now) or now["log_heat"] < before.log_heat
    )
