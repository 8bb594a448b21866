"""Codes that partners brought from another programme: they go on counting, and nobody else gets them."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from .tables import Creator, ImportedPartner


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
