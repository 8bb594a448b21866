"""The transparency report over HTTP, and decisions as the DSA Transparency Database takes them."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from groundswell.accounts.access import Caller, staff
from groundswell.platform.clock import EARLIEST_DAY, LATEST_DAY, utc_now
from groundswell.platform.csv_response import csv_file
from groundswell.platform.problems import Invalid
from groundswell.platform.routing import DbSession, TransactionalRoute

from . import transparency
from .notice_schemas import TransparencyOut

router = APIRouter(prefix="/v1", tags=["trust"], route_class=TransactionalRoute)

Reader = Annotated[Caller, Depends(staff("reports.handle"))]
Day = Annotated[date | None, Query(description="UTC; by default the last 183 days, today included.")]

LONGEST = timedelta(days=732)
USUAL = timedelta(days=182)


class PeriodUnusable(Invalid):
    code, title = "period_unusable", "A report runs from one day to a later one, over two years at most."


def days_of(first: date | None, last: date | None) -> tuple[date, date]:
    """The days that are asked for.

    Raises:
        PeriodUnusable: see there.
    """
    until = last or utc_now().date()
    if not EARLIEST_DAY <= until <= LATEST_DAY:
        raise PeriodUnusable()
    since = first or max(EARLIEST_DAY, until - USUAL)
    if not EARLIEST_DAY <= since <= until or until - since > LONGEST:
        raise PeriodUnusable()
    return since, until


@router.get("/transparency")
async def read_transparency(caller: Reader, session: DbSession, first: Day = None, last: Day = None) -> TransparencyOut:
    """What was reported, decided and contested in a period, counted from decisions."""
    return TransparencyOut.model_validate(await transparency.counted(session, *days_of(first, last)))


@router.get("/transparency/statements.csv", response_class=Response)
async def export_statements(caller: Reader, session: DbSession, first: Day = None, last: Day = None) -> Response:
    """Each restriction of a period as a statement of reasons, in the columns of the DSA Transparency Database."""
    since, until = days_of(first, last)
    rows = [row async for row in transparency.statements(session, since, until)]
    return csv_file(f"statements-of-reasons-{since}-{until}", transparency.COLUMNS, rows)
