"""The media of moments, at public addresses. Every request is judged anew: what is taken down is not served.

These routes hold no transaction while they wait for a render or send bytes.
"""

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from groundswell.accounts.access import claims_of, viewer_of
from groundswell.accounts.tokens import TokenExpired, TokenInvalid
from groundswell.media import PROFILES
from groundswell.moments.availability import Audience
from groundswell.moments.doors import CodeDoor, Door
from groundswell.moments.recipes import POSTER, PREVIEW, Recipe
from groundswell.moments.schemas import Framed
from groundswell.moments.tables import Rendition
from groundswell.platform.database import Database
from groundswell.platform.files import ranged_response
from groundswell.platform.problems import NotFound, Problem
from groundswell.platform.services import services_of

from .eviction import note_asked
from .overlays import dressed, has_room_for_card, lines_of, webvtt
from .renditions import PASSING, TRY_AGAIN_AFTER, lost
from .tiers import recipe_of
from .waiters import Followers

WAIT_S = 15.0
RETRY_AFTER_S = 2

router = APIRouter(tags=["media"])


class ProfileUnknown(Problem):
    status, code, title = 404, "profile_unknown", "There is no such rendition of a moment."


class Rendering(Problem):
    status, code, title = 503, "rendering", "This clip is being made; it will be there in a moment."


class RenderFailed(Problem):
    """``code`` is the clip engine's own reason."""

    status, code, title = 500, "render_failed", "This clip could not be made."

    def __init__(self, rendition: Rendition) -> None:
        super().__init__(rendition.failure_words)
        self._reason = rendition.failure_code or self.code

    def reason(self) -> str:
        return self._reason


class RenderDelayed(RenderFailed):
    """It failed of something that passes (no memory, no room, a process killed), and will be tried again."""

    status, code, title = 503, "render_delayed", "This clip could not be made just now; it will be tried again."

    def __init__(self, rendition: Rendition) -> None:
        super().__init__(rendition)
        self.headers["Retry-After"] = str(round(TRY_AGAIN_AFTER.total_seconds()))


async def audience_of(request: Request) -> Audience:
    """Who asks for the media. A stale sign-in counts as none: a clip that is public plays for everybody."""
    try:
        claims = await claims_of(request)
    except (TokenExpired, TokenInvalid):
        claims = None
    if claims is None:
        return Audience.of(None, request)
    async with _database(request).transaction() as session:
        return Audience.of_viewer(await viewer_of(session, claims), request, claims.roles)


Asking = Annotated[Audience, Depends(audience_of)]
ForPurpose = Annotated[Literal["play", "download"], Query(description="`download`: offered for saving.")]
BurntIn = Annotated[
    str | None, Query(max_length=35, description="Draw the subtitles in this language (BCP 47) into the picture.")
]
WithCard = Annotated[
    bool, Query(description="Add two seconds with a code that leads to the moment; not to `source` and `clean`.")
]
Language = Annotated[str | None, Query(max_length=35)]
CroppedShape = Annotated[Literal["vertical", "square"], Query()]


@router.head("/m/{code}/poster.jpg", include_in_schema=False)
@router.get("/m/{code}/poster.jpg", operation_id="moment_poster")
async def poster(code: str, request: Request, audience: Asking) -> Response:
    """A frame of the moment, 1200×630, for cards and as the player's poster."""
    return await send_poster(request, CodeDoor(code), audience)


@router.get("/m/{code}/framing.json", operation_id="moment_framing", responses={200: {"model": list[Framed]}})
async def framing(code: str, request: Request, audience: Asking, shape: CroppedShape) -> Response:
    """Which part of the picture the clip shows in ``shape``, shot by shot, where its maker chose nothing."""
    return await send_framing(request, CodeDoor(code), shape, audience)


@router.head("/m/{code}/{profile}.mp4", include_in_schema=False)
@router.get("/m/{code}/{profile}.mp4", operation_id="moment_mp4")
async def video(
    code: str,
    profile: str,
    request: Request,
    audience: Asking,
    purpose: ForPurpose = "play",
    captions: BurntIn = None,
    card: WithCard = False,
) -> Response:
    """The clip as MP4 (byte ranges). Made when first asked for: one that takes longer is answered with 503
    ``rendering`` and Retry-After. ``preview`` is a short silent one, ``stories`` the first 20 seconds. Saving it is a
    right of its own; what is saved ends with the card, where its profile takes one and has room for it."""
    return await send_video(request, CodeDoor(code), profile, audience, purpose, captions, card)


