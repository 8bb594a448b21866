"""Moving a partner programme here: its partners, their codes, and what it recorded for them as history.

A partner of whom the file says what the service calls them is a creator at once, and their code counts from then on.
Whoever is not told so is waited for: their code is kept, and a link that only they are given makes them a creator
(``partner_claims``). Read again, a file adds what is new in it and changes nothing else; tried first (``dry_run``), it
does all that, says so, and leaves nothing behind.

What was earned elsewhere is never paid here: no table of the ledger refers to it.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import viewer_of
from groundswell.accounts.tables import Viewer
from groundswell.accounts.tokens import Claims
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.ids import random_code, uuid7
from groundswell.platform.locks import Lock, lock
from groundswell.platform.problems import Conflict, NotFound, Problem
from groundswell.platform.settings import Settings
from groundswell.platform.signatures import tag

from . import imported_codes, profiles
from .programme_files import CommissionLine, Kind, PartnerLine, Programme, Read
from .schemas import RESERVED, NewCreator
from .tables import Creator, ImportedCommission, ImportedPartner

BATCH = 1000
CREATORS_CODE = re.compile(r"[A-Z0-9]{3,16}")

Outcome = Literal["imported", "joined", "known", "refused"]


class ImportedPartnerUnknown(NotFound):
    code, title = "imported_partner_unknown", "No such partner was imported; import the partners first."


class PartnerJoined(Conflict):
    code, title = "partner_joined", "This partner is a creator here by now."


class PartnerMinor(Conflict):
    code, title = "partner_minor", "This is a child's profile, which cannot be a creator."


class PartnerTwice(Conflict):
    code, title = "partner_twice", "This viewer took the place of another partner of the same programme."


class CodeKept(Conflict):
    code, title = "code_kept", "Somebody else has this partner's code here; they are imported without it."


@dataclass(frozen=True)
class ImportedLine:
    """What became of line ``number``: ``imported`` (new), ``joined`` (waited for, and a creator now), ``known`` or
    ``refused``; ``code`` says why, or of what was imported what was left out, and ``detail`` in words."""

    number: int
    outcome: Outcome
    name: str = ""
    code: str = ""
    detail: str = ""


@dataclass
class ImportResult:
    """What became of each line of a file that says something."""

    lines: list[ImportedLine] = field(default_factory=list)

    def count(self, outcome: Outcome) -> int:
        """How many lines came out so."""
        return sum(line.outcome == outcome for line in self.lines)


async def import_lines(
    session: AsyncSession,
    settings: Settings,
    programme: Programme,
    kind: Kind,
    lines: Sequence[Read],
    by: str,
    *,
    dry_run: bool = False,
) -> ImportResult:
    """Take in the lines of a file (``programme_files.read_file``), each for itself: one refused keeps no other out."""
    if kind == "partners":
        await imported_codes.hold_all(session)
    await lock(session, Lock.PARTNER_IMPORT, programme)
    steps = session.begin_nested()
    async with steps as kept:
        taking_in = _partners if kind == "partners" else _commissions
        result = await taking_in(session, settings, programme, lines, by)
        if dry_run:
            await kept.rollback()
    result.lines.sort(key=lambda line: line.number)
    return result


def _refused(read: Read, problem: Problem, name: str = "") -> ImportedLine:
    return ImportedLine(read.number, "refused", name, problem.code, problem.detail)


def email_tag(settings: Settings, email: str) -> str | None:
    """The keyed hash by which an address is found again; None of none."""
    return tag(settings.secret, "imported partner", email.strip().lower(), 22) if email else None


def _key(settings: Settings, line: PartnerLine) -> str:
    return line.key or f"mail-{email_tag(settings, line.email)}"


async def _partners(
    session: AsyncSession, settings: Settings, programme: Programme, lines: Sequence[Read], by: str
) -> ImportResult:
    result, found = ImportResult(), []
    for read in lines:
        if isinstance(read.line, PartnerLine):
            found.append((read, read.line))
        elif isinstance(read.line, Problem):
            result.lines.append(_refused(read, read.line))
    known = await _known_partners(session, programme, {_key(settings, line) for _, line in found})
    taken = await _codes_taken(session, {line.code for _, line in found if line.code})
    for read, line in found:
        key = _key(settings, line)
        partner = known.get(key)
        note: Problem | None = None
        try:
            async with session.begin_nested():
                new = partner is None
                if partner is None:
                    note = CodeKept() if line.code in taken else None
                    code = None if note else line.code
                    partner = await _add(session, settings, programme, key, line, code, by)
                joins = line.viewer is not None and partner.creator_id is None
                if joins:
                    await join(session, partner, await _viewer(session, settings, line))
        except Problem as refused:
            result.lines.append(_refused(read, refused, line.name))
            continue
        known[key] = partner
        if new and partner.code:
            taken.add(partner.code)
        outcome: Outcome = "imported" if new else "joined" if joins else "known"
        code, detail = (note.code, note.detail) if note else ("", "")
        result.lines.append(ImportedLine(read.number, outcome, line.name, code, detail))
    return result


async def _known_partners(session: AsyncSession, programme: str, keys: Collection[str]) -> dict[str, ImportedPartner]:
    query = select(ImportedPartner).where(ImportedPartner.programme == programme, among(ImportedPartner.key, keys))
    return {row.key: row for row in await session.scalars(query)}


async def _codes_taken(session: AsyncSession, codes: Collection[str]) -> set[str]:
    own = await session.scalars(select(Creator.code).where(among(Creator.code, codes)))
    brought = select(ImportedPartner.code).where(among(ImportedPartner.code, codes))
    return {*own, *(code for code in await session.scalars(brought) if code)}


async def _add(
    session: AsyncSession, settings: Settings, programme: str, key: str, line: PartnerLine, code: str | None, by: str
) -> ImportedPartner:
    partner = ImportedPartner(
        id=uuid7(), programme=programme, key=key, email_tag=email_tag(settings, line.email), name=line.name, code=code,
        imported_by=by,
    )  # fmt: skip
    session.add(partner)
    await session.flush()
    return partner


async def _viewer(session: AsyncSession, settings: Settings, line: PartnerLine) -> Viewer:
    """The viewer whom the service calls so; made when they have not been here."""
    subject = line.viewer or ""
    known = await session.scalar(select(Viewer).filter_by(issuer=settings.jwt_issuer, subject=subject))
    return known or await viewer_of(
        session, Claims(settings.jwt_issuer, subject, (line.name or subject)[:80], frozenset(), None, False)
    )


async def join(session: AsyncSession, partner: ImportedPartner, viewer: Viewer) -> Creator:
    """Let a viewer take a partner's place: they are a creator from now on, if they were none, and the partner's code is
    theirs. They accept the terms before anything is paid to them, as every creator does.

    Raises:
        PartnerJoined, PartnerMinor, PartnerTwice: as they say.
    """
    if partner.creator_id is not None:
        raise PartnerJoined()
    if viewer.kids:
        raise PartnerMinor()
    creator = await session.scalar(select(Creator).filter_by(viewer_id=viewer.id))
    if creator is None:
        creator = await profiles.become(session, viewer.id, await _profile(session, partner), partner_id=partner.id)
    else:
        await _check_first(session, partner, creator.id)
    partner.creator_id, partner.joined_at = creator.id, utc_now()
    await session.flush()
    return creator


async def _check_first(session: AsyncSession, partner: ImportedPartner, creator_id: UUID) -> None:
    other = select(ImportedPartner.id).filter_by(programme=partner.programme, creator_id=creator_id)
    if await session.scalar(other.limit(1)) is not None:
        raise PartnerTwice()


async def _profile(session: AsyncSession, partner: ImportedPartner) -> NewCreator:
    """How a partner is named here at first: they change it when they like, but for handle and code."""
    name = re.sub(r"[^a-z0-9]+", "_", partner.name.lower()).strip("_")[:24] or "partner"
    name = name if len(name) > 1 else f"{name}_partner"
    free = name not in RESERVED and await session.scalar(select(Creator.id).filter_by(handle=name)) is None
    code = partner.code if partner.code and CREATORS_CODE.fullmatch(partner.code) else None
    return NewCreator(
        handle=name if free else f"{name}_{random_code(4).lower()}", display_name=partner.name or "Partner", code=code
    )


async def _commissions(
    session: AsyncSession, settings: Settings, programme: Programme, lines: Sequence[Read], by: str
) -> ImportResult:
    result, rows = ImportResult(), []
    partners = await _Partners.of(session, settings, programme, [read.line for read in lines])
    for read in lines:
        line = read.line
        if isinstance(line, Problem):
            result.lines.append(_refused(read, line))
        elif isinstance(line, CommissionLine):
            partner = partners.of_line(line)
            if partner is None:
                result.lines.append(_refused(read, ImportedPartnerUnknown()))
            else:
                rows.append((read.number, partner.name, _row(programme, partner.id, line)))
    for begin in range(0, len(rows), BATCH):
        batch = rows[begin : begin + BATCH]
        made = insert(ImportedCommission).values([row for _, _, row in batch]).on_conflict_do_nothing()
        new = set(await session.scalars(made.returning(ImportedCommission.id)))
        for number, name, row in batch:
            result.lines.append(ImportedLine(number, "imported" if row["id"] in new else "known", name))
    return result


def _row(programme: str, partner_id: UUID, line: CommissionLine) -> dict[str, Any]:
    return {
        "id": uuid7(), "programme": programme, "key": line.key, "partner_id": partner_id,
        "amount_minor": line.amount_minor, "currency": line.currency, "sale_minor": line.sale_minor,
        "state": line.state, "earned_at": line.earned_at, "paid_at": line.paid_at,
    }  # fmt: skip


@dataclass(frozen=True)
class _Partners:
    """The partners whom commissions name: by key, by address, and by what the service calls them."""

    settings: Settings
    by_key: dict[str, ImportedPartner]
    by_tag: dict[str, ImportedPartner]
    by_viewer: dict[str, ImportedPartner]

    @classmethod
    async def of(
        cls, session: AsyncSession, settings: Settings, programme: Programme, lines: Sequence[object]
    ) -> "_Partners":
        named = [line for line in lines if isinstance(line, CommissionLine)]
        by_key = await _known_partners(session, programme, {line.partner for line in named if line.partner})
        tags = {email_tag(settings, line.email) for line in named if line.email}
        query = select(ImportedPartner).where(ImportedPartner.programme == programme)
        tagged = await session.scalars(query.where(among(ImportedPartner.email_tag, tags)))
        by_tag = {row.email_tag: row for row in tagged if row.email_tag is not None}
        subjects = {line.viewer for line in named if line.viewer}
        joined = select(Viewer.subject, ImportedPartner).join(Creator, Creator.viewer_id == Viewer.id)
        joined = joined.join(ImportedPartner, ImportedPartner.creator_id == Creator.id)
        joined = joined.where(ImportedPartner.programme == programme, Viewer.issuer == settings.jwt_issuer)
        rows = await session.execute(joined.where(among(Viewer.subject, subjects)))
        return cls(settings, by_key, by_tag, dict(row._tuple() for row in rows))

    def of_line(self, line: CommissionLine) -> ImportedPartner | None:
        tagged = self.by_tag.get(email_tag(self.settings, line.email) or "")
        return self.by_key.get(line.partner) or tagged or self.by_viewer.get(line.viewer or "")
