"""Filing runs in the background; hearing that a payout came back; answering what the audit page asks."""

from uuid import UUID

from procrastinate import JobContext
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.earnings.signals import PayoutsCameBack
from groundswell.platform import signals
from groundswell.platform.jobs import periodic, task
from groundswell.platform.runtime import runtime_of

from . import bank_files, run_file, run_trail, stripe_transfers

__all__ = ["file_run", "hear_returns", "run_trail", "send_transfers"]


@task("payouts.file_run")
async def file_run(context: JobContext, run_id: str) -> None:
    """File a run; one that was killed did nothing, and is filed once when it is tried again."""
    runtime = runtime_of(context)
    await run_file.file_run(runtime.database, runtime.settings, UUID(run_id))


@periodic("payouts.send_transfers", cron="* * * * *")
async def send_transfers(context: JobContext, timestamp: int) -> None:
    """Send what runs ask Stripe for and has not been sent, or of which that is not known."""
    runtime = runtime_of(context)
    async with runtime.database.transaction() as session:
        runs = await stripe_transfers.unsent_runs(session)
    for run_id in runs:
        await stripe_transfers.send_run(runtime.database, runtime.settings, run_id)


@signals.on(PayoutsCameBack)
async def hear_returns(session: AsyncSession, returned: PayoutsCameBack) -> None:
    """Payouts came back: their lines of runs did."""
    await bank_files.came_back(session, returned.payouts)
