"""Share links: what a token stands for, and why it may not."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.catalog.tables import Series, Title
from groundswell.moments.availability import VISITOR, Audience, MomentGone, TakenDown, check_available
from groundswell.moments.providers import link_leads_to
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings
from groundswell.platform.signatures import signed, verified
from groundswell.trust.clip_checks import next_change
from groundswell.trust.decisions import active

from .channels import OWN_PAGE
from .tables import Share

__all__ = [
    "LinkExpired",
    "LinkForged",
    "LinkRevoked",
    "LinkUnknown",
    "MomentGone",
    "Resolved",
    "ShareOptions",
    "TakenDown",
    "go_url",
    "holds_until",
    "page_holds_until",
    "resolve",
    "share_url",
    "token_of",
]

PURPOSE = "share"
LONGEST = 64


class LinkForged(Problem):
    status, code, title = 404, "link_forged", "This link is not complete, or was not made here."


class LinkUnknown(Problem):
    status, code, title = 404, "link_unknown", "This link is not known here."


class LinkRevoked(Problem):
    status, code, title = 410, "link_revoked", "This link was withdrawn by whoever shared it."


class LinkExpired(Problem):
    status, code, title = 410, "link_expired", "This link has expired."


class ShareOptions(NamedTuple):
    """How whoever shares a moment wants it shown (``tables.Share``). Links of a moment by one channel with the same
    options show the same, but for their tokens."""

    shape: str
    captions: bool
    spoiler: bool
    credit: bool


@dataclass(frozen=True)
class Resolved:
    """What a live link leads to. ``clipper`` made the moment; name them only where ``credited``. ``line`` are the links
    with which this one ends (``line_of``)."""

    share: Share
    moment: Moment
    title: Title
    series: Series | None
    clipper: Viewer
    token: str
    line: tuple[Share, ...] = ()

    @property
    def depends_on(self) -> list[object]:
        """The ids of all whose change may end the link, or change what it shows, and the places of rules that speak of
        its title."""
        return [*(share.id for share in (self.share, *self.line)), *self.page_depends_on]

    @property
    def page_depends_on(self) -> list[object]:
        """The same, but for the links: of what all links of the moment show that have the same options."""
        series = self.title.series_id
        rights = [] if series is None else [series, f"{series}/{self.title.season}"]
        return [self.moment.id, self.title.id, self.moment.viewer_id, *rights]

    @property
    def options(self) -> ShareOptions:
        share = self.share
        return ShareOptions(share.shape, share.captions, share.spoiler, share.credit)

    @property
    def spoiler(self) -> bool:
        """Marked as one, by the clipper or by whoever shared it."""
        return self.moment.spoiler or self.share.spoiler

    @property
    def credited(self) -> bool:
        """The clipper wants to be named, and whoever shared it names them."""
        return self.moment.credit_me and self.share.credit


def token_of(settings: Settings, code: str) -> str:
    """The token of a share's code: what its link ends in."""
    return signed(settings.secret, PURPOSE, code)


def code_of(settings: Settings, token: str) -> str:
    """The share's code inside a token.

    Raises:
        LinkForged: altered, truncated, or never ours. No look-up is needed to know.
    """
    code = verified(settings.secrets, PURPOSE, token) if len(token) <= LONGEST else None
    if code is None:
        raise LinkForged()
    return code


def share_url(settings: Settings, token: str) -> str:
    """The link that people pass on."""
    return f"{settings.links_home}/s/{token}"


def go_url(settings: Settings, token: str) -> str:
    """The direct form: past the landing page, to the title."""
    return f"{share_url(settings, token)}/go"


async def find_share(session: AsyncSession, settings: Settings, token: str) -> Share:
    """The share of ``token``, whatever has become of it.

    Raises:
        LinkForged, LinkUnknown: there is none.
    """
    share = await session.scalar(select(Share).filter_by(code=code_of(settings, token)))
    if share is None:
        raise LinkUnknown()
    return share


