"""Moving a partner programme here, over HTTP."""

import asyncio
from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller, SignedIn, staff
from groundswell.platform.body_bounds import MIB, body_at_most
from groundswell.platform.pages import Cursor, Limit, Page, decode_cursor, next_cursor
from groundswell.platform.routing import DbSession, TransactionalRoute
from groundswell.platform.services import services_of
from groundswell.platform.settings import Settings

from . import imported_partners, profiles
from .programme_files import Kind, Programme, read_file
from .programme_import import ImportResult, import_lines
from .programme_schemas import ImportedLineOut, ImportedPartnerOut, PartnerClaim, ProgrammeImported, RecordedOut
from .schemas import CreatorOut
from .tables import ImportedPartner

router = APIRouter(prefix="/v1", tags=["creators"], route_class=TransactionalRoute)

Managers = Annotated[Caller, Depends(staff("creators.manage"))]

FILE_MOST = 16 * MIB

Currency = Annotated[
    str | None, Query(pattern="^[A-Z]{3}$", description="Of amounts in lines that name none.", examples=["EUR"])
]


@router.post(
    "/partner-imports",
    openapi_extra={"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}},
)
@body_at_most(FILE_MOST)
async def import_programme(
    request: Request,
    session: DbSession,
    caller: Managers,
    programme: Programme,
    kind: Kind,
    currency: Currency = None,
    dry_run: bool = False,
) -> ProgrammeImported:
    """Import a CSV file that another programme exported: its partners with their codes, or the commissions that it
    recorded, which stay history and are never paid here. Sent again, only what is new is taken. Import the partners
    first; with `dry_run` nothing is kept."""
    settings, content = services_of(request).settings, await request.body()
    lines = await asyncio.to_thread(read_file, content, programme, kind, currency)
    result = await import_lines(session, settings, programme, kind, lines, caller.actor, dry_run=dry_run)
    return imported_out(programme, kind, result, dry_run=dry_run)


def imported_out(programme: Programme, kind: Kind, result: ImportResult, *, dry_run: bool) -> ProgrammeImported:
    """What a file brought, as it is told."""
    return ProgrammeImported(
        programme=programme,
        kind=kind,
        dry_run=dry_run,
        imported=result.count("imported"),
        joined=result.count("joined"),
        known=result.count("known"),
        refused=result.count("refused"),
        lines=[ImportedLineOut.model_validate(line) for line in result.lines],
    )


@router.get("/imported-partners")
async def list_imported_partners(
    request: Request, session: DbSession, caller: Managers, cursor: Cursor = None, limit: Limit = 50
) -> Page[ImportedPartnerOut]:
    """Partners who were imported, newest first: who is a creator by now, and the links of those who are waited for."""
    rows = await imported_partners.newest(session, limit, decode_cursor(cursor))
    items = await partners_out(session, services_of(request).settings, rows)
    return Page[ImportedPartnerOut](items=items, next=next_cursor(rows, limit))


async def partners_out(
    session: AsyncSession, settings: Settings, rows: Sequence[ImportedPartner]
) -> list[ImportedPartnerOut]:
    """Partners as staff see them."""
    handles = await imported_partners.handles_of(session, rows)
    recorded = await imported_partners.recorded(session, [row.id for row in rows])
    plain = ("id", "programme", "key", "name", "code", "joined_at", "created_at")
    return [
        ImportedPartnerOut(
            **{name: getattr(row, name) for name in plain},
            creator=handles.get(row.id),
            claim_url=None if row.creator_id else imported_partners.claim_link(settings, row.id),
            recorded=[RecordedOut.model_validate(each) for each in recorded.get(row.id, [])],
        )
        for row in rows
    ]


@router.delete("/imported-partners/{partner_id}", status_code=204)
async def remove_imported_partner(partner_id: UUID, session: DbSession, caller: Managers) -> None:
    """Remove a partner who is waited for, with what was recorded for them; their code is free."""
    await imported_partners.remove(session, partner_id)


@router.post("/creators/me/partner")
async def take_partners_place(
    claim: PartnerClaim, request: Request, session: DbSession, caller: SignedIn
) -> CreatorOut:
    """Take my place, by the link that I was given as a partner of the programme that moved here: I am a creator from
    now on, and the code that I had there is mine here."""
    settings = services_of(request).settings
    return profiles.shown(await imported_partners.claim(session, settings, claim.token, caller.viewer))
