"""From what a request names to the moment that people meet around: by its own address, or by a link to it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.catalog.tables import Title
from groundswell.events.log.lookups import EventPlace, place
from groundswell.moments.availability import Audience
from groundswell.moments.doors import CodeDoor
from groundswell.moments.lookup import MomentUnknown
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Base
from groundswell.platform.notified_cache import NotifiedCache
from groundswell.platform.services import services_of
from groundswell.shares.links import holds_until, resolve
from groundswell.trust.clip_checks import next_change

from .people import KidsApart

R = TypeVar("R", bound=Base)

ByShare = Annotated[
    str | None, Query(max_length=64, description="Token of the link by which one came: it opens an unlisted moment.")
]


@dataclass(frozen=True)
class Meeting:
    """A moment that whoever asks may see, its title, and where in the loop what they do there happens."""

    moment: Moment
    title: Title
    place: EventPlace


MEETING_BYTES = 4_096
"""What a moment and its title take in memory, about."""


@dataclass(frozen=True)
class KnownMeeting:
    """A meeting as it is for a visitor until ``holds_until`` (None: for good), if nobody changes what it depends on."""

    meeting: Meeting
    holds_until: datetime | None


class VisitorMeetings:
    """What visitors meet around, kept until it changes: a hit is asked for by thousands of them, and is the same for
    all in one country. Nothing is kept of who is signed in, nor of what was refused."""

    def __init__(self) -> None:
        self.known: NotifiedCache[KnownMeeting] = NotifiedCache(weigh=lambda _: MEETING_BYTES)

    async def meet(self, session: AsyncSession, request: Request, name: str, share: str | None) -> Meeting:
        """``meet`` for a visitor."""
        audience, asked_at = Audience.of(None, request), utc_now()
        if (kept := self.kept(name, share, audience, asked_at)) is not None:
            return kept
        generation = self.known.generation
        met, depends_on, until = await _found(session, request, None, name, share, asked_at)
        alone = Meeting(_copied(met.moment), _copied(met.title), met.place)
        self.known.put((name, share, audience), KnownMeeting(alone, until), generation, depends_on)
        return met

    def kept(self, name: str, share: str | None, audience: Audience, at: datetime) -> Meeting | None:
        """What ``meet`` answers ``at`` an instant, when that is in memory."""
        kept = self.known.get((name, share, audience))
        if kept is None or (kept.holds_until is not None and kept.holds_until <= at):
            return None
        return kept.meeting


async def meet(session: AsyncSession, request: Request, caller: Caller | None, name: str, share: str | None) -> Meeting:
    """The moment ``name`` (id or code), for whoever came by the link ``share``, or by none.

    Raises:
        KidsApart: a child's profile asks.
        Problem: they may not see it; the refusal says why.
    """
    if caller is not None and caller.viewer.kids:
        raise KidsApart()
    if caller is None:
        return await services_of(request).get(VisitorMeetings).meet(session, request, name, share)
    return (await _found(session, request, caller, name, share, None))[0]


async def _found(
    session: AsyncSession, request: Request, caller: Caller | None, name: str, share: str | None, at: datetime | None
) -> tuple[Meeting, list[object], datetime | None]:
    """What is met, what that depends on, and (asked ``at`` an instant) until when it holds if nobody changes that."""
    audience = Audience.of(caller, request)
    if not share:
        moment, title = await CodeDoor(name).open(session, audience)
        until = None if at is None else await next_change(session, title, at)
        return Meeting(moment, title, place(None, moment.id, title.id)), _of(moment, title), until
    found = await resolve(session, services_of(request).settings, share, audience)
    if name not in {found.moment.code, str(found.moment.id)}:
        raise MomentUnknown()
    until = None if at is None else await holds_until(session, found, at)
    where = place(found.share.id, found.moment.id, found.title.id, found.share.channel)
    return Meeting(found.moment, found.title, where), found.depends_on, until


def _of(moment: Moment, title: Title) -> list[object]:
    """The ids of all whose change may end what is seen of a public moment."""
    series = [] if title.series_id is None else [title.series_id, f"{title.series_id}/{title.season}"]
    return [moment.id, title.id, moment.viewer_id, *series]


def _copied(row: R) -> R:
    """What was read of it, of no session."""
    return type(row)(**{name: value for name, value in vars(row).items() if name in row.__mapper__.column_attrs})
