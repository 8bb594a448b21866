"""What the attribution room tells the rooms above it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from .tables import Conversion, Credit


@dataclass(frozen=True)
class Credited:
    """A conversion was recorded, and divided by every model; no credits when nobody's share led to it."""

    conversion: Conversion
    credits: Sequence[Credit]


@dataclass(frozen=True)
class ViewerErased:
    """A viewer is to be forgotten: whatever of theirs leads to a person goes, in the same transaction."""

    viewer_id: UUID
