"""Trust: what people report, what was taken down and why, and lifting it again."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.accounts.tables import Viewer
from groundswell.catalog import rights
from groundswell.catalog.tables import RightsRule, Title
from groundswell.moments.finding import find_moment
from groundswell.moments.tables import Moment
from groundswell.platform.pages import decode_cursor, next_cursor
from groundswell.platform.problems import NotFound, Problem
from groundswell.platform.routing import DbSession
from groundswell.shares.tables import Share
from groundswell.trust import decisions, reports
from groundswell.trust.tables import Decision, Report
from groundswell.web.templating import page

from .console import ConsoleRoute, csv_file, see_other, staff_page
from .console_places import names_of

router = APIRouter(prefix="/console/trust", route_class=ConsoleRoute)

Trust = Annotated[Caller, Depends(staff_page("trust"))]

PAGE = 50
QUEUE = 200
EVERY = 100_000

REASONS = {
    "rights": "Infringes somebody's rights",
    "nudity": "Nudity or sex",
    "violence": "Violence",
    "hate": "Hate",
    "harassment": "Harassment or insult",
    "privacy": "Somebody's privacy",
    "spoiler": "Spoiler without a warning",
    "spam": "Spam or misleading",
    "licence_ended": "The licence has ended",
    "other": "Something else",
}
"""Why something is reported or taken down, as people read it."""

KINDS = {
    "moment": "Moment",
    "share": "Share",
    "title": "Title",
    "viewer": "Viewer",
    "earning": "Earning",
    "licence": "Licence",
}
ACTIONS = {"hide": "Taken down", "hold": "Held for review", "demote": "Shown less", "withhold": "Money withheld"}
WORDS: dict[str, Any] = {"reasons": REASONS, "actions": ACTIONS, "kinds": KINDS}


@dataclass(frozen=True)
class Reported:
    """A moment and the open reports about it."""

    moment: Moment
    title: Title
    maker: Viewer
    reports: list[Report]


async def open_reports(session: AsyncSession) -> list[Reported]:
    """Moments with open reports, those reported most first; the newest ``QUEUE`` reports."""
    newest = select(Report).where(Report.closed_at.is_(None)).order_by(Report.created_at.desc()).limit(QUEUE)
    by_moment: dict[UUID, list[Report]] = defaultdict(list)
    for report in await session.scalars(newest):
        by_moment[report.moment_id].append(report)
    query = _moments().where(Moment.id.in_(by_moment))
    rows = await session.execute(query)
    found = [Reported(moment, title, maker, by_moment[moment.id]) for moment, title, maker in rows]
    return sorted(found, key=lambda each: (-len(each.reports), each.reports[0].created_at))


def _moments() -> Any:
    return (
        select(Moment, Title, Viewer)
        .join(Title, Title.id == Moment.title_id)
        .join(Viewer, Viewer.id == Moment.viewer_id)
    )


@router.get("")
async def overview(
    request: Request, session: DbSession, caller: Trust, cursor: str | None = None, saved: str | None = None
) -> Response:
    """The queue of reports, and every decision."""
    query = select(Decision).order_by(Decision.id.desc()).limit(PAGE)
    if (last := decode_cursor(cursor)) is not None:
        query = query.where(Decision.id < last)
    rows = (await session.scalars(query)).all()
    return page(
        request,
        "console/trust.html",
        caller=caller,
        queue=await open_reports(session),
        decisions=rows,
        subjects=await _subjects(session, rows),
        people=await names_of(session, [who for row in rows for who in (row.decided_by, row.lifted_by) if who]),
        next=next_cursor(rows, PAGE),
        numbers=await _numbers(session),
        saved=saved,
        **WORDS,
    )


async def _numbers(session: AsyncSession) -> dict[str, int]:
    live = Decision.lifted_at.is_(None)
    counts = {
        "open": select(func.count()).select_from(Report).where(Report.closed_at.is_(None)),
        "reported": select(func.count(Report.moment_id.distinct())).where(Report.closed_at.is_(None)),
        "down": select(func.count()).select_from(Decision).where(live, Decision.action == "hide"),
        "lifted": select(func.count()).select_from(Decision).where(~live),
    }
    return {name: await session.scalar(query) or 0 for name, query in counts.items()}


async def _subjects(session: AsyncSession, rows: Any) -> dict[UUID, tuple[str, str | None]]:
    """What decisions are about: words, and where to look at it."""
    ids = {kind: [row.subject_id for row in rows if row.subject_kind == kind] for kind in KINDS}
    found: dict[UUID, tuple[str, str | None]] = {}
    for moment, title, _maker in await session.execute(_moments().where(Moment.id.in_(ids["moment"]))):
        found[moment.id] = (moment.caption or f"A clip of {title.name}", f"/console/trust/moments/{moment.code}")
    for title in await session.scalars(select(Title).where(Title.id.in_(ids["title"]))):
        found[title.id] = (title.name, f"/console/rights/title/{title.slug}")
    for viewer in await session.scalars(select(Viewer).where(Viewer.id.in_(ids["viewer"]))):
        found[viewer.id] = (viewer.name, None)
    licences = (await session.scalars(select(RightsRule).where(RightsRule.id.in_(ids["licence"])))).all()
    for rule in await rights.described(session, licences):
        found[rule.id] = (rule.label, f"/console/rights/rules/{rule.id}")
    return found


@router.get("/decisions.csv")
async def download_decisions(session: DbSession, caller: Trust) -> Response:
    """Every decision, newest first."""
    header = "id subject_kind subject_id action reason_code explanation decided_by rule created_at lifted_at lifted_by"
    rows = await session.scalars(select(Decision).order_by(Decision.id.desc()).limit(EVERY))
    return csv_file("decisions", header.split(), ([getattr(row, name) for name in header.split()] for row in rows))


@router.get("/find")
async def find(session: DbSession, caller: Trust, moment: str = "") -> Response:
    """Open a moment by its code, its address, or the address of a page it is on."""
    code = moment.strip().rstrip("/").rpartition("/")[2].partition("?")[0]
    found = await find_moment(session, code)
    return see_other(f"/console/trust/moments/{found.code}")


@router.get("/moments/{code}")
async def read_moment(
    request: Request, code: str, session: DbSession, caller: Trust, saved: str | None = None
) -> Response:
    """One moment as staff see it: what it shows, who reported it, what was decided."""
    return await _moment_page(request, session, caller, code, {"saved": saved})


async def _moment_page(
    request: Request, session: AsyncSession, caller: Caller, code: str, shown: dict[str, Any], status: int = 200
) -> Response:
    row = (await session.execute(_moments().where(Moment.code == code))).one_or_none()
    if row is None:
        raise NotFound("There is no such moment.")
    moment = row[0]
    about = select(Decision).filter_by(subject_kind="moment", subject_id=moment.id).order_by(Decision.id.desc())
    history = (await session.scalars(about)).all()
    told = (await session.scalars(select(Report).filter_by(moment_id=moment.id).order_by(Report.id.desc()))).all()
    people = [who for each in history for who in (each.decided_by, each.lifted_by) if who]
    return page(
        request,
        "console/trust_moment.html",
        status=status,
        caller=caller,
        moment=moment,
        title=row[1],
        maker=row[2],
        links=await session.scalar(select(func.count()).select_from(Share).filter_by(moment_id=moment.id)) or 0,
        standing=next((each for each in history if each.lifted_at is None and each.action == "hide"), None),
        decisions=history,
        reports=told,
        people=await names_of(session, people + [each.closed_by for each in told if each.closed_by]),
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
                decided_by=f"viewer:{caller.id}",
            )
            return see_other(f"/console/trust/moments/{moment.code}?saved=down")
        except Problem as refused:
            problem = refused
    shown = {"errors": errors, "problem": problem, "form": {"reason": reason, "explanation": explanation}}
    return await _moment_page(request, session, caller, moment.code, shown, 422)


@router.post("/decisions/{decision_id}/lift")
async def lift(decision_id: UUID, session: DbSession, caller: Trust, back: Annotated[str, Form()] = "") -> Response:
    """Lift a decision; its record stays."""
    await decisions.lift(session, decision_id, f"viewer:{caller.id}")
    return see_other(_back(back, "lifted"))


@router.post("/reports/{report_id}/dismiss")
async def dismiss(report_id: UUID, session: DbSession, caller: Trust, back: Annotated[str, Form()] = "") -> Response:
    """Close a report without a decision."""
    await reports.dismiss(session, report_id, f"viewer:{caller.id}")
    return see_other(_back(back, "dismissed"))


def _back(code: str, saved: str) -> str:
    """The page that the form was on: a moment's, when its code came along."""
    return f"/console/trust/moments/{code}?saved={saved}" if code.isalnum() else f"/console/trust?saved={saved}"
