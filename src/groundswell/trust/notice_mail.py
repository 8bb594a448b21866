"""What notifiers are mailed, in their language: that their notice came, what was decided, and a counter-notice.

Each is noted on the row it belongs to before it counts as sent. If we are killed between the server's word and that,
the next attempt sends it again, under the same Message-ID. Nothing that somebody else wrote is in a mail to an address
that nobody has verified, but for a counter-notice, which the law wants given on.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html import escape
from uuid import UUID

from babel.dates import format_date, format_datetime
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.locks import Lock, lock
from groundswell.platform.mail import message, send
from groundswell.platform.runtime import Runtime
from groundswell.platform.speech import Speech, marked, speech_of

from .grounds import ground_of
from .tables import CounterNotice, Decision, Report

CONFIRMED_MOST, WITHIN = 5, timedelta(days=1)
"""Confirmations to one address: anybody can name an address that is not theirs. Notices beyond it are taken all the
same, and answered when they are decided."""

DECIDED = {
    "hide": marked("It was taken down."),
    "hold": marked("It is held back until it has been looked at again."),
    "collapse": marked("It is shown only to those who ask for it."),
    "demote": marked("It is shown less."),
    "withhold": marked("No money is paid for it."),
    "keep": marked("It stays where it is."),
}
BY = {True: marked("It was decided by a program."), False: marked("It was decided by a person.")}


async def confirm(runtime: Runtime, report_id: UUID) -> bool:
    """Confirm that a notice came, unless that was done; False when there is nothing to send."""
    async with runtime.database.transaction() as session:
        report = await session.get(Report, report_id, with_for_update=True)
        if report is None or report.email is None or report.confirmed_at is not None or not _can(runtime):
            return False
        if await _confirmed_lately(session, report.email) >= CONFIRMED_MOST:
            return False
        speech = await speech_of(report.language)
        said = {"when": _instant(report.created_at, speech), "reference": report.id}
        lines = [
            speech.gettext("Your notice came on %(when)s, and somebody will look at it.") % said,
            speech.gettext("Its reference is %(reference)s.") % said,
            speech.gettext("We will write to you again when it is decided."),
        ]
        subject = speech.gettext("Your notice came")
        await _send(runtime, report.email, subject, lines, f"notice-{report.id}", speech)
        report.confirmed_at = utc_now()
        return True


async def _confirmed_lately(session: AsyncSession, email: str) -> int:
    """How many confirmations went to an address of late. Those that go to it at the same time wait for this one."""
    await lock(session, Lock.NOTICE_MAIL, email.lower())
    sent = select(func.count()).select_from(Report).where(Report.confirmed_at > utc_now() - WITHIN)
    return await session.scalar(sent.where(func.lower(Report.email) == email.lower())) or 0


async def unanswered(session: AsyncSession, decision_id: UUID) -> bool:
    """Whether somebody who gave notice has not been told of a decision."""
    return bool(await _waiting(session, decision_id, most=1))


async def _waiting(session: AsyncSession, decision_id: UUID, most: int = 500) -> Sequence[Report]:
    query = select(Report).filter_by(decision_id=decision_id, answered_at=None).where(Report.email.is_not(None))
    return (await session.scalars(query.order_by(Report.id).limit(most))).all()


async def answer(runtime: Runtime, decision_id: UUID) -> int:
    """Tell everybody who gave notice what was decided and how to contest it; each once, each committed for itself."""
    async with runtime.database.transaction() as session:
        waiting = [report.id for report in await _waiting(session, decision_id)]
    return sum([await _answer_one(runtime, decision_id, id) for id in waiting])


async def _answer_one(runtime: Runtime, decision_id: UUID, report_id: UUID) -> bool:
    async with runtime.database.transaction() as session:
        report = await session.get(Report, report_id, with_for_update=True)
        decision = await session.get(Decision, decision_id)
        if report is None or report.email is None or report.answered_at is not None or decision is None:
            return False
        if not _can(runtime):
            return False
        speech = await speech_of(report.language)
        by = BY[decision.source == "rule"]
        said = {"reference": report.id, "reason": speech.gettext(ground_of(decision.reason_code).words)}
        lines = [
            speech.gettext("We have decided on your notice %(reference)s.") % said,
            speech.gettext(DECIDED.get(decision.action, decision.action)),
            speech.gettext("Reason: %(reason)s.") % said,
            speech.gettext(by),
            *_redress(runtime, speech),
        ]
        subject, name = speech.gettext("Your notice is decided"), f"notice-decided-{report.id}-{decision.id}"
        await _send(runtime, report.email, subject, lines, name, speech)
        report.answered_at = utc_now()
        return True


def _redress(runtime: Runtime, speech: Speech) -> list[str]:
    settings, gettext = runtime.settings, speech.gettext
    said = {"where": f"{settings.base_url.rstrip('/')}/decisions", "contact": settings.legal_contact}
    written = [gettext("You can also write to %(contact)s.") % said] if settings.legal_contact else []
    return [
        gettext("You can contest this within six months: sign in and go to %(where)s.") % said,
        *written,
        gettext("You may also turn to a certified body for out-of-court settlement (DSA Art. 21) or to a court."),
    ]


def _instant(at: datetime, speech: Speech) -> str:
    return f"{format_datetime(at.astimezone(UTC), 'd MMMM yyyy, HH:mm', locale=speech.language)} UTC"


async def forward(runtime: Runtime, notice_id: UUID) -> int:
    """Give a counter-notice on to those whose notice led to the takedown."""
    async with runtime.database.transaction() as session:
        notice = await session.get_one(CounterNotice, notice_id)
        query = select(Report).filter_by(decision_id=notice.decision_id, kind="notice")
        told = (await session.scalars(query.where(Report.email.is_not(None)).order_by(Report.id).limit(100))).all()
        if not _can(runtime):
            return 0
        for report in told:
            speech = await speech_of(report.language)
            gettext = speech.gettext
            said = {
                "reference": report.id, "name": notice.name, "address": notice.address, "text": notice.text,
                "from": format_date(notice.restore_from, locale=speech.language),
                "by": format_date(notice.restore_by, locale=speech.language),
            }  # fmt: skip
            lines = [
                gettext(
                    "Whose work your notice %(reference)s led us to take down says, under penalty of perjury, that "
                    "this was a mistake or a misidentification."
                )
                % said,
                gettext("Name: %(name)s") % said,
                gettext("Address: %(address)s") % said,
                gettext("Their words: %(text)s") % said,
                gettext(
                    "We put it back between %(from)s and %(by)s, unless you tell us before that you have filed an "
                    "action seeking a court order (17 USC 512(g)(2)(C))."
                )
                % said,
                *_redress(runtime, speech),
            ]
            name = f"counter-notice-{notice.id}-{report.id}"
            await _send(runtime, report.email or "", gettext("A counter-notice was given"), lines, name, speech)
        return len(told)


def _can(runtime: Runtime) -> bool:
    return runtime.settings.smtp_url is not None


async def _send(runtime: Runtime, to: str, subject: str, lines: Sequence[str], name: str, speech: Speech) -> None:
    settings = runtime.settings
    text = "\n\n".join([*lines, settings.service_name])
    html = "".join(f"<p>{escape(line)}</p>" for line in [*lines, settings.service_name])
    head = f'<html lang="{speech.language}" dir="{speech.direction}"><title>{escape(subject)}</title>'
    html = f"<!doctype html>{head}<body>{html}</body></html>"
    await send(settings, message(to, f"{settings.service_name}: {subject}", text, html, name=name, settings=settings))
