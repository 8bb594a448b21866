"""One moment as a page shows it, whichever page that is: landing, moment or embed."""

from dataclasses import dataclass

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.accounts.viewers import viewers_among
from groundswell.catalog.directory import title_and_series
from groundswell.catalog.spoilers import seen_by, spoils
from groundswell.catalog.tables import Series, Title
from groundswell.catalog.titles import label_of
from groundswell.catalog.watch_address import watch_address
from groundswell.creators.profiles import handles_of
from groundswell.moments.availability import Audience, check_available
from groundswell.moments.clips.views import media_home
from groundswell.moments.lookup import find_moment
from groundswell.moments.tables import Moment
from groundswell.platform.clock import US_PER_SECOND
from groundswell.platform.services import services_of
from groundswell.platform.settings import Settings
from groundswell.shares.cards import VIDEO_SIZES, MomentCard, card, card_of
from groundswell.shares.links import Resolved, resolve


@dataclass(frozen=True)
class Clip:
    """What the templates read. ``veil`` names the place it would spoil, when it should be veiled for this person.
    ``captions``: subtitles are on at first. ``handle`` is the clipper's, where they are named and a creator;
    ``maker_handle`` is what they are followed by, where they are named. Without a ``token`` it is the moment's own
    page. ``go_qr_url`` shows a phone where ``continue_url`` leads."""

    moment: Moment
    title: Title
    series: Series | None
    clipper: str | None
    card: MomentCard
    veil: str | None
    token: str | None
    continue_url: str
    captions: bool = True
    handle: str | None = None
    maker_handle: str | None = None
    go_qr_url: str | None = None

    @property
    def place(self) -> str | None:
        """``S1E2`` for an episode."""
        return label_of(self.title)

    @property
    def next_url(self) -> str:
        """Where another clip is. A link to an unlisted moment does not name the moment's own address."""
        return f"/m/{self.moment.code}/next" if self.moment.visibility == "public" else "/discover"

    @property
    def home(self) -> str:
        """Below which address its media lie."""
        return media_home(self.moment, self.token)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture."""
        return VIDEO_SIZES[self.card.shape]

    @property
    def report_url(self) -> str:
        """Where the form that reports it goes."""
        return f"/s/{self.token}/report" if self.token else f"/m/{self.moment.code}/report"

    @property
    def continues_at_us(self) -> int:
        """Where watching goes on: the whole second at which the clip ends."""
        return self.moment.end_us // US_PER_SECOND * US_PER_SECOND


async def shared_clip(session: AsyncSession, request: Request, token: str, caller: Caller | None) -> Clip:
    """The clip that a share leads to.

    Raises:
        what ``shares.links.resolve`` raises.
    """
    settings = services_of(request).settings
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
        handle=await _handle(session, found.moment) if found.credited else None,
        maker_handle=found.clipper.handle if found.credited else None,
        go_qr_url=f"/s/{found.token}/go.svg",
    )


async def coded_clip(session: AsyncSession, request: Request, code: str, caller: Caller | None) -> Clip:
    """The clip at a moment's own address.

    Raises:
        what ``moments.availability.check_available`` raises; MomentUnknown.
    """
    settings: Settings = services_of(request).settings
    moment = await find_moment(session, code)
    title, series = await title_and_series(session, moment.title_id)
    await check_available(session, moment, title, Audience.of(caller, request))
    clipper = (await viewers_among(session, [moment.viewer_id]))[moment.viewer_id]
    return Clip(
        moment=moment,
        title=title,
        series=series,
        clipper=clipper.name if moment.credit_me else None,
        card=card_of(moment, title, series, clipper, settings),
        veil=await _veil(session, caller, moment, title, marked=moment.spoiler),
        token=None,
        continue_url=_way_on(settings, moment, title),
        handle=await _handle(session, moment) if moment.credit_me else None,
        maker_handle=clipper.handle if moment.credit_me else None,
    )


def _way_on(settings: Settings, moment: Moment, title: Title) -> str:
    """From a moment's own page to the title, by the share that stands for the page; one that is not public has
    none, for only its maker and reviewers are there."""
    if moment.visibility != "public":
        return watch_address(settings, title, moment.end_us // US_PER_SECOND)
    return f"/m/{moment.code}/go"


async def _handle(session: AsyncSession, moment: Moment) -> str | None:
    """The handle of the moment's maker, if they are a creator."""
    return (await handles_of(session, [moment.viewer_id])).get(moment.viewer_id)


async def _veil(
    session: AsyncSession, caller: Caller | None, moment: Moment, title: Title, *, marked: bool
) -> str | None:
    if caller is not None and caller.id == moment.viewer_id:
        return None
    seen = await seen_by(session, caller, [title])
    veiled = spoils(seen, title, moment.start_us, marked=marked)
    return (label_of(title) or title.name) if veiled else None
