"""Titles, their files, the rights rules, viewers' progress."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import select

from groundswell.accounts.access import (
    Caller,
    MaybeCaller,
    SignedIn,
    key_in,
    optional_caller,
    require_scope,
    signed_in,
    staff,
)
from groundswell.platform.change_pace import kept_to
from groundswell.platform.files import ranged_response
from groundswell.platform.pages import Cursor, Limit, Page, decode_cursor, next_cursor
from groundswell.platform.problems import Invalid, NotFound
from groundswell.platform.routing import DbSession, TransactionalRoute
from groundswell.platform.runtime import Runtime
from groundswell.platform.services import services_of

from . import entries_api, hls_api, rights, titles
from .entitlement import Entitlement, check_entitled
from .packages import TitleElsewhere
from .progress import advance, viewer_named
from .schemas import (
    LineOut,
    ProgressIn,
    ProgressOut,
    RightsRuleIn,
    RightsRuleOut,
    Scope,
    TitleDetail,
    TitleSummary,
    Waveform,
)
from .storyboards import painted, storyboard_of, veiled_tiles
from .streams.sources import is_elsewhere
from .tables import RightsRule, Title
from .title_view import AtUs, view_for, view_or_refusal

v1 = APIRouter(prefix="/v1", tags=["catalog"], route_class=TransactionalRoute)
files = APIRouter(prefix="/titles", tags=["catalog"], route_class=TransactionalRoute)

RightsStaff = Annotated[Caller, Depends(staff("rights.manage"))]
PICTURE_CACHE = "public, max-age=300"
PRIVATE = "private, no-cache"


@v1.get("/titles")
async def list_titles(
    session: DbSession,
    series: Annotated[str | None, Query(description="Only the episodes of this series (slug or id).")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[TitleSummary]:
    """The titles there are to clip, newest first."""
    of = None if series is None else (await titles.find_series(session, series)).id
    rows = await titles.list_titles(session, after=decode_cursor(cursor), limit=limit, series=of)
    return Page(items=[titles.summary(*row) for row in rows], next=next_cursor([row[0] for row in rows], limit))


@v1.get("/titles/{title}")
async def read_title(
    title: str,
    session: DbSession,
    caller: MaybeCaller,
    request: Request,
    language: Annotated[str | None, Query(description="Language of the lines (BCP 47).")] = None,
    at_us: AtUs = None,
) -> TitleDetail:
    """A title (slug or id), and what whoever asks may clip of it. Its lines, cuts, pictures and sound come with it for
    those who may clip it, but for what rights keep back and what would spoil it for them."""
    found = await titles.find_title(session, title)
    view = await view_or_refusal(request, session, found, caller, "clip", at_us)
    viewer = caller.viewer if caller else None
    return await titles.detail(session, services_of(request).settings, found, view, viewer, language, at_us)


@v1.get("/titles/{title}/lines")
async def read_lines(
    title: str,
    request: Request,
    session: DbSession,
    caller: SignedIn,
    language: str | None = None,
    at_us: AtUs = None,
) -> list[LineOut]:
    """The subtitle lines of a title, in one language (by default the first there is), for who may clip it."""
    found = await titles.find_title(session, title)
    view = await view_for(request, session, found, caller, "clip", at_us)
    chosen = language or next(iter(await titles.languages_of(session, found.id)), None)
    return [] if chosen is None else titles.shown_in(view, await titles.lines_of(session, found.id, chosen))


@v1.get("/titles/{title}/waveform")
async def read_waveform(
    title: str, request: Request, session: DbSession, caller: SignedIn, at_us: AtUs = None
) -> Waveform:
    """How loud a title is over its length, for who may clip it."""
    found = await titles.find_title(session, title)
    source = await titles.ready_source(session, found)
    view = await view_for(request, session, found, caller, "clip", at_us)
    duration_us = source.duration_us or 0
    return Waveform(duration_us=duration_us, peaks=titles.peaks_in(view, source.waveform or [], duration_us))


@v1.head("/titles/{title}/media.mp4", include_in_schema=False)
@v1.get("/titles/{title}/media.mp4", response_class=Response)
async def read_media(
    title: str, request: Request, session: DbSession, caller: MaybeCaller, entitlement: Entitlement = None
) -> Response:
    """The whole title, where the service has it served from here, for viewers of whom it has said that they may watch
    it (``titles`` in their token, or a token for this title); answers byte ranges."""
    found = await titles.find_title(session, title)
    await check_entitled(request, session, found, caller, entitlement)
    source = await titles.ready_source(session, found)
    if is_elsewhere(source.storage_key):
        raise TitleElsewhere()
    key, media_type = source.playback_key or source.storage_key, source.playback_type or "video/mp4"
    return await ranged_response(_runtime(request).store, key, request, media_type, cache_control="private, no-cache")


@files.head("/{title}/poster.jpg", include_in_schema=False)
@files.get("/{title}/poster.jpg", response_class=Response)
async def read_poster(title: str, request: Request, session: DbSession) -> Response:
    """The title's poster."""
    return await _picture(request, (await titles.find_title(session, title)).poster_key)


@files.head("/{title}/backdrop.jpg", include_in_schema=False)
@files.get("/{title}/backdrop.jpg", response_class=Response)
async def read_backdrop(title: str, request: Request, session: DbSession) -> Response:
    """A wide picture for behind the title's name."""
    return await _picture(request, (await titles.find_title(session, title)).backdrop_key)


