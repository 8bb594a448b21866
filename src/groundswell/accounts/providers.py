"""What accounts, and every feature above them, ask of the features that know more of people."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.providers import Question


@dataclass(frozen=True)
class Separation:
    """Who of some people a viewer is kept apart from: by a block, whichever of the two made it, or because the viewer
    muted them."""

    blocked: frozenset[UUID] = frozenset()
    muted: frozenset[UUID] = frozenset()

    @property
    def unlisted(self) -> frozenset[UUID]:
        """Whose things no list shows to the viewer."""
        return self.blocked | self.muted


NOBODY = Separation()

separation_of: Question[[AsyncSession, UUID | None, Collection[UUID]], Separation] = Question(NOBODY)
"""viewer id (None: a visitor), people → which of these they are kept apart from. Answered by the feature that keeps
blocks. It is asked of those who are about to be shown: of all whom somebody is kept apart from, there is no end."""


followed_by_viewer: Question[[AsyncSession, UUID], frozenset[UUID]] = Question(frozenset())
"""viewer id → whom they follow. Answered by the feature that keeps follows."""


@dataclass(frozen=True)
class PublicFace:
    """What somebody is called in public: a profile of their own, which has an address."""

    handle: str
    name: str


public_faces: Question[[AsyncSession, Collection[UUID]], dict[UUID, PublicFace]] = Question({})
"""viewer ids → the public profiles of those who have one. Answered by the feature that keeps profiles."""

viewer_of_handle: Question[[AsyncSession, str], UUID | None] = Question(None)
"""handle of a public profile → whose it is. Answered by the feature that keeps profiles."""
