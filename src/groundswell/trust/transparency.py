"""The transparency report, counted from decisions (DSA Art. 15 and 24), and decisions as the Commission's DSA
Transparency Database takes them (Art. 24(5)): one row a statement of reasons, nobody's name in it."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, extract, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import day_begin, day_end

from .grounds import ground_of
from .tables import RESTRICTIONS, Appeal, CounterNotice, Decision, Report

AT_ONCE = 1_000

OF_PEOPLE = ("moment", "share", "comment", "collection", "viewer", "earning")
"""What a person made or has; what becomes of titles and licences is between the service and their owners."""

VISIBILITY = {
    "hide": "DECISION_VISIBILITY_CONTENT_REMOVED",
    "hold": "DECISION_VISIBILITY_CONTENT_DISABLED",
    "demote": "DECISION_VISIBILITY_CONTENT_DEMOTED",
    "collapse": "DECISION_VISIBILITY_OTHER",
}
COLLAPSED = "Shown only to those who ask for it"
CONTENT_TYPE = {
    "moment": "CONTENT_TYPE_VIDEO",
    "share": "CONTENT_TYPE_VIDEO",
    "comment": "CONTENT_TYPE_TEXT",
    "collection": "CONTENT_TYPE_OTHER",
    "viewer": "CONTENT_TYPE_OTHER",
    "earning": "CONTENT_TYPE_OTHER",
}
OTHER_TYPE = {"collection": "A list of videos", "viewer": "An account", "earning": "A payment"}
SOURCE = {"notice": "SOURCE_ARTICLE_16", "report": "SOURCE_TYPE_OTHER_NOTIFICATION"}

EEA = ("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK").split()
"""Where our decisions hold, of the places that the database asks for: everywhere."""

COLUMNS = (
    "decision_visibility decision_visibility_other decision_monetary decision_monetary_other decision_provision "
    "decision_account account_type decision_ground decision_ground_reference_url illegal_content_legal_ground "
    "illegal_content_explanation incompatible_content_ground incompatible_content_explanation "
    "incompatible_content_illegal category category_addition category_specification category_specification_other "
    "content_type content_type_other content_language content_date territorial_scope application_date "
    "end_date_visibility_restriction end_date_monetary_restriction end_date_account_restriction decision_facts "
    "source_type source_identity automated_detection automated_decision puid"
).split()
"""Attributes of a statement of reasons, as the database's documentation lists them."""


@dataclass(frozen=True)
class Transparency:
    """What was decided from one day to another, both included.

    Args:
        notices: notices that came, by reason; ``reports`` likewise.
        restrictions: by action, reason and source, how many were taken, and how many of those by a program.
        kept: notices and reports on which nothing was restricted.
        median_hours: between a report and the decision that answered it.
        appeals: that came, and by outcome what was decided; ``counter_notices`` by state.
    """

    first: date
    last: date
    notices: dict[str, int]
    reports: dict[str, int]
    restrictions: list[dict[str, Any]]
    kept: int
    lifted: int
    median_hours: float | None
    appeals: dict[str, int]
    counter_notices: dict[str, int]


def _within(column: Any, first: date, last: date) -> ColumnElement[bool]:
    return and_(column >= day_begin(first), column < day_end(last))


def _statements(first: date, last: date) -> list[ColumnElement[bool]]:
    return [
        _within(Decision.created_at, first, last),
        Decision.action.in_(RESTRICTIONS),
        Decision.subject_kind.in_(OF_PEOPLE),
    ]


async def counted(session: AsyncSession, first: date, last: date) -> Transparency:
    """The report of the days from ``first`` to ``last``, counted now."""
    told = select(Report.kind, Report.reason_code, func.count()).where(_within(Report.created_at, first, last))
    reports = (await session.execute(told.group_by(Report.kind, Report.reason_code).order_by(Report.reason_code))).all()
    by = (Decision.action, Decision.reason_code, Decision.source)
    automated = func.count().filter(Decision.source == "rule")
    taken = select(*by, func.count(), automated).where(*_statements(first, last)).group_by(*by).order_by(*by)
    names = ("action", "reason_code", "source", "count", "automated")
    wait = func.percentile_cont(0.5).within_group(extract("epoch", Report.closed_at - Report.created_at))
    answered = select(wait).where(_within(Report.closed_at, first, last), Report.decision_id.is_not(None))
    median = await session.scalar(answered)
    return Transparency(
        first=first,
        last=last,
        notices={code: count for kind, code, count in reports if kind == "notice"},
        reports={code: count for kind, code, count in reports if kind == "report"},
        restrictions=[dict(zip(names, row, strict=True)) for row in await session.execute(taken)],
        kept=await _count(session, Decision, _within(Decision.created_at, first, last), Decision.action == "keep"),
        lifted=await _count(session, Decision, _within(Decision.lifted_at, first, last), Decision.action != "keep"),
        median_hours=None if median is None else round(float(median) / 3600, 1),
        appeals={
            "made": await _count(session, Appeal, _within(Appeal.created_at, first, last)),
            **await _by(session, Appeal.outcome, _within(Appeal.decided_at, first, last)),
        },
        counter_notices=await _by(session, CounterNotice.state, _within(CounterNotice.created_at, first, last)),
    )


