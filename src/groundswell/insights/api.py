"""Reports over HTTP: for marketers, and for the service's own dashboards by key."""

from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import select

from groundswell.attribution.models import DEFAULT_MODEL
from groundswell.attribution.tables import Conversion
from groundswell.catalog.titles import find_title
from groundswell.platform.clock import ZoneName, day_of, utc_now
from groundswell.platform.pages import Cursor, Limit, Page, decode_cursor, next_cursor
from groundswell.platform.problems import NotFound
from groundswell.platform.routing import DbSession, TransactionalRoute
from groundswell.platform.services import services_of
from groundswell.shares.links import find_share
from groundswell.shares.tables import Share

from .access import reader
from .experiments import experiments_api
from .reports.breakdown import breakdown
from .reports.conversions import one, recent
from .reports.evidence import Cascade, cascade_of, evidence_of
from .reports.loop import EARLIEST, Slice, loop_report
from .schemas import Breakdown, CascadeOut, ConversionRow, CreditOut, EvidenceOut, LoopReport, ShareNode, TouchOut

reports = APIRouter(prefix="/v1/reports", tags=["reports"], route_class=TransactionalRoute)

DEFAULT_DAYS = 30


async def slice_of(
    request: Request,
    session: DbSession,
    first: Annotated[date | None, Query(alias="from", description="First day; by default 30 days back.")] = None,
    last: Annotated[date | None, Query(alias="to", description="Last day, included; by default today.")] = None,
    title: Annotated[str | None, Query(description="Only this title, by slug or id.")] = None,
    channel: Annotated[str | None, Query(description="Only shares to this channel.", max_length=64)] = None,
    zone: Annotated[
        ZoneName | None, Query(description="Time zone that cuts days (IANA); by default the service's.", max_length=60)
    ] = None,
) -> Slice:
    """The period, title and channel that a report is asked about."""
    zone = zone or services_of(request).settings.time_zone
    last = last or day_of(utc_now(), zone)
    title_id = (await find_title(session, title)).id if title else None
    if first is None:
        first = max(last, EARLIEST) - timedelta(days=DEFAULT_DAYS - 1)
    return Slice(first, last, title_id, channel, zone=zone)


Reader = Depends(reader)
Asked = Annotated[Slice, Depends(slice_of)]


@reports.get("/loop", dependencies=[Reader])
async def read_loop(request: Request, asked: Asked, model: str = DEFAULT_MODEL) -> LoopReport:
    """How the loop turned: shares, link previews, clicks, plays, sign-ups, payments and revenue over a period, by day,
    channel and title, with K and the cycle time. Every number says what it counts; `as_of` says how fresh they are."""
    return await loop_report(services_of(request).runtime, asked, model)


@reports.get("/by/{dimension}", dependencies=[Reader])
async def read_breakdown(
    request: Request,
    asked: Asked,
    dimension: str,
    model: str = DEFAULT_MODEL,
    other_model: str | None = None,
    rank: str = "subscription",
) -> Breakdown:
    """The funnel by channel, scene, moment, title, maker, sharer, territory, generation, cohort (week of sharing) or
    day, ranked by `rank`; `other_model` sets another credit model's ranks beside them."""
    return await breakdown(services_of(request).runtime, asked, dimension, model, other_model, rank)


@reports.get("/conversions", dependencies=[Reader])
async def read_conversions(
    session: DbSession, asked: Asked, cursor: Cursor = None, limit: Limit = 50
) -> Page[ConversionRow]:
    """Conversions, newest first, each with the share that the last-touch model credits."""
    rows = await recent(session, asked, limit, decode_cursor(cursor))
    return Page(items=rows, next=next_cursor(rows, limit))


@reports.get("/conversions/{conversion_id}", dependencies=[Reader])
async def read_evidence(session: DbSession, conversion_id: UUID) -> EvidenceOut:
    """The evidence behind a conversion: touches and their verdicts, credit by every model, the tree of re-shares."""
    shown = await one(session, conversion_id)
    found = await evidence_of(session, await session.get_one(Conversion, conversion_id))
    touches = [
        TouchOut(
            id=seen.touch.id,
            event_id=seen.touch.event_id,
            at=seen.touch.at,
            share_id=seen.share.id if seen.share else None,
            channel=seen.channel,
            generation=seen.share.generation if seen.share else None,
            matched_by=seen.touch.matched_by,
            certain=seen.certain,
            **dict(zip(("verdict", "verdict_reason", "verdict_rule"), seen.verdict or (None, None, None), strict=True)),
        )
        for seen in found.touches
    ]
    credits = [
        CreditOut.model_validate(credit, from_attributes=True) for rows in found.credits.values() for credit in rows
    ]
    return EvidenceOut(
        conversion=shown, touches=touches, credits=credits, cascade=found.cascade and cascade_out(found.cascade)
    )


@reports.get("/cascades/{share}", dependencies=[Reader])
async def read_cascade(request: Request, session: DbSession, share: str) -> CascadeOut:
    """The tree of re-shares that a share (its id or token) belongs to, with what each brought."""
    return cascade_out(await cascade_of(session, await _share_id(request, session, share)))


async def _share_id(request: Request, session: DbSession, name: str) -> UUID:
    try:
        id = UUID(name)
    except ValueError:
        return (await find_share(session, services_of(request).settings, name)).id
    if await session.scalar(select(Share.id).filter_by(id=id)) is None:
        raise NotFound("There is no such share.")
    return id


def cascade_out(cascade: Cascade) -> CascadeOut:
    nodes = [
        ShareNode(
            id=seen.share.id,
            parent_id=seen.share.parent_id,
            generation=seen.share.generation,
            channel=seen.share.channel,
            sharer=seen.sharer,
            at=seen.share.created_at,
            counts=seen.steps(),
        )
        for seen in cascade.shares.values()
    ]
    return CascadeOut(
        root_id=cascade.root_id,
        title=cascade.title.name,
        moment_code=cascade.moment.code,
        shares_total=cascade.total,
        depth=cascade.depth,
        nodes=nodes,
        way=[seen.share.id for seen in cascade.way],
    )


router = APIRouter()
router.include_router(reports)
router.include_router(experiments_api.router)
