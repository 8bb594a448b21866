"""Shares as the API shows them. Reads only."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.catalog.tables import Series, Title
from groundswell.moments.availability import Audience, check_available
from groundswell.moments.tables import Moment
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings

from . import oembed
from .cards import card
from .channels import CHANNELS, intent_url, profile_for
from .links import Resolved, go_url, share_url, token_of
from .schemas import ShareOut, ShareReason
from .tables import Share


async def shown(session: AsyncSession, settings: Settings, share: Share, audience: Audience) -> ShareOut:
    """A share for whoever made it or may pass it on."""
    moment = await session.get_one(Moment, share.moment_id)
    title = await session.get_one(Title, moment.title_id)
    series = None if title.series_id is None else await session.get_one(Series, title.series_id)
    clipper = await session.get_one(Viewer, moment.viewer_id)
    found = Resolved(share, moment, title, series, clipper, token_of(settings, share.code))
    said, url, channel = card(found, settings), share_url(settings, found.token), CHANNELS[share.channel]
    refused = await _saving_refused(session, found, audience)
    profile = profile_for(channel, share.shape, moment.end_us - moment.start_us)
    return ShareOut(
        id=share.id,
        token=found.token,
        url=url,
        go_url=go_url(settings, found.token),
        qr_url=f"{url}/qr.svg",
        channel=share.channel,
        generation=share.generation,
        parent=share.parent_id,
        root=share.root_id,
        moment=share.moment_id,
        intent_url=intent_url(channel, url, said.title if found.spoiler else moment.caption or said.title),
        embed_html=oembed.embed_html(said) if share.channel == "embed" else None,
        shape=share.shape,
        captions=share.captions,
        spoiler=share.spoiler,
        credit=share.credit,
        video_url=None if refused else f"/s/{found.token}/{profile}.mp4?purpose=download",
        video_refused=ShareReason(code=refused.reason(), words=refused.detail) if refused else None,
        created_at=share.created_at,
        expires_at=share.expires_at,
        revoked_at=share.revoked_at,
    )


async def _saving_refused(session: AsyncSession, found: Resolved, audience: Audience) -> Problem | None:
    """Why the clip may not be saved as a file, if it may not."""
    target, captions = found.share.channel, found.share.captions
    try:
        asked: dict[str, Any] = {"purpose": "download", "target": target, "captions": captions}
        await check_available(session, found.moment, found.title, audience, **asked, by_link=True)
    except Problem as problem:
        return problem
    return None
