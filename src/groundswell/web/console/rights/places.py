"""Where rights rules speak, as the console's addresses name it, and the rules and titles of a place."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog import directory, titles
from groundswell.catalog.tables import RightsRule, Title
from groundswell.platform.problems import NotFound

EVERY = 100_000


@dataclass(frozen=True)
class RulePlace:
    """A scope and what it names: ``key`` in the table, ``slug`` in addresses, ``name`` for people, ``names`` for the
    API (``{"title": "fog"}``)."""

    scope: str
    key: str
    slug: str
    name: str
    names: dict[str, Any]

    @property
    def address(self) -> str:
        return f"/console/rights/{self.scope}/{self.slug}"


async def place_named(session: AsyncSession, scope: str, name: str) -> RulePlace:
    """The place at ``/console/rights/{scope}/{name}``; a season is named ``<series slug>.<number>``.

    Raises:
        NotFound, TitleUnknown, SeriesUnknown: there is none.
    """
    if scope == "title":
        title = await titles.find_title(session, name)
        return RulePlace(scope, str(title.id), title.slug, title.name, {"title": title.slug})
    if scope == "series":
        series = await titles.find_series(session, name)
        return RulePlace(scope, str(series.id), series.slug, series.name, {"series": series.slug})
    slug, _, number = name.rpartition(".")
    if scope == "season" and number.isdecimal() and len(number) <= 4:
        series = await titles.find_series(session, slug)
        named = {"series": series.slug, "season": int(number)}
        where = f"{series.slug}.{int(number)}", f"{series.name}, season {int(number)}"
        return RulePlace(scope, f"{series.id}/{int(number)}", *where, named)
    if scope == "all" and name == "titles":
        return RulePlace(scope, "*", "titles", "Everything", {})
    raise NotFound("There is no such rule page.")


async def place_of(session: AsyncSession, rule: RightsRule) -> RulePlace:
    """The place that a rule speaks of."""
    key, _, season = rule.scope_key.partition("/")
    if rule.scope == "season":
        series = await titles.find_series(session, key)
        return await place_named(session, "season", f"{series.slug}.{season}")
    return await place_named(session, rule.scope, "titles" if rule.scope == "all" else key)


async def reach_of(session: AsyncSession, scope: str, key: str) -> list[Any]:
    """The titles that a rule of this place may speak of, as rows of (title, source, series)."""
    if scope == "all":
        return list(await titles.list_titles(session, limit=EVERY))
    if scope == "title":
        return await row_of(session, await titles.find_title(session, key))
    series, _, season = key.partition("/")
    rows = await titles.list_titles(session, limit=EVERY, series=UUID(series))
    return [row for row in rows if not season or row[0].season == int(season)]


async def row_of(session: AsyncSession, title: Title) -> list[Any]:
    return [(title, await titles.ready_source(session, title), await directory.series_of(session, title))]
