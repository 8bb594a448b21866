"""What trust asks of the features above it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.providers import Question

from .intervals import Span


@dataclass(frozen=True)
class ClipSpans:
    """Spans of one title: all that a viewer, and all that anybody, has ever clipped of it; what was deleted too."""

    by_viewer: list[Span] = field(default_factory=list)
    by_title: list[Span] = field(default_factory=list)


clip_spans: Question[[AsyncSession, UUID, UUID | None], ClipSpans] = Question(ClipSpans())
"""(title id, viewer id or None) → what has been clipped. Answered by the feature that keeps the clips."""


@dataclass(frozen=True)
class Standing:
    """How somebody stands by what their links brought.

    Args:
        clicks: by people, in the last 60 days; ``plays`` likewise.
        sign_ups_millionths: credited to them, as the default model divides it; ``subscriptions_millionths`` likewise.
        revenue: credited to them, in minor units by currency.
        money: in their account less what they owe, in minor units by currency; ``payable`` may leave now.
        rank: the place of their best moment among all of its title by people's clicks and plays; None: it has none.
    """

    clicks: int = 0
    plays: int = 0
    sign_ups_millionths: int = 0
    subscriptions_millionths: int = 0
    revenue: Mapping[str, int] = field(default_factory=dict)
    money: Mapping[str, int] = field(default_factory=dict)
    payable: Mapping[str, int] = field(default_factory=dict)
    rank: int | None = None


standing_of: Question[[AsyncSession, UUID], Standing] = Question(Standing())
"""viewer id → how they stand now. Answered by the feature that pays."""
