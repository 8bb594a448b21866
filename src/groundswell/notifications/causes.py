"""What features below tell, as notifications: noted in the transaction in which it happened."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from groundswell.attribution.models import DEFAULT_MODEL
from groundswell.attribution.signals import Credited
from groundswell.attribution.tables import Credit
from groundswell.campaigns.signals import CampaignInvitation
from groundswell.community.comment_tables import Comment
from groundswell.community.signals import CommentShown, FollowBegun
from groundswell.community.tables import Follow
from groundswell.creators.signals import CreatorInvited
from groundswell.creators.tables import Creator
from groundswell.earnings.signals import PayoutsMade, StatementPosted
from groundswell.earnings.tables import Statement, StatementLine
from groundswell.moments.signals import MomentCreated
from groundswell.moments.tables import Moment
from groundswell.platform.database import among
from groundswell.platform.jobs import WHENEVER, defer
from groundswell.platform.signals import on
from groundswell.shares.tables import Share
from groundswell.trust.signals import AppealDecided, Lifted, Restricted
from groundswell.trust.tables import Decision

from .fan_out import push_clip
from .groups import note, note_each

MAKERS: dict[str, tuple[InstrumentedAttribute[UUID], InstrumentedAttribute[Any]]] = {
    "moment": (Moment.id, Moment.viewer_id),
    "comment": (Comment.id, Comment.viewer_id),
    "share": (Share.id, Share.viewer_id),
}
"""What people make, by its id, and whose it is."""
JOINED = frozenset({"sign_up", "trial", "subscription"})


@on(FollowBegun)
async def followed(session: AsyncSession, signal: FollowBegun) -> None:
    begun = select(Follow.created_at).filter_by(follower_id=signal.follower_id, followed_id=signal.followed_id)
    await note(session, "follower", signal.followed_id, [signal.followed_id], at=await session.scalar(begun))


@on(CommentShown)
async def commented(session: AsyncSession, signal: CommentShown) -> None:
    """The writer of what is answered hears of the answer, the moment's maker of the comment; nobody of their own, nor
    of the same words twice."""
    comment = signal.comment
    answered = None if comment.parent_id is None else await session.get(Comment, comment.parent_id)
    writer = None if answered is None or answered.deleted_at is not None else answered.viewer_id
    if writer not in {None, comment.viewer_id}:
        await note(session, "reply", comment.parent_id or comment.id, [writer], at=comment.created_at)
    maker = await session.scalar(select(Moment.viewer_id).filter_by(id=comment.moment_id))
    if maker not in {None, comment.viewer_id, writer}:
        await note(session, "comment", comment.moment_id, [maker], at=comment.created_at)


@on(Credited)
async def credited(session: AsyncSession, signal: Credited) -> None:
    """Whoever shared what led somebody to join hears of it, by the model that everything is shown by."""
    if signal.conversion.kind not in JOINED:
        return
    written = await session.scalar(select(func.now()))  # as the credits' own instants say it
    for credit in signal.credits:
        if _brought(credit) and credit.moment_id is not None:
            await note(session, "brought", credit.moment_id, [credit.sharer_id], at=written)


def _brought(credit: Credit) -> bool:
    return credit.model == DEFAULT_MODEL and credit.weight_ppm > 0 and credit.sharer_id is not None


@on(StatementPosted)
async def stated(session: AsyncSession, signal: StatementPosted) -> None:
    """A statement of nothing is posted too; nobody is called to look at it."""
    if signal.statement.amount_minor:
        await note(session, "statement", signal.statement.id, [await _viewer_of(session, signal.statement.creator_id)])


@on(PayoutsMade)
async def paid(session: AsyncSession, signal: PayoutsMade) -> None:
    payouts = {payout.creator_id: payout.id for payout in signal.payouts}
    rows = await session.execute(select(Creator.id, Creator.viewer_id).where(among(Creator.id, payouts)))
    await note_each(session, "payout", {row.viewer_id: payouts[row.id] for row in rows})


async def _viewer_of(session: AsyncSession, creator_id: UUID) -> UUID | None:
    found: UUID | None = await session.scalar(select(Creator.viewer_id).filter_by(id=creator_id))
    return found


@on(CampaignInvitation)
async def invited(session: AsyncSession, signal: CampaignInvitation) -> None:
    await note(session, "invitation", signal.member.id, [await _viewer_of(session, signal.member.creator_id)])


@on(CreatorInvited)
async def invited_to_create(session: AsyncSession, signal: CreatorInvited) -> None:
    await note(session, "invitation", signal.invitation.id, [signal.invitation.viewer_id])


@on(Restricted)
async def restricted(session: AsyncSession, signal: Restricted) -> None:
    await note(session, "decision", signal.decision.id, [await _concerned(session, signal.decision)])


@on(Lifted)
async def lifted(session: AsyncSession, signal: Lifted) -> None:
    await note(session, "decision", signal.decision.id, [await _concerned(session, signal.decision)])


@on(AppealDecided)
async def appeal_decided(session: AsyncSession, signal: AppealDecided) -> None:
    """Whoever contested a decision hears what became of it, also where it is about what they reported. That it is
    contested, staff see in their queue."""
    await note(session, "decision", signal.decision.id, [signal.appeal.appellant_id])


async def _concerned(session: AsyncSession, decision: Decision) -> UUID | None:
    """Whose it is that was decided about; None where it is the service's own."""
    subject = decision.subject_id
    if decision.subject_kind == "viewer":
        return subject
    if decision.subject_kind == "earning":
        theirs = select(Creator.viewer_id).join(Statement, Statement.creator_id == Creator.id)
        theirs = theirs.join(StatementLine, StatementLine.statement_id == Statement.id)
        earner: UUID | None = await session.scalar(theirs.where(StatementLine.id == subject))
        return earner
    found: UUID | None = None
    if decision.subject_kind in MAKERS:
        id, maker = MAKERS[decision.subject_kind]
        found = await session.scalar(select(maker).where(id == subject))
    return found


@on(MomentCreated)
async def clipped(session: AsyncSession, signal: MomentCreated) -> None:
    """Nothing is written for followers, who find it when they look. Those alone who want it pushed are looked up, by a
    job."""
    moment = signal.moment
    if moment.visibility == "public" and moment.credit_me:
        await defer(session, push_clip, priority=WHENEVER, moment=str(moment.id))
