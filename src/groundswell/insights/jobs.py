"""Closing periods, and mailing the weekly report."""

from datetime import date, timedelta
from uuid import UUID

from procrastinate import JobContext

from groundswell.platform.clock import day_of, utc_now
from groundswell.platform.jobs import WHENEVER, defer, periodic, task
from groundswell.platform.runtime import runtime_of
from groundswell.platform.trusted_clock import time_to_destroy

from . import weekly_mail
from .reports.closed_periods import forget_closed
from .reports.loop import loop_report
from .reports.report_filter import Slice

__all__ = ["close_periods", "mail_weekly", "queue_mail"]


@periodic("insights.close_periods", cron="29 * * * *")
async def close_periods(context: JobContext, timestamp: int) -> None:
    """Every hour, tell last week and last month, so that what is told of them later is set against how they closed."""
    runtime = runtime_of(context)
    for slice in closed_by(day_of(utc_now(), runtime.settings.time_zone), runtime.settings.time_zone):
        await loop_report(runtime, slice)
    if (now := await time_to_destroy(runtime.database, "figures of old periods")) is not None:
        async with runtime.database.transaction() as session:
            await forget_closed(session, now)


def closed_by(today: date, zone: str) -> list[Slice]:
    """Last week and last month, as of ``today``, a day of ``zone``."""
    monday = today - timedelta(days=today.weekday() + 7)
    end = today.replace(day=1) - timedelta(days=1)
    return [Slice(monday, monday + timedelta(days=6), zone=zone), Slice(end.replace(day=1), end, zone=zone)]


@periodic("insights.queue_weekly_mail", cron="*/10 * * * *")
async def queue_mail(context: JobContext, timestamp: int) -> None:
    """Queue the report of last week for everybody to whom it is due, with the note that it is: so once. Who may not
    read it any more is sent it no longer."""
    runtime = runtime_of(context)
    if runtime.settings.smtp_url is None:
        return
    async with runtime.database.transaction() as session:
        now = utc_now()
        await weekly_mail.drop_lapsed(session, runtime.settings, now)
        for viewer_id, week in await weekly_mail.due(session, now, runtime.settings):
            await defer(session, mail_weekly, priority=WHENEVER, viewer_id=str(viewer_id), week=week.isoformat())


@task("insights.mail_weekly")
async def mail_weekly(context: JobContext, viewer_id: str, week: str) -> None:
    """Mail the report of a week to somebody; a server that does not take it is tried again."""
    await weekly_mail.deliver(runtime_of(context), UUID(viewer_id), date.fromisoformat(week), utc_now())
