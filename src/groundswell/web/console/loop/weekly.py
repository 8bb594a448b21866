"""One week on paper: what shares brought, against the week before, and what to look into. Made to be printed."""

from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response

from groundswell.accounts.staff_roles import vouched_addresses
from groundswell.insights import weekly_mail
from groundswell.insights.experiments.experiment import incremental
from groundswell.insights.reports.weekly import weekly_report
from groundswell.platform.clock import day_of, utc_now
from groundswell.platform.mail import address_of
from groundswell.platform.problems import Problem
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.web.console.evidence.conversion import KINDS, Marketer
from groundswell.web.console.filters import asked_period
from groundswell.web.console.reader_names import names_for
from groundswell.web.console.reader_zone import ReaderZone
from groundswell.web.console.shell import ConsoleRoute
from groundswell.web.responses import see_other
from groundswell.web.templating import page
from groundswell.web.wording import counted

router = APIRouter(prefix="/console/weekly", route_class=ConsoleRoute)


class AddressInvalid(Problem):
    status, code, title = 422, "mail_address_invalid", "This is no address to which mail can be sent."


@router.get("")
async def weekly(
    request: Request, session: DbSession, caller: Marketer, zone: ReaderZone, week: str | None = None
) -> Response:
    """The week that begins on the Monday named, by default the last one that is over."""
    today, services = day_of(utc_now(), zone), services_of(request)
    monday = monday_of(week, today, zone)
    found = await weekly_report(services.runtime, monday, today, zone, names_for(request, caller))
    report = found.report
    shown: dict[str, Any] = {"report": report, "lines": found.lines, "tops": found.tops, "movers": found.movers}
    return page(
        request,
        "console/loop/weekly.html",
        caller=caller,
        monday=monday,
        whole=found.whole,
        weeks=[monday + timedelta(days=7 * n) for n in (-1, 1)],
        current=today,
        changed_before=found.before.changed,
        mailed=await weekly_mail.recipient(session, caller.id) if services.settings.smtp_url else None,
        can_mail=bool(services.settings.smtp_url),
        vouched=await vouched_addresses(session, caller.id) if services.settings.smtp_url else [],
        domains=services.settings.mail_domains,
        mail_lasts=counted(services.settings.mail_days, "day"),
        kinds=KINDS,
        incremental=await incremental(session, report.first, report.last, whole=True, zone=zone),
        **shown,
    )


class AddressNotVouched(Problem):
    status, code = 422, "mail_address_not_vouched"
    title = "Reports are mailed only to an address that your provider has verified, or of a domain that is allowed."


@router.post("/mail")
async def mail_to(
    request: Request, session: DbSession, caller: Marketer, address: Annotated[str, Form(max_length=320)]
) -> Response:
    """Have the report mailed to oneself, every Monday; another address takes the place of the one before."""
    try:
        to = address_of(address)
    except ValueError as unreadable:
        raise AddressInvalid(str(unreadable)) from None
    if not await weekly_mail.may_go_to(session, services_of(request).settings, caller.id, to):
        raise AddressNotVouched()
    await weekly_mail.subscribe(session, caller.id, to)
    return see_other("/console/weekly#mail")


@router.post("/mail/stop")
async def stop_mail(session: DbSession, caller: Marketer) -> Response:
    """No longer."""
    await weekly_mail.unsubscribe(session, caller.id)
    return see_other("/console/weekly#mail")


def monday_of(text: str | None, today: date, zone: str) -> date:
    """The Monday of the day that ``text`` names, or of last week.

    Raises:
        FilterInvalid: it names none.
    """
    asked = asked_period(None, text, text, zone)
    day = asked.first if text else today - timedelta(days=7)
    return day - timedelta(days=day.weekday())