@files.head("/{title}/storyboard.jpg", include_in_schema=False)
@files.get("/{title}/storyboard.jpg", response_class=Response)
async def read_storyboard(
    title: str, request: Request, session: DbSession, caller: SignedIn, at_us: AtUs = None
) -> Response:
    """Small pictures from all over the title in one (storyboard.vtt says which is where), for who may clip it. Those
    that may not be looked at are black."""
    found = await titles.find_title(session, title)
    view = await view_for(request, session, found, caller, "clip", at_us)
    source = await titles.ready_source(session, found)
    board = storyboard_of(source)
    if board is None:
        raise NotFound()
    tiles = veiled_tiles(board, view)
    if not tiles:
        return await _picture(request, source.storyboard_key, PRIVATE)
    body = await painted(_runtime(request).store, str(source.storyboard_key), board, tiles)
    return Response(body, headers={"Cache-Control": PRIVATE}, media_type="image/jpeg")


@files.get("/{title}/storyboard.vtt", response_class=Response)
async def read_storyboard_places(
    title: str, request: Request, session: DbSession, caller: SignedIn, at_us: AtUs = None
) -> Response:
    """Where each picture lies in storyboard.jpg, and when it is on screen (WebVTT with `#xywh`)."""
    found = await titles.find_title(session, title)
    await view_for(request, session, found, caller, "clip", at_us)
    board = storyboard_of(await titles.ready_source(session, found))
    if board is None:
        raise NotFound()
    text = board.to_webvtt(titles.about(found, "storyboard.jpg", at_us))
    return Response(text, headers={"Cache-Control": PRIVATE}, media_type="text/vtt; charset=utf-8")


async def _picture(request: Request, key: str | None, cache_control: str = PICTURE_CACHE) -> Response:
    if key is None:
        raise NotFound()
    return await ranged_response(_runtime(request).store, key, request, "image/jpeg", cache_control=cache_control)


def _runtime(request: Request) -> Runtime:
    runtime: Runtime = services_of(request).runtime
    return runtime


@v1.put("/rights")
async def put_rights(body: RightsRuleIn, caller: RightsStaff, session: DbSession) -> RightsRuleOut:
    """Write the rule for everything, a series, a season or a title, anywhere or in one territory.

    It takes the place of the rule that was there. What is null is left to less specific rules.
    """
    rule = await rights.put_rule(session, body, caller.actor)
    return (await rights.described(session, [rule]))[0]


@v1.get("/rights")
async def list_rights(
    caller: RightsStaff,
    session: DbSession,
    scope: Scope | None = None,
    title: Annotated[str | None, Query(description="Only rules for this very title (slug or id).")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[RightsRuleOut]:
    """The rules as written, newest first."""
    query = select(RightsRule).order_by(RightsRule.id.desc()).limit(limit)
    if scope is not None:
        query = query.where(RightsRule.scope == scope)
    if title is not None:
        found: Title = await titles.find_title(session, title)
        query = query.where(RightsRule.scope == "title", RightsRule.scope_key == str(found.id))
    if (after := decode_cursor(cursor)) is not None:
        query = query.where(RightsRule.id < after)
    rules = (await session.scalars(query)).all()
    return Page(items=await rights.described(session, rules), next=next_cursor(rules, limit))


@v1.delete("/rights/{rule_id}", status_code=204)
async def delete_rights(rule_id: UUID, caller: RightsStaff, session: DbSession) -> None:
    """Remove a rule: less specific ones, or the defaults, decide again."""
    await rights.delete_rule(session, rule_id)


@dataclass(frozen=True)
class ProgressSpeaker:
    """Who tells how far somebody has got: a viewer of themselves, or (None) the service of anybody."""

    caller: Caller | None


async def progress_speaker(request: Request, session: DbSession) -> ProgressSpeaker:
    """A dependency, so that who asks is known before what they say is looked at.

    Raises:
        TokenMissing, KeyInvalid, ScopeMissing: nobody who may.
    """
    if key_in(request) is not None:
        await require_scope(request, session, "progress.report")
        return ProgressSpeaker(None)
    return ProgressSpeaker(await signed_in(await optional_caller(request, session)))


@v1.put("/progress", openapi_extra={"security": [{"service": ["progress:write"]}, {"viewer": []}]})
@kept_to("One row for each viewer and title; viewers themselves are held to their pace.")
async def put_progress(
    body: ProgressIn, session: DbSession, request: Request, by: Annotated[ProgressSpeaker, Depends(progress_speaker)]
) -> ProgressOut:
    """How far a viewer has got in a title: told by the service (key with `progress:write`) or by the viewer.

    Spoilers are judged by it. Going back over what was seen changes nothing.
    """
    viewer_id = await _whose_progress(body, by, session, services_of(request).settings.jwt_issuer)
    title = await titles.find_title(session, body.title)
    return ProgressOut.model_validate(await advance(session, viewer_id, title, body.position_us))


async def _whose_progress(body: ProgressIn, by: ProgressSpeaker, session: DbSession, issuer: str) -> UUID:
    if by.caller is None:
        if body.viewer is None:
            raise Invalid("viewer: a service says whose progress it is.")
        return (await viewer_named(session, issuer, body.viewer)).id
    if body.viewer not in (None, by.caller.viewer.subject):
        raise Invalid("viewer: only the service, with its key, speaks for others.")
    return by.caller.id


router = APIRouter()
router.include_router(v1)
router.include_router(files)
router.include_router(hls_api.router)
router.include_router(entries_api.router)
