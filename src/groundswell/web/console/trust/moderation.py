"""Trust: what people report, what was taken down and why, and lifting it again."""

from contextlib import suppress
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.accounts.actors import actor_names
from groundswell.accounts.viewers import viewers_among
from groundswell.catalog import rights
from groundswell.catalog.directory import titles_among
from groundswell.catalog.rule_lookup import rules_among
from groundswell.community.supercuts import collections_showing
from groundswell.moments.lookup import MomentUnknown, find_moment
from groundswell.moments.moderation import described, described_by_code, open_reports
from groundswell.moments.tables import Moment
from groundswell.platform.csv_response import csv_file
from groundswell.platform.pages import decode_cursor, next_cursor
from groundswell.platform.problems import Problem
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.platform.settings import Settings
from groundswell.shares.links import LinkForged, LinkUnknown, find_share
from groundswell.shares.listing import count_of_moment
from groundswell.trust import decisions, reports
from groundswell.trust.grounds import REASONS, SEVERE
from groundswell.trust.reporters import may_see_severe
from groundswell.trust.tables import VERDICTS
from groundswell.web.console.shell import ConsoleRoute, staff_page
from groundswell.web.responses import see_other
from groundswell.web.templating import page

router = APIRouter(prefix="/console/trust", route_class=ConsoleRoute)

Trust = Annotated[Caller, Depends(staff_page("reports.handle"))]

PAGE = 50
QUEUE = 200
SUPERCUTS = 20
EVERY = 100_000
PARTS_OF_ADDRESS = 4
"""Of an address, from its end: more, and none of them names anything here."""

KINDS = {
    "moment": "Moment",
    "share": "Share",
    "title": "Title",
    "viewer": "Viewer",
    "comment": "Comment",
    "collection": "Collection",
    "earning": "Earning",
    "licence": "Licence",
}
ACTIONS = {
    "hide": "Taken down",
    "hold": "Held for review",
    "collapse": "Collapsed",
    "demote": "Shown less",
    "withhold": "Money withheld",
    "keep": "Let stand",
    "confirm": "Appeal failed",
    "reverse": "Appeal held",
    "restore": "Put back",
}
WORDS: dict[str, Any] = {"reasons": REASONS, "actions": ACTIONS, "kinds": KINDS, "verdicts": VERDICTS}


@router.get("")
async def overview(
    request: Request, session: DbSession, caller: Trust, cursor: str | None = None, saved: str | None = None
) -> Response:
    """The queue of reports, and every decision."""
    rows = await decisions.newest(session, PAGE, decode_cursor(cursor), severe=may_see_severe(caller))
    return page(
        request,
        "console/trust/moderation.html",
        caller=caller,
        queue=await open_reports(session, QUEUE),
        decisions=rows,
        subjects=await _subjects(session, rows),
        people=await actor_names(session, [who for row in rows for who in (row.decided_by, row.lifted_by) if who]),
        next=next_cursor(rows, PAGE),
        numbers=await reports.counts(session) | await decisions.counts(session),
        saved=saved,
        **WORDS,
    )


async def _subjects(session: AsyncSession, rows: Any) -> dict[UUID, tuple[str, str | None]]:
    """What decisions are about: words, and where to look at it."""
    ids = {kind: [row.subject_id for row in rows if row.subject_kind == kind] for kind in KINDS}
    found: dict[UUID, tuple[str, str | None]] = {}
    for moment, title, _maker in await described(session, ids["moment"]):
        found[moment.id] = (moment.caption or f"A clip of {title.name}", f"/console/trust/moments/{moment.code}")
    for title in (await titles_among(session, ids["title"])).values():
        found[title.id] = (title.name, f"/console/rights/title/{title.slug}")
    for viewer in (await viewers_among(session, ids["viewer"])).values():
        found[viewer.id] = (viewer.name, None)
    for rule in await rights.described(session, await rules_among(session, ids["licence"])):
        found[rule.id] = (rule.label, f"/console/rights/rules/{rule.id}")
    return found


@router.get("/decisions.csv")
async def download_decisions(session: DbSession, caller: Trust) -> Response:
    """Every decision, newest first."""
    header = "id subject_kind subject_id action reason_code explanation decided_by rule created_at lifted_at lifted_by"
    rows = await decisions.newest(session, EVERY, severe=may_see_severe(caller))
    return csv_file("decisions", header.split(), ([getattr(row, name) for name in header.split()] for row in rows))