async def check_live(session: AsyncSession, share: Share, at: datetime) -> tuple[Share, ...]:
    """Return when the link itself still holds at an instant: with the links that it was passed on from, where it ends
    with them.

    Raises:
        LinkRevoked, LinkExpired, TakenDown: it does not.
    """
    line = await line_of(session, share)
    for each in (share, *line):
        if each.revoked_at is not None:
            raise LinkRevoked()
        if each.expires_at is not None and each.expires_at <= at:
            raise LinkExpired()
        decision = await active(session, "share", each.id)
        if decision is not None:
            raise TakenDown(decision.explanation, reason_code=decision.reason_code, appeal=decision.appeal)
    return line


def opens(share: Share) -> bool:
    """Whether having its link opens an unlisted moment: somebody sent it. That of a moment's own page nobody did."""
    return share.channel != OWN_PAGE


async def line_of(session: AsyncSession, share: Share) -> tuple[Share, ...]:
    """The links from which ``share`` was passed on, the nearest first, where it ends with them: an unlisted moment is
    open only by a link, so whoever had one that is withdrawn does not keep it open by having passed it on in time."""
    if share.parent_id is None or (await session.get_one(Moment, share.moment_id)).visibility == "public":
        return ()
    before = select(Share.id, Share.parent_id).where(Share.id == share.parent_id).cte("line", recursive=True)
    before = before.union(select(Share.id, Share.parent_id).join(before, Share.id == before.c.parent_id))
    query = select(Share).where(Share.id.in_(select(before.c.id))).order_by(Share.generation.desc())
    return tuple(await session.scalars(query, execution_options={"populate_existing": True}))


@link_leads_to.answer
async def leads_to(session: AsyncSession, settings: Settings, token: str) -> UUID | None:
    """The id of the moment to which the link with this token leads.

    Raises:
        LinkForged, LinkUnknown, LinkRevoked, LinkExpired, TakenDown: it leads nowhere.
    """
    share = await find_share(session, settings, token)
    await check_live(session, share, utc_now())
    return share.moment_id if opens(share) else None


async def resolve(session: AsyncSession, settings: Settings, token: str, audience: Audience = VISITOR) -> Resolved:
    """What ``token`` leads to, when ``audience`` may see it now.

    Raises:
        LinkForged, LinkUnknown: it was never a link of ours.
        LinkRevoked, LinkExpired: it was, and ended.
        MomentUnknown, MomentGone, TakenDown, ClipRefused: the moment cannot be shown; the refusal says why.
    """
    share = await find_share(session, settings, token)
    line = await check_live(session, share, utc_now())
    moment = await session.get_one(Moment, share.moment_id)
    title = await session.get_one(Title, moment.title_id)
    target = None if share.channel == OWN_PAGE else share.channel
    await check_available(session, moment, title, audience, target=target, by_link=opens(share))
    series = None if title.series_id is None else await session.get_one(Series, title.series_id)
    clipper = await session.get_one(Viewer, moment.viewer_id)
    return Resolved(share, moment, title, series, clipper, token, line)


async def holds_until(session: AsyncSession, found: Resolved, asked_at: datetime) -> datetime | None:
    """Until when ``found`` stays true while nobody changes anything: the link ends, or a window of the rights opens or
    closes. None: for good.

    Args:
        asked_at: an instant before it was resolved, so that what changed meanwhile is not missed.
    """
    change = await page_holds_until(session, found, asked_at)
    ends = [share.expires_at for share in (found.share, *found.line)]
    return min((instant for instant in (*ends, change) if instant is not None), default=None)


async def page_holds_until(session: AsyncSession, found: Resolved, asked_at: datetime) -> datetime | None:
    """The same of what ``found`` shows, whatever becomes of its link: until a window of the rights opens or closes."""
    return await next_change(session, found.title, asked_at)
