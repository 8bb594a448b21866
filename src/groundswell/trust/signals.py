"""What trust tells the features above it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from .tables import Decision


@dataclass(frozen=True)
class Restricted:
    """A decision was taken: something was restricted."""

    decision: Decision


@dataclass(frozen=True)
class Lifted:
    """A decision was taken back: a restriction was lifted."""

    decision: Decision


@dataclass(frozen=True)
class CaseJudged:
    """Staff decided whether the visits (instant and id) that a case rests on were people's; by which step."""

    case_id: UUID
    step_id: UUID
    rule: str
    events: Sequence[tuple[datetime, UUID]]
    human: bool
