"""Titles as rows, for tests that need no media."""

from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.catalog.tables import Series, Source, Title

S = 1_000_000


async def add_title(
    session: AsyncSession,
    slug: str = "fog",
    *,
    duration_us: int = 1000 * S,
    released_on: date | None = date(2020, 1, 1),
    series: Series | None = None,
    season: int | None = None,
    episode: int | None = None,
    **source: Any,
) -> Title:
    """A title, out long since, with a ready source of ``duration_us``; ``source`` says more about the latter."""
    place = {"series_id": series.id if series else None, "season": season, "episode": episode}
    title = Title(slug=slug, name=slug.title(), released_on=released_on, **place)
    session.add(title)
    await session.flush()
    facts = {
        "storage_key": f"{slug}.mp4",
        "sha256": "0" * 64,
        "size_bytes": 1,
        "width": 1280,
        "height": 720,
        "frame_rate_num": 24,
        "frame_rate_den": 1,
        "status": "ready",
    }
    row = Source(title_id=title.id, version=1, duration_us=duration_us, **{**facts, **source})
    session.add(row)
    await session.flush()
    title.current_source_id = row.id
    await session.flush()
    return title


async def add_series(session: AsyncSession, slug: str = "lighthouse") -> Series:
    series = Series(slug=slug, name=slug.title())
    session.add(series)
    await session.flush()
    return series


async def add_viewer(session: AsyncSession, subject: str = "ada", **facts: Any) -> Viewer:
    viewer = Viewer(issuer="groundswell-demo", subject=subject, name=subject.title(), handle=subject, **facts)
    session.add(viewer)
    await session.flush()
    return viewer
