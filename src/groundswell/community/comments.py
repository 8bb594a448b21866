"""Comments: written, changed, deleted, pinned, let through. Which of them are shown to whom: ``comment_list``."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.accounts.powers import POWERS
from groundswell.accounts.providers import separation_of
from groundswell.catalog.tables import Progress
from groundswell.events.tables import JudgedEvent
from groundswell.moments.lookup import moment_by_id
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import NotFound, Problem
from groundswell.platform.settings import Settings
from groundswell.platform.signals import send
from groundswell.trust.reviews import open_review, withdraw

from .comment_holds import admit, held_for, record_of
from .comment_tables import Comment
from .comment_text import cleaned, told_again
from .doors import Meeting
from .reactions import OutsideMoment
from .signals import CommentShown


class CommentUnknown(NotFound):
    code, title = "comment_unknown", "There is no such comment."


class CommentsOff(Problem):
    status, code, title = 403, "comments_off", "There are no comments here."


class NotWatched(Problem):
    status, code, title = 403, "not_watched", "Whoever has watched it may comment."


async def find_comment(session: AsyncSession, comment_id: UUID, *, held: bool = False) -> Comment:
    """The comment of that id, a deleted one too; locked where it is ``held``.

    Raises:
        CommentUnknown: there is none.
    """
    comment = await session.get(Comment, comment_id, with_for_update=held or None)
    if comment is None:
        raise CommentUnknown()
    return comment


async def comments_among(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Comment]:
    """Those of the comments that there are, by id."""
    return {each.id: each for each in await session.scalars(select(Comment).where(among(Comment.id, ids)))}


async def write(
    session: AsyncSession, settings: Settings, caller: Caller, meeting: Meeting, text: str, at_us: int, *,
    parent_id: UUID | None, spoiler: bool,
) -> Comment:  # fmt: skip
    """Say something at a second of a moment, or in answer to a comment of it.

    Raises:
        CommentsOff, NotWatched, OutsideMoment, CommentUnknown, TooManyRequests, CommentRepeated: as they say.
        CommentEmpty, CommentTooLong, TooManyLinks: by ``cleaned``.
    """
    await _check_may_write(session, settings, caller, meeting.moment)
    if not meeting.moment.start_us <= at_us <= meeting.moment.end_us:
        raise OutsideMoment()
    clean = cleaned(text)
    same_as = told_again(clean)
    await admit(session, caller.id, same_as, settings.comment_rate_per_minute)
    parent = None if parent_id is None else await _parent(session, caller, meeting.moment, parent_id)
    comment = Comment(
        id=uuid7(),
        moment_id=meeting.moment.id,
        parent_id=None if parent is None else parent.id,
        viewer_id=caller.id,
        at_us=at_us if parent is None else max(at_us, parent.at_us),
        text=clean,
        same_as=same_as,
        spoiler=spoiler or (parent is not None and parent.spoiler),
        held_for=await held_for(session, settings, caller, clean, await record_of(session, caller)),
        created_at=utc_now(),
    )
    session.add(comment)
    await session.flush()
    if comment.held_for is None:
        await send(session, CommentShown(comment))
    else:
        await open_review(session, "comment", comment.id, "held", comment.held_for)
    return comment


async def _check_may_write(session: AsyncSession, settings: Settings, caller: Caller, moment: Moment) -> None:
    if settings.comments == "off":
        raise CommentsOff()
    if settings.comments == "watched" and caller.id != moment.viewer_id and not await _watched(session, caller, moment):
        raise NotWatched()


async def _watched(session: AsyncSession, caller: Caller, moment: Moment) -> bool:
    """Whether somebody has got to the moment in its title, or has played it."""
    got_there = select(Progress.title_id).filter_by(viewer_id=caller.id, title_id=moment.title_id)
    if await session.scalar(got_there.where(Progress.position_us >= moment.start_us)) is not None:
        return True
    played = select(JudgedEvent.id).where(JudgedEvent.moment_id == moment.id, JudgedEvent.viewer_id == caller.id)
    return await session.scalar(played.where(JudgedEvent.kind == "play").limit(1)) is not None


async def _parent(session: AsyncSession, caller: Caller, moment: Moment, parent_id: UUID) -> Comment:
    """The comment that is answered: answers to an answer stand below what that one answers.

    Raises:
        CommentUnknown: there is none at this moment that whoever answers can see.
    """
    parent = await find_comment(session, parent_id)
    apart = (await separation_of(session, caller.id, [parent.viewer_id])).blocked
    seen = parent.held_for is None or parent.viewer_id == caller.id
    if parent.moment_id != moment.id or parent.deleted_at is not None or parent.viewer_id in apart or not seen:
        raise CommentUnknown()
    return parent if parent.parent_id is None else await find_comment(session, parent.parent_id)


async def edit(session: AsyncSession, settings: Settings, caller: Caller, comment_id: UUID, text: str) -> Comment:
    """Change what one wrote. It is judged as if it were new.

    Raises:
        CommentUnknown: it is somebody else's, or deleted.
    """
    comment = await find_comment(session, comment_id, held=True)
    if comment.viewer_id != caller.id or comment.deleted_at is not None:
        raise CommentUnknown()
    comment.text = cleaned(text)
    comment.same_as, comment.edited_at = told_again(comment.text), utc_now()
    known = await record_of(session, caller)
    comment.held_for = comment.held_for or await held_for(session, settings, caller, comment.text, known)
    await session.flush()
    if comment.held_for is not None:
        await open_review(session, "comment", comment.id, "held", comment.held_for)
    return comment


async def delete_comment(session: AsyncSession, caller: Caller, comment_id: UUID) -> None:
    """Delete what one wrote, or what somebody wrote below one's own moment. Its place stays, its words go.

    Raises:
        CommentUnknown: it is neither.
    """
    comment = await find_comment(session, comment_id, held=True)
    mine = comment.viewer_id == caller.id
    if not mine and not await is_maker(session, caller, comment):
        raise CommentUnknown()
    if comment.deleted_at is None:
        comment.deleted_at, comment.deleted_by = utc_now(), "writer" if mine else "maker"
        comment.text = comment.same_as = ""
        comment.pinned_at = None
        await session.flush()
        await withdraw(session, "comment", comment.id, caller.actor)


async def is_maker(session: AsyncSession, caller: Caller, comment: Comment) -> bool:
    """Whether a comment stands below a moment of the caller's."""
    moment = await moment_by_id(session, comment.moment_id)
    return moment is not None and moment.viewer_id == caller.id


