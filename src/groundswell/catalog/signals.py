"""What the catalogue tells the features above it."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class TitleImported:
    """A title has a (new) version of its media."""

    title_id: UUID
    source_id: UUID


@dataclass(frozen=True)
class LinesRecorded:
    """The lines of a title in one language were written, in place of those before."""

    title_id: UUID
    language: str


@dataclass(frozen=True)
class TitleWithdrawn:
    """The service has taken a title out of its catalogue; ``by`` says who (``key:<id>``, ``sync:<name>``)."""

    title_id: UUID
    by: str


@dataclass(frozen=True)
class TitleReturned:
    """A title that was withdrawn is in the catalogue again."""

    title_id: UUID
    by: str


@dataclass(frozen=True)
class RightsChanged:
    """A rule was written or removed; ``scope`` and ``scope_key`` say for which titles (see ``RightsRule``)."""

    rule_id: UUID
    scope: str
    scope_key: str
    territory: str | None
