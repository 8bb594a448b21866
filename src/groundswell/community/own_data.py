"""All that is kept of what somebody did among others, for themselves (GDPR Art. 15 and 20): page by page, as it is
stored."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from groundswell.accounts.actors import actor_of
from groundswell.trust.tables import Appeal, CounterNotice, Decision, Report

from .collection_tables import Collaborator, Collection, CollectionPart, Repost
from .comment_tables import Comment
from .tables import Barrier, CommunityProfile, Follow, Reaction

OwnKind = Literal[
    "settings", "follows", "followers", "barriers", "reactions", "comments", "collections", "collection_parts",
    "collaborations", "reposts", "reports", "decisions", "appeals", "counter_notices",
]  # fmt: skip
AT_ONCE = 500


@dataclass(frozen=True)
class OwnColumns:
    """Where something of a person is kept: the column that names them, the one that rows are paged by, and what of a
    row is theirs to read."""

    owner: InstrumentedAttribute[Any]
    key: InstrumentedAttribute[UUID]
    columns: tuple[str, ...]


KEPT: dict[OwnKind, OwnColumns] = {
    "settings": OwnColumns(CommunityProfile.viewer_id, CommunityProfile.viewer_id, ("approves",)),
    "follows": OwnColumns(Follow.follower_id, Follow.followed_id, ("followed_id", "state", "created_at")),
    "followers": OwnColumns(Follow.followed_id, Follow.follower_id, ("follower_id", "state", "created_at")),
    "barriers": OwnColumns(Barrier.viewer_id, Barrier.other_id, ("other_id", "kind", "created_at")),
    "reactions": OwnColumns(Reaction.viewer_id, Reaction.moment_id, ("moment_id", "kind", "at_us", "created_at")),
    "comments": OwnColumns(
        Comment.viewer_id, Comment.id,
        ("id", "moment_id", "parent_id", "at_us", "text", "spoiler", "held_for", "created_at", "edited_at",
         "deleted_at"),
    ),
    "collections": OwnColumns(
        Collection.viewer_id, Collection.id,
        ("id", "code", "name", "about", "visibility", "created_at", "changed_at", "deleted_at"),
    ),
    "collection_parts": OwnColumns(
        CollectionPart.added_by, CollectionPart.moment_id, ("collection_id", "moment_id", "place", "added_at")
    ),
    "collaborations": OwnColumns(
        Collaborator.viewer_id, Collaborator.collection_id, ("collection_id", "state", "created_at")
    ),
    "reposts": OwnColumns(Repost.viewer_id, Repost.id, ("id", "moment_id", "share_id", "created_at", "withdrawn_at")),
    "reports": OwnColumns(
        Report.reporter, Report.id,
        ("id", "kind", "moment_id", "comment_id", "collection_id", "person_id", "reason_code", "text", "url", "law",
         "work", "name", "email", "created_at", "closed_at"),
    ),
    "decisions": OwnColumns(
        Decision.person_id, Decision.id,
        ("id", "subject_kind", "subject_id", "action", "reason_code", "explanation", "seen", "created_at", "lifted_at"),
    ),
    "appeals": OwnColumns(
        Appeal.appellant_id, Appeal.id, ("id", "decision_id", "text", "created_at", "outcome", "decided_at")
    ),
    "counter_notices": OwnColumns(
        CounterNotice.viewer_id, CounterNotice.id,
        ("id", "decision_id", "name", "address", "email", "text", "created_at", "state"),
    ),
}  # fmt: skip
"""What others did about somebody (who blocked or muted them, who reported them) is not theirs to read."""


async def page_of(
    session: AsyncSession, viewer_id: UUID, kind: OwnKind, limit: int, after: UUID | None
) -> tuple[list[dict[str, Any]], UUID | None]:
    """Rows of one kind, and the key after which the next page begins; None on the last.

    Parts of several collections share a moment, so that a page of them ends with whole moments.
    """
    kept = KEPT[kind]
    table = kept.owner.class_
    mine: ColumnElement[bool] = kept.owner == (actor_of(viewer_id) if kind == "reports" else viewer_id)
    query = select(kept.key, *(getattr(table, name) for name in kept.columns)).where(mine).order_by(kept.key)
    query = query if after is None else query.where(kept.key > after)
    rows = (await session.execute(query.limit(limit))).all()
    if kind == "collection_parts" and len(rows) == limit:
        rows = (await session.execute(query.where(kept.key <= rows[-1][0]))).all()
    told = [{name: _plain(value) for name, value in zip(kept.columns, row[1:], strict=True)} for row in rows]
    return told, rows[-1][0] if len(rows) >= limit else None


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value.isoformat() if isinstance(value, datetime) else value


async def everything(session: AsyncSession, viewer_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """All of it, by kind."""
    found: dict[str, list[dict[str, Any]]] = {}
    for kind in KEPT:
        rows, after = await page_of(session, viewer_id, kind, AT_ONCE, None)
        found[kind] = rows
        while after is not None:
            rows, after = await page_of(session, viewer_id, kind, AT_ONCE, after)
            found[kind] += rows
    return found
