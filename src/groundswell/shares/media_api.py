"""What a link opened, by that link: the media of its moment below ``/s/<token>``, for as long as the link holds."""

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.tables import Title
from groundswell.moments.availability import Audience, check_available
from groundswell.moments.media import hls_api, media_api
from groundswell.moments.media.media_api import Asking, BurntIn, CroppedShape, ForPurpose, Language, WithCard
from groundswell.moments.schemas import Framed
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.services import services_of
from groundswell.platform.settings import Settings
from groundswell.trust.intervals import Span
from groundswell.trust.policy import Purpose

from .channels import OWN_PAGE
from .links import check_live, find_share, opens

router = APIRouter(tags=["media"])


@dataclass(frozen=True)
class LinkDoor:
    """A share's link as a door to its moment (``moments.doors.Door``)."""

    settings: Settings
    token: str

    @classmethod
    def at(cls, request: Request, token: str) -> "LinkDoor":
        return cls(services_of(request).settings, token)

    async def open(
        self, session: AsyncSession, audience: Audience, *, purpose: Purpose = "play", span: Span | None = None
    ) -> tuple[Moment, Title]:
        share = await find_share(session, self.settings, self.token)
        await check_live(session, share, utc_now())
        moment = await session.get_one(Moment, share.moment_id)
        title = await session.get_one(Title, moment.title_id)
        target = None if share.channel == OWN_PAGE else share.channel
        await check_available(
            session, moment, title, audience, purpose=purpose, target=target, span=span, by_link=opens(share)
        )
        return moment, title


@router.head("/s/{token}/poster.jpg", include_in_schema=False)
@router.get("/s/{token}/poster.jpg", operation_id="share_poster", response_class=Response)
async def poster(token: str, request: Request, audience: Asking) -> Response:
    """A frame of the moment, 1200×630."""
    return await media_api.send_poster(request, LinkDoor.at(request, token), audience)


@router.head("/s/{token}/{profile}.mp4", include_in_schema=False)
@router.get("/s/{token}/{profile}.mp4", operation_id="share_mp4", response_class=Response)
async def video(
    token: str,
    profile: str,
    request: Request,
    audience: Asking,
    purpose: ForPurpose = "play",
    captions: BurntIn = None,
    card: WithCard = False,
) -> Response:
    """The clip as MP4 (byte ranges), as at the moment's own address."""
    return await media_api.send_video(request, LinkDoor.at(request, token), profile, audience, purpose, captions, card)


@router.get("/s/{token}/captions.vtt", operation_id="share_captions", response_class=Response)
async def captions(token: str, request: Request, audience: Asking, language: Language = None) -> Response:
    """The lines spoken in the moment as WebVTT, in ``language`` (BCP 47) or the first there is."""
    return await media_api.send_captions(request, LinkDoor.at(request, token), audience, language)


@router.get("/s/{token}/framing.json", operation_id="share_framing", responses={200: {"model": list[Framed]}})
async def framing(token: str, request: Request, audience: Asking, shape: CroppedShape) -> Response:
    """Which part of the picture the clip shows in ``shape``, as at the moment's own address."""
    return await media_api.send_framing(request, LinkDoor.at(request, token), shape, audience)


@router.head("/s/{token}/clip.m3u8", include_in_schema=False)
@router.get("/s/{token}/clip.m3u8", operation_id="share_hls", response_class=Response)
async def hls(token: str, request: Request, audience: Asking, version: hls_api.Version = None) -> Response:
    """The clip as HLS, as at the moment's own address."""
    return await hls_api.send_main(request, LinkDoor.at(request, token), version, audience)


@router.head("/s/{token}/hls/{version}/{name}", include_in_schema=False)
@router.get("/s/{token}/hls/{version}/{name}", operation_id="share_hls_piece", response_class=Response)
async def hls_piece(token: str, version: str, name: str, request: Request, audience: Asking) -> Response:
    """The clip's other playlists and its pieces, as ``clip.m3u8`` names them."""
    return await hls_api.send_piece(request, LinkDoor.at(request, token), version, name, audience)
