"""Background work on credit. (That credit is sealed into the lake is declared here too, for every process.)"""

from datetime import timedelta

from procrastinate import JobContext

from groundswell.platform.clock import utc_now
from groundswell.platform.jobs import periodic
from groundswell.platform.runtime import runtime_of

from . import lake
from .learning import learn
from .recrediting import credit_again
from .rejudging import rejudge

__all__ = ["credit_what_is_left", "judge_again", "lake", "learn_effects"]

LOOK_BACK = timedelta(days=2)


@periodic("attribution.rejudge", cron="7 * * * *")
async def judge_again(context: JobContext, timestamp: int) -> None:
    """Every hour, judge the visits of the last two days by the present rules, and by what they show together."""
    now = utc_now()
    async with runtime_of(context).database.transaction() as session:
        await rejudge(session, now - LOOK_BACK, now)


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
