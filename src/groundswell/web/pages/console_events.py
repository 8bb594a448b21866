"""The rows behind the loop's numbers: events as logged, and the cascade that a share belongs to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import ColumnElement, Text, cast, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.tables import Title
from groundswell.catalog.titles import as_uuid
from groundswell.events.event import KINDS
from groundswell.events.standing import later_verdicts, standing
from groundswell.events.tables import LoggedEvent
from groundswell.insights.evidence import cascade_of
from groundswell.insights.rows import conditions as narrowing
from groundswell.platform.clock import utc_now
from groundswell.platform.problems import NotFound
from groundswell.platform.routing import DbSession
from groundswell.shares.tables import Share
from groundswell.web.templating import page

from .console import ConsoleRoute, channel_name
from .console_conversions import KINDS as KIND_NAMES
from .console_conversions import Marketer
from .console_files import table_file
from .console_period import Period, chosen_period
from .console_tree import lay_out

router = APIRouter(prefix="/console", route_class=ConsoleRoute)

PAGE = 100
EVERY = 100_000
NARROWER = ("moment", "scene", "maker", "sharer", "territory", "generation", "cohort", "campaign")
"""Campaigns, and dimensions of the reports that need more than a column of the log to be told apart."""

VERDICTS = {"human": "People", "robot": "Robots", "unfurl": "Link previews"}


@dataclass
class EventFilter:
    """Which events, from the parameters of an address; what cannot be read is left out."""

    kind: str | None = None
    verdict: str | None = None
    title: str | None = None
    channel: str | None = None
    share: str | None = None
    moment: str | None = None
    scene: str | None = None
    maker: str | None = None
    sharer: str | None = None
    territory: str | None = None
    generation: str | None = None
    cohort: str | None = None
    campaign: str | None = None
    shared: bool = False
    period: str | None = None
    first: Annotated[str | None, Query(alias="from")] = None
    last: Annotated[str | None, Query(alias="to")] = None

    def chosen(self) -> Period:
        return chosen_period(utc_now().date(), self.period, self.first, self.last)

    def parameters(self) -> dict[str, str | None]:
        """Everything but the period, as parameters of an address."""
        text = {name: getattr(self, name) for name in ("kind", "verdict", "title", "channel", "share", *NARROWER)}
        return text | {"shared": "1" if self.shared else None}

    async def conditions(self, session: AsyncSession) -> list[ColumnElement[bool]]:
        period = self.chosen()
        given = [LoggedEvent.at >= period.begin, LoggedEvent.at < period.end]
        if self.kind in KINDS:
            given.append(LoggedEvent.kind == self.kind)
        if self.verdict in VERDICTS:
            given.append(standing() == self.verdict)
        if self.channel:
            given.append(LoggedEvent.channel == self.channel)
        if self.title:
            title = await session.scalar(select(Title.id).filter_by(slug=self.title))
            given.append(LoggedEvent.title_id == title)
        if self.share:
            given.append(LoggedEvent.share_id == as_uuid(self.share))
        if self.shared:
            given.append(LoggedEvent.share_id.is_not(None))
        where = {name: getattr(self, name).replace("\0", "") for name in NARROWER if getattr(self, name)}
        return given + await narrowing(session, LoggedEvent, where)


Chosen = Annotated[EventFilter, Depends()]


@router.get("/events")
async def list_events(
    request: Request, session: DbSession, caller: Marketer, chosen: Chosen, before: str | None = None
) -> Response:
    """Events as logged, newest first."""
    conditions = await chosen.conditions(session)
    query = select(LoggedEvent).where(*conditions)
    query = query.order_by(LoggedEvent.at.desc(), LoggedEvent.id.desc()).limit(PAGE)
    if (last := read_place(before)) is not None:
        query = query.where(tuple_(LoggedEvent.at, LoggedEvent.id) < last)
    rows = (await session.scalars(query)).all()
    later = await later_verdicts(session, [(event.at, event.id) for event in rows])
    period, parameters = chosen.chosen(), chosen.parameters()
    older = f"{rows[-1].at.isoformat()}_{rows[-1].id}" if len(rows) == PAGE else None
    return page(
        request,
        "console/events.html",
        caller=caller,
        rows=rows,
        later=later,
        numbers=await _numbers(session, conditions),
        chosen=chosen,
        period=period,
        titles={title.id: title.name for title in await session.scalars(select(Title))},
        older=period.address("/console/events", **parameters, before=older) if older else None,
        file=lambda kind: period.address(f"/console/events.{kind}", **parameters),
        channel=channel_name,
        kinds=KIND_NAMES,
        verdicts=VERDICTS,
    )


async def _numbers(session: AsyncSession, conditions: list[ColumnElement[bool]]) -> tuple[int, int]:
    """How many events, and of how many visitors, as the loop's numbers count them (a visitor is one for a day)."""
    who = func.coalesce(LoggedEvent.visitor, cast(LoggedEvent.id, Text))
    events, visitors = (
        await session.execute(select(func.count(), func.count(who.distinct())).where(*conditions))
    ).one()
    return events, visitors


def read_place(text: str | None) -> tuple[datetime, UUID] | None:
    """The (instant, id) after which an older page begins; None when it cannot be read."""
    at, _, id = (text or "").rpartition("_")
    key = as_uuid(id)
    try:
        instant = datetime.fromisoformat(at.replace(" ", "+"))
    except ValueError:
        return None
    return None if key is None or instant.tzinfo is None else (instant, key)


@router.get("/events.{kind_of_file}")
async def download_events(kind_of_file: str, session: DbSession, caller: Marketer, chosen: Chosen) -> Response:
    """The newest events of the filter, as ``csv`` or ``parquet``."""
    header = "at id kind share_id moment_id title_id visitor viewer_id channel territory amount_minor currency verdict"
    names = f"{header} verdict_reason verdict_rule".split()
    query = select(*(getattr(LoggedEvent, name) for name in names)).where(*await chosen.conditions(session))
    rows = await session.execute(query.order_by(LoggedEvent.at.desc(), LoggedEvent.id.desc()).limit(EVERY))
    return table_file("events", kind_of_file, names, (tuple(row) for row in rows))


@router.get("/shares/{share_id}")
async def read_share(request: Request, share_id: UUID, session: DbSession, caller: Marketer) -> Response:
    """The cascade that a share belongs to, and what each share of it brought."""
    if await session.get(Share, share_id) is None:
        raise NotFound("There is no such share.")
    cascade = await cascade_of(session, share_id)
    parents = {id: seen.share.parent_id for id, seen in cascade.shares.items()}
    return page(
        request,
        "console/cascade.html",
        caller=caller,
        cascade=cascade,
        drawing=lay_out(parents, [seen.share.id for seen in cascade.way]),
        channel=channel_name,
    )
