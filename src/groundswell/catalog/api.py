"""Titles, their files, the rights rules, viewers' progress."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import select

from groundswell.accounts.access import Caller, MaybeCaller, SignedIn, optional_caller, service, staff
from groundswell.accounts.tokens import TokenMissing
from groundswell.media.stills import Storyboard
from groundswell.platform.files import ranged_response
from groundswell.platform.pages import Cursor, Limit, Page, decode_cursor, next_cursor
from groundswell.platform.problems import Invalid, NotFound
from groundswell.platform.routing import DbSession, TransactionalRoute
from groundswell.platform.runtime import Runtime

from . import rights, streaming, titles
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
from .tables import RightsRule, Title

v1 = APIRouter(prefix="/v1", tags=["catalog"], route_class=TransactionalRoute)
files = APIRouter(prefix="/titles", tags=["catalog"], route_class=TransactionalRoute)

RightsStaff = Annotated[Caller, Depends(staff("rights"))]
PICTURE_CACHE = "public, max-age=300"


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
    language: Annotated[str | None, Query(description="Language of the lines (BCP 47).")] = None,
) -> TitleDetail:
    """A title (slug or id) with its lines, shots, and what whoever asks may clip of it."""
    found = await titles.find_title(session, title)
    return await titles.detail(session, found, caller.viewer if caller else None, language)


@v1.get("/titles/{title}/lines")
async def read_lines(title: str, session: DbSession, language: str | None = None) -> list[LineOut]:
    """The subtitle lines of a title, in one language (by default the first there is)."""
    found = await titles.find_title(session, title)
    chosen = language or next(iter(await titles.languages_of(session, found.id)), None)
    return [] if chosen is None else await titles.lines_of(session, found.id, chosen)


@v1.get("/titles/{title}/waveform")
async def read_waveform(title: str, session: DbSession) -> Waveform:
    """How loud a title is over its length."""
    source = await titles.ready_source(session, await titles.find_title(session, title))
    return Waveform(duration_us=source.duration_us or 0, peaks=source.waveform or [])


@v1.head("/titles/{title}/media.mp4", include_in_schema=False)
@v1.get("/titles/{title}/media.mp4", response_class=Response)
async def read_media(title: str, request: Request, session: DbSession, caller: SignedIn) -> Response:
    """The whole title, for signed-in viewers; answers byte ranges."""
    source = await titles.ready_source(session, await titles.find_title(session, title))
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
async def read_storyboard(title: str, request: Request, session: DbSession) -> Response:
    """Small pictures from all over the title in one (storyboard.vtt says which is where)."""
    source = await titles.ready_source(session, await titles.find_title(session, title))
    return await _picture(request, source.storyboard_key)


@files.get("/{title}/storyboard.vtt", response_class=Response)
async def read_storyboard_places(title: str, session: DbSession) -> Response:
    """Where each picture lies in storyboard.jpg, and when it is on screen (WebVTT with `#xywh`)."""
    found = await titles.find_title(session, title)
    source = await titles.ready_source(session, found)
    if source.storyboard is None:
        raise NotFound()
    board = Storyboard(**source.storyboard | {"times_us": tuple(source.storyboard["times_us"])})
    text = board.to_webvtt(f"/titles/{found.slug}/storyboard.jpg")
    return Response(text, headers={"Cache-Control": PICTURE_CACHE}, media_type="text/vtt; charset=utf-8")


async def _picture(request: Request, key: str | None) -> Response:
    if key is None:
        raise NotFound()
    return await ranged_response(_runtime(request).store, key, request, "image/jpeg", cache_control=PICTURE_CACHE)


def _runtime(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


@v1.put("/rights")
async def put_rights(body: RightsRuleIn, caller: RightsStaff, session: DbSession) -> RightsRuleOut:
    """Write the rule for everything, a series, a season or a title, anywhere or in one territory.

    It takes the place of the rule that was there. What is null is left to less specific rules.
    """
    rule = await rights.put_rule(session, body, f"viewer:{caller.id}")
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


@v1.put("/progress", openapi_extra={"security": [{"service": ["progress:write"]}, {"viewer": []}]})
async def put_progress(body: ProgressIn, request: Request, session: DbSession) -> ProgressOut:
    """How far a viewer has got in a title: told by the service (key with `progress:write`) or by the viewer.

    Spoilers are judged by it. Going back over what was seen changes nothing.
    """
    viewer_id = await _whose_progress(body, request, session)
    title = await titles.find_title(session, body.title)
    return ProgressOut.model_validate(await advance(session, viewer_id, title, body.position_us))


async def _whose_progress(body: ProgressIn, request: Request, session: DbSession) -> UUID:
    if request.headers.get("authorization", "")[7:].lstrip().startswith("gsk_"):
        await service("progress:write")(request, session)
        if body.viewer is None:
            raise Invalid("viewer: a service says whose progress it is.")
        return (await viewer_named(session, request.app.state.settings.jwt_issuer, body.viewer)).id
    caller = await optional_caller(request, session)
    if caller is None:
        raise TokenMissing()
    if body.viewer not in (None, caller.viewer.subject):
        raise Invalid("viewer: only the service, with its key, speaks for others.")
    return caller.id


router = APIRouter()
router.include_router(v1)
router.include_router(files)
router.include_router(streaming.router)
