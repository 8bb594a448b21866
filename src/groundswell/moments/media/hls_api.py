"""A moment as HLS: one address, which plays at once and gets better by itself. Every playlist and every piece is judged
anew, and a piece that is not of the clip cannot be asked for.

These routes hold no transaction while they send bytes.
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.packages import NotPackaged, package_at
from groundswell.catalog.streams.segment_response import segment_response
from groundswell.catalog.streams.sources import is_ladder
from groundswell.catalog.streams.stretches import ladder_at
from groundswell.media.streams.ladder import StreamRange
from groundswell.moments.availability import Audience
from groundswell.moments.doors import CodeDoor, Door
from groundswell.moments.recipes import HLS, Recipe
from groundswell.moments.tables import Moment, Rendition
from groundswell.platform.database import Database
from groundswell.platform.files import REVALIDATE, ranged_response
from groundswell.platform.jobs import WAITING_VIEWER
from groundswell.platform.problems import NotFound, Problem
from groundswell.platform.runtime import Runtime
from groundswell.platform.services import services_of
from groundswell.trust.clip_checks import ClipRefused

from .eviction import note_asked
from .exact_hls import made_of
from .hls import ObjectRange, Stream, exact_stream, shown_by, virtual_stream
from .ladder_hls import ladder_shows, ladder_stream
from .media_api import Asking, Rendering, come_back
from .renditions import PASSING, ensure, lost
from .tiers import facts_of, recipe_of

router = APIRouter(tags=["media"])

PLAYLIST_TYPE = "application/vnd.apple.mpegurl"

Version = Annotated[
    str | None,
    Query(
        max_length=100,
        description="The stream that was told of before (`hls_url` of a moment's media), or 404; without it, the best.",
    ),
]


@dataclass(frozen=True)
class PlaylistRequest:
    """A moment that may be shown to ``audience``, and the door by which they came."""

    moment: Moment
    door: Door
    audience: Audience


@router.head("/m/{code}/clip.m3u8", include_in_schema=False)
@router.get("/m/{code}/clip.m3u8", operation_id="moment_hls", response_class=Response)
async def main(code: str, request: Request, audience: Asking, version: Version = None) -> Response:
    """The clip as HLS. There at once: the title's own segments, to be played from the exact frame on (``EXT-X-START``,
    precise). As soon as it is made, the exact clip instead. 404 ``not_packaged`` where the title's codecs do not allow
    it; 503 ``rendering`` where rights keep back what lies beside the clip, or where a stream's playlist does not say
    exactly when its segments are shown, and the exact one is still being made.
    """
    return await send_main(request, CodeDoor(code), version, audience)


@router.head("/m/{code}/hls/{version}/{name}", include_in_schema=False)
@router.get("/m/{code}/hls/{version}/{name}", operation_id="moment_hls_piece", response_class=Response)
async def piece(code: str, version: str, name: str, request: Request, audience: Asking) -> Response:
    """The clip's other playlists and its pieces, as ``clip.m3u8`` names them."""
    return await send_piece(request, CodeDoor(code), version, name, audience)


async def send_main(request: Request, door: Door, version: str | None, audience: Audience) -> Response:
    """The multivariant playlist of the moment behind ``door``: of its stream ``version``, or of the best."""
    try:
        async with _database(request).transaction() as session:
            asked = await _asked(session, door, audience)
            recipe = recipe_of(asked.moment, HLS)
            stream = await _stream(request, session, asked, version)
    except Rendering:
        async with _database(request).transaction() as session:
            await ensure(session, recipe, WAITING_VIEWER)
        raise
    return _playlist(stream.main)


async def send_piece(request: Request, door: Door, version: str, name: str, audience: Audience) -> Response:
    """What the playlists of the moment behind ``door`` name."""
    async with _database(request).transaction() as session:
        asked = await _asked(session, door, audience)
        stream = await _stream(request, session, asked, version)
    for track in stream.tracks:
        if name == f"{track.name}.m3u8":
            return _playlist(track.playlist())
        if (found := track.piece_named(name)) is not None:
            return await _piece(request, found, track.media_type, asked.moment)
    raise NotFound()


async def _piece(request: Request, piece: ObjectRange | StreamRange, media_type: str, moment: Moment) -> Response:
    if isinstance(piece, StreamRange):
        return await segment_response(_runtime(request), piece, media_type)
    part = piece.offset, piece.size
    try:
        return await ranged_response(_runtime(request).store, piece.key, request, media_type, part=part)
    except NotFound:
        async with _database(request).transaction() as session:
            await lost(session, recipe_of(moment, HLS))
        raise come_back() from None


async def stream_now(
    request: Request, session: AsyncSession, moment: Moment, door: Door, audience: Audience
) -> Stream | None:
    """The best stream of a moment; None when there is none that could be played."""
    try:
        return await _stream(request, session, PlaylistRequest(moment, door, audience))
    except Problem:
        return None


async def _asked(session: AsyncSession, door: Door, audience: Audience) -> PlaylistRequest:
    moment, _ = await door.open(session, audience)
    return PlaylistRequest(moment, door, audience)


async def _stream(
    request: Request, session: AsyncSession, asked: PlaylistRequest, version: str | None = None
) -> Stream:
    """The best stream of a moment, or that of ``version``.

    Raises:
        NotFound: the version is of another span, or no more.
        NotPackaged: the title's codecs do not allow it, or a stream's times and its coding do not.
        ClipRefused: rights keep back what lies beside the clip, and there is no exact stream of it.
        Rendering: there is nothing to play at once, but the exact stream is being made.
    """
    moment = asked.moment
    recipe = recipe_of(moment, HLS)
    facts = (await facts_of(session, [moment.source_id]))[moment.source_id]
    if facts.package_key is None:
        raise NotPackaged(reason=facts.package_refusal)
    exact = await session.get(Rendition, recipe.hash)
    made = None if exact is None else made_of(exact)
    if exact is not None and made is not None:
        note_asked(exact)
        best = exact_stream(made, facts.package_key, recipe)
        if version in {None, best.version}:
            return best
    if not facts.at_once:
        raise _waits(exact, facts.package_refusal)
    virtual, span = await _virtual(_runtime(request), facts.package_key, recipe)
    if version not in {None, virtual.version}:
        raise NotFound()
    try:
        await asked.door.open(session, asked.audience, span=span)
    except ClipRefused:
        if exact is not None and exact.settled:
            raise
        raise come_back(exact) from None
    return virtual


def _waits(exact: Rendition | None, refusal: str | None) -> Problem:
    """What to answer where there is nothing but the exact stream, and that is not there."""
    vain = exact is not None and exact.settled and exact.failure_code not in PASSING
    return NotPackaged(reason=refusal) if vain else come_back(exact)


async def _virtual(runtime: Runtime, key: str, recipe: Recipe) -> tuple[Stream, tuple[int, int]]:
    """The title's own segments that hold a clip, and the span that they could show."""
    span = recipe.start_us, recipe.end_us
    if is_ladder(key):
        ladder = await ladder_at(runtime.store, key)
        direct = runtime.settings.stream_delivery == "direct"
        return ladder_stream(ladder, recipe, direct=direct), ladder_shows(ladder, *span)
    package = await package_at(runtime.store, key)
    return virtual_stream(package, key, recipe), shown_by(package, *span)


def _playlist(text: str) -> Response:
    return Response(text, headers={"Cache-Control": REVALIDATE}, media_type=PLAYLIST_TYPE)


def _database(request: Request) -> Database:
    database: Database = services_of(request).database
    return database


def _runtime(request: Request) -> Runtime:
    runtime: Runtime = services_of(request).runtime
    return runtime
