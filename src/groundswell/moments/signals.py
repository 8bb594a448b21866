"""What other rooms may want to hear about moments. Sent inside the transaction that made it so."""

from dataclasses import dataclass

from .tables import Moment


@dataclass(frozen=True)
class MomentCreated:
    moment: Moment


@dataclass(frozen=True)
class MomentChanged:
    """Its words, visibility or span are other than before."""

    moment: Moment


@dataclass(frozen=True)
class MomentDeleted:
    moment: Moment
