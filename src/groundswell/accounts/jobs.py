"""Background work on accounts: stored answers and sessions expire."""

from procrastinate import JobContext

from groundswell.platform.jobs import periodic
from groundswell.platform.routing import ANSWERS_LAST, forget_old_keys
from groundswell.platform.runtime import runtime_of
from groundswell.platform.trusted_clock import time_to_destroy

from .sessions import drop_ended


@periodic("accounts.forget_old_keys", cron="11 * * * *")
async def forget_old_answers(context: JobContext, timestamp: int) -> None:
    """Every hour, drop the answers that were stored for repeated requests a day ago."""
    database = runtime_of(context).database
    if (now := await time_to_destroy(database, "stored answers")) is not None:
        async with database.transaction() as session:
            await forget_old_keys(session, now - ANSWERS_LAST)


@periodic("accounts.drop_ended_sessions", cron="17 * * * *")
async def drop_ended_sessions(context: JobContext, timestamp: int) -> None:
    """Every hour, drop sessions that have ended, and what was kept so that it counts once."""
    database = runtime_of(context).database
    if (now := await time_to_destroy(database, "ended sessions")) is not None:
        async with database.transaction() as session:
            await drop_ended(session, now)
