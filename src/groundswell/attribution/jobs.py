"""Background work on credit. (That credit is sealed into the lake is declared here too, for every process.)"""

from datetime import timedelta

from procrastinate import JobContext

from groundswell.platform.clock import utc_now
from groundswell.platform.jobs import periodic
from groundswell.platform.runtime import runtime_of

from . import lake
from .learning import learn
from .rejudging import rejudge

__all__ = ["judge_again", "lake", "learn_effects"]

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