@router.get("/find")
async def find(request: Request, session: DbSession, caller: Trust, moment: str = "") -> Response:
    """Open a moment by its code, its address, or any link to it: who reports one has a link, as a rule."""
    named = await _linked_moment(session, services_of(request).settings, moment)
    return see_other(f"/console/trust/moments/{named.code}")


async def _linked_moment(session: AsyncSession, settings: Settings, words: str) -> Moment:
    """The moment that a code or an address names.

    Raises:
        MomentUnknown: they name none.
    """
    path = words.strip().partition("?")[0].partition("#")[0]
    for part in [part for part in reversed(path.split("/")) if part][:PARTS_OF_ADDRESS]:
        with suppress(MomentUnknown):
            return await find_moment(session, part)
        with suppress(LinkForged, LinkUnknown):
            share = await find_share(session, settings, part)
            return await find_moment(session, str(share.moment_id))
    raise MomentUnknown()


@router.get("/moments/{code}")
async def read_moment(
    request: Request, code: str, session: DbSession, caller: Trust, saved: str | None = None
) -> Response:
    """One moment as staff see it: what it shows, who reported it, what was decided."""
    return await _moment_page(request, session, caller, code, {"saved": saved})


async def _moment_page(
    request: Request, session: AsyncSession, caller: Caller, code: str, shown: dict[str, Any], status: int = 200
) -> Response:
    moment, title, maker = await described_by_code(session, code)
    history = await decisions.history_of(session, "moment", moment.id)
    if not may_see_severe(caller) and any(each.reason_code in SEVERE and not each.lifted_at for each in history):
        raise MomentUnknown()
    told = await reports.about(session, moment.id)
    people = [who for each in history for who in (each.decided_by, each.lifted_by) if who]
    return page(
        request,
        "console/trust/moment.html",
        status=status,
        caller=caller,
        moment=moment,
        title=title,
        maker=maker,
        links=await count_of_moment(session, moment.id),
        supercuts=await collections_showing(session, moment.id, SUPERCUTS),
        standing=next((each for each in history if each.lifted_at is None and each.action == "hide"), None),
        decisions=history,
        reports=told,
        people=await actor_names(session, people + [each.closed_by for each in told if each.closed_by]),
        **(WORDS | {"saved": None, "problem": None, "errors": {}, "form": {"reason": "", "explanation": ""}} | shown),
    )


@router.post("/moments/{code}/take-down")
async def take_down(
    request: Request,
    code: str,
    session: DbSession,
    caller: Trust,
    reason: Annotated[str, Form()] = "",
    explanation: Annotated[str, Form()] = "",
) -> Response:
    """Take a moment down: it is served no longer, and its links say why in the words given here."""
    moment = await find_moment(session, code)
    errors = {}
    if reason not in REASONS:
        errors["reason"] = "Choose a reason."
    if not 1 <= len(explanation.strip()) <= 2000:
        errors["explanation"] = "Say why, in 1 to 2,000 characters: whoever opens a link to it reads this."
    problem = None
    if not errors:
        try:
            await decisions.decide(
                session,
                kind="moment",
                subject_id=moment.id,
                action="hide",
                reason_code=reason,
                explanation=explanation.strip(),
                decided_by=caller.actor,
            )
            return see_other(f"/console/trust/moments/{moment.code}?saved=down")
        except Problem as refused:
            problem = refused
    shown = {"errors": errors, "problem": problem, "form": {"reason": reason, "explanation": explanation}}
    return await _moment_page(request, session, caller, moment.code, shown, 422)


@router.post("/decisions/{decision_id}/lift")
async def lift(decision_id: UUID, session: DbSession, caller: Trust, back: Annotated[str, Form()] = "") -> Response:
    """Lift a decision; its record stays."""
    await decisions.lift(session, decision_id, caller.actor)
    return see_other(_back(back, "lifted"))


@router.post("/reports/{report_id}/dismiss")
async def dismiss(report_id: UUID, session: DbSession, caller: Trust, back: Annotated[str, Form()] = "") -> Response:
    """Close a report without a decision."""
    await reports.dismiss(session, report_id, caller.actor, severe=may_see_severe(caller))
    return see_other(_back(back, "dismissed"))


def _back(code: str, saved: str) -> str:
    """The page that the form was on: a moment's, when its code came along."""
    return f"/console/trust/moments/{code}?saved={saved}" if code.isalnum() else f"/console/trust?saved={saved}"
