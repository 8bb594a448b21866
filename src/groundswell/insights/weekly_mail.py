"""The weekly report by mail: to whoever wants it, each Monday morning of their time zone, once."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, get_currency_precision
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from sqlalchemy import Row, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.preferences import chosen_zone
from groundswell.accounts.tables import StaffPreference
from groundswell.platform.mail import message, send
from groundswell.platform.runtime import Runtime

from .reports.weekly import WeeklyReport, weekly_report
from .tables import WeeklyMail, WeeklyRecipient

AT = time(8)
"""When it is due, by the recipient's clocks, on the Monday after the week."""

LOCALE = "en"


async def recipient(session: AsyncSession, viewer_id: UUID) -> str | None:
    """The address to which somebody has it mailed; None when they have not."""
    address: str | None = await session.scalar(select(WeeklyRecipient.address).filter_by(viewer_id=viewer_id))
    return address


async def subscribe(session: AsyncSession, viewer_id: UUID, address: str) -> None:
    """Mail it to somebody from the next Monday on."""
    row = insert(WeeklyRecipient).values(viewer_id=viewer_id, address=address)
    await session.execute(row.on_conflict_do_update(index_elements=["viewer_id"], set_={"address": address}))


async def unsubscribe(session: AsyncSession, viewer_id: UUID) -> None:
    """Mail it to them no longer; what was sent is not forgotten, lest it be sent again."""
    await session.execute(delete(WeeklyRecipient).filter_by(viewer_id=viewer_id))


async def due(session: AsyncSession, now: datetime, service_zone: str) -> list[tuple[UUID, date]]:
    """To whom the report of which week is due at ``now`` and was not before: noted here, once, as theirs."""
    rows: Sequence[Row[WeeklyRecipient, str | None]] = (
        await session.execute(
            select(WeeklyRecipient, StaffPreference.time_zone).outerjoin(
                StaffPreference, StaffPreference.viewer_id == WeeklyRecipient.viewer_id
            )
        )
    ).all()
    found = []
    for subscribed, own in rows:
        week = week_due(now, own or service_zone, subscribed.created_at)
        if week is not None and await _note(session, subscribed.viewer_id, week):
            found.append((subscribed.viewer_id, week))
    return found


def week_due(now: datetime, zone: str, since: datetime) -> date | None:
    """The Monday of the last week whose report is due at ``now``; None when they asked for it only after that."""
    here = now.astimezone(ZoneInfo(zone))
    monday = here.date() - timedelta(days=here.weekday())
    if here < datetime.combine(monday, AT, here.tzinfo):
        monday -= timedelta(days=7)
    return None if since > datetime.combine(monday, AT, here.tzinfo) else monday - timedelta(days=7)


async def _note(session: AsyncSession, viewer_id: UUID, week: date) -> bool:
    new = insert(WeeklyMail).values(viewer_id=viewer_id, week=week).on_conflict_do_nothing()
    return await session.scalar(new.returning(WeeklyMail.week)) is not None


async def deliver(runtime: Runtime, viewer_id: UUID, week: date, now: datetime) -> bool:
    """Send the report of a week to somebody, unless it was; False when there is nothing to send.

    The row is held while the server takes the mail. If we are killed before that is written down, the next attempt
    sends it again, under the same Message-ID.
    """
    async with runtime.database.transaction() as session:
        query = select(WeeklyMail).filter_by(viewer_id=viewer_id, week=week).with_for_update()
        mail, address = await session.scalar(query), await recipient(session, viewer_id)
        if mail is None or mail.sent_at is not None or address is None:
            return False
        zone = await chosen_zone(session, viewer_id) or runtime.settings.time_zone
        report = await weekly_report(runtime, week, now.astimezone(ZoneInfo(zone)).date(), zone)
        await send(
            runtime.settings,
            message(
                address,
                f"{runtime.settings.service_name}: the week of {_day(week)}",
                rendered("weekly_mail.txt", runtime, report),
                rendered("weekly_mail.html", runtime, report),
                name=f"weekly-{week}-{viewer_id}",
                settings=runtime.settings,
            ),
        )
        mail.sent_at = now
        return True


def rendered(template: str, runtime: Runtime, report: WeeklyReport) -> str:
    """The report as text or HTML."""
    base = runtime.settings.base_url.rstrip("/")
    return _environment.get_template(template).render(
        week=report, service_name=runtime.settings.service_name, address=f"{base}/console/weekly?week={report.monday}"
    )


def _number(value: float) -> str:
    return format_decimal(round(value, 1), locale=LOCALE)


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{_number(value)}"


def _money(minor: int, currency: str) -> str:
    return format_currency(minor / 10 ** get_currency_precision(currency), currency, locale=LOCALE)


def _day(day: date) -> str:
    return format_date(day, "d MMM yyyy", locale=LOCALE)


def _made() -> Environment:
    loader = FileSystemLoader(Path(__file__).parent / "templates" / "console")
    made = Environment(loader=loader, autoescape=select_autoescape(["html"]), undefined=StrictUndefined)
    made.trim_blocks = made.lstrip_blocks = True
    made.filters.update({"number": _number, "signed": _signed, "money": _money, "day": _day})
    return made


_environment = _made()
