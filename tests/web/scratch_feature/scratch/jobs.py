"""Counting words, when nobody waits."""

from uuid import UUID

from procrastinate import JobContext
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.jobs import defer, task
from groundswell.platform.runtime import runtime_of
from groundswell.platform.signals import on

from .signals import NoteLeft
from .tables import Note


@task("scratch.count_words")
async def count_words(context: JobContext, note_id: str) -> None:
    """Count the words of a note."""
    async with runtime_of(context).database.transaction() as session:
        note = await session.get_one(Note, UUID(note_id))
        note.words = len(note.text.split())


@on(NoteLeft)
async def left(session: AsyncSession, signal: NoteLeft) -> None:
    signal.note.heard = True
    await session.flush()
    await defer(session, count_words, note_id=str(signal.note.id))
