"""What the accounts room tells the rooms above it."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class ViewerErased:
    """A viewer is to be forgotten. A room that keeps something of a person has a module ``erasure`` that subscribes:
    what leads to the person goes, in the same transaction; what is counted stays, under a number that names nobody.

    ``subject`` is what the service called them, ``alias`` what they are called from now on.
    """

    viewer_id: UUID
    subject: str
    alias: str
