"""Moving a partner programme here: a file is tried or imported, and the page says what became of each of its lines; who
was imported, with the links of those who are waited for."""

import asyncio
from typing import Annotated, Any, get_args
from uuid import UUID

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.creators import imported_partners
from groundswell.creators.programme_api import FILE_MOST, imported_out, partners_out
from groundswell.creators.programme_files import PROGRAMMES, Kind, ProgrammeFileUnreadable, read_file
from groundswell.creators.programme_import import import_lines
from groundswell.platform.body_bounds import KIB, body_at_most
from groundswell.platform.csv_response import csv_file
from groundswell.platform.pages import decode_cursor, next_cursor
from groundswell.platform.problems import Problem
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.web.console.shell import ConsoleRoute
from groundswell.web.responses import see_other
from groundswell.web.templating import page

from .creators import Managers

router = APIRouter(prefix="/console/creators/import", route_class=ConsoleRoute)

PAGE = 50
LINES = 500
EVERY = 1_000_000
KINDS: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}
OUTCOMES = ("refused", "imported", "joined", "known")
"""Of lines, those first that somebody has to look at."""
HEADER = ("programme", "key", "name", "code", "creator", "claim_url", "imported_at", "joined_at")


@router.get("")
async def list_partners(
    request: Request, session: DbSession, caller: Managers, cursor: str | None = None, saved: str | None = None
) -> Response:
    """The form, and the partners who were imported, newest first."""
    shown = await _shown(request, session, cursor) | {"saved": saved}
    return page(request, "console/loop/programme_import.html", caller=caller, **shown)


async def _shown(request: Request, session: AsyncSession, cursor: str | None = None) -> dict[str, Any]:
    rows = await imported_partners.newest(session, PAGE, decode_cursor(cursor))
    return {
        "rows": await partners_out(session, services_of(request).settings, rows),
        "next": next_cursor(rows, PAGE),
        "programmes": [*PROGRAMMES.items()],
        "names": PROGRAMMES,
        "form": {"programme": "dub", "kind": "partners", "currency": ""},
        "result": None,
        "problem": None,
        "saved": None,
    }


@router.post("")
@body_at_most(FILE_MOST + 16 * KIB)
async def import_file(
    request: Request,
    session: DbSession,
    caller: Managers,
    file: Annotated[UploadFile | None, File()] = None,
    programme: Annotated[str, Form()] = "",
    kind: Annotated[str, Form()] = "",
    currency: Annotated[str, Form(max_length=3)] = "",
    act: Annotated[str, Form()] = "try",
) -> Response:
    """Try a file, or import it."""
    form = {"programme": programme, "kind": kind, "currency": currency.strip().upper()}
    try:
        if programme not in PROGRAMMES or kind not in KINDS:
            raise ProgrammeFileUnreadable("Say from where the file is, and what is in it.")
        content = b"" if file is None else await file.read()
        lines = await asyncio.to_thread(read_file, content, programme, KINDS[kind], form["currency"] or None)
        result = await import_lines(
            session, services_of(request).settings, programme, KINDS[kind], lines, caller.actor, dry_run=act != "import"
        )
    except Problem as refused:
        shown = await _shown(request, session) | {"form": form, "problem": refused}
        return page(request, "console/loop/programme_import.html", status=422, caller=caller, **shown)
    told = imported_out(programme, KINDS[kind], result, dry_run=act != "import")
    told.lines.sort(key=lambda line: (OUTCOMES.index(line.outcome), line.number))
    shown = await _shown(request, session) | {"form": form, "result": told, "most": LINES}
    return page(request, "console/loop/programme_import.html", caller=caller, **shown)


@router.post("/{partner_id}/remove")
async def remove_partner(partner_id: UUID, session: DbSession, caller: Managers) -> Response:
    """Remove a partner who is waited for."""
    await imported_partners.remove(session, partner_id)
    return see_other("/console/creators/import?saved=removed")


@router.get(".csv")
async def download_partners(request: Request, session: DbSession, caller: Managers) -> Response:
    """Every partner who was imported: with the links of those who are waited for, to send them."""
    rows = await partners_out(session, services_of(request).settings, await imported_partners.newest(session, EVERY))
    told = (
        (
            *(row.programme, row.key, row.name, row.code or "", row.creator or "", row.claim_url or ""),
            row.created_at.isoformat(),
            row.joined_at.isoformat() if row.joined_at else "",
        )
        for row in rows
    )
    return csv_file("imported-partners", HEADER, told)
