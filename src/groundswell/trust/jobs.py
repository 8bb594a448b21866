"""Background work of trust: recording licences that have ended, mailing notifiers, the clocks of counter-notices and of
what is preserved; and what it does when titles are withdrawn."""

from uuid import UUID

from procrastinate import JobContext
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.signals import RightsChanged, TitleReturned, TitleWithdrawn
from groundswell.platform.clock import utc_now
from groundswell.platform.jobs import WHENEVER, defer, periodic, task
from groundswell.platform.runtime import runtime_of
from groundswell.platform.signals import on

from . import counter_notices, licence_expiry, notice_mail, preservation, strikes, withdrawals
from .grounds import COPYRIGHT
from .signals import CounterNoticeMade, Lifted, ReportsAnswered, ReportTakenIn, Restricted
from .tables import Decision

ONCE = "trust.record_lapses"


@task("trust.record_lapses")
async def record_lapses(context: JobContext) -> None:
    """Record the licences that have ended since, and lift the records of those that were renewed."""
    async with runtime_of(context).database.transaction() as session:
        await licence_expiry.record(session, utc_now())


async def soon(session: AsyncSession) -> None:
    """Record when this transaction has committed, unless a recording is waiting anyway."""
    await defer(session, record_lapses, priority=WHENEVER, once=ONCE)


@on(RightsChanged)
async def changed(session: AsyncSession, signal: RightsChanged) -> None:
    await soon(session)


@on(TitleWithdrawn)
async def withdrawn(session: AsyncSession, signal: TitleWithdrawn) -> None:
    await withdrawals.record(session, signal.title_id, signal.by)


@on(TitleReturned)
async def returned(session: AsyncSession, signal: TitleReturned) -> None:
    await withdrawals.lift_record(session, signal.title_id, signal.by)


@on(Lifted)
async def lifted(session: AsyncSession, signal: Lifted) -> None:
    if signal.decision.subject_kind == "title":
        await withdrawals.record_again(session, signal.decision.subject_id)
    await _count(session, signal.decision)


@on(Restricted)
async def restricted(session: AsyncSession, signal: Restricted) -> None:
    await _count(session, signal.decision)


async def _count(session: AsyncSession, decision: Decision) -> None:
    if decision.reason_code in COPYRIGHT and decision.person_id is not None and decision.subject_kind != "viewer":
        viewer = str(decision.person_id)
        await defer(session, count_strikes, once=f"trust.strikes/{viewer}", viewer_id=viewer)


@task("trust.count_strikes")
async def count_strikes(context: JobContext, viewer_id: str) -> None:
    """Bring what the ladder of repeat infringers does to somebody up to what stands against them."""
    runtime = runtime_of(context)
    async with runtime.database.transaction() as session:
        await strikes.count(session, runtime.settings, UUID(viewer_id))


@on(ReportTakenIn)
async def taken_in(session: AsyncSession, signal: ReportTakenIn) -> None:
    if signal.report.email is not None:
        await defer(session, confirm_notice, report_id=str(signal.report.id))


@task("trust.confirm_notice")
async def confirm_notice(context: JobContext, report_id: str) -> None:
    """Tell a notifier that their notice came (DSA Art. 16(4))."""
    await notice_mail.confirm(runtime_of(context), UUID(report_id))


@on(ReportsAnswered)
async def answered(session: AsyncSession, signal: ReportsAnswered) -> None:
    if await notice_mail.unanswered(session, signal.decision.id):
        await defer(session, answer_notices, decision_id=str(signal.decision.id))


@task("trust.answer_notices")
async def answer_notices(context: JobContext, decision_id: str) -> None:
    """Tell those who gave notice what was decided (DSA Art. 16(5))."""
    await notice_mail.answer(runtime_of(context), UUID(decision_id))


@on(CounterNoticeMade)
async def countered(session: AsyncSession, signal: CounterNoticeMade) -> None:
    await defer(session, forward_counter_notice, notice_id=str(signal.notice.id))


@task("trust.forward_counter_notice")
async def forward_counter_notice(context: JobContext, notice_id: str) -> None:
    """Give a counter-notice on to those who gave the notice (17 USC 512(g)(2)(B))."""
    await notice_mail.forward(runtime_of(context), UUID(notice_id))


@periodic("trust.clocks", cron="17 * * * *")
async def keep_clocks(context: JobContext, timestamp: int) -> None:
    """Every hour, put back what counter-notices have waited for long enough, and drop what need not be preserved."""
    async with runtime_of(context).database.transaction() as session:
        await counter_notices.restore_due(session, utc_now())
        await preservation.drop_due(session, utc_now())
