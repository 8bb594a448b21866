"""What creators tell the features above them."""

from dataclasses import dataclass

from .tables import CreatorInvitation


@dataclass(frozen=True)
class CreatorInvited:
    """A viewer was invited to become a creator."""

    invitation: CreatorInvitation
