"""What attribution tells the features above it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from .tables import Conversion, Credit


@dataclass(frozen=True)
class Credited:
    """A conversion was recorded, and divided by every model; no credits when nobody's share led to it."""

    conversion: Conversion
    credits: Sequence[Credit]


@dataclass(frozen=True)
class Rejudged:
    """An event has another verdict than before: what it counted for, and was paid for, is to follow."""

    event_id: UUID
    at: datetime
    kind: str
    reason: str
    rule: str


@dataclass(frozen=True)
class RejudgedTogether:
    """Events that have another verdict, written in one go: for what looks at many of them at once."""

    events: Sequence[Rejudged]


@dataclass(frozen=True)
class TokenShared:
    """The touch token of a visit came with a viewer (at ``when``) whose visit it is not: another came with it first.

    ``sign_up`` is the viewer's, when it came with that.
    """

    event_id: UUID
    at: datetime
    viewer_id: UUID
    when: datetime
    sign_up: UUID | None
