"""The rows behind the loop's numbers: events as logged, and the cascade that a share belongs to."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog import directory
from groundswell.events.event import KINDS
from groundswell.insights.reports.breakdown import UNKNOWN
from groundswell.insights.reports.event_rows import EventQuery, columns_of_events, counts, page_of_events
from groundswell.insights.reports.evidence import cascade_of
from groundswell.platform.problems import NotFound
from groundswell.platform.routing import DbSession
from groundswell.shares.channels import channel_name
from groundswell.shares.listing import find_share_by_id
from groundswell.web.console.downloads import table_file
from groundswell.web.console.filters import asked_id, asked_period, asked_title, one_of, read_place
from groundswell.web.console.reader_zone import ReaderZone
from groundswell.web.console.shell import ConsoleRoute
from groundswell.web.period import Period
from groundswell.web.templating import page

from .cascade_layout import lay_out
from .conversion import KINDS as KIND_NAMES
from .conversion import Marketer

router = APIRouter(prefix="/console", route_class=ConsoleRoute)

PAGE = 100
EVERY = 100_000
NARROWER = ("moment", "scene", "maker", "sharer", "territory", "generation", "cohort", "campaign")
"""Campaigns, and dimensions of the reports that need more than a column of the log to be told apart."""

VERDICTS = {"human": "People", "robot": "Robots", "unfurl": "Link previews"}


@dataclass
class EventFilter:
    """Which events, from the parameters of an address."""

    zone: ReaderZone
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
        return asked_period(self.period, self.first, self.last, self.zone)

    def parameters(self) -> dict[str, str | None]:
        """Everything but the period, as parameters of an address."""
        text = {name: getattr(self, name) for name in ("kind", "verdict", "title", "channel", "share", *NARROWER)}
        return text | {"shared": "1" if self.shared else None}

    async def query(self, session: AsyncSession) -> EventQuery:
        """The events asked for; a share that is not there has none."""
        period = self.chosen()
        where = {name: getattr(self, name).replace("\0", "") for name in NARROWER if getattr(self, name)}
        if self.channel:
            where["channel"] = self.channel
        if self.title:
            where["title"] = self.title if self.title == UNKNOWN else str(await asked_title(session, self.title))
        return EventQuery(
            period.begin,
            period.end,
            kind=one_of("kind", self.kind, KINDS, None),
            verdict=one_of("verdict", self.verdict, VERDICTS, None),
            shared=self.shared,
            share_id=asked_id("share", self.share),
            where=where,
            zone=period.zone,
        )


Chosen = Annotated[EventFilter, Depends()]


@router.get("/events")
async def list_events(
    request: Request, session: DbSession, caller: Marketer, chosen: Chosen, before: str | None = None
) -> Response:
    """Events with their current verdicts, newest first."""
    asked = await chosen.query(session)
    rows = await page_of_events(session, asked, PAGE, read_place(before))
    period, parameters = chosen.chosen(), chosen.parameters()
    older = f"{rows[-1].at.isoformat()}_{rows[-1].id}" if len(rows) == PAGE else None
    return page(
        request,
        "console/evidence/events.html",
        caller=caller,
        rows=rows,
        numbers=await counts(session, asked),
        chosen=chosen,
        period=period,
        titles=await directory.names(session),
        older=period.address("/console/events", **parameters, before=older) if older else None,
        file=lambda kind: period.address(f"/console/events.{kind}", **parameters),
        channel=channel_name,
        kinds=KIND_NAMES,
        verdicts=VERDICTS,
    )


@router.get("/events.{kind_of_file}")
async def download_events(kind_of_file: str, session: DbSession, caller: Marketer, chosen: Chosen) -> Response:
    """The newest events of the filter, as ``csv`` or ``parquet``."""
    header = "at id kind share_id moment_id title_id visitor viewer_id channel territory amount_minor currency verdict"
    names = f"{header} verdict_reason verdict_rule logged_verdict".split()
    rows = await columns_of_events(session, await chosen.query(session), names, EVERY)
    return table_file("events", kind_of_file, names, rows)


@router.get("/shares/{share_id}")
async def read_share(request: Request, share_id: UUID, session: DbSession, caller: Marketer) -> Response:
    """The cascade that a share belongs to, and what each share of it brought."""
    if await find_share_by_id(session, share_id) is None:
        raise NotFound("There is no such share.")
    cascade = await cascade_of(session, share_id)
    parents = {id: seen.share.parent_id for id, seen in cascade.shares.items()}
    return page(
        request,
        "console/evidence/cascade.html",
        caller=caller,
        cascade=cascade,
        drawing=lay_out(parents, [seen.share.id for seen in cascade.way]),
        channel=channel_name,
    )
