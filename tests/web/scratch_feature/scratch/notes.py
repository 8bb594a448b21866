"""Reading notes."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from .tables import Note


async def newest_notes(session: AsyncSession, limit: int = 50) -> Sequence[Note]:
    """The newest notes first."""
    return (await session.scalars(select(Note).order_by(Note.id.desc()).limit(limit))).all()
