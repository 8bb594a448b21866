"""What earnings ask of the feature that pays out."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.providers import Question


@dataclass(frozen=True)
class RunLine:
    """The line of a payout run by which a payout left: ``id`` is the run's."""

    id: UUID
    words: str
    at: datetime | None
    minor: int
    currency: str


run_line_of: Question[[AsyncSession, UUID], RunLine | None] = Question(None)
"""payout id → the line of a run that it left by; None: it was recorded by hand."""

payout_of_reference: Question[[AsyncSession, str], UUID | None] = Question(None)
"""a bank's reference, or an end-to-end id → the payout that it stands for."""
