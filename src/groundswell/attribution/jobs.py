"""Background work on credit. (That credit is sealed into the lake is declared here too, for every process.)"""

from datetime import timedelta

from procrastinate import JobContext

from groundswell.platform.clock import utc_now
from groundswell.platform.jobs import periodic
from groundswell.platform.runtime import runtime_of

from . import beyond_limits, lake, suspicions
from .backfill import credit_again
from .markov_training import learn
from .reverdicts import rejudge
from .stripe import settle_late

__all__ = ["credit_what_is_left", "judge_again", "lake", "learn_effects", "settle_stripe", "suspicions"]

LOOK_BACK = timedelta(days=2)


@periodic("attribution.rejudge", cron="7 * * * *")
async def judge_again(context: JobContext, timestamp: int) -> None:
    """Every hour, judge the visits of the last two days by the present rules, and by what they show together; what
    came beyond the limits is for the desk."""
    now, runtime = utc_now(), runtime_of(context)
    await rejudge(runtime.database, now - LOOK_BACK, now, runtime.settings.carrier_networks)
    await beyond_limits.open_cases(runtime.database, now - LOOK_BACK, now)


@periodic("attribution.settle_stripe", cron="37 * * * *")
async def settle_stripe(context: JobContext, timestamp: int) -> None:
    """Every hour, settle the invoices that have waited for another for longer than Stripe would take to send it."""
    runtime = runtime_of(context)
    async with runtime.database.transaction() as session:
        await settle_late(session, runtime.settings, utc_now())


@periodic("attribution.learn", cron="23 3 * * *")
async def learn_effects(context: JobContext, timestamp: int) -> None:
    """Every night, learn what the ``markov`` model needs."""
    async with runtime_of(context).database.transaction() as session:
        await learn(session, utc_now())


@periodic("attribution.credit_again", cron="53 3 * * *")
async def credit_what_is_left(context: JobContext, timestamp: int) -> None:
    """Every night, divide what the present models have not: after a newer version came, or when a visit became known
    to be somebody's only after they had converted."""
    runtime, now = runtime_of(context), utc_now()
    since = now - timedelta(days=runtime.settings.event_keep_days)
    async for _ in credit_again(runtime.database, since, now, runtime.settings.attribution_window_days):
        pass
