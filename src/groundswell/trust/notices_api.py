"""Notices from anyone; and what whom a decision meets may do: read its reasons, appeal, give a counter-notice."""

import re
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller, MaybeCaller, SignedIn
from groundswell.platform.clock import utc_now
from groundswell.platform.pages import Cursor, Limit, Page, decode_cursor, next_cursor
from groundswell.platform.problems import Problem
from groundswell.platform.routing import DbSession, TransactionalRoute
from groundswell.platform.services import services_of

from . import appeals, counter_notices, reports
from .justification import Justification, justify
from .notice_schemas import (
    AppealOut,
    AppealWords,
    CounterNoticeIn,
    CounterNoticeOut,
    JustificationOut,
    MyDecisionOut,
    NoticeIn,
    NoticeTaken,
    SaidOut,
)
from .reporters import reporter_of
from .reports import NoticeFields, NoticeIncomplete
from .subjects import SubjectUnknown, find_open, parent_of
from .tables import Report

router = APIRouter(prefix="/v1", tags=["trust"], route_class=TransactionalRoute)


@router.post("/notices", status_code=201)
async def give_notice(body: NoticeIn, request: Request, caller: MaybeCaller, session: DbSession) -> NoticeTaken:
    """Say that something is against the law (DSA Art. 16). Anyone may; no account is needed. Whoever leaves an address
    is mailed that it came, and what was decided."""
    _refuse_incomplete(body)
    made = await take_notice(session, request, caller, body)
    mailed = made.email is not None and services_of(request).settings.smtp_url is not None
    return NoticeTaken(id=made.id, created_at=made.created_at, mailed=mailed)


def _refuse_incomplete(body: NoticeIn) -> None:
    missing = [] if body.good_faith else ["good_faith"]
    if body.reason_code != "child_abuse":  # the one of which the law takes notices without a name
        missing += [name for name in ("name", "email") if getattr(body, name) is None]
    if body.reason_code == "rights":
        missing += [name for name in ("work", "sworn") if not getattr(body, name)]
    if missing:
        fields = [{"field": name, "code": "missing", "detail": "missing"} for name in missing]
        raise NoticeIncomplete(f"What is missing: {', '.join(missing)}.", fields=fields)


def accepted_language(request: Request) -> str | None:
    """The language that a request asks for first (Accept-Language); None of none that can be kept."""
    first = request.headers.get("accept-language", "").split(",")[0].split(";")[0].strip()
    return first if re.fullmatch(r"[A-Za-z0-9-]{2,35}", first) else None


async def take_notice(session: AsyncSession, request: Request, caller: Caller | None, body: NoticeIn) -> Report:
    """Take a notice whose fields are complete.

    Raises:
        SubjectUnknown: there is no such thing for whoever asks. TooManyRequests: as ``reports.report``.
    """
    kind = body.subject.kind
    subject = await find_open(session, kind, body.subject.id, caller.id if caller else None)
    about = {"moment": "moment_id", "comment": "comment_id", "collection": "collection_id", "viewer": "person_id"}
    named: dict[str, UUID | None] = {about[kind]: subject}
    if kind == "comment":
        named["moment_id"] = await parent_of(session, subject)
    return await reports.report(
        session,
        reason_code=body.reason_code,
        text=body.text,
        reporter=await reporter_of(request, caller),
        notice=NoticeFields(
            url=body.url,
            name=body.name,
            email=body.email,
            law=body.law,
            work=body.work,
            sworn=body.sworn,
            language=body.language or (caller.language if caller else None) or accepted_language(request) or "en",
        ),
        **named,
    )


@router.get("/me/decisions")
async def my_decisions(
    caller: SignedIn, session: DbSession, cursor: Cursor = None, limit: Limit = 50
) -> Page[MyDecisionOut]:
    """What was decided about me and what is mine, and on what I reported; newest first."""
    rows = await appeals.about_person(session, caller.id, limit, decode_cursor(cursor))
    return Page(items=[MyDecisionOut.model_validate(row) for row in rows], next=next_cursor(rows, limit))


@router.get("/me/decisions/{decision}")
async def my_decision(decision: UUID, caller: SignedIn, session: DbSession) -> JustificationOut:
    """The statement of reasons for a decision about me or what is mine (DSA Art. 17)."""
    found = await appeals.decision_for(session, caller.id, decision)
    return shown(await justify(session, found, utc_now()))


@router.post("/me/decisions/{decision}/appeal", status_code=201)
async def appeal_decision(decision: UUID, body: AppealWords, caller: SignedIn, session: DbSession) -> AppealOut:
    """Contest a decision about me or what is mine, or on what I reported: once, within six months. Somebody else than
    who took it decides."""
    return AppealOut.model_validate(await appeals.appeal(session, caller.id, decision, body.text))


@router.post("/me/decisions/{decision}/counter-notice", status_code=201)
async def counter_takedown(
    decision: UUID, body: CounterNoticeIn, caller: SignedIn, session: DbSession
) -> CounterNoticeOut:
    """Say, under penalty of perjury, that what was taken down for copyright was taken down by mistake (17 USC 512(g)).
    Those who gave the notice are sent it, with the name and the address."""
    made = await counter_notices.counter(
        session, caller.id, decision, name=body.name, address=body.address, email=body.email, words=body.text
    )
    return CounterNoticeOut.model_validate(made)


def shown(found: Justification) -> JustificationOut:
    """A statement of reasons as the API shows it."""
    row, refusal = found.decision, found.refusal
    return JustificationOut(
        id=row.id,
        subject_kind=row.subject_kind,
        subject_id=row.subject_id,
        action=row.action,
        reason_code=row.reason_code,
        ground=found.ground.words,
        law=found.ground.law,
        explanation=row.explanation,
        source=row.source,
        automated=found.automated,
        seen=found.seen,
        said=[SaidOut.model_validate(each) for each in found.said],
        said_count=found.said_count,
        redress=row.appeal,
        created_at=row.created_at,
        lifted_at=row.lifted_at,
        appeal_until=found.appeal_until or appeals.open_until(row),
        appeal_refused=refusal.code if isinstance(refusal, Problem) else None,
        appeal=None if found.appeal is None else AppealOut.model_validate(found.appeal),
        verdict=None if found.verdict is None else found.verdict.explanation,
        counter_notice=None if found.counter_notice is None else CounterNoticeOut.model_validate(found.counter_notice),
        may_counter=found.may_counter,
    )


__all__ = ["SubjectUnknown", "router", "shown", "take_notice"]
