"""Becoming a creator where staff look first: an application, a queue, and a decision with its reason."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import Conflict, NotFound, Problem

from . import invitations, profiles, terms
from .schemas import NewApplication, NewCreator
from .tables import Creator, CreatorApplication

INVITED = "You were invited."


class CreatorMinor(Problem):
    status, code, title = 403, "creator_minor", "A child's profile cannot be a creator."


class ApplicationNeeded(Conflict):
    code, title = "application_needed", "Whoever would be a creator here applies first."


class ApplicationWaits(Conflict):
    code, title = "application_waits", "An application of yours waits already."


class ApplicationUnknown(NotFound):
    code, title = "application_unknown", "There is no such application."


class ApplicationDecided(Conflict):
    code, title = "application_decided", "This application has been decided."


async def apply(session: AsyncSession, viewer: Viewer, new: NewApplication) -> CreatorApplication:
    """Apply to become a creator, accepting the terms as they are now. Whoever was invited is accepted at once, by whom
    invited them.

    Raises:
        CreatorMinor, TermsNotAccepted, ApplicationWaits: as they say.
        CreatorAlready, HandleTaken, CodeTaken: so soon.
    """
    if viewer.kids:
        raise CreatorMinor()
    await profiles.check_free(session, viewer.id, new.handle, new.code)
    await terms.accept(session, viewer.id, new.terms_version)
    values = new.model_dump(exclude={"terms_version", "adult"}) | {"id": uuid7(), "viewer_id": viewer.id}
    made = insert(CreatorApplication).values(**values, status="waiting", reason="").on_conflict_do_nothing()
    row = (await session.scalars(made.returning(CreatorApplication))).one_or_none()
    if row is None:
        raise ApplicationWaits()
    invitation = await invitations.of_viewer(session, viewer.id)
    return row if invitation is None else await decide(session, row.id, True, INVITED, invitation.invited_by)


async def withdraw(session: AsyncSession, viewer_id: UUID) -> CreatorApplication:
    """Withdraw the application of one's own that waits; one may apply again.

    Raises:
        ApplicationUnknown: there is none; ApplicationDecided: it does not wait.
    """
    row = await newest_of(session, viewer_id)
    if row is None:
        raise ApplicationUnknown()
    await session.refresh(row, with_for_update=True)
    if row.status != "waiting":
        raise ApplicationDecided(status=row.status)
    row.status, row.decided_at = "withdrawn", utc_now()
    await session.flush()
    return row


async def newest_of(session: AsyncSession, viewer_id: UUID) -> CreatorApplication | None:
    """A viewer's newest application."""
    query = select(CreatorApplication).filter_by(viewer_id=viewer_id).order_by(CreatorApplication.id.desc()).limit(1)
    return (await session.scalars(query)).one_or_none()


async def queue(
    session: AsyncSession, status: str, limit: int, after: UUID | None = None
) -> Sequence[CreatorApplication]:
    """Applications in a state, the oldest first."""
    query = select(CreatorApplication).filter_by(status=status).order_by(CreatorApplication.id).limit(limit)
    return (await session.scalars(query if after is None else query.where(CreatorApplication.id > after))).all()


async def decide(
    session: AsyncSession, application_id: UUID, accepted: bool, reason: str, by: str
) -> CreatorApplication:
    """Accept an application, which makes a creator of whoever applied, or refuse it with the reason that they read.

    Raises:
        ApplicationUnknown, ApplicationDecided: as they say.
        CreatorAlready, HandleTaken, CodeTaken: somebody else has it by now.
    """
    row = await session.get(CreatorApplication, application_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise ApplicationUnknown()
    if row.status != "waiting":
        raise ApplicationDecided(status=row.status)
    if accepted:
        new = NewCreator(handle=row.handle, display_name=row.display_name, bio=row.bio, code=row.code)
        await profiles.become(session, row.viewer_id, new)
    row.status, row.reason = "accepted" if accepted else "refused", reason
    row.decided_by, row.decided_at = by, utc_now()
    await session.flush()
    return row


async def is_creator(session: AsyncSession, viewer_id: UUID) -> bool:
    """Whether a viewer is one."""
    return await session.scalar(select(Creator.id).filter_by(viewer_id=viewer_id)) is not None
