"""What shares tells the features above it. Sent inside the transaction that made it so."""

from collections.abc import Mapping
from dataclasses import dataclass

from groundswell.moments.tables import Moment

from .tables import Share


@dataclass(frozen=True)
class SentFrom:
    """What a request shows of a visitor without an account who shares: to be judged and hashed, never written down."""

    address: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class ShareCreated:
    """A moment was sent somewhere; ``sent_from`` says more of who did it where that is nobody we know."""

    share: Share
    moment: Moment
    sent_from: SentFrom | None = None


@dataclass(frozen=True)
class ShareRevoked:
    """Its link leads nowhere any more."""

    share: Share
