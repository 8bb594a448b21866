"""Rights rules as they are written: by id, and by the scope, territory and time that they speak of."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.database import among

from .tables import RightsRule


async def find_rule(session: AsyncSession, rule_id: UUID) -> RightsRule | None:
    """The rule of that id; None when it is not there (any more)."""
    return await session.get(RightsRule, rule_id)


async def rules_among(session: AsyncSession, ids: Iterable[UUID]) -> Sequence[RightsRule]:
    """Those of the rules ``ids`` that there are."""
    return (await session.scalars(select(RightsRule).where(among(RightsRule.id, set(ids))))).all()


async def newest_rules(session: AsyncSession, limit: int) -> Sequence[RightsRule]:
    """The rules written last first."""
    return (await session.scalars(select(RightsRule).order_by(RightsRule.id.desc()).limit(limit))).all()


async def rules_of_scope(session: AsyncSession, scope: str, key: str) -> list[RightsRule]:
    """The rules written for a scope: the one for any territory and all time first."""
    query = select(RightsRule).filter_by(scope=scope, scope_key=key)
    query = query.order_by(RightsRule.territory.nulls_first(), RightsRule.speaks_from.nulls_first(), RightsRule.id)
    return list((await session.scalars(query)).all())


async def standing_rule(
    session: AsyncSession,
    scope: str,
    key: str,
    territory: str | None = None,
    speaks_from: datetime | None = None,
    speaks_until: datetime | None = None,
) -> RightsRule | None:
    """The rule for a scope, territory and window, if there is one."""
    of = {"territory": territory, "speaks_from": speaks_from, "speaks_until": speaks_until}
    return await session.scalar(select(RightsRule).filter_by(scope=scope, scope_key=key, **of))