@router.get("/m/{code}/captions.vtt", operation_id="moment_captions")
async def captions(code: str, request: Request, audience: Asking, language: Language = None) -> Response:
    """The lines spoken in the moment as WebVTT, in ``language`` (BCP 47) or the first there is."""
    return await send_captions(request, CodeDoor(code), audience, language)


async def send_poster(request: Request, door: Door, audience: Audience) -> Response:
    """The poster of the moment behind ``door``."""
    return await _media(request, door, POSTER, audience)


async def send_video(
    request: Request,
    door: Door,
    profile: str,
    audience: Audience,
    purpose: Literal["play", "download"],
    captions: str | None,
    card: bool,
) -> Response:
    """The moment behind ``door`` as MP4.

    Raises:
        ProfileUnknown: there is no such rendition.
    """
    if profile not in PROFILES and profile != PREVIEW:
        raise ProfileUnknown(f"There is {', '.join([*PROFILES, PREVIEW])}.")
    if profile == PREVIEW:
        captions, card = None, False
    return await _media(request, door, profile, audience, purpose, captions, card)


async def send_framing(request: Request, door: Door, shape: str, audience: Audience) -> Response:
    """Where the crop of the moment behind ``door`` lies in ``shape``, as chosen by itself."""
    return await _media(request, door, f"plan-{shape}", audience)


async def send_captions(request: Request, door: Door, audience: Audience, language: str | None) -> Response:
    """The lines of the moment behind ``door`` as WebVTT."""
    async with _database(request).transaction() as session:
        moment, _ = await door.open(session, audience)
        lines = await lines_of(session, moment, language)
    content = webvtt(lines, moment.start_us, moment.end_us)
    return Response(content, headers={"Cache-Control": "no-cache"}, media_type="text/vtt; charset=utf-8")


async def _media(
    request: Request,
    door: Door,
    profile: str,
    audience: Audience,
    purpose: Literal["play", "download"] = "play",
    captions: str | None = None,
    card: bool = False,
) -> Response:
    async with _database(request).transaction() as session:
        moment, _ = await door.open(session, audience, purpose=purpose)
        settings = services_of(request).runtime.settings
        recipe = recipe_of(moment, profile)
        card = card or (purpose == "download" and has_room_for_card(recipe))
        recipe = await dressed(session, settings, moment, recipe, captions, card)
        rendition = await session.get(Rendition, recipe.hash)
        if rendition is not None:
            note_asked(rendition)
    if rendition is None or rendition.status != "ready":
        rendition = await _when_made(request, recipe)
        async with _database(request).transaction() as session:
            await door.open(session, audience, purpose=purpose)  # what was so before the wait may not be so now
    filename = f"{moment.code}-{profile}.mp4" if purpose == "download" else None
    return await _sent(request, recipe, rendition, filename=filename)


async def made_media(request: Request, recipe: Recipe, cache_control: str) -> Response:
    """The media of ``recipe``, made when first asked for. Whether it may be shown is the caller's to know.

    Raises:
        Rendering, RenderFailed, RenderDelayed: it is not there.
    """
    return await _sent(request, recipe, await _when_made(request, recipe), cache_control=cache_control)


async def _sent(request: Request, recipe: Recipe, rendition: Rendition, **options: Any) -> Response:
    key, media_type = str(rendition.storage_key), str(rendition.media_type)
    try:
        return await ranged_response(services_of(request).runtime.store, key, request, media_type, **options)
    except NotFound:
        async with _database(request).transaction() as session:
            await lost(session, recipe)
        raise come_back() from None


async def _when_made(request: Request, recipe: Recipe) -> Rendition:
    followers = services_of(request).get(Followers)
    last: Rendition | None = None
    try:
        async with asyncio.timeout(WAIT_S):
            async for rendition in followers.follow(recipe):
                last = rendition
    except TimeoutError:
        raise come_back(last) from None
    assert last is not None
    if last.status == "failed":
        raise (RenderDelayed if last.failure_code in PASSING else RenderFailed)(last)
    return last


def come_back(rendition: Rendition | None = None) -> Rendering:
    """The refusal that says when to ask again."""
    progress = 0.0 if rendition is None else rendition.progress / 1000
    return Rendering(headers={"Retry-After": str(RETRY_AFTER_S)}, progress=progress)


def _database(request: Request) -> Database:
    database: Database = services_of(request).database
    return database
