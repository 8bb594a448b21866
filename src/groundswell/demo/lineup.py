"""What the demo service shows on its pages: its films and series, and one title to watch."""

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.schemas import TitleSummary
from groundswell.catalog.tables import Series
from groundswell.catalog.titles import find_title, list_titles, ready_source, summary

SHOWN_MAX = 100


async def lineup(session: AsyncSession) -> list[TitleSummary]:
    """The titles that can be watched, newest first."""
    return [summary(*row) for row in await list_titles(session, limit=SHOWN_MAX)]


async def showing(session: AsyncSession, slug: str) -> TitleSummary:
    """The title called ``slug``.

    Raises:
        TitleUnknown: there is none.
        TitleNotReady: it cannot be watched yet.
    """
    title = await find_title(session, slug)
    source = await ready_source(session, title)
    series = None if title.series_id is None else await session.get(Series, title.series_id)
    return summary(title, source, series)


def opening(titles: list[TitleSummary]) -> TitleSummary | None:
    """What the home page opens with: the newest film, else the newest title."""
    films = [title for title in titles if title.series is None]
    return next(iter(films or titles), None)


def by_series(titles: list[TitleSummary]) -> dict[str, list[TitleSummary]]:
    """Episodes by their series' name, each in its order."""
    found: dict[str, list[TitleSummary]] = {}
    for title in sorted(titles, key=lambda title: (title.season or 0, title.episode or 0)):
        if title.series is not None:
            found.setdefault(title.series.name, []).append(title)
    return found
