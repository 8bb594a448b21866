"""Whose a visit was: binding touches to viewers, and the touches that can earn credit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import parse_qs
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.events.signals import Visited
from groundswell.events.tables import LoggedEvent, Reverdict
from groundswell.events.touchtokens import PARAMETER, TouchedEvent, read_touch_token
from groundswell.events.visits import PREVIOUS
from groundswell.moments.tables import Moment
from groundswell.platform import signals
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings
from groundswell.shares.tables import Share

from .credit import Path, Step
from .tables import Touch

CHAIN_MAX = 20
TOUCHES_MAX = 50
ONE_VISIT = timedelta(hours=6)
VISITS = ("click", "continue")
CODE_CHANNEL = "code"
MICROSECOND = timedelta(microseconds=1)


class TouchForged(Problem):
    status, code, title = 422, "touch_forged", "This touch token was not made here, or has been altered."


@dataclass(frozen=True, slots=True)
class EligibleTouch:
    """A touch that can earn credit, and where it leads; a creator's code leads to no share or moment."""

    touch: Touch
    share: Share | None
    moment: Moment | None

    @property
    def sharer_id(self) -> UUID | None:
        return self.share.viewer_id if self.share else self.touch.sharer_id

    @property
    def channel(self) -> str:
        return self.share.channel if self.share else CODE_CHANNEL


async def bind(
    session: AsyncSession,
    settings: Settings,
    token: str,
    viewer_id: UUID,
    before: datetime,
    matched_by: Literal["token", "referrer"] = "token",
) -> None:
    """Note that the visit of ``token``, and the visits of the same browser before it, were ``viewer_id``'s.

    The service hands us the token with a conversion, so its visit is the viewer's for certain; the earlier ones are
    known by a cookie of ours that the browser showed at the next visit, and are probable. At most ``CHAIN_MAX``.

    Raises:
        TouchForged: not a token of ours.
    """
    touched = read_touch_token(settings.secret, token)
    if touched is None:
        raise TouchForged()
    visit = await _visit(session, touched, before - timedelta(days=settings.attribution_window_days))
    match: str = matched_by
    for _ in range(CHAIN_MAX):
        if visit is None:
            return
        earlier = await _visit_before(session, settings, visit)
        if earlier is None or not _same_visit(earlier, visit):
            await _note(session, visit, viewer_id, match)
            match = "cookie"
        visit = earlier


def _same_visit(earlier: LoggedEvent, later: LoggedEvent) -> bool:
    """Going on from a landing page is part of the visit to that page."""
    soon = later.at - earlier.at < ONE_VISIT
    return later.kind == "continue" and earlier.share_id == later.share_id and soon


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
    if event.viewer_id is not None and event.share_id is not None and event.verdict == "human":
        await _insert(session, event.id, event.at, event.share_id, event.viewer_id, "login")


async def _visit_before(session: AsyncSession, settings: Settings, visit: LoggedEvent) -> LoggedEvent | None:
    touched = read_touch_token(settings.secret, (visit.inputs or {}).get(PREVIOUS, ""))
    if touched is None or touched.at >= visit.at:
        return None
    return await _visit(session, touched, visit.at - timedelta(days=settings.attribution_window_days))


async def _visit(session: AsyncSession, touched: TouchedEvent, earliest: datetime) -> LoggedEvent | None:
    """The human visit that ``touched`` names, unless it was before ``earliest``."""
    if touched.at < earliest:
        return None
    query = select(LoggedEvent).filter_by(at=touched.at, id=touched.id)
    return await session.scalar(query.where(LoggedEvent.kind.in_(VISITS), LoggedEvent.verdict == "human"))


async def _note(session: AsyncSession, visit: LoggedEvent, viewer_id: UUID, matched_by: str) -> None:
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


async def eligible(session: AsyncSession, viewer_id: UUID, at: datetime, window_days: int) -> Sequence[EligibleTouch]:
    """The touches that can earn credit for a conversion of ``viewer_id`` at ``at``, oldest first.

    Those within the window before it, the latest ``TOUCHES_MAX``; nobody earns credit for their own conversion, nor by
    a visit that a later verdict took for a robot's. The
    order is total (time, then event id), as money depends on it.
    """
    newest_verdict = (
        select(Reverdict.kind)
        .where(Reverdict.at == Touch.at, Reverdict.event_id == Touch.event_id)
        .order_by(Reverdict.created_at.desc(), Reverdict.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(Touch, Share, Moment)
        .outerjoin(Share, Share.id == Touch.share_id)
        .outerjoin(Moment, Moment.id == Share.moment_id)
        .where(
            Touch.viewer_id == viewer_id,
            Touch.at <= at,
            Touch.at >= at - timedelta(days=window_days),
            func.coalesce(Share.viewer_id, Touch.sharer_id).is_distinct_from(viewer_id),
            func.coalesce(newest_verdict, "human") == "human",
        )
        .order_by(Touch.at.desc(), Touch.event_id.desc())
        .limit(TOUCHES_MAX)
    )
    found = [EligibleTouch(*row) for row in await session.execute(query)]
    return found[::-1]


def path_of(touches: Sequence[EligibleTouch], at: datetime, effects: Mapping[str, int]) -> Path:
    """The path to a conversion at ``at``, as the models of ``credit.py`` see it."""
    return Path([Step((at - found.touch.at) // MICROSECOND, found.channel) for found in touches], effects)
