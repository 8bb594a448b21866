"""What the community tells the features above it. Sent inside the transaction that made it so."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class FollowBegun:
    """Somebody follows somebody, or (``asked``) wants to."""

    follower_id: UUID
    followed_id: UUID
    asked: bool
