"""Whether somebody of staff still has a power while they are away: by what their issuer last said of them.

Roles are known of sign-ins alone, so whatever goes on for somebody without them (a report by mail) asks here. A power
is held for so long after the last sign-in that had it, and no longer than until one shows that it is gone, staff end it
(``end_standing``), or they are erased.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, String, cast, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY, array, insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now

from .powers import POWERS
from .tables import SignIn, StaffStanding, Viewer
from .tokens import Claims

REPEATED = timedelta(minutes=5)
"""How much newer the same said again must be to be written down."""


@dataclass(frozen=True)
class StaffMember:
    """One of staff as an issuer last described them, and how many of their sessions are open."""

    viewer: Viewer
    standing: StaffStanding
    sessions: int

    @property
    def ended(self) -> bool:
        """Whether staff have ended what was said last."""
        return self.standing.ended_at is not None and self.standing.ended_at >= self.standing.said_at


async def roles_held(session: AsyncSession, viewer_id: UUID, claims: Claims) -> frozenset[str]:
    """The roles of ``claims``, noted as what their issuer says; none, where staff ended all that was said until then.

    Claims that a session repeats are that session's, which is gone when it is ended.
    """
    if not claims.roles or claims.said_at is None:
        return claims.roles
    known = await session.get(StaffStanding, (viewer_id, claims.said_by))
    if known is not None and known.ended_at is not None and claims.said_at <= known.ended_at:
        return frozenset()
    if known is None or claims.said_at > known.said_at:
        same = known is not None and set(known.roles) == claims.roles and known.email == claims.email
        if known is None or not same or claims.said_at - known.said_at > REPEATED:
            await note(session, viewer_id, claims)
    return claims.roles


async def note(session: AsyncSession, viewer_id: UUID, claims: Claims, provider: str | None = None) -> None:
    """Note what an issuer says of somebody; what it said later stands. Sessions begun before by the same way (at a
    ``provider`` of staff, or as viewers) keep no role that it does not name any more.

    Of those who never had a role nothing is kept.
    """
    if claims.said_at is None:
        return
    row = {"roles": sorted(claims.roles), "email": claims.email, "said_at": claims.said_at}
    if claims.roles:
        new = insert(StaffStanding).values(viewer_id=viewer_id, said_by=claims.said_by, **row)
        newer = StaffStanding.said_at <= claims.said_at
        keys = ["viewer_id", "said_by"]
        await session.execute(new.on_conflict_do_update(index_elements=keys, set_=row, where=newer))
    else:
        known = update(StaffStanding).filter_by(viewer_id=viewer_id, said_by=claims.said_by)
        await session.execute(known.where(StaffStanding.said_at <= claims.said_at).values(row))
    await _end_roles(session, viewer_id, claims, provider)


async def _end_roles(session: AsyncSession, viewer_id: UUID, claims: Claims, provider: str | None) -> None:
    way = SignIn.provider.is_(None) if provider is None else SignIn.provider == provider
    before = select(SignIn).where(SignIn.viewer_id == viewer_id, way, SignIn.created_at < claims.said_at)
    for row in await session.scalars(before):
        if not claims.roles.issuperset(row.roles):
            row.roles = sorted(claims.roles.intersection(row.roles))


def with_power(power: str, now: datetime, lasts: timedelta) -> Select[UUID]:
    """A query for the ids of those whose issuer last said, at most ``lasts`` ago, that they have a power."""
    return select(StaffStanding.viewer_id).where(_holds(power), *_stands(now - lasts))


def _holds(power: str) -> ColumnElement[bool]:
    roles = sorted({*POWERS[power].roles, "admin"})
    return StaffStanding.roles.op("&&", is_comparison=True)(cast(array(roles), ARRAY(String)))


def _stands(since: datetime) -> tuple[ColumnElement[bool], ...]:
    ended = StaffStanding.ended_at
    return StaffStanding.said_at > since, or_(ended.is_(None), ended < StaffStanding.said_at)


async def roles_said(session: AsyncSession, viewer_id: UUID) -> frozenset[str]:
    """The roles that every issuer which knows somebody as staff last gave them: none that only one of them did."""
    query = select(StaffStanding.roles).filter_by(viewer_id=viewer_id).where(StaffStanding.roles != [])
    found = [frozenset(roles) for roles in await session.scalars(query)]
    return frozenset.intersection(*found) if found else frozenset()


async def vouched_addresses(session: AsyncSession, viewer_id: UUID) -> list[str]:
    """The addresses of somebody that issuers have verified, the newest first."""
    query = select(StaffStanding.email).filter_by(viewer_id=viewer_id).where(StaffStanding.email.is_not(None))
    return [email for email in await session.scalars(query.order_by(StaffStanding.said_at.desc())) if email]


async def staff_members(session: AsyncSession, limit: int) -> Sequence[StaffMember]:
    """Those who have a role, or had one, whoever signed in last first."""
    open_ones = select(func.count()).where(SignIn.viewer_id == Viewer.id, SignIn.ends_at > utc_now())
    query = select(Viewer, StaffStanding, open_ones.correlate(Viewer).scalar_subquery())
    query = query.join(StaffStanding, StaffStanding.viewer_id == Viewer.id)
    rows = await session.execute(query.order_by(StaffStanding.said_at.desc(), Viewer.id).limit(limit))
    return [StaffMember(*row) for row in rows]


async def end_standing(session: AsyncSession, viewer_id: UUID) -> bool:
    """End somebody's sessions, and what goes on for them as staff, until their issuer gives them a role anew; False
    when they never had one. A token that was issued before gives no role any more."""
    ended = update(StaffStanding).filter_by(viewer_id=viewer_id).values(ended_at=utc_now())
    known = (await session.execute(ended.returning(StaffStanding.said_by))).all()
    await session.execute(delete(SignIn).filter_by(viewer_id=viewer_id))
    return bool(known)