async def _count(session: AsyncSession, table: Any, *where: ColumnElement[bool]) -> int:
    return await session.scalar(select(func.count()).select_from(table).where(*where)) or 0


async def _by(session: AsyncSession, column: Any, where: ColumnElement[bool]) -> dict[str, int]:
    rows = await session.execute(select(column, func.count()).where(where).group_by(column).order_by(column))
    return {value: count for value, count in rows if value is not None}


async def statements(session: AsyncSession, first: date, last: date) -> AsyncIterator[list[str]]:
    """Each restriction of those days as a row of ``COLUMNS``, oldest first, read a thousand at a time."""
    after: UUID | None = None
    while True:
        query = select(Decision).where(*_statements(first, last)).order_by(Decision.id).limit(AT_ONCE)
        rows = (await session.scalars(query if after is None else query.where(Decision.id > after))).all()
        for row in rows:
            said = as_statement(row)
            yield [said.get(name, "") for name in COLUMNS]
        if len(rows) < AT_ONCE:
            return
        after = rows[-1].id


def as_statement(decision: Decision) -> dict[str, str]:
    """A decision as the database takes it. Our explanation is left out where it could name somebody: what it says in
    general is in the ground. Pure."""
    ground = ground_of(decision.reason_code)
    account = decision.subject_kind == "viewer" and decision.action in {"hide", "hold"}
    content = decision.action in VISIBILITY and not account
    by_rule = decision.source == "rule"
    made = {
        "decision_visibility": _array([VISIBILITY[decision.action]]) if content else "",
        "decision_visibility_other": COLLAPSED if decision.action == "collapse" else "",
        "decision_monetary": "DECISION_MONETARY_SUSPENSION" if decision.action == "withhold" else "",
        "decision_account": "DECISION_ACCOUNT_SUSPENDED" if account else "",
        "account_type": "ACCOUNT_TYPE_PRIVATE" if account else "",
        "category": f"STATEMENT_CATEGORY_{ground.category}",
        "category_addition": "[]",
        "category_specification": "[]",
        "content_type": _array([CONTENT_TYPE[decision.subject_kind]]),
        "content_type_other": OTHER_TYPE.get(decision.subject_kind, ""),
        "content_date": _day(_made_at(decision)),
        "territorial_scope": _array(EEA),
        "application_date": _day(decision.created_at),
        "decision_facts": f"{ground.words}: found {_found(decision)}.",
        "source_type": SOURCE.get(decision.source, "SOURCE_VOLUNTARY"),
        "automated_detection": "Yes" if by_rule else "No",
        "automated_decision": "AUTOMATED_DECISION_FULLY" if by_rule else "AUTOMATED_DECISION_NOT_AUTOMATED",
        "puid": str(decision.id),
    }
    if ground.law is not None:
        made["decision_ground"] = "DECISION_GROUND_ILLEGAL_CONTENT"
        made["illegal_content_legal_ground"] = ground.law
        made["illegal_content_explanation"] = ground.words
    else:
        made["decision_ground"] = "DECISION_GROUND_INCOMPATIBLE_CONTENT"
        made["incompatible_content_ground"] = f"Terms of use: {ground.words}"
        made["incompatible_content_explanation"] = ground.words
        made["incompatible_content_illegal"] = "No"
    if decision.lifted_at is not None:
        ends = "account" if account else "monetary" if decision.action == "withhold" else "visibility"
        made[f"end_date_{ends}_restriction"] = _day(decision.lifted_at)
    return made


def _found(decision: Decision) -> str:
    return {
        "notice": "after a notice",
        "report": "after it was reported",
        "rule": f"by the rule {decision.rule or decision.reason_code}",
    }.get(decision.source, "by people who looked at it")


def _made_at(decision: Decision) -> datetime:
    """When the thing was made: its id says so (UUID version 7)."""
    if decision.subject_id.version != 7:
        return decision.created_at
    return datetime.fromtimestamp((decision.subject_id.int >> 80) / 1000, UTC)


def _array(values: list[str]) -> str:
    return json.dumps(values)


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"
