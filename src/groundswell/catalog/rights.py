"""Rights rules as staff write them: one for a place, replaced whole."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import Invalid, NotFound
from groundswell.platform.signals import send

from .schemas import RightsRuleIn, RightsRuleOut, RightsTerms
from .signals import RightsChanged
from .tables import RightsRule, Series, Source, Title
from .titles import find_series, find_title

PLACE = ["scope", "scope_key", "territory", "speaks_from", "speaks_until"]


async def put_rule(session: AsyncSession, rule: RightsRuleIn, updated_by: str) -> RightsRule:
    """Write the rule for a place, in the stead of the one there was.

    Raises:
        TitleUnknown, SeriesUnknown: there is no such place.
        Invalid: a blocked range ends after the title does.
    """
    scope_key = await _scope_key(session, rule)
    says: dict[str, Any] = rule.model_dump(include=set(RightsTerms.model_fields))
    says |= {"updated_by": updated_by, "updated_at": utc_now()}
    place = {"scope": rule.scope, "scope_key": scope_key, "territory": rule.territory}
    row = {"id": uuid7(), **place, "speaks_from": rule.speaks_from, "speaks_until": rule.speaks_until, **says}
    statement = insert(RightsRule).values(row).on_conflict_do_update(index_elements=PLACE, set_=says)
    written = (
        await session.scalars(statement.returning(RightsRule), execution_options={"populate_existing": True})
    ).one()
    await send(session, _changed(written))
    return written


async def delete_rule(session: AsyncSession, rule_id: UUID) -> None:
    """Remove a rule: the next behind it decides again.

    Raises:
        NotFound: no such rule.
    """
    rule = await session.get(RightsRule, rule_id)
    if rule is None:
        raise NotFound("There is no such rule.")
    await session.delete(rule)
    await session.flush()
    await send(session, _changed(rule))


def _changed(rule: RightsRule) -> RightsChanged:
    return RightsChanged(rule.id, rule.scope, rule.scope_key, rule.territory)


async def _scope_key(session: AsyncSession, rule: RightsRuleIn) -> str:
    if rule.title is not None:
        title = await find_title(session, rule.title)
        await _within_title(session, title, rule)
        return str(title.id)
    if rule.series is not None:
        series = await find_series(session, rule.series)
        return str(series.id) if rule.season is None else f"{series.id}/{rule.season}"
    return "*"


async def _within_title(session: AsyncSession, title: Title, rule: RightsRuleIn) -> None:
    source = None if title.current_source_id is None else await session.get(Source, title.current_source_id)
    duration = source and source.duration_us
    if duration and any(each.start_us >= duration for each in rule.blocked_ranges or ()):
        raise Invalid(f"A blocked range begins after the end of {title.name}, which is {duration} µs long.")


async def described(session: AsyncSession, rules: Iterable[RightsRule]) -> list[RightsRuleOut]:
    """Rules with what they speak of in words."""
    rules = list(rules)
    names = await _names(session, rules)
    return [
        RightsRuleOut.model_validate(
            {**{name: getattr(rule, name) for name in RightsRuleOut.model_fields if name != "label"}, **label}
        )
        for rule, label in ((rule, {"label": _label(rule, names)}) for rule in rules)
    ]


async def _names(session: AsyncSession, rules: list[RightsRule]) -> dict[str, str]:
    keys = [UUID(rule.scope_key.split("/")[0]) for rule in rules if rule.scope != "all"]
    titles = await session.execute(select(Title.id, Title.name).where(among(Title.id, keys)))
    series = await session.execute(select(Series.id, Series.name).where(among(Series.id, keys)))
    return {str(row.id): row.name for row in (*titles, *series)}


def _label(rule: RightsRule, names: dict[str, str]) -> str:
    if rule.scope == "all":
        return "Everything"
    key, _, season = rule.scope_key.partition("/")
    name = names.get(key, key)
    return f"{name}, season {season}" if season else name
