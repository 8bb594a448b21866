"""Whether a scene may stand in public lists: looked at before it first trends, held back, released, featured.

A scene that passes the gate for the first time gets a standing (``note``): at once ``released``, or, where staff are to
look first, ``waiting``, with a clock (``run_clock``). Each turn of it is a row with its reason (``SceneDecision``),
whoever or whatever decided.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.discovery.ranking import Gate
from groundswell.discovery.tables import SceneRow
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import Conflict, NotFound
from groundswell.platform.settings import Settings

from .tables import SceneDecision, SceneStanding

Action = Literal["release", "hold", "feature", "unfeature"]
"""What staff decide."""

RULE: Final = "rule"
OFF = "Nobody is to look at scenes before they trend."
FIRST = "It passed the gate of public lists for the first time."
IN_TIME = "Nobody decided in time; the setting says what becomes of it then."

FRESH = text(
    """
    SELECT s.id FROM scenes s
    WHERE s.title_id = :title AND s.people >= :people AND s.networks >= :networks
        AND NOT EXISTS (SELECT FROM scene_standings t WHERE t.scene_id = s.id)
    """
)


class SceneUnknown(NotFound):
    code, title = "scene_unknown", "There is no such scene, or nobody votes for it any more."


class SceneDecided(Conflict):
    code, title = "scene_decided", "That was decided of this scene already."


async def note(session: AsyncSession, settings: Settings, title_id: UUID) -> Sequence[UUID]:
    """Give the scenes of a title a standing that have passed the gate for the first time; returns which. The caller
    holds the title's lock."""
    gate = Gate.of(settings)
    fresh = list(await session.scalars(FRESH, {"title": title_id, "people": gate.people, "networks": gate.networks}))
    if not fresh:
        return fresh
    due = utc_now() + timedelta(hours=settings.trending_hold_hours) if gate.review else None
    state, action, reason = ("waiting", "wait", FIRST) if gate.review else ("released", "release", OFF)
    rows = [{"scene_id": id, "title_id": title_id, "state": state, "due_at": due} for id in fresh]
    made = upsert(SceneStanding).values(rows).on_conflict_do_nothing().returning(SceneStanding.scene_id)
    for id in await session.scalars(made):
        await _record(session, id, title_id, action, reason, RULE)
    return fresh


async def run_clock(session: AsyncSession, settings: Settings) -> int:
    """Decide of what has waited too long, as the settings say; of all that waits, where staff no longer look first.
    Returns of how many."""
    now, off = utc_now(), settings.trending_hold == "off"
    state, action = ("held", "hold") if settings.trending_hold_then == "stay" and not off else ("released", "release")
    waiting = select(SceneStanding.scene_id).filter_by(state="waiting")
    waiting = waiting if off else waiting.where(SceneStanding.due_at <= now)
    due = waiting.order_by(SceneStanding.due_at).limit(1_000).with_for_update(skip_locked=True)
    decided = (
        update(SceneStanding)
        .where(SceneStanding.scene_id.in_(due))
        .values(state=state, due_at=None)
        .returning(SceneStanding.scene_id, SceneStanding.title_id)
    )
    rows = (await session.execute(decided)).all()
    for id, title_id in rows:
        await _record(session, id, title_id, action, OFF if off else IN_TIME, RULE)
    return len(rows)


async def decide_scene(
    session: AsyncSession, scene_id: UUID, action: Action, reason: str, decided_by: str
) -> SceneDecision:
    """Release a scene, hold it back, feature it above the lists, or no longer. One that is held is not featured.

    Raises:
        SceneUnknown: there is no such scene.
        SceneDecided: it is so already.
    """
    title_id = await session.scalar(select(SceneRow.title_id).filter_by(id=scene_id))
    standing = await session.get(SceneStanding, scene_id, with_for_update=True)
    if title_id is None and standing is None:
        raise SceneUnknown()
    if standing is None:
        row = {"scene_id": scene_id, "title_id": title_id, "state": "released"}
        await session.execute(upsert(SceneStanding).values(row).on_conflict_do_nothing())
        standing = await session.get_one(SceneStanding, scene_id, with_for_update=True)
        known = False
    else:
        known = True
    _turn(standing, action, known)
    await session.flush()
    return await _record(session, scene_id, standing.title_id, action, reason, decided_by)


def _turn(standing: SceneStanding, action: Action, known: bool) -> None:
    now = utc_now()
    so = {
        "release": known and standing.state == "released",
        "hold": standing.state == "held",
        "feature": standing.featured_at is not None,
        "unfeature": standing.featured_at is None,
    }
    if so[action]:
        raise SceneDecided()
    if action == "unfeature":
        standing.featured_at = None
        return
    standing.state, standing.due_at = ("held" if action == "hold" else "released"), None
    standing.featured_at = {"feature": now, "hold": None, "release": standing.featured_at}[action]


async def _record(
    session: AsyncSession, scene_id: UUID, title_id: UUID, action: str, reason: str, decided_by: str
) -> SceneDecision:
    row = {"scene_id": scene_id, "title_id": title_id, "action": action, "reason": reason, "decided_by": decided_by}
    made = insert(SceneDecision).values(id=uuid7(), created_at=utc_now(), **row).returning(SceneDecision)
    return (await session.scalars(made)).one()


async def decisions_of(
    session: AsyncSession, scene_id: UUID, limit: int, after: UUID | None = None
) -> Sequence[SceneDecision]:
    """What was decided of a scene, newest first; ``after`` is the last one of the page before."""
    query = select(SceneDecision).filter_by(scene_id=scene_id).order_by(SceneDecision.id.desc()).limit(limit)
    return (await session.scalars(query if after is None else query.where(SceneDecision.id < after))).all()


async def standings_among(session: AsyncSession, scene_ids: Sequence[UUID]) -> dict[UUID, SceneStanding]:
    """The standings of scenes that have one."""
    query = select(SceneStanding).where(among(SceneStanding.scene_id, scene_ids))
    return {row.scene_id: row for row in await session.scalars(query)}


async def waiting(session: AsyncSession, limit: int) -> Sequence[SceneStanding]:
    """The scenes that somebody is to look at, those whose clock runs out first."""
    query = select(SceneStanding).filter_by(state="waiting").order_by(SceneStanding.due_at).limit(limit)
    return (await session.scalars(query)).all()


async def held(session: AsyncSession, limit: int) -> Sequence[SceneStanding]:
    """The scenes that are held back, the newest first."""
    query = select(SceneStanding).filter_by(state="held").order_by(SceneStanding.created_at.desc()).limit(limit)
    return (await session.scalars(query)).all()
