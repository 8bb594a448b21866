"""Decisions, reports, and what rights come to for a title."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import select

from groundswell.accounts.access import Caller, MaybeCaller, staff
from groundswell.catalog.schemas import Territory
from groundswell.catalog.titles import find_title, ready_source
from groundswell.platform.clock import Instant, utc_now
from groundswell.platform.pages import Cursor, Limit, Page, decode_cursor, next_cursor
from groundswell.platform.routing import DbSession, TransactionalRoute

from . import appeals_api, cases_api, notices_api, reports, reviews_api, transparency_api, verdicts_api
from .clip_checks import (
    simulate,
)
from .decisions import decide, lift
from .grounds import SEVERE
from .reporters import may_see_severe, reporter_of
from .rulebook import facts_of, rulebook
from .rules import FIELDS, Terms, TitleFacts, Total
from .schemas import (
    CheckOut,
    DecisionIn,
    DecisionOut,
    EffectiveRights,
    Kind,
    ReportIn,
    ReportOut,
    ReportTaken,
    SimulationIn,
    SimulationOut,
    SpeakerOut,
    Term,
)
from .simulation import Explanation
from .subjects import find_reportable, find_subject
from .tables import Decision, Report

v1 = APIRouter(prefix="/v1", tags=["trust"], route_class=TransactionalRoute)

Restricter = Annotated[Caller, Depends(staff("decisions.make"))]
TrustStaff = Annotated[Caller, Depends(staff("reports.handle"))]
RightsStaff = Annotated[Caller, Depends(staff("rights.manage"))]


@v1.post("/decisions", status_code=201)
async def make_decision(body: DecisionIn, caller: Restricter, session: DbSession) -> DecisionOut:
    """Restrict something: hide it, hold it for review, demote it in lists, withhold its money.

    What is hidden or held is served no longer, and its links say why.
    """
    decision = await decide(
        session,
        kind=body.subject.kind,
        subject_id=await find_subject(session, body.subject.kind, body.subject.id),
        action=body.action,
        reason_code=body.reason_code,
        explanation=body.explanation,
        decided_by=caller.actor,
        rule=body.rule,
        evidence=body.evidence,
    )
    return DecisionOut.model_validate(decision)


@v1.get("/decisions")
async def list_decisions(
    caller: Restricter,
    session: DbSession,
    kind: Kind | None = None,
    subject: Annotated[UUID | None, Query(description="Decisions about this thing.")] = None,
    live: Annotated[bool | None, Query(description="Only those in force, or only lifted ones.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[DecisionOut]:
    """Decisions, newest first."""
    query = select(Decision).order_by(Decision.id.desc()).limit(limit)
    if not may_see_severe(caller):
        query = query.where(Decision.reason_code.not_in(SEVERE))
    if kind is not None:
        query = query.where(Decision.subject_kind == kind)
    if subject is not None:
        query = query.where(Decision.subject_id == subject)
    if live is not None:
        query = query.where(Decision.lifted_at.is_(None) if live else Decision.lifted_at.is_not(None))
    if (after := decode_cursor(cursor)) is not None:
        query = query.where(Decision.id < after)
    rows = (await session.scalars(query)).all()
    return Page(items=[DecisionOut.model_validate(row) for row in rows], next=next_cursor(rows, limit))


@v1.post("/decisions/{decision_id}/lift")
async def lift_decision(decision_id: UUID, caller: Restricter, session: DbSession) -> DecisionOut:
    """Lift a restriction. Its record stays."""
    return DecisionOut.model_validate(await lift(session, decision_id, caller.actor))


@v1.post("/reports", status_code=201)
async def make_report(body: ReportIn, request: Request, caller: MaybeCaller, session: DbSession) -> ReportTaken:
    """Say that a moment should not be there. Anyone may, twenty times an hour; no account is needed."""
    made = await reports.report(
        session,
        moment_id=await find_reportable(session, body.moment, caller.id if caller else None),
        reason_code=body.reason_code,
        text=body.text,
        reporter=await reporter_of(request, caller),
    )
    return ReportTaken.model_validate(made)


@v1.get("/reports")
async def list_reports(
    caller: TrustStaff,
    session: DbSession,
    open_: Annotated[bool | None, Query(alias="open", description="Only open ones, or only closed ones.")] = None,
    moment: UUID | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ReportOut]:
    """Reports, newest first."""
    query = select(Report).order_by(Report.id.desc()).limit(limit)
    if not may_see_severe(caller):
        query = query.where(Report.reason_code.not_in(SEVERE))
    if open_ is not None:
        query = query.where(Report.closed_at.is_(None) if open_ else Report.closed_at.is_not(None))
    if moment is not None:
        query = query.where(Report.moment_id == moment)
    if (after := decode_cursor(cursor)) is not None:
        query = query.where(Report.id < after)
    rows = (await session.scalars(query)).all()
    return Page(items=[ReportOut.model_validate(row) for row in rows], next=next_cursor(rows, limit))


@v1.post("/reports/{report_id}/dismiss")
async def dismiss_report(report_id: UUID, caller: TrustStaff, session: DbSession) -> ReportOut:
    """Close a report without restricting anything."""
    closed = await reports.dismiss(session, report_id, caller.actor, severe=may_see_severe(caller))
    return ReportOut.model_validate(closed)


@v1.get("/titles/{title}/rights")
async def effective_rights(
    title: str,
    caller: RightsStaff,
    session: DbSession,
    territory: Territory | None = None,
    at: Annotated[Instant | None, Query(description="As it is then; by default now.")] = None,
) -> EffectiveRights:
    """What holds for a title, and for each term the rule that says so (null: the default)."""
    found = await find_title(session, title)
    facts = facts_of(found, await ready_source(session, found))
    terms = (await rulebook(session, facts)).terms(facts, territory, at or utc_now())
    return EffectiveRights(
        title_id=facts.id, territory=territory, terms={name: _term(terms, name, facts) for name in FIELDS}
    )


def _term(terms: Terms, name: str, facts: TitleFacts) -> Term:
    value, rule = getattr(terms, name), terms.said_by.get(name)
    if isinstance(value, Total):
        value = value.of(facts.duration_us)
    elif name == "blocked_ranges":
        value = [each._asdict() for each in value]
    elif isinstance(value, frozenset):
        value = sorted(value)
    return Term(
        value=value,
        rule_id=rule and rule.id,
        scope=rule and rule.scope,
        territory=rule and rule.territory,
    )


@v1.post("/rights/simulations")
async def simulate_clip(body: SimulationIn, caller: RightsStaff, session: DbSession) -> SimulationOut:
    """Would this clip be allowed: there, then, for them, on that channel? Nothing is made; every check answers."""
    title = await find_title(session, body.title)
    asked = body.model_dump(exclude={"title", "purpose"}) | {"at": body.at or utc_now()}
    return _shown(await simulate(session, title, body.purpose, **asked))


def _shown(found: Explanation) -> SimulationOut:
    return SimulationOut(
        **found.verdict._asdict(),
        checks=[
            CheckOut(
                check=each.check,
                fields=list(each.fields),
                code=each.verdict and each.verdict.code,
                words=each.verdict and each.verdict.words,
                rule_id=each.verdict and each.verdict.rule_id,
                rules=[rule.id for rule in each.rules if rule.id],
            )
            for each in found.findings
        ],
        speakers=[
            SpeakerOut(rule_id=rule.id, scope=rule.scope, territory=rule.territory, settled=list(settled))
            for rule, settled in found.speakers
            if rule.id
        ],
    )


router = APIRouter()
router.include_router(v1)
for each in (cases_api, notices_api, reviews_api, appeals_api, transparency_api, verdicts_api):
    router.include_router(each.router)
