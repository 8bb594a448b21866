"""Whose a visit was: binding touches to viewers."""

from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import parse_qs
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.events.signals import Visited
from groundswell.events.tables import JudgedEvent
from groundswell.events.visits.touch_tokens import PARAMETER, TouchedEvent, read_touch_token
from groundswell.events.visits.visit import PREVIOUS
from groundswell.platform import signals
from groundswell.platform.ids import uuid7
from groundswell.platform.locks import Lock, lock
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings

from .campaigns import longest_window
from .tables import Touch

CHAIN_MAX = 20
ONE_VISIT = timedelta(hours=6)
VISITS = ("click", "continue")


class TouchForged(Problem):
    status, code, title = 422, "touch_forged", "This touch token was not made here, or has been altered."


async def bind(
    session: AsyncSession,
    settings: Settings,
    token: str,
    viewer_id: UUID,
    before: datetime,
    matched_by: Literal["token", "referrer"] = "token",
) -> JudgedEvent | None:
    """Note that the visit of ``token``, and the visits of the same browser before it, were ``viewer_id``'s.

    The service hands us the token with a conversion, so its visit is the viewer's for certain; the earlier ones are
    known by a cookie of ours that the browser showed at the next visit, and are probable. At most ``CHAIN_MAX``. A
    visit that is another viewer's already stays theirs, and so does what was before it.

    Returns:
        The visit, when it says nothing of where ``viewer_id`` came from: it is another's, or no person's.

    Raises:
        TouchForged: not a token of ours.
    """
    touched = read_touch_token(settings.secrets, token)
    if touched is None:
        raise TouchForged()
    reach = timedelta(days=await longest_window(session, settings))
    visit = await _visit(session, touched, before - reach)
    if visit is not None and (visit.verdict != "human" or await is_taken(session, visit.id, viewer_id)):
        return visit
    await _bind_visits(session, settings, visit, viewer_id, reach, matched_by)
    return None


async def _bind_visits(
    session: AsyncSession,
    settings: Settings,
    visit: JudgedEvent | None,
    viewer_id: UUID,
    reach: timedelta,
    match: str,
) -> None:
    """Bind a visit and those before it, until one is no person's or another's."""
    for _ in range(CHAIN_MAX):
        if visit is None or visit.verdict != "human" or await is_taken(session, visit.id, viewer_id):
            return
        earlier = await _visit_before(session, settings, visit, reach)
        if earlier is None or not _same_visit(earlier, visit):
            await _note(session, visit, viewer_id, match)
            match = "cookie"
        visit = earlier


def _same_visit(earlier: JudgedEvent, later: JudgedEvent) -> bool:
    """Going on from a landing page is part of the visit to that page."""
    soon = later.at - earlier.at < ONE_VISIT
    return later.kind == "continue" and earlier.share_id == later.share_id and soon


async def touch_taken(session: AsyncSession, settings: Settings, token: str | None, viewer_id: UUID) -> bool:
    """Whether ``token`` is of a visit that is somebody else's than ``viewer_id``'s."""
    touched = read_touch_token(settings.secrets, token) if token else None
    return touched is not None and await is_taken(session, touched.id, viewer_id)


def referred(install_referrer: str) -> str | None:
    """The touch token in what Google Play's Install Referrer says (a query string), when there is one."""
    return next(iter(parse_qs(install_referrer).get(PARAMETER, ())), None)


async def bind_code(session: AsyncSession, creator_id: UUID, viewer_id: UUID, at: datetime) -> None:
    """Note that ``viewer_id`` came with the code of the viewer ``creator_id``."""
    id = uuid7()
    session.add(Touch(id=id, viewer_id=viewer_id, event_id=id, at=at, sharer_id=creator_id, matched_by="code"))
    await session.flush()


@signals.on(Visited)
async def bind_login(session: AsyncSession, visited: Visited) -> None:
    """Note a visit of somebody who was signed in."""
    event = visited.event
    if event.viewer_id is None or event.share_id is None or event.verdict != "human":
        return
    if not await is_taken(session, event.id, event.viewer_id):
        await _insert(session, event.id, event.at, event.share_id, event.viewer_id, "login")


async def _visit_before(
    session: AsyncSession, settings: Settings, visit: JudgedEvent, reach: timedelta
) -> JudgedEvent | None:
    touched = read_touch_token(settings.secrets, (visit.inputs or {}).get(PREVIOUS, ""))
    if touched is None or touched.at >= visit.at:
        return None
    return await _visit(session, touched, visit.at - reach)


async def _visit(session: AsyncSession, touched: TouchedEvent, earliest: datetime) -> JudgedEvent | None:
    """The visit that ``touched`` names, whoever's, unless it was before ``earliest``."""
    if touched.at < earliest:
        return None
    query = select(JudgedEvent).filter_by(at=touched.at, id=touched.id)
    return await session.scalar(query.where(JudgedEvent.kind.in_(VISITS)))


async def is_taken(session: AsyncSession, event_id: UUID, viewer_id: UUID) -> bool:
    """Whether the visit is known to be somebody else's: a visit is one person's, the first's. Others who would bind it
    wait until this transaction ends."""
    await lock(session, Lock.TOUCH, event_id)
    others = select(Touch.id).where(Touch.event_id == event_id, Touch.viewer_id != viewer_id)
    return await session.scalar(others.limit(1)) is not None


async def _note(session: AsyncSession, visit: JudgedEvent, viewer_id: UUID, matched_by: str) -> None:
    if visit.share_id is not None:
        await _insert(session, visit.id, visit.at, visit.share_id, viewer_id, matched_by)


async def _insert(
    session: AsyncSession, event_id: UUID, at: datetime, share_id: UUID, viewer_id: UUID, matched_by: str
) -> None:
    row = {
        "id": uuid7(),
        "viewer_id": viewer_id,
        "event_id": event_id,
        "at": at,
        "share_id": share_id,
        "matched_by": matched_by,
    }
    await session.execute(insert(Touch).values(row).on_conflict_do_nothing())
