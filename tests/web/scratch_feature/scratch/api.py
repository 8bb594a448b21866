"""Notes over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from groundswell.accounts.access import Caller, staff
from groundswell.platform import signals
from groundswell.platform.ids import uuid7
from groundswell.platform.routing import DbSession, TransactionalRoute

from .signals import NoteLeft
from .tables import Note

router = APIRouter(prefix="/v1", tags=["scratch"], route_class=TransactionalRoute)


class NoteIn(BaseModel):
    text: str


@router.post("/notes", status_code=201)
async def leave_note(
    body: NoteIn, session: DbSession, caller: Annotated[Caller, Depends(staff("reports.handle"))]
) -> str:
    """Leave a note."""
    note = Note(id=uuid7(), text=body.text)
    session.add(note)
    await session.flush()
    await signals.send(session, NoteLeft(note))
    return str(note.id)
