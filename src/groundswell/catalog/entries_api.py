"""The catalogue over HTTP: the service says what it has, and takes titles out again."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field

from groundswell.accounts.access import service
from groundswell.accounts.tables import ServiceKey
from groundswell.platform.body_bounds import MIB, body_at_most
from groundswell.platform.change_pace import kept_to
from groundswell.platform.pages import Cursor, Limit, Page, decode_cursor, next_cursor
from groundswell.platform.routing import DbSession, TransactionalRoute

from . import entries
from .bulk import LINES_MAX, raw_lines, results
from .entry import FACTS, ExternalId, Fact, TitleEntry, hash_of
from .listing import Listed, Shown, entry_of, listed
from .titles import TitleUnknown

router = APIRouter(prefix="/v1", tags=["catalog"], route_class=TransactionalRoute)

CatalogKey = Annotated[ServiceKey, Depends(service("catalog.manage"))]
Reference = Annotated[ExternalId, Path(description="The service's own id of the title.")]
NDJSON = "application/x-ndjson"


class EntryWritten(BaseModel):
    """What became of an entry. ``missing`` are facts that nobody gave: rules that need one refuse."""

    external_id: str
    result: Literal["created", "changed", "unchanged"]
    id: UUID
    slug: str = Field(description="Our address of the title.")
    missing: list[Fact]


class EntryOut(BaseModel):
    """A title of the catalogue. ``entry`` is what the service said last; null: it came by the command."""

    external_id: str
    id: UUID
    slug: str
    name: str
    series: str | None
    season: int | None
    episode: int | None
    has_media: bool = Field(description="There is something to clip.")
    missing: list[Fact]
    withdrawn_at: datetime | None
    updated_at: datetime | None
    given_by: str | None
    entry: dict[str, Any] | None


def missing_of(said: Any) -> list[Fact]:
    """The facts that nobody gave of a title, or in an entry."""
    return [fact for fact in FACTS if getattr(said, fact) is None]


def entry_out(listed: Listed) -> EntryOut:
    """A title as the catalogue has it."""
    title, series, source, entry = listed
    return EntryOut(
        external_id=title.external_id,
        id=title.id,
        slug=title.slug,
        name=title.name,
        series=series and series.name,
        season=title.season,
        episode=title.episode,
        has_media=source is not None,
        missing=missing_of(title),
        withdrawn_at=title.withdrawn_at,
        updated_at=entry and entry.updated_at,
        given_by=entry and entry.given_by,
        entry=entry and entry.entry,
    )


@router.put("/titles/{external_id}", responses={201: {"model": EntryWritten, "description": "The title is new."}})
@kept_to("One row for each `external_id`: the service's own catalogue.")
async def put_title(
    external_id: Reference, body: TitleEntry, request: Request, response: Response, key: CatalogKey, session: DbSession
) -> EntryWritten:
    """Say what a title is. It replaces what was said before as a whole; the same again changes nothing. A title that
    was withdrawn is back. Its media come by `sources`, or by `groundswell import --external-id`."""
    given = entries.Given(external_id, body, hash_of(await request.json()))
    (outcome,) = await entries.write(session, [given], f"key:{key.id}")
    if outcome.refusal is not None or outcome.id is None or outcome.slug is None or outcome.result == "refused":
        raise outcome.refusal or RuntimeError("an entry was refused without a reason")
    response.status_code = 201 if outcome.result == "created" else 200
    return EntryWritten(
        external_id=external_id, result=outcome.result, id=outcome.id, slug=outcome.slug, missing=missing_of(body)
    )


@router.delete("/titles/{external_id}", status_code=204)
@kept_to("Makes no rows.")
async def withdraw_title(external_id: Reference, key: CatalogKey, session: DbSession) -> None:
    """Take a title out of the catalogue: all links to it and its media end with the answer. What happened with it
    stays, and so does what it earned; saying it again brings it back."""
    await entries.withdraw(session, external_id, f"key:{key.id}")


@router.post(
    "/titles",
    response_class=Response,
    openapi_extra={"requestBody": {"required": True, "content": {NDJSON: {"schema": {"type": "string"}}}}},
    responses={200: {"description": "A result a line.", "content": {NDJSON: {"schema": {"type": "string"}}}}},
)
@body_at_most(16 * MIB)
@kept_to("One row for each `external_id`: the service's own catalogue.")
async def post_titles(request: Request, key: CatalogKey, session: DbSession) -> Response:
    """Many entries: one JSON document a line, each with its `external_id`, at most 5,000 lines and 16 MiB. The answer
    has a result a line, in their order: `line`, `external_id`, `result` (`created`, `changed`, `unchanged`,
    `refused`), and `id` and `slug` of the title, or `code` and `detail`. Bad lines are refused one by one; the others
    are written, all together. A call that was interrupted is sent again: what is there already is `unchanged`."""
    lines = raw_lines(await request.body(), LINES_MAX)
    written = await results(session, lines, f"key:{key.id}")
    body = "".join([line.written() for line in written])
    return Response(body, media_type=NDJSON)


@router.get("/catalog")
async def list_catalog(
    key: CatalogKey,
    session: DbSession,
    cursor: Cursor = None,
    limit: Limit = 50,
    shown: Annotated[Shown, Query(description="All; those that lack facts, or media; or those withdrawn.")] = "all",
) -> Page[EntryOut]:
    """The catalogue, newest first: what the service said of each title, and which facts are missing."""
    rows = await listed(session, limit, decode_cursor(cursor), shown=shown)
    return Page(items=[entry_out(row) for row in rows], next=next_cursor(rows, limit))


@router.get("/catalog/{external_id}")
async def read_catalog_entry(external_id: Reference, key: CatalogKey, session: DbSession) -> EntryOut:
    """One title of the catalogue, withdrawn or not."""
    found = await entry_of(session, external_id)
    if found is None:
        raise TitleUnknown(f"There is no title {external_id}.")
    return entry_out(found)
