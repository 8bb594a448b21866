"""What other features may want to hear about moments. Sent inside the transaction that made it so."""

from dataclasses import dataclass

from .tables import Moment


@dataclass(frozen=True)
class MomentCreated:
    """A viewer clipped a moment."""

    moment: Moment


@dataclass(frozen=True)
class MomentChanged:
    """Its words, visibility or span are other than before."""

    moment: Moment


@dataclass(frozen=True)
class MomentDeleted:
    """Its viewer deleted it."""

    moment: Moment
