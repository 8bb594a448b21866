"""Codes that partners brought from another programme: they go on counting, and nobody else gets them.

A creator's own codes are unique in one table, and those that were brought in another. Whoever takes one as a creator
looks into the second, and whoever brings some into the first; so that neither does while the other is at it, they take
turns by a lock, which is taken before anything else is.
"""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.locks import Lock, lock

from .tables import Creator, ImportedPartner


async def hold_all(session: AsyncSession) -> None:
    """Let nobody else take a code, or give one up, until this transaction ends."""
    await lock(session, Lock.CREATOR_CODES)


async def hold_brought(session: AsyncSession) -> None:
    """Let nobody bring a code until this transaction ends. Other creators may take theirs meanwhile: no two get the
    same, by the table's own index."""
    await lock(session, Lock.CREATOR_CODES, shared=True)


async def viewer_of_code(session: AsyncSession, code: str) -> UUID | None:
    """The viewer whose code this was elsewhere, once they are a creator here."""
    query = select(Creator.viewer_id).join(ImportedPartner, ImportedPartner.creator_id == Creator.id)
    found: UUID | None = await session.scalar(query.where(ImportedPartner.code == code))
    return found


async def is_reserved(session: AsyncSession, code: str, partner_id: UUID | None = None) -> bool:
    """Whether a code is kept for a partner, other than the one who takes their place now."""
    query = select(ImportedPartner.id).filter_by(code=code)
    found: UUID | None = await session.scalar(query)
    return found is not None and found != partner_id
