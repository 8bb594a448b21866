"""What events tells the features above it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from .event import Event


@dataclass(frozen=True)
class Visited:
    """A signed-in viewer came by way of a share (or a robot in their name: see the event's verdict)."""

    event: Event


@dataclass(frozen=True)
class PlaysRefused:
    """Pages reported so many plays of a moment within an hour that were refused (with ``code``, the last) that somebody
    is trying: told once an hour, at ``at``. ``share_id`` is the link that the last named, if one."""

    moment_id: UUID
    share_id: UUID | None
    code: str
    count: int
    at: datetime
