"""What was decided about me and what is mine: why, with what staff saw; contesting it; giving a counter-notice."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.platform.clock import utc_now
from groundswell.platform.pages import Cursor, decode_cursor, next_cursor
from groundswell.platform.problems import Invalid, Problem
from groundswell.platform.routing import DbSession
from groundswell.trust import appeals, notices_api
from groundswell.trust.justification import justify
from groundswell.trust.notice_schemas import AppealWords, CounterNoticeIn
from groundswell.web.languages import marked
from groundswell.web.page_auth import Member
from groundswell.web.page_route import PageRoute
from groundswell.web.responses import see_other
from groundswell.web.templating import page

router = APIRouter(prefix="/decisions", route_class=PageRoute)

PAGE_SIZE = 24
DONE = {
    "appealed": marked("We have it. Somebody else than who decided will look at it and write here."),
    "countered": marked("We have it, and give it on to whoever gave the notice."),
}
ACTIONS = {
    "hide": marked("Taken down"),
    "hold": marked("Held back"),
    "collapse": marked("Shown only to those who ask for it"),
    "demote": marked("Shown less"),
    "withhold": marked("Money withheld"),
    "keep": marked("Nothing was done about what you reported"),
    "confirm": marked("The decision stands"),
    "reverse": marked("The decision was taken back"),
    "restore": marked("Put back"),
}
SUBJECTS = {
    "moment": marked("A moment of yours"),
    "share": marked("A link of yours"),
    "comment": marked("A comment of yours"),
    "collection": marked("A collection of yours"),
    "viewer": marked("Your account"),
    "earning": marked("Your earnings"),
}
GROUNDS = {
    "rights": marked("It infringes somebody’s rights"),
    "nudity": marked("Nudity"),
    "violence": marked("Violence"),
    "hate": marked("Hate"),
    "harassment": marked("Harassment"),
    "privacy": marked("It shows somebody’s private life"),
    "spoiler": marked("It spoils something"),
    "spam": marked("Spam"),
    "child_abuse": marked("Sexual abuse of a child"),
    "terror": marked("Terrorism"),
    "repeat_infringer": marked("It infringes somebody’s rights, over and over"),
}
OTHER_GROUND = marked("Something else")
SOURCES = {
    "notice": marked("Somebody gave notice that it is against the law."),
    "report": marked("Somebody reported it."),
    "own": marked("We looked at it ourselves."),
    "rule": marked("A rule found it."),
    "appeal": marked("An appeal was decided."),
    "order": marked("An authority ordered it."),
}
WORDS: dict[str, Any] = {"actions": ACTIONS, "subjects": SUBJECTS, "grounds": GROUNDS, "sources": SOURCES}

Field = Annotated[str, Form(max_length=5000)]


@router.get("")
async def mine(request: Request, session: DbSession, caller: Member, cursor: Cursor = None) -> Response:
    """Every decision about me and what is mine, and on what I reported; newest first."""
    rows = await appeals.about_person(session, caller.id, PAGE_SIZE, decode_cursor(cursor))
    after = next_cursor(rows, PAGE_SIZE)
    return page(
        request,
        "viewer/decisions.html",
        caller=caller,
        rows=rows,
        appeals=await appeals.of_decisions(session, [row.id for row in rows]),
        next=after and f"/decisions?cursor={after}",
        **WORDS,
    )


@router.get("/{decision}")
async def read(request: Request, session: DbSession, caller: Member, decision: UUID, done: str = "") -> Response:
    """Why something was decided, with what staff saw, and the ways to contest it."""
    return await _page(request, session, caller, decision, {"done": DONE.get(done)})


async def _page(
    request: Request, session: AsyncSession, caller: Caller, decision: UUID, shown: dict[str, Any], status: int = 200
) -> Response:
    found = await appeals.decision_for(session, caller.id, decision)
    why = await justify(session, found, utc_now())
    defaults: dict[str, Any] = {"done": None, "problem": None, "typed": {}, "other_ground": OTHER_GROUND}
    return page(
        request, "viewer/decision.html", status=status, caller=caller, why=why, row=found, **(WORDS | defaults | shown)
    )


@router.post("/{decision}/appeal")
async def appeal(request: Request, session: DbSession, caller: Member, decision: UUID, text: Field = "") -> Response:
    """Contest a decision."""
    try:
        async with session.begin_nested():
            if not 3 <= len(text.strip()) <= 4000:
                raise Invalid("Say why, in 3 to 4,000 characters.")
            await notices_api.appeal_decision(decision, AppealWords(text=text), caller, session)
    except Problem as problem:
        shown = {"problem": problem, "typed": {"text": text}}
        return await _page(request, session, caller, decision, shown, problem.status)
    return see_other(f"/decisions/{decision}?done=appealed")


@router.post("/{decision}/counter-notice")
async def counter(
    request: Request,
    session: DbSession,
    caller: Member,
    decision: UUID,
    name: Field = "",
    address: Field = "",
    email: Field = "",
    text: Field = "",
    sworn: Annotated[bool, Form()] = False,
    jurisdiction: Annotated[bool, Form()] = False,
) -> Response:
    """Say, under penalty of perjury, that something was taken down by mistake."""
    typed: dict[str, Any] = {"name": name, "address": address, "email": email, "counter_text": text}
    try:
        async with session.begin_nested():
            given = _counter_notice(
                name=name, address=address, email=email, text=text, sworn=sworn, jurisdiction=jurisdiction
            )
            await notices_api.counter_takedown(decision, given, caller, session)
    except Problem as problem:
        return await _page(request, session, caller, decision, {"problem": problem, "typed": typed}, problem.status)
    return see_other(f"/decisions/{decision}?done=countered")


def _counter_notice(**fields: Any) -> CounterNoticeIn:
    try:
        return CounterNoticeIn(**fields)
    except ValueError:
        raise Invalid("Fill in every field, and tick both statements.") from None
