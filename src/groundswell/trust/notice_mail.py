"""What notifiers are mailed: that their notice came, what was decided, and a counter-notice against it.

Each is noted on the row it belongs to before it counts as sent. If we are killed between the server's word and that,
the next attempt sends it again, under the same Message-ID. Nothing that somebody else wrote is in a mail to an address
that nobody has verified, but for a counter-notice, which the law wants given on.
"""

from collections.abc import Sequence
from datetime import timedelta
from html import escape
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.locks import Lock, lock
from groundswell.platform.mail import message, send
from groundswell.platform.runtime import Runtime

from .grounds import ground_of
from .tables import CounterNotice, Decision, Report

CONFIRMED_MOST, WITHIN = 5, timedelta(days=1)
"""Confirmations to one address: anybody can name an address that is not theirs. Notices beyond it are taken all the
same, and answered when they are decided."""

DECIDED = {
    "hide": "It was taken down.",
    "hold": "It is held back until it has been looked at again.",
    "collapse": "It is shown only to those who ask for it.",
    "demote": "It is shown less.",
    "withhold": "No money is paid for it.",
    "keep": "It stays where it is.",
}


async def confirm(runtime: Runtime, report_id: UUID) -> bool:
    """Confirm that a notice came, unless that was done; False when there is nothing to send."""
    async with runtime.database.transaction() as session:
        report = await session.get(Report, report_id, with_for_update=True)
        if report is None or report.email is None or report.confirmed_at is not None or not _can(runtime):
            return False
        if await _confirmed_lately(session, report.email) >= CONFIRMED_MOST:
            return False
        lines = [
            f"Your notice came on {report.created_at:%Y-%m-%d %H:%M} UTC, and somebody will look at it.",
            f"Its reference is {report.id}.",
            "We will write to you again when it is decided.",
        ]
        await _send(runtime, report.email, "Your notice came", lines, f"notice-{report.id}")
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
        by = "by a program" if decision.source == "rule" else "by a person"
        lines = [
            f"We have decided on your notice {report.id}.",
            f"{DECIDED.get(decision.action, decision.action)} Reason: {ground_of(decision.reason_code).words}.",
            f"It was decided {by}.",
            _redress(runtime),
        ]
        await _send(runtime, report.email, "Your notice is decided", lines, f"notice-decided-{report.id}-{decision.id}")
        report.answered_at = utc_now()
        return True


def _redress(runtime: Runtime) -> str:
    contact = runtime.settings.legal_contact
    at = f" or write to {contact}" if contact else ""
    base = runtime.settings.base_url.rstrip("/")
    return (
        f"You can contest this within six months: sign in and go to {base}/decisions{at}. You may also turn to a "
        "certified body for out-of-court settlement (DSA Art. 21) or to a court."
    )


async def forward(runtime: Runtime, notice_id: UUID) -> int:
    """Give a counter-notice on to those whose notice led to the takedown."""
    async with runtime.database.transaction() as session:
        notice = await session.get_one(CounterNotice, notice_id)
        query = select(Report).filter_by(decision_id=notice.decision_id, kind="notice")
        told = (await session.scalars(query.where(Report.email.is_not(None)).order_by(Report.id).limit(100))).all()
        if not _can(runtime):
            return 0
        for report in told:
            lines = [
                f"Whose work your notice {report.id} led us to take down says, under penalty of perjury, that this was "
                "a mistake or a misidentification.",
                f"Name: {notice.name}",
                f"Address: {notice.address}",
                f"Their words: {notice.text}",
                f"We put it back between {notice.restore_from:%Y-%m-%d} and {notice.restore_by:%Y-%m-%d}, unless you "
                "tell us before that you have filed an action seeking a court order (17 USC 512(g)(2)(C)).",
                _redress(runtime),
            ]
            name = f"counter-notice-{notice.id}-{report.id}"
            await _send(runtime, report.email or "", "A counter-notice was given", lines, name)
        return len(told)


def _can(runtime: Runtime) -> bool:
    return runtime.settings.smtp_url is not None


async def _send(runtime: Runtime, to: str, subject: str, lines: Sequence[str], name: str) -> None:
    settings = runtime.settings
    text = "\n\n".join([*lines, settings.service_name])
    html = "".join(f"<p>{escape(line)}</p>" for line in [*lines, settings.service_name])
    html = f'<!doctype html><html lang="en"><title>{escape(subject)}</title><body>{html}</body></html>'
    await send(settings, message(to, f"{settings.service_name}: {subject}", text, html, name=name, settings=settings))
