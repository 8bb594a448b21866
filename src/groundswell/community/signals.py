"""What the community tells the features above it. Sent inside the transaction that made it so."""

from dataclasses import dataclass
from uuid import UUID

from .comment_tables import Comment


@dataclass(frozen=True)
class FollowBegun:
    """Somebody follows somebody, or (``asked``) wants to."""

    follower_id: UUID
    followed_id: UUID
    asked: bool


@dataclass(frozen=True)
class CollaboratorAsked:
    """Somebody is asked to fill another's collection."""

    collection_id: UUID
    owner_id: UUID
    asked_id: UUID


@dataclass(frozen=True)
class CollectionChanged:
    """What a collection holds, its order or its title is other than before; or (``gone``) it is no longer there."""

    collection_id: UUID
    gone: bool = False


@dataclass(frozen=True)
class CommentShown:
    """A comment is there for others to read: written, or let through."""

    comment: Comment
