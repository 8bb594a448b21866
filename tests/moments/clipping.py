"""Shared by tests: a real film in the store, its title, and people who clip it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.tables import Line, Source, Title
from groundswell.media import probe
from groundswell.platform.ids import uuid7
from groundswell.platform.runtime import Runtime
from tests.media.film import Film
from tests.support import App

SECOND_US = 1_000_000
SIZE = (192, 108)
WIDE_SCALE = Fraction(720, SIZE[1])

FILM = Film(frames=150, rate=Fraction(5), gop=20, size=SIZE)
"""30 s at 5 frames a second, so that it renders quickly; every frame carries its number."""


async def add_title(runtime: Runtime, film: Path, slug: str = "numbers", *, name: str = "Numbers") -> UUID:
    """A title whose media is ``film``, with two lines of dialogue; returns its id."""
    index = probe(film)
    key = f"sources/{slug}/1{film.suffix}"
    await runtime.store.put_file(key, film)
    async with runtime.database.transaction() as session:
        title = Title(id=uuid7(), slug=slug, name=name, released_on=date(2020, 1, 1))
        session.add(title)
        await session.flush()
        source = Source(
            id=uuid7(),
            title_id=title.id,
            version=1,
            storage_key=key,
            sha256="0" * 64,
            size_bytes=index.size_bytes,
            status="ready",
            duration_us=index.duration_us,
            width=index.video.display_width,
            height=index.video.display_height,
            frame_rate_num=index.video.frame_rate and index.video.frame_rate.numerator,
            frame_rate_den=index.video.frame_rate and index.video.frame_rate.denominator,
            index=index.to_document(),
        )
        session.add(source)
        await session.flush()
        title.current_source_id = source.id
        session.add_all(_lines(title.id))
    return title.id


def _lines(title_id: UUID) -> list[Line]:
    spoken = [(11, 13, "Is this <b>the</b> place?"), (14, 16, "It was & is.")]
    return [
        Line(title_id=title_id, language="en", number=n, start_us=a * SECOND_US, end_us=b * SECOND_US, text=text)
        for n, (a, b, text) in enumerate(spoken, 1)
    ]


async def clip(
    app: App, subject: str = "ada", start: float = 10, end: float = 15, *, title: str = "numbers", **fields: Any
) -> httpx.Response:
    """Ask for a moment, public unless said otherwise; ``start`` and ``end`` in seconds."""
    span = {"start_us": round(start * SECOND_US), "end_us": round(end * SECOND_US)}
    body = {"title": title, "visibility": "public", **span, **fields}
    return await app.http.post("/v1/moments", json=body, headers=app.signed_in(subject))


async def clipped(app: App, subject: str = "ada", start: float = 10, end: float = 15, **fields: Any) -> dict[str, Any]:
    """A moment made."""
    answer = await clip(app, subject, start, end, **fields)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def set_rights(app: App, **terms: Any) -> None:
    """A rule for the title ``numbers``."""
    body = {"scope": "title", "title": "numbers", **terms}
    answer = await app.http.put("/v1/rights", json=body, headers=app.signed_in("ravi", "rights"))
    assert answer.status_code in {200, 201}, answer.text


async def take_down(app: App, moment: str, words: str = "The rights holder objected.") -> None:
    """Hide a moment (id or code)."""
    body = {"subject": {"kind": "moment", "id": moment}, "action": "hide", "reason_code": "copyright"}
    answer = await app.http.post(
        "/v1/decisions", json={**body, "explanation": words}, headers=app.signed_in("tess", "trust")
    )
    assert answer.status_code == 201, answer.text


@asynccontextmanager
async def worker(app: App) -> AsyncIterator[None]:
    """A worker beside the test, for as long as the block lasts."""
    running = asyncio.create_task(
        app.runtime.jobs.run_worker_async(install_signal_handlers=False, fetch_job_polling_interval=0.2)
    )
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def come_for(app: App, address: str) -> httpx.Response:
    """Media at ``address``, asked for as long as it is still being made; there must be a worker."""
    for _ in range(20):
        answer = await app.http.get(address)
        if answer.status_code != 503:
            break
    return answer


async def rows(session: AsyncSession, query: Any) -> list[Any]:
    return list((await session.scalars(query)).all())
