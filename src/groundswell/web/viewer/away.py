"""Where a link leads when what it names cannot be shown: why, and one thing that can be done about it."""

from dataclasses import dataclass
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.catalog.directory import title_and_series
from groundswell.catalog.tables import Series, Title
from groundswell.catalog.titles import label_of
from groundswell.moments.availability import Audience
from groundswell.moments.lookup import find_moment
from groundswell.platform.problems import Problem
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.platform.settings import Settings
from groundswell.shares.links import find_share, resolve
from groundswell.shares.listing import waits_for
from groundswell.shares.reminders import NothingToWaitFor, may_come, remind
from groundswell.trust.clip_checks import ClipRefused
from groundswell.web.languages import marked
from groundswell.web.page_auth import MaybeViewer, Member
from groundswell.web.page_route import PageRoute, refusal
from groundswell.web.responses import see_other

router = APIRouter(route_class=PageRoute)

WayOn = Literal["remind", "sign-in", "watch", "discover"]

HEADINGS = {
    "not_yet_open": marked("Not out yet"),
    "ending_held": marked("Held back for now"),
    "licence_ended": marked("No longer available"),
    "members_only": marked("For members"),
    "kids_profile": marked("Not for this profile"),
    "kids_rating": marked("Not for this profile"),
    "kids_rating_unknown": marked("Not for this profile"),
    "release_unknown": marked("Held back for now"),
    "title_restricted": marked("Not available"),
    "title_withdrawn": marked("No longer available"),
}

ADVICE = {
    "link_forged": marked("Some apps cut long links off. Ask whoever sent it to send it once more."),
    "link_revoked": marked("They may have sent it by mistake. Ask them for a new one."),
    "link_expired": marked("It was made to work for a while only. Ask whoever sent it for a new one."),
    "moment_deleted": marked("It can no longer be played from any of its links."),
}
"""By reason: what whoever holds the link may do about it."""


@dataclass(frozen=True)
class Away:
    """What the page says. ``title`` is named where rights alone keep the moment back; ``waits``: a reminder is set."""

    heading: str
    words: str
    way_on: WayOn
    title: Title | None = None
    series: Series | None = None
    waits: bool = False

    @property
    def name(self) -> str:
        """``Night Frequency S1E2: The Storm``, or a film's name."""
        assert self.title is not None
        if self.series is None:
            return self.title.name
        return f"{self.series.name} {label_of(self.title)}: {self.title.name}"


def heading_of(problem: Problem) -> str:
    """What the page is called."""
    if not isinstance(problem, ClipRefused):
        return problem.title
    elsewhere = marked("Not available where you are")
    return elsewhere if problem.elsewhere else HEADINGS.get(problem.reason(), marked("Not for sharing"))


def words_of(problem: Problem) -> str:
    """Why, in a sentence; empty where the heading says it all."""
    if isinstance(problem, ClipRefused) and problem.elsewhere:
        return marked("This clip can be seen in other countries, but not in yours at present.")
    if problem.reason() in ADVICE:
        return ADVICE[problem.reason()]
    return problem.detail if problem.detail != heading_of(problem) else ""


def way_on(problem: Problem) -> WayOn:
    """The one thing to offer."""
    if may_come(problem):
        return "remind"
    if not isinstance(problem, ClipRefused) or problem.reason() in {"title_restricted", "title_withdrawn"}:
        return "discover"
    return "sign-in" if problem.reason() == "members_only" else "watch"


async def away(
    request: Request,
    session: AsyncSession,
    caller: Caller | None,
    problem: Problem,
    *,
    token: str | None = None,
    code: str | None = None,
) -> Response:
    """The page for a share (``token``) or moment (``code``) that cannot be shown."""
    told = Away(heading_of(problem), words_of(problem), way_on(problem))
    if isinstance(problem, ClipRefused):
        told = await _named(session, services_of(request).settings, caller, told, token, code)
    shown: dict[str, Any] = {"caller": caller, "away": told, "token": token}
    return refusal(request, problem, "viewer/away.html", **shown)


async def _named(
    session: AsyncSession, settings: Settings, caller: Caller | None, told: Away, token: str | None, code: str | None
) -> Away:
    """With the title's name, and whether a reminder is set."""
    if token is not None:
        code = str((await find_share(session, settings, token)).moment_id)
    moment = await find_moment(session, code or "")
    title, series = await title_and_series(session, moment.title_id)
    waits = caller is not None and await waits_for(session, caller.id, moment.id)
    return Away(told.heading, told.words, told.way_on, title, series, waits)


@router.post("/s/{token}/remind")
async def set_reminder(request: Request, session: DbSession, caller: Member, token: str) -> Response:
    """Remember it, and say so. Whoever is not signed in is asked to, and comes back here."""
    try:
        async with session.begin_nested():
            await remind(session, services_of(request).settings, Audience.of(caller, request), token)
    except NothingToWaitFor:
        pass  # the landing page says what is so now
    return see_other(f"/s/{token}")


@router.get("/s/{token}/remind")
async def before_reminding(request: Request, session: DbSession, caller: MaybeViewer, token: str) -> Response:
    """Where one comes back to from signing in: the page with its button, or the clip when it can be seen after all."""
    try:
        await resolve(session, services_of(request).settings, token, Audience.of(caller, request))
    except Problem as problem:
        return await away(request, session, caller, problem, token=token)
    return see_other(f"/s/{token}")
