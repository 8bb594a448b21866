"""What keeps heat, scenes and search in step, in a process of its own that can be killed: see ``test_survives``.

All that it needs is loaded with this module, once, by the process of which those are forks.
"""

import asyncio
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from typing import Any
from uuid import UUID

from sqlalchemy import delete, event
from sqlalchemy.engine import Engine
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.signals import LinesRecorded
from groundswell.catalog.tables import Line
from groundswell.discovery.refresh import count, stale_titles
from groundswell.discovery.title_refresh import gather
from groundswell.platform.database import Database
from groundswell.platform.signals import send
from groundswell.web import features

features.load("tables")
features.load("jobs")
LANGUAGE = "en"


def keep(url: str, title: UUID, said: list[str], told: Connection) -> None:
    """Do once what the jobs do, and after that, or before it too, take in new lines of a title; tell of every statement
    before it is sent."""
    event.listen(Engine, "before_cursor_execute", lambda *_: told.send_bytes(b"."))
    asyncio.run(_keep(url, title, said))


async def _keep(url: str, title: UUID, said: list[str]) -> None:
    database = Database(url)
    if len(said) % 2:
        await _in_transaction(database, lambda session: record_lines(session, title, said))
    async with database.transaction() as session:
        await count(session)
    async with database.transaction() as session:
        titles = await stale_titles(session)
    for each in titles:
        while await _in_transaction(database, lambda session, each=each: gather(session, each)):
            pass
    await _in_transaction(database, lambda session: record_lines(session, title, said))
    await database.close()


async def _in_transaction(database: Database, do: Callable[[AsyncSession], Awaitable[Any]]) -> bool:
    async with database.transaction() as session:
        return bool(await do(session))


async def record_lines(session: AsyncSession, title: UUID, said: list[str]) -> None:
    """Have a title say these lines, one every four seconds, in place of what it said."""
    await session.execute(delete(Line).filter_by(title_id=title, language=LANGUAGE))
    for number, words in enumerate(said, 1):
        at = {"start_us": number * 4_000_000, "end_us": number * 4_000_000 + 3_000_000}
        session.add(Line(title_id=title, language=LANGUAGE, number=number, text=words, **at))
    await session.flush()
    await send(session, LinesRecorded(title, LANGUAGE))
