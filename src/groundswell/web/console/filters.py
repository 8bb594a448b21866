"""What the console's pages are narrowed to, in their addresses: read in one way, and refused where it cannot be."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Depends, Query, Request
from fastapi.dependencies.models import Dependant
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.person_names import PersonNames
from groundswell.attribution.models import DEFAULT_MODEL, MODELS
from groundswell.catalog.titles import as_uuid, find_title
from groundswell.insights.reports.breakdown import UNKNOWN
from groundswell.insights.reports.dimensions import DIMENSIONS
from groundswell.insights.reports.labels import label_for, labels
from groundswell.insights.reports.report_filter import Slice
from groundswell.platform.clock import day_of, utc_now
from groundswell.platform.problems import Problem
from groundswell.web.period import Period, PeriodUnreadable, read_period

from .reader_zone import ReaderZone

NARROWING = tuple(name for name in DIMENSIONS if name != "day")
MOST_LETTERS = 100
ANYTHING = ("*",)

NOTHING = UUID(int=0)
"""The id of what is not there."""

D = TypeVar("D", str, None)
C = TypeVar("C", bound=Callable[..., Any])


class FilterUnknown(Problem):
    status, code, title = 422, "filter_unknown", "This page has no such filter."


class FilterInvalid(Problem):
    status, code, title = 422, "filter_invalid", "A filter in the address of this page cannot be read."


def reads(*names: str) -> Callable[[C], C]:
    """Declare that a page or dependency reads these parameters from the address by itself."""

    def declare(function: C) -> C:
        function.reads = names  # type: ignore[attr-defined]
        return function

    return declare


def refuse_unknown(request: Request) -> None:
    """Refuse parameters that the page does not know: a number narrowed by less than was asked for is a wrong number.

    Raises:
        FilterUnknown: names them, and what there is.
    """
    known = known_parameters(request.scope.get("route"))
    unknown = [] if known >= set(ANYTHING) else sorted(set(request.query_params) - known)
    if unknown and request.method in {"GET", "HEAD"}:
        there_is = f"There is {', '.join(sorted(known))}." if known else "There is none."
        raise FilterUnknown(f"{', '.join(name[:40] for name in unknown)}: {there_is}")


def known_parameters(route: object) -> set[str]:
    """The parameters that a page reads from its address; ``ANYTHING`` where that is not known."""
    dependant = getattr(route, "dependant", None)
    return set(ANYTHING) if dependant is None else set(_parameters(dependant))


def _parameters(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    yield from getattr(dependant.call, "reads", ())
    for each in dependant.dependencies:
        yield from _parameters(each)


def one_of(name: str, value: str | None, allowed: Iterable[str], default: D) -> str | D:
    """``value`` where it is one of ``allowed``; ``default`` where there is none.

    Raises:
        FilterInvalid: it is another.
    """
    if not value:
        return default
    if value not in (choices := list(allowed)):
        raise FilterInvalid(f"{name} is one of {', '.join(choices)}; not {value[:40]}.")
    return value


def asked_period(name: str | None, first: str | None, last: str | None, zone: str) -> Period:
    """The period that the address asks for, in days of ``zone``.

    Raises:
        FilterInvalid: it asks for one that there is not.
    """
    try:
        return read_period(day_of(utc_now(), zone), name, first, last, zone)
    except PeriodUnreadable as unreadable:
        raise FilterInvalid(str(unreadable)) from None


def asked_id(name: str, value: str | None) -> UUID | None:
    """The id that the address asks for.

    Raises:
        FilterInvalid: it is none.
    """
    if value and as_uuid(value) is None:
        raise FilterInvalid(f"{name} is an id.")
    return as_uuid(value) if value else None


async def asked_title(session: AsyncSession, value: str | None) -> UUID | None:
    """The title that the address asks for, by slug or id.

    Raises:
        TitleUnknown: there is none.
    """
    return (await find_title(session, value)).id if value else None


def read_place(text: str | None) -> tuple[datetime, UUID] | None:
    """The (instant, id) after which an older page begins.

    Raises:
        FilterInvalid: it cannot be read.
    """
    if not text:
        return None
    at, _, id = text.rpartition("_")
    key, instant = as_uuid(id), _instant(at)
    if key is None or instant is None:
        raise FilterInvalid("before is the place of a row, as the link to older rows has it.")
    return instant, key


def _instant(text: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        return None
    return instant if instant.tzinfo else None


@dataclass
class FilteredView:
    """What the reader chose. ``where``: dimension → key, a title by its slug."""

    period: Period
    model: str
    where: dict[str, str] = field(default_factory=dict)

    async def keys(self, session: AsyncSession) -> dict[str, str]:
        """``where`` with the title's id in place of its slug."""
        found = dict(self.where)
        if found.get("title") not in (None, UNKNOWN):
            found["title"] = str(await asked_title(session, found["title"]))
        return found

    async def slice(self, session: AsyncSession) -> Slice:
        keys = await self.keys(session)
        title = keys.pop("title", None)
        channel = keys.pop("channel", None)
        title_id = NOTHING if title == UNKNOWN else UUID(title) if title else None
        others = tuple(sorted(keys.items()))
        return Slice(self.period.first, self.period.last, title_id, channel, others, self.period.zone)

    def address(self, path: str, **change: str | None) -> str:
        """``path`` for this view, with parameters changed, added or (None) left out."""
        model = None if self.model == DEFAULT_MODEL else self.model
        return self.period.address(path, **({**self.where, "model": model} | change))

    async def narrowed(self, session: AsyncSession, people: PersonNames) -> list[tuple[str, str, str]]:
        """What it is narrowed to, for people: dimension, what that is called, what its key is called."""
        keys = await self.keys(session)
        names = {name: await labels(session, name, [key]) for name, key in keys.items()}
        return [
            (name, DIMENSIONS[name].one, label_for(people, name, key, names[name].get(key, key)))
            for name, key in keys.items()
        ]


@reads(*NARROWING)
def chosen_view(
    request: Request,
    zone: ReaderZone,
    period: str | None = None,
    model: str | None = None,
    first: Annotated[str | None, Query(alias="from")] = None,
    last: Annotated[str | None, Query(alias="to")] = None,
) -> FilteredView:
    """A dependency: the view that the address asks for."""
    asked = {name: request.query_params.get(name, "").replace("\0", "")[:MOST_LETTERS] for name in NARROWING}
    chosen = one_of("model", model, MODELS, DEFAULT_MODEL)
    where = {name: key for name, key in asked.items() if key}
    return FilteredView(asked_period(period, first, last, zone), chosen, where)


Viewed = Annotated[FilteredView, Depends(chosen_view)]
