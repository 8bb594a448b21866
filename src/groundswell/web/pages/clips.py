"""One moment as a page shows it, whichever page that is: landing, moment or embed."""

from dataclasses import dataclass

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.accounts.tables import Viewer
from groundswell.catalog.tables import Series, Title
from groundswell.catalog.titles import label_of
from groundswell.moments.availability import Audience, check_available
from groundswell.moments.finding import find_moment
from groundswell.moments.tables import Moment
from groundswell.platform.clock import US_PER_SECOND
from groundswell.platform.settings import Settings
from groundswell.shares.cards import VIDEO_SIZES, Card, card, card_of
from groundswell.shares.links import Resolved, resolve

from .spoilers import seen_by, spoils


@dataclass(frozen=True)
class Clip:
    """What the templates read. ``veil`` names the place it would spoil, when it should be veiled for this person.
    ``captions``: subtitles are on at first."""

    moment: Moment
    title: Title
    series: Series | None
    clipper: str | None
    card: Card
    veil: str | None
    token: str | None
    continue_url: str
    captions: bool = True

    @property
    def place(self) -> str | None:
        """``S1E2`` for an episode."""
        return label_of(self.title)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture."""
        return VIDEO_SIZES[self.card.shape]

    @property
    def continues_at_us(self) -> int:
        """Where watching goes on: the whole second at which the clip ends."""
        return self.moment.end_us // US_PER_SECOND * US_PER_SECOND


async def shared_clip(session: AsyncSession, request: Request, token: str, caller: Caller | None) -> Clip:
    """The clip that a share leads to.

    Raises:
        what ``shares.links.resolve`` raises.
    """
    settings = request.app.state.settings
    found = await resolve(session, settings, token, Audience.of(caller, request))
    return await clip_of(session, settings, found, caller)


async def clip_of(session: AsyncSession, settings: Settings, found: Resolved, caller: Caller | None) -> Clip:
    """The clip of a share that was resolved."""
    return Clip(
        moment=found.moment,
        title=found.title,
        series=found.series,
        clipper=found.clipper.name if found.credited else None,
        card=card(found, settings),
        veil=await _veil(session, caller, found.moment, found.title, marked=found.spoiler),
        token=found.token,
        continue_url=f"/s/{found.token}/go?from=landing",
        captions=found.share.captions,
    )


async def coded_clip(session: AsyncSession, request: Request, code: str, caller: Caller | None) -> Clip:
    """The clip at a moment's own address.

    Raises:
        what ``moments.availability.check_available`` raises; MomentUnknown.
    """
    settings: Settings = request.app.state.settings
    moment = await find_moment(session, code)
    title = await session.get_one(Title, moment.title_id)
    await check_available(session, moment, title, Audience.of(caller, request))
    series = None if title.series_id is None else await session.get_one(Series, title.series_id)
    clipper = await session.get_one(Viewer, moment.viewer_id)
    return Clip(
        moment=moment,
        title=title,
        series=series,
        clipper=clipper.name if moment.credit_me else None,
        card=card_of(moment, title, series, clipper, settings),
        veil=await _veil(session, caller, moment, title, marked=moment.spoiler),
        token=None,
        continue_url=f"{settings.service_home}/watch/{title.slug}?t={moment.end_us // US_PER_SECOND}",
    )


async def _veil(
    session: AsyncSession, caller: Caller | None, moment: Moment, title: Title, *, marked: bool
) -> str | None:
    if caller is not None and caller.id == moment.viewer_id:
        return None
    seen = await seen_by(session, caller, [title])
    veiled = spoils(seen, title, moment.start_us, marked=marked)
    return (label_of(title) or title.name) if veiled else None
