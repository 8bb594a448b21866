"""What trust tells the features above it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from .tables import Appeal, CounterNotice, Decision, Report


@dataclass(frozen=True)
class Restricted:
    """A decision was taken: something was restricted. Its ``person_id`` is the viewer whom it meets."""

    decision: Decision


@dataclass(frozen=True)
class Lifted:
    """A decision was taken back: a restriction was lifted."""

    decision: Decision


@dataclass(frozen=True)
class ReportTakenIn:
    """Somebody reported something, or gave notice of it."""

    report: Report


@dataclass(frozen=True)
class ReportsAnswered:
    """A decision closed reports; those that it closed name it (``Report.decision_id``)."""

    decision: Decision


@dataclass(frozen=True)
class HeldReleased:
    """Staff have decided about something: if it was held until then, that is over. What a decision keeps back stays
    back by that."""

    subject_kind: str
    subject_id: UUID


@dataclass(frozen=True)
class AppealMade:
    """Whom a decision meets contests it."""

    appeal: Appeal
    decision: Decision


@dataclass(frozen=True)
class AppealDecided:
    """An appeal was decided: its ``outcome`` is ``confirmed`` or ``reversed``; ``decision`` is the one contested."""

    appeal: Appeal
    decision: Decision


@dataclass(frozen=True)
class CounterNoticeMade:
    """Whose work was taken down for copyright says that it was a mistake."""

    notice: CounterNotice


@dataclass(frozen=True)
class CaseJudged:
    """Staff decided whether the visits (instant and id) that a case rests on were people's; by which step."""

    case_id: UUID
    step_id: UUID
    rule: str
    events: Sequence[tuple[datetime, UUID]]
    human: bool
