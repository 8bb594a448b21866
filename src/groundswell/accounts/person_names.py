"""People's names in reports and evidence, for those who may see them (``POWER``). Others see a
pseudonym: the same for one person wherever they are shown, so that rows can be told apart, and not to be turned back.
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from groundswell.platform.signatures import tag

from .powers import POWERS

POWER = "names.read"
LENGTH = 6


def sees_names(roles: Collection[str]) -> bool:
    """Whether staff with these roles see people's names."""
    return not POWERS[POWER].roles.isdisjoint(roles) or "admin" in roles


@dataclass(frozen=True)
class PersonNames:
    """What people are called for one reader.

    Args:
        secret: by which pseudonyms are made; None: the reader sees names.
    """

    secret: bytes | None = None

    @classmethod
    def for_roles(cls, roles: Collection[str], secret: bytes) -> "PersonNames":
        """For staff with these roles."""
        return cls(None if sees_names(roles) else secret)

    def of(self, viewer_id: UUID | str | None, name: str | None) -> str | None:
        """What the viewer of that name is called; nobody in particular stays that."""
        if self.secret is None or viewer_id is None:
            return name
        return f"Person {tag(self.secret, 'pseudonym', str(viewer_id), LENGTH)}"


EVERY_NAME = PersonNames()
