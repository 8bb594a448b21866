"""Events in: what pages and services report."""

from typing import Any

from fastapi import APIRouter, Request, Response

from groundswell.platform.routing import DbSession, TransactionalRoute

from . import subscribers  # noqa: F401 - registers what is recorded when moments and shares are made
from .receiving import Receiving
from .schemas import BATCH, Committed

router = APIRouter(prefix="/v1", tags=["events"], route_class=TransactionalRoute)


def _batch_schema() -> dict[str, Any]:
    """The body's JSON Schema with its one definition in place, as OpenAPI resolves ``$ref`` from its own root."""
    schema = BATCH.json_schema()
    schema["properties"]["events"]["items"] = schema.pop("$defs")["IncomingEvent"]
    return schema


BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": _batch_schema()}}}}


@router.post("/events", response_model=Committed, openapi_extra=BODY)
async def receive_events(request: Request, session: DbSession) -> Response:
    """Report events; the answer comes when all of them are committed, and none is when one is refused.

    An event is identified by its `id` and `at` together: repeating it is harmless, and the same two with other
    content are refused (`event_conflict`). Pages need no key and report plays, which are judged by what the request
    shows; a service key (`events:write`) may also bring in clicks, visits and unfurls that it saw itself.
    """
    receiving: Receiving = request.app.state.receiving
    committed = await receiving.receive(request, session)
    return Response(committed.model_dump_json(), media_type="application/json")
