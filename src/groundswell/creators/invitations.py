"""Inviting people to become creators: whoever takes it applies, and is accepted by whoever invited them."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.viewers import viewers_among
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import NotFound
from groundswell.platform.signals import send

from .signals import CreatorInvited
from .tables import Creator, CreatorInvitation


class InvitationMissing(NotFound):
    code, title = "invitation_missing", "No invitation of yours waits."


class InviteeUnknown(NotFound):
    code, title = "invitee_unknown", "There is no such grown-up viewer."


async def invite(session: AsyncSession, viewers: Collection[UUID], by: str) -> int:
    """Invite viewers to become creators; returns how many are told of it now. Who is one, was invited, or has declined
    is not asked again.

    Raises:
        InviteeUnknown: one of them is not there, or is a child's profile.
    """
    known = await viewers_among(session, viewers)
    wanted = sorted(set(viewers))
    for id in wanted:
        if id not in known or known[id].kids or not known[id].name:
            raise InviteeUnknown(f"There is no grown-up viewer {id}.")
    already = set(await session.scalars(select(Creator.viewer_id).where(among(Creator.viewer_id, wanted))))
    rows = [
        {"id": uuid7(), "viewer_id": id, "status": "invited", "invited_by": by} for id in wanted if id not in already
    ]
    if not rows:
        return 0
    statement = insert(CreatorInvitation).values(rows).on_conflict_do_nothing().returning(CreatorInvitation)
    made = (await session.scalars(statement)).all()
    for invitation in sorted(made, key=lambda one: one.viewer_id):
        await send(session, CreatorInvited(invitation))
    return len(made)


async def of_viewer(session: AsyncSession, viewer_id: UUID) -> CreatorInvitation | None:
    """The invitation that a viewer has not answered; None when there is none."""
    query = select(CreatorInvitation).filter_by(viewer_id=viewer_id, status="invited")
    found: CreatorInvitation | None = await session.scalar(query)
    return found


async def answer(session: AsyncSession, viewer_id: UUID, status: str) -> CreatorInvitation | None:
    """Note that a viewer ``accepted`` or ``declined`` the invitation that waits for them; None when none does."""
    query = select(CreatorInvitation).filter_by(viewer_id=viewer_id, status="invited").with_for_update()
    found: CreatorInvitation | None = await session.scalar(query)
    if found is not None:
        found.status, found.answered_at = status, utc_now()
        await session.flush()
    return found


async def decline(session: AsyncSession, viewer_id: UUID) -> CreatorInvitation:
    """Decline the invitation; they are not asked again.

    Raises:
        InvitationMissing.
    """
    found = await answer(session, viewer_id, "declined")
    if found is None:
        raise InvitationMissing()
    return found


async def states(session: AsyncSession, viewers: Collection[UUID]) -> dict[UUID, str]:
    """What became of the invitations of those among ``viewers`` who were invited."""
    query = select(CreatorInvitation.viewer_id, CreatorInvitation.status)
    rows = await session.execute(query.where(among(CreatorInvitation.viewer_id, set(viewers))))
    return {row.viewer_id: row.status for row in rows}


async def recent(session: AsyncSession, limit: int, after: UUID | None = None) -> Sequence[CreatorInvitation]:
    """Invitations, newest first."""
    query = select(CreatorInvitation).order_by(CreatorInvitation.id.desc()).limit(limit)
    return (await session.scalars(query if after is None else query.where(CreatorInvitation.id < after))).all()
