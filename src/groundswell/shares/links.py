"""Share links: what a token stands for, and why it may not."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.catalog.tables import Series, Title
from groundswell.moments.availability import VISITOR, Audience, MomentDeleted, TakenDown, check_available
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings
from groundswell.platform.signing import signed, verified
from groundswell.trust.clips import next_change
from groundswell.trust.decisions import active

from .tables import Share

__all__ = [
    "LinkExpired",
    "LinkForged",
    "LinkRevoked",
    "LinkUnknown",
    "MomentDeleted",
    "Resolved",
    "TakenDown",
    "go_url",
    "holds_until",
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


@dataclass(frozen=True)
class Resolved:
    """What a live link leads to. ``clipper`` made the moment; name them only where ``credited``."""

    share: Share
    moment: Moment
    title: Title
    series: Series | None
    clipper: Viewer
    token: str

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
    code = verified(settings.secret, PURPOSE, token) if len(token) <= LONGEST else None
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


async def check_live(session: AsyncSession, share: Share, at: datetime) -> None:
    """Return when the link itself still holds at an instant.

    Raises:
        LinkRevoked, LinkExpired, TakenDown: it does not.
    """
    if share.revoked_at is not None:
        raise LinkRevoked()
    if share.expires_at is not None and share.expires_at <= at:
        raise LinkExpired()
    decision = await active(session, "share", share.id)
    if decision is not None:
        raise TakenDown(decision.explanation, reason_code=decision.reason_code, appeal=decision.appeal)


async def resolve(session: AsyncSession, settings: Settings, token: str, audience: Audience = VISITOR) -> Resolved:
    """What ``token`` leads to, when ``audience`` may see it now.

    Raises:
        LinkForged, LinkUnknown: it was never a link of ours.
        LinkRevoked, LinkExpired: it was, and ended.
        MomentUnknown, MomentDeleted, TakenDown, ClipRefused: the moment cannot be shown; the refusal says why.
    """
    share = await find_share(session, settings, token)
    await check_live(session, share, utc_now())
    moment = await session.get_one(Moment, share.moment_id)
    title = await session.get_one(Title, moment.title_id)
    await check_available(session, moment, title, audience, target=share.channel)
    series = None if title.series_id is None else await session.get_one(Series, title.series_id)
    clipper = await session.get_one(Viewer, moment.viewer_id)
    return Resolved(share, moment, title, series, clipper, token)


async def holds_until(session: AsyncSession, found: Resolved, asked_at: datetime) -> datetime | None:
    """Until when ``found`` stays true while nobody changes anything: the link ends, or a window of the rights opens or
    closes. None: for good.

    Args:
        asked_at: an instant before it was resolved, so that what changed meanwhile is not missed.
    """
    change = await next_change(session, found.title, asked_at)
    return min((instant for instant in (found.share.expires_at, change) if instant is not None), default=None)
