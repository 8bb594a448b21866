"""What trust tells the rooms above it."""

from dataclasses import dataclass

from .tables import Decision


@dataclass(frozen=True)
class Restricted:
    """Something was restricted."""

    decision: Decision


@dataclass(frozen=True)
class Lifted:
    """A restriction was lifted."""

    decision: Decision
