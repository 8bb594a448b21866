"""Learning what the ``markov`` model needs: paths of those who came, from the event log, to removal effects."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.ids import uuid7

from .eligibility import TOUCHES_MAX, by_a_person
from .markov import Walk, removal_effects
from .tables import LearnedEffects

LEARN_FROM = timedelta(days=30)

CONVERTED = f"""
SELECT path, count(*) FROM (
    SELECT array_agg(c.channel ORDER BY t.at, t.event_id) AS path
    FROM judged_credits c JOIN touches t ON t.id = c.touch_id
    WHERE c.model = 'linear' AND c.kind = 'sign_up' AND c.at >= :since AND c.at < :until
        AND {by_a_person("t")}
    GROUP BY c.conversion_id
) paths GROUP BY path
"""  # noqa: S608 - constants of ours
LOST = """
SELECT path, count(*) FROM (
    SELECT (array_agg(e.channel ORDER BY e.at, e.id))[1:CAST(:most AS int)] AS path
    FROM judged_events e
    WHERE e.kind = 'click' AND e.verdict = 'human' AND e.visitor IS NOT NULL AND e.channel IS NOT NULL
        AND e.at >= :since AND e.at < :until
        AND NOT EXISTS (SELECT FROM touches t WHERE t.event_id = e.id AND t.at = e.at)
    GROUP BY e.visitor
) paths GROUP BY path
"""


async def learn(session: AsyncSession, now: datetime) -> LearnedEffects | None:
    """Learn from the last thirty days; None when nobody signed up by way of a share.

    Those who converted are known with all their touches. Those who did not are known by the day: a visitor's hash
    does not outlive it, so somebody who came again another day counts as two.
    """
    given = {"since": now - LEARN_FROM, "until": now}
    converted = await session.execute(text(CONVERTED), given)
    walks = [Walk(tuple(path), True, people) for path, people in converted]
    lost = await session.execute(text(LOST), given | {"most": TOUCHES_MAX})
    walks += [Walk(tuple(path), False, people) for path, people in lost]
    effects = removal_effects(walks)
    if not effects:
        return None
    learned = LearnedEffects(id=uuid7(), paths=sum(walk.people for walk in walks), effects=effects)
    session.add(learned)
    await session.flush()
    return learned


async def learned_effects(session: AsyncSession, until: datetime | None = None) -> Mapping[str, int]:
    """The newest effects, or the newest of those learned by ``until``; empty while nothing has been learned."""
    newest = select(LearnedEffects.effects).order_by(LearnedEffects.learned_at.desc(), LearnedEffects.id.desc())
    if until is not None:
        newest = newest.where(LearnedEffects.learned_at <= until)
    return await session.scalar(newest.limit(1)) or {}
