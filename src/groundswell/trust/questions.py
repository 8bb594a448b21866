"""What trust asks of the rooms above it."""

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.questions import Question

from .spans import Span


@dataclass(frozen=True)
class ClipSpans:
    """Spans of one title: all that a viewer, and all that anybody, has ever clipped of it; what was deleted too."""

    by_viewer: list[Span] = field(default_factory=list)
    by_title: list[Span] = field(default_factory=list)


clip_spans: Question[[AsyncSession, UUID, UUID | None], ClipSpans] = Question(ClipSpans())
"""(title id, viewer id or None) → what has been clipped. Answered by the room that keeps the clips."""
