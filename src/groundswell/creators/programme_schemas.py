"""What crosses HTTP about partners who move here from another programme."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from .programme_files import Kind, Programme


class ImportedLineOut(BaseModel):
    """What became of a line. ``code`` says why it was refused; of one that was imported, what was left out of it."""

    model_config = ConfigDict(from_attributes=True)

    number: int = Field(description="Counted from 1; the header is the first.")
    outcome: Literal["imported", "joined", "known", "refused"]
    name: str
    code: str
    detail: str


class ProgrammeImported(BaseModel):
    """What a file brought. ``dry_run``: what it would have; nothing was kept."""

    programme: Programme
    kind: Kind
    dry_run: bool
    imported: int = Field(description="Lines that were new.")
    joined: int = Field(description="Partners who were waited for, and are creators now.")
    known: int = Field(description="Lines that were here already; nothing changed.")
    refused: int = Field(description="Lines of which nothing was taken.")
    lines: list[ImportedLineOut]


class RecordedOut(BaseModel):
    """What a programme recorded in a currency, in minor units: what it paid, and what it says it still owes. Nothing of
    it is paid here."""

    model_config = ConfigDict(from_attributes=True)

    programme: Programme
    currency: str
    paid_minor: int
    due_minor: int


class ImportedPartnerOut(BaseModel):
    """A partner who moved here. ``claim_url`` is for them alone: whoever opens it signed in takes their place."""

    id: UUID
    programme: Programme
    key: str
    name: str
    code: str | None
    creator: str | None = Field(description="Their handle here; null while they are waited for.")
    claim_url: str | None = Field(description="Null once they are a creator here.")
    recorded: list[RecordedOut]
    joined_at: datetime | None
    created_at: datetime


class PartnerClaim(BaseModel):
    """The last part of the address that a partner was given."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field(min_length=7, max_length=100, pattern=r"^[A-Za-z0-9]+$")