async def pin(session: AsyncSession, caller: Caller, comment_id: UUID, *, pinned: bool) -> Comment:
    """Have a comment stand first below one's own moment, in the place of any other; or no longer.

    Raises:
        CommentUnknown: it is not below the caller's moment, or is an answer, or is not shown.
    """
    comment = await find_comment(session, comment_id, held=True)
    shown = comment.deleted_at is None and comment.held_for is None and comment.parent_id is None
    if not shown or not await is_maker(session, caller, comment):
        raise CommentUnknown()
    others = update(Comment).where(Comment.moment_id == comment.moment_id, Comment.pinned_at.is_not(None))
    await session.execute(others.values(pinned_at=None))
    comment.pinned_at = utc_now() if pinned else None
    await session.flush()
    return comment


async def may_release(session: AsyncSession, caller: Caller, comment: Comment) -> bool:
    """Whether the caller may let a held comment through: staff who handle reports, and the moment's maker, who may not
    where a watched word or a decision holds it."""
    if caller.roles & {*POWERS["reports.handle"].roles, "admin"}:
        return True
    return comment.held_for not in {"watched_word", "restricted"} and await is_maker(session, caller, comment)


async def collapse(session: AsyncSession, caller: Caller, comment_id: UUID, *, collapsed: bool) -> Comment:
    """Have a comment below one's own moment shown only to those who ask for it, or as any other again.

    Raises:
        CommentUnknown: it is not below the caller's moment, or is deleted.
    """
    comment = await find_comment(session, comment_id, held=True)
    if comment.deleted_at is not None or not await is_maker(session, caller, comment):
        raise CommentUnknown()
    comment.collapsed_at = utc_now() if collapsed else None
    comment.pinned_at = None if collapsed else comment.pinned_at
    await session.flush()
    return comment


async def let_through(session: AsyncSession, comment: Comment, by: str | None = None) -> Comment:
    """Show a comment that was held. Doing it twice is doing it once.

    Args:
        by: who does, where no decision of staff has closed its review.
    """
    if comment.held_for is not None:
        comment.held_for = None
        await session.flush()
        if by is not None:
            await withdraw(session, "comment", comment.id, by)
        await send(session, CommentShown(comment))
    return comment
