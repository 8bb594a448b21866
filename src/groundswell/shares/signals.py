"""What the shares room tells the rooms above it. Sent inside the transaction that made it so."""

from dataclasses import dataclass

from groundswell.moments.tables import Moment

from .tables import Share


@dataclass(frozen=True)
class ShareCreated:
    """A moment was sent somewhere."""

    share: Share
    moment: Moment


@dataclass(frozen=True)
class ShareRevoked:
    """Its link leads nowhere any more."""

    share: Share
