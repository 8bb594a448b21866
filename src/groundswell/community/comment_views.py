"""Comments as the API shows them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.moments.tables import Moment
from groundswell.trust.decisions import active_among

from .comment_holds import trusted_among
from .comment_list import ListedComment
from .comment_schemas import CommentOut
from .comment_text import as_html, looks_alike
from .feed import fellow
from .people import KnownPerson, by_id


async def shown_all(
    session: AsyncSession, rows: Sequence[ListedComment], caller: Caller | None, moment: Moment
) -> list[CommentOut]:
    """Comments below ``moment`` with their answers, for whoever reads."""
    every = [*rows, *(answer for each in rows for answer in each.answers)]
    writers = {each.comment.viewer_id for each in every}
    people, trusted = await by_id(session, writers), await trusted_among(session, writers)
    me = None if caller is None else caller.id
    soft = set(await active_among(session, "comment", [each.comment.id for each in every], ("demote", "collapse")))
    return [_shown(each, people, trusted, me, moment, soft) for each in rows]


def _shown(
    listed: ListedComment,
    people: dict[UUID, KnownPerson],
    trusted: set[UUID],
    me: UUID | None,
    moment: Moment,
    soft: set[UUID],
) -> CommentOut:
    comment = listed.comment
    deleted = comment.deleted_at is not None
    told = not (listed.veiled or deleted)
    by = people.get(comment.viewer_id) if told else None
    return CommentOut(
        id=comment.id,
        parent=comment.parent_id,
        at_us=comment.at_us,
        text=comment.text if told else None,
        html=as_html(comment.text, links=comment.viewer_id in trusted) if told else None,
        by=None if by is None else fellow(by),
        look_alike=by is not None and looks_alike(by.name),
        veiled=listed.veiled and not deleted,
        deleted=deleted,
        held_for=None if deleted else comment.held_for,
        collapsed=not deleted and (comment.collapsed_at is not None or comment.id in soft),
        pinned=comment.pinned_at is not None,
        mine=comment.viewer_id == me and not deleted,
        by_maker=told and comment.viewer_id == moment.viewer_id and moment.credit_me,
        created_at=comment.created_at,
        edited_at=comment.edited_at if told else None,
        answers=[_shown(each, people, trusted, me, moment, soft) for each in listed.answers],
        answer_count=listed.answer_count,
    )
