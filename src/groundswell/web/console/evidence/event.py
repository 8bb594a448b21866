"""The last step of an audit: one counted event as it was logged; and finance's lists as files."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from groundswell.accounts.actors import actor_names
from groundswell.earnings import statements
from groundswell.earnings.balances import due_to_creators
from groundswell.insights.reports.event_rows import find_event
from groundswell.moments.lookup import moment_by_id
from groundswell.platform.csv_response import csv_file
from groundswell.platform.problems import NotFound
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.shares.channels import channel_name
from groundswell.shares.links import share_url, token_of
from groundswell.shares.listing import find_share_by_id
from groundswell.web.console.finance.overview import Finance
from groundswell.web.console.shell import ConsoleRoute
from groundswell.web.templating import page

router = APIRouter(prefix="/console/finance", route_class=ConsoleRoute)

EVERYTHING = 1_000_000


@router.get("/events/{event_id}")
async def read_event(
    request: Request, event_id: UUID, session: DbSession, caller: Finance, at: Annotated[datetime, Query()]
) -> Response:
    """One event: what happened, by which link, and who it was taken for. ``at`` tells where it is kept."""
    settings = services_of(request).settings
    found = await find_event(session, event_id, at)
    if found is None:
        raise NotFound("There is no such event.")
    event = found.logged
    share = await find_share_by_id(session, event.share_id) if event.share_id else None
    return page(
        request,
        "console/evidence/event.html",
        caller=caller,
        event=event,
        current=found.current,
        verdicts=found.verdicts,
        moment=await moment_by_id(session, event.moment_id) if event.moment_id else None,
        share=share,
        share_url=share_url(settings, token_of(settings, share.code)) if share else None,
        channel=channel_name,
    )


@router.get("/statements/{statement_id}/evidence.csv")
async def download_evidence(
    statement_id: UUID, session: DbSession, caller: Finance, moment: UUID | None = None, period: str | None = None
) -> Response:
    """Everything that was counted for a statement, or for one of its lines."""
    statement = await statements.detail(session, statement_id)
    chosen: dict[str, Any] = {"moment_id": moment, "period": period}
    rows = await statements.evidence(session, statement_id, **chosen, after=None, limit=EVERYTHING)
    return csv_file(
        f"statement-{statement.period}-{statement.creator.handle}-evidence",
        ("id", "kind", "at", "weight", "unit"),
        ((row.id, row.kind, row.at.isoformat(), row.weight, statement.unit) for row in rows),
    )


@router.get("/statements/{statement_id}/lines.csv")
async def download_lines(statement_id: UUID, session: DbSession, caller: Finance) -> Response:
    """A statement, a line for each moment."""
    statement = await statements.detail(session, statement_id)
    header = (
        "moment",
        "caption",
        "title",
        "start_us",
        "end_us",
        "period",
        "weight",
        "unit",
        "amount_minor",
        "currency",
    )
    return csv_file(
        f"statement-{statement.period}-{statement.creator.handle}",
        header,
        (
            (
                line.moment_id,
                line.caption,
                line.title,
                line.start_us,
                line.end_us,
                line.period,
                line.weight,
                statement.unit,
                line.amount_minor,
                statement.currency,
            )
            for line in statement.lines
        ),
    )


@router.get("/pools.csv")
async def download_pools(session: DbSession, caller: Finance) -> Response:
    """Every pool."""
    header = ("pool", "period", "status", "basis", "counted", "statements", "amount_minor", "left_minor", "currency")
    rows = await statements.pools(session, None, None, EVERYTHING)
    return csv_file(
        "pools",
        header,
        (
            (p.id, p.period, p.status, p.basis, p.weight, p.statements, p.amount_minor, p.left_minor, p.currency)
            for p in rows
        ),
    )


@router.get("/dues.csv")
async def download_dues(session: DbSession, caller: Finance) -> Response:
    """What every creator is due now."""
    rows = await due_to_creators(session, EVERYTHING)
    return csv_file(
        "due-to-creators",
        ("creator", "handle", "due_minor", "currency", "minimum_minor", "payable"),
        ((d.creator.display_name, d.creator.handle, d.due_minor, d.currency, d.minimum_minor, d.payable) for d in rows),
    )


@router.get("/payouts.csv")
async def download_payouts(session: DbSession, caller: Finance) -> Response:
    """Every payout."""
    rows = await statements.newest_payouts(session)
    people = await actor_names(session, [row.paid_by for row in rows])
    return csv_file(
        "payouts",
        ("payout", "at", "creator", "handle", "reference", "recorded_by", "amount_minor", "currency"),
        (
            (
                r.id,
                r.created_at.isoformat(),
                r.creator.display_name,
                r.creator.handle,
                r.reference,
                people[r.paid_by],
                r.amount_minor,
                r.currency,
            )
            for r in rows
        ),
    )
