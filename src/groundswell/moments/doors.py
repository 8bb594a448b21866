"""By which door a request comes to a moment: its own address, or a link (``shares`` has that one).

What a link opened is opened by that link: its media, its player and its card lie below ``/s/<token>``, and end with it.
A public moment has an address of its own besides, ``/m/<code>``; an unlisted one has that for its maker, and for the
staff who review it.
"""

from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.tables import Title
from groundswell.trust.intervals import Span
from groundswell.trust.policy import Purpose

from .availability import Audience, check_available
from .lookup import find_moment
from .tables import Moment


class Door(Protocol):
    """How a request came to a moment."""

    async def open(
        self, session: AsyncSession, audience: Audience, *, purpose: Purpose = "play", span: Span | None = None
    ) -> tuple[Moment, Title]:
        """The moment behind it, when ``audience`` may see it now (and ``span``, where more would be shown).

        Raises:
            Problem: it leads to nothing, or the moment cannot be shown; the refusal says why.
        """


@dataclass(frozen=True)
class CodeDoor:
    """A moment's own address, or (``by_link``) that of a moment to which a link was found to lead."""

    code: str
    by_link: bool = False

    async def open(
        self, session: AsyncSession, audience: Audience, *, purpose: Purpose = "play", span: Span | None = None
    ) -> tuple[Moment, Title]:
        moment = await find_moment(session, self.code)
        title = await session.get_one(Title, moment.title_id)
        await check_available(session, moment, title, audience, purpose=purpose, span=span, by_link=self.by_link)
        return moment, title
