"""The weekly report by mail: to staff who want it and may read it, each Monday morning of their time zone, once.

It goes to nobody whose power is gone, or who has not signed in for ``mail_days``, and to no address but one that their
issuer has verified or whose domain is among ``mail_domains``. Every mail carries the way to stop it with one click
(RFC 8058), which asks for no sign-in.
"""

import hmac
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, get_currency_precision
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from sqlalchemy import Row, Select, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.person_names import PersonNames
from groundswell.accounts.preferences import chosen_zone
from groundswell.accounts.staff_roles import roles_said, vouched_addresses, with_power
from groundswell.accounts.tables import StaffPreference
from groundswell.platform.mail import message, send
from groundswell.platform.runtime import Runtime
from groundswell.platform.settings import Settings
from groundswell.platform.signatures import tag

from .reports.weekly import WeeklyReport, weekly_report
from .tables import WeeklyMail, WeeklyRecipient

AT = time(8)
"""When it is due, by the recipient's clocks, on the Monday after the week."""

LOCALE = "en"
POWER = "insights.view"
"""What somebody needs for it, as for the page."""
STOP, STOP_LENGTH = "weekly-stop", 22
log = structlog.get_logger(__name__)


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


async def may_go_to(session: AsyncSession, settings: Settings, viewer_id: UUID, address: str) -> bool:
    """Whether what is mailed to somebody may go to an address."""
    domains = {domain.lower().removeprefix("@") for domain in settings.mail_domains}
    if address.rpartition("@")[2].lower() in domains:
        return True
    vouched = await vouched_addresses(session, viewer_id)
    return address.lower() in {each.lower() for each in vouched}


def readers(settings: Settings, now: datetime) -> Select[UUID]:
    """A query for those who may still read the report while they are away."""
    return with_power(POWER, now, timedelta(days=settings.mail_days))


async def drop_lapsed(session: AsyncSession, settings: Settings, now: datetime) -> int:
    """End what goes to people who may not read it any more; returns how many it went to."""
    lapsed = delete(WeeklyRecipient).where(WeeklyRecipient.viewer_id.not_in(readers(settings, now)))
    return len((await session.execute(lapsed.returning(WeeklyRecipient.viewer_id))).all())


def stop_address(settings: Settings, viewer_id: UUID) -> str:
    """Where one click stops it, whoever is signed in: the address is signed, and holds for one person's mail."""
    token = tag(settings.secret, STOP, str(viewer_id), STOP_LENGTH)
    return f"{settings.base_url.rstrip('/')}/mail/weekly/{viewer_id}/{token}"


def stops(settings: Settings, viewer_id: UUID, token: str) -> bool:
    """Whether a stop address is one that we made."""
    made = (tag(secret, STOP, str(viewer_id), STOP_LENGTH) for secret in settings.secrets)
    return any(hmac.compare_digest(each.encode(), token.encode()) for each in made)


async def due(session: AsyncSession, now: datetime, settings: Settings) -> list[tuple[UUID, date]]:
    """To whom the report of which week is due at ``now`` and was not before: noted here, once, as theirs."""
    rows: Sequence[Row[WeeklyRecipient, str | None]] = (
        await session.execute(
            select(WeeklyRecipient, StaffPreference.time_zone)
            .outerjoin(StaffPreference, StaffPreference.viewer_id == WeeklyRecipient.viewer_id)
            .where(WeeklyRecipient.viewer_id.in_(readers(settings, now)))
        )
    ).all()
    found = []
    for subscribed, own in rows:
        week = week_due(now, own or settings.time_zone, subscribed.created_at)
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
        if not await _may_have(session, runtime.settings, viewer_id, address, now):
            log.warning("weekly_mail_withheld", viewer_id=str(viewer_id))
            return False
        zone = await chosen_zone(session, viewer_id) or runtime.settings.time_zone
        report = await weekly_report(
            runtime,
            week,
            now.astimezone(ZoneInfo(zone)).date(),
            zone,
            PersonNames.for_roles(await roles_said(session, viewer_id), runtime.settings.secret),
        )
        stop = stop_address(runtime.settings, viewer_id)
        await send(
            runtime.settings,
            message(
                address,
                f"{runtime.settings.service_name}: the week of {_day(week)}",
                rendered("weekly_mail.txt", runtime, report, stop),
                rendered("weekly_mail.html", runtime, report, stop),
                name=f"weekly-{week}-{viewer_id}",
                settings=runtime.settings,
                stop_at=stop,
            ),
        )
        mail.sent_at = now
        return True


async def _may_have(session: AsyncSession, settings: Settings, viewer_id: UUID, address: str, now: datetime) -> bool:
    allowed = await session.scalar(readers(settings, now).filter_by(viewer_id=viewer_id).limit(1))
    return allowed is not None and await may_go_to(session, settings, viewer_id, address)


def rendered(template: str, runtime: Runtime, report: WeeklyReport, stop: str) -> str:
    """The report as text or HTML; ``stop`` is where it is stopped."""
    base = runtime.settings.base_url.rstrip("/")
    return _environment.get_template(template).render(
        week=report,
        service_name=runtime.settings.service_name,
        address=f"{base}/console/weekly?week={report.monday}",
        stop=stop,
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
