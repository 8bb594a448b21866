"""A packaged title as HLS: playlists made from its index, tracks by byte range. For entitled viewers
(``entitlement.py``); the playlists pass a token for the title on to what they name."""

from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from groundswell.accounts.access import Caller, MaybeCaller
from groundswell.media import Package, PackagedTrack, master_playlist, media_playlist
from groundswell.platform.files import ranged_response
from groundswell.platform.problems import NotFound
from groundswell.platform.routing import DbSession, TransactionalRoute
from groundswell.platform.runtime import Runtime
from groundswell.platform.services import services_of

from .entitlement import Entitlement, check_entitled
from .packages import key_beside, package_of
from .titles import find_title, ready_source

router = APIRouter(prefix="/v1/titles", tags=["catalog"], route_class=TransactionalRoute)

PLAYLIST_TYPE = "application/vnd.apple.mpegurl"
PLAYLIST_CACHE = "private, no-cache"


@router.head("/{title}/hls/{name}.m3u8", include_in_schema=False)
@router.get("/{title}/hls/{name}.m3u8", response_class=Response)
async def read_playlist(
    title: str,
    name: str,
    request: Request,
    session: DbSession,
    caller: MaybeCaller,
    entitlement: Entitlement = None,
) -> Response:
    """The title's playlists: ``main``, and one for each track."""
    _, package = await _package(title, request, session, caller, entitlement)
    carried = "" if entitlement is None else f"?{urlencode({'entitlement': entitlement})}"
    if name == "main":
        video, *audio = [_playlist(track) + carried for track in (package.video, *package.audio)]
        text = master_playlist(package, video, audio)
    else:
        track = track_named(package, f"{name}.mp4")
        text = media_playlist(track, track.file + carried)
    return playlist_response(text)


@router.head("/{title}/hls/{name}.mp4", include_in_schema=False)
@router.get("/{title}/hls/{name}.mp4", response_class=Response)
async def read_track(
    title: str,
    name: str,
    request: Request,
    session: DbSession,
    caller: MaybeCaller,
    entitlement: Entitlement = None,
) -> Response:
    """One track of the title; players ask for its segments by byte range."""
    index_key, package = await _package(title, request, session, caller, entitlement)
    track = track_named(package, f"{name}.mp4")
    key = key_beside(index_key, track.file)
    media_type = f"{track.kind}/mp4"
    return await ranged_response(_runtime(request).store, key, request, media_type, cache_control=PLAYLIST_CACHE)


def track_named(package: Package, file: str) -> PackagedTrack:
    """The track whose file this is.

    Raises:
        NotFound: none is.
    """
    for track in (package.video, *package.audio):
        if track.file == file:
            return track
    raise NotFound()


def playlist_response(text: str) -> Response:
    """A playlist, to be asked for again each time: what it may show can change."""
    return Response(text, headers={"Cache-Control": PLAYLIST_CACHE}, media_type=PLAYLIST_TYPE)


def _playlist(track: PackagedTrack) -> str:
    return track.file.removesuffix(".mp4") + ".m3u8"


async def _package(
    title: str, request: Request, session: DbSession, caller: Caller | None, entitlement: str | None
) -> tuple[str, Package]:
    found = await find_title(session, title)
    await check_entitled(request, session, found, caller, entitlement)
    source = await ready_source(session, found)
    package = await package_of(_runtime(request).store, source)
    return str(source.package_key), package


def _runtime(request: Request) -> Runtime:
    runtime: Runtime = services_of(request).runtime
    return runtime
