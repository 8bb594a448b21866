"""Partners who moved here from another programme: who is waited for, the link that makes them a creator, and what was
recorded for them there."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.platform.database import among
from groundswell.platform.settings import Settings
from groundswell.platform.signatures import signed, verified

from . import imported_codes
from .programme_import import ImportedPartnerUnknown, PartnerJoined, join
from .tables import Creator, ImportedCommission, ImportedPartner

PURPOSE = "take an imported partner's place"


@dataclass(frozen=True)
class Recorded:
    """What a programme recorded for a partner in a currency, in minor units: what it paid, and what it says it owes.
    What it took back is in neither."""

    programme: str
    currency: str
    paid_minor: int
    due_minor: int


def claim_link(settings: Settings, partner_id: UUID) -> str:
    """The address by which a partner takes their place; whoever has it can, once. The same each time."""
    return f"{settings.base_url}/creator/join/{signed(settings.secret, PURPOSE, partner_id.hex)}"


async def of_token(session: AsyncSession, settings: Settings, token: str) -> ImportedPartner:
    """The partner whose link it is.

    Raises:
        ImportedPartnerUnknown: nobody's, or of somebody who was removed.
    """
    said = verified(settings.secrets, PURPOSE, token)
    partner = None if said is None else await session.get(ImportedPartner, UUID(said), with_for_update=True)
    if partner is None:
        raise ImportedPartnerUnknown("This link leads to nobody's place.")
    return partner


async def claim(session: AsyncSession, settings: Settings, token: str, viewer: Viewer) -> Creator:
    """Let a viewer take the place of the partner whose link they have. Done before by themselves, nothing changes.

    Raises:
        ImportedPartnerUnknown, PartnerJoined, PartnerMinor, PartnerTwice: as they say.
    """
    await imported_codes.hold_brought(session)  # before the partner's row, as an import does
    partner = await of_token(session, settings, token)
    return await taken_by(session, partner, viewer.id) or await join(session, partner, viewer)


async def taken_by(session: AsyncSession, partner: ImportedPartner, viewer_id: UUID) -> Creator | None:
    """The creator whom a viewer became by taking this place; None when they did not."""
    return await session.scalar(select(Creator).filter_by(id=partner.creator_id, viewer_id=viewer_id))


async def newest(session: AsyncSession, limit: int, after: UUID | None = None) -> Sequence[ImportedPartner]:
    """Partners that were imported, newest first."""
    query = select(ImportedPartner).order_by(ImportedPartner.id.desc()).limit(limit)
    return (await session.scalars(query if after is None else query.where(ImportedPartner.id < after))).all()


async def handles_of(session: AsyncSession, partners: Collection[ImportedPartner]) -> dict[UUID, str]:
    """By partner, the handle of the creator whom they became."""
    ids = {partner.creator_id for partner in partners if partner.creator_id is not None}
    rows = await session.execute(select(Creator.id, Creator.handle).where(among(Creator.id, ids)))
    handles = {row.id: row.handle for row in rows}
    return {partner.id: handles[partner.creator_id] for partner in partners if partner.creator_id in handles}


async def recorded(session: AsyncSession, partners: Collection[UUID]) -> dict[UUID, list[Recorded]]:
    """What was recorded for each."""
    paid = func.sum(ImportedCommission.amount_minor).filter(ImportedCommission.state == "paid")
    due = func.sum(ImportedCommission.amount_minor).filter(ImportedCommission.state == "due")
    keys = (ImportedCommission.partner_id, ImportedCommission.programme, ImportedCommission.currency)
    query = select(*keys, func.coalesce(paid, 0), func.coalesce(due, 0)).group_by(*keys).order_by(*keys)
    found: dict[UUID, list[Recorded]] = {}
    for partner, programme, currency, was_paid, is_due in await session.execute(
        query.where(among(ImportedCommission.partner_id, set(partners)))
    ):
        found.setdefault(partner, []).append(Recorded(programme, currency, int(was_paid), int(is_due)))
    return found


async def recorded_for(session: AsyncSession, creator_id: UUID) -> list[Recorded]:
    """What other programmes recorded for a creator before they moved here."""
    theirs = list(await session.scalars(select(ImportedPartner.id).filter_by(creator_id=creator_id)))
    return [each for found in (await recorded(session, theirs)).values() for each in found]


async def remove(session: AsyncSession, partner_id: UUID) -> None:
    """Remove a partner who is waited for, with what was recorded for them; their code is free.

    Raises:
        ImportedPartnerUnknown, PartnerJoined: as they say.
    """
    partner = await session.get(ImportedPartner, partner_id, with_for_update=True)
    if partner is None:
        raise ImportedPartnerUnknown()
    if partner.creator_id is not None:
        raise PartnerJoined()
    await session.execute(delete(ImportedCommission).where(ImportedCommission.partner_id == partner_id))
    await session.delete(partner)
    await session.flush()
