"""What a page of numbers is narrowed to, in its address: one parameter a dimension, the same on every page."""

from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.attribution.credit import DEFAULT_MODEL, MODELS
from groundswell.catalog.tables import Title
from groundswell.insights.dimensions import DIMENSIONS
from groundswell.insights.labels import labels
from groundswell.insights.slices import Slice
from groundswell.platform.clock import utc_now

from .console_period import Period, chosen_period

NARROWING = tuple(name for name in DIMENSIONS if name != "day")
MOST_LETTERS = 100


@dataclass
class View:
    """What the reader chose; what cannot be read is left out. ``where``: dimension → key, a title by its slug."""

    period: Period
    model: str
    where: dict[str, str] = field(default_factory=dict)

    async def keys(self, session: AsyncSession) -> dict[str, str]:
        """``where`` with the title's id in place of its slug."""
        found = dict(self.where)
        if "title" in found:
            slug = found["title"]
            id = await session.scalar(select(Title.id).filter_by(slug=slug))
            found["title"] = str(id or UUID(int=0)) if not _is_id(slug) else slug
        return found

    async def slice(self, session: AsyncSession) -> Slice:
        keys = await self.keys(session)
        title = keys.pop("title", None)
        channel = keys.pop("channel", None)
        title_id = UUID(title) if title else None
        return Slice(self.period.first, self.period.last, title_id, channel, tuple(sorted(keys.items())))

    def address(self, path: str, **change: str | None) -> str:
        """``path`` for this view, with parameters changed, added or (None) left out."""
        model = None if self.model == DEFAULT_MODEL else self.model
        return self.period.address(path, **({**self.where, "model": model} | change))

    async def narrowed(self, session: AsyncSession) -> list[tuple[str, str, str]]:
        """What it is narrowed to, for people: dimension, what that is called, what its key is called."""
        keys = await self.keys(session)
        names = {name: await labels(session, name, [key]) for name, key in keys.items()}
        return [(name, DIMENSIONS[name].one, names[name].get(key, key)) for name, key in keys.items()]


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def chosen_view(
    request: Request,
    period: str | None = None,
    model: str | None = None,
    first: Annotated[str | None, Query(alias="from")] = None,
    last: Annotated[str | None, Query(alias="to")] = None,
) -> View:
    """A dependency: the view that the address asks for."""
    asked = {name: request.query_params.get(name, "").replace("\0", "")[:MOST_LETTERS] for name in NARROWING}
    chosen = model if model in MODELS else DEFAULT_MODEL
    where = {name: key for name, key in asked.items() if key}
    return View(chosen_period(utc_now().date(), period, first, last), chosen, where)


Viewed = Annotated[View, Depends(chosen_view)]
