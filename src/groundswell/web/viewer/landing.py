"""Where links lead: the landing page of a share, the page of a moment, the player on somebody else's page."""

from dataclasses import replace
from typing import Annotated, Any, get_args
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse

from groundswell.discovery.ranking import Gate
from groundswell.events.log.lookups import place
from groundswell.events.traffic.visit_ticket import PLACEHOLDER
from groundswell.events.visits.visit import Visit, landing_visit, visit
from groundswell.moments.availability import Audience
from groundswell.moments.lookup import MomentUnknown
from groundswell.platform.clock import utc_now
from groundswell.platform.problems import Problem
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.platform.settings import Settings
from groundswell.shares.links import page_holds_until, resolve, token_of
from groundswell.shares.own_page import ensure_page_share, page_code
from groundswell.trust.api import make_report
from groundswell.trust.schemas import ReportIn, ReportReason
from groundswell.web.languages import marked
from groundswell.web.page_auth import MaybeViewer
from groundswell.web.page_route import PageRoute
from groundswell.web.responses import see_other
from groundswell.web.templating import page

from .away import away
from .clip_view import Clip, clip_of, coded_clip, shared_clip
from .landing_cache import LandingPages, PageAudience, keep, stand_in, with_ticket, with_token
from .scenes import scenes

router = APIRouter(route_class=PageRoute)

LOOKED_AT = 24
"""Scenes among which the next clip is looked for."""

REPORT_REASONS = {
    "rights": marked("It should not be shared"),
    "spoiler": marked("It spoils something"),
    "nudity": marked("Nudity"),
    "violence": marked("Violence"),
    "hate": marked("Hate"),
    "harassment": marked("Harassment"),
    "privacy": marked("It shows somebody’s private life"),
    "spam": marked("Spam"),
    "child_abuse": marked("Sexual abuse of a child"),
    "terror": marked("Terrorism"),
    "other": marked("Something else"),
}
assert set(REPORT_REASONS) == set(get_args(ReportReason))


@router.api_route("/s/{token}", methods=["GET", "HEAD"])
async def landing(request: Request, session: DbSession, caller: MaybeViewer, token: str) -> Response:
    """A share's landing page. The visit (or a robot's look) is committed before the page is answered."""
    services = services_of(request)
    settings, pages = services.settings, services.get(LandingPages)
    generation = pages.generation
    audience = Audience.of(caller, request)
    asked_at = utc_now()
    try:
        found = await resolve(session, settings, token, audience)
    except Problem as problem:
        return await away(request, session, caller, problem, token=token)
    kept = caller is None and request.method == "GET" and "lang" not in request.query_params
    shown_as = stand_in(len(token)) if kept else token
    clip = await clip_of(session, settings, replace(found, token=shown_as), caller)
    visited = await landing_visit(request, found, caller)
    robots = {"X-Robots-Tag": "noindex"} if clip.card.noindex else {}
    shown: dict[str, Any] = {"caller": caller, "clip": clip, "reasons": REPORT_REASONS, "visit": PLACEHOLDER}
    if kept:
        shown |= dict.fromkeys(("path", "here"), f"/s/{shown_as}")
    answer = page(request, "viewer/landing.html", headers=robots, **shown)
    if kept:
        asked = PageAudience(audience.territory, answer.headers["content-language"])
        keep(pages, generation, found, await page_holds_until(session, found, asked_at), asked, answer)
        answer.body = with_token(bytes(answer.body), token)
    return _given(answer, visited)


def _given(answer: HTMLResponse, visited: Visit | None) -> Response:
    """The page with the ticket of this visit in it."""
    if visited is not None:
        answer.body = with_ticket(bytes(answer.body), visited.ticket)
    return answer


@router.post("/s/{token}/report")
async def report_share(
    request: Request,
    session: DbSession,
    caller: MaybeViewer,
    token: str,
    reason_code: Annotated[ReportReason, Form()] = "other",
    text: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Take a report from the landing page's form, also without JavaScript."""
    clip = await shared_clip(session, request, token, caller)
    return await _report(request, session, caller, clip, reason_code, text)


async def _report(
    request: Request, session: DbSession, caller: MaybeViewer, clip: Clip, reason_code: ReportReason, text: str
) -> Response:
    report = ReportIn(moment=clip.moment.code, reason_code=reason_code, text=text)
    await make_report(report, request, caller, session)
    return page(request, "viewer/reported.html", caller=caller, clip=clip)


@router.api_route("/m/{code}", methods=["GET", "HEAD"])
async def moment(request: Request, session: DbSession, caller: MaybeViewer, code: str) -> Response:
    """A moment's own page: the canonical address of all shares of it."""
    try:
        clip = await coded_clip(session, request, code, caller)
    except Problem as problem:
        return await away(request, session, caller, problem, code=code)
    robots = {"X-Robots-Tag": "noindex"} if clip.card.noindex else {}
    shown: dict[str, Any] = {"caller": caller, "clip": clip, "reasons": REPORT_REASONS, "visit": PLACEHOLDER}
    seen = await visit(request, place(None, clip.moment.id, clip.title.id), "view", caller)
    return _given(page(request, "viewer/landing.html", headers=robots, **shown), seen)


@router.get("/m/{code}/go")
async def go(request: Request, session: DbSession, caller: MaybeViewer, code: str) -> Response:
    """From a moment's own page to the title, by the share that stands for the page."""
    try:
        clip = await coded_clip(session, request, code, caller)
    except Problem as problem:
        return await away(request, session, caller, problem, code=code)
    if clip.moment.visibility != "public":
        return see_other(clip.continue_url)
    await ensure_page_share(session, clip.moment)
    token = token_of(services_of(request).settings, page_code(clip.moment))
    return see_other(f"/s/{token}/go?from=landing")


@router.get("/m/{code}/next")
async def another(request: Request, session: DbSession, caller: MaybeViewer, code: str) -> Response:
    """Another clip that is catching on: of the same title where there is one, and never the same one again."""
    moment = (await coded_clip(session, request, code, caller)).moment
    if moment.visibility != "public":
        raise MomentUnknown()
    audience, gate = Audience.of(caller, request), Gate.of(services_of(request).settings)
    for title_id in (moment.title_id, None):
        found = await scenes(session, caller, audience, gate, limit=LOOKED_AT, title_id=title_id)
        codes = [scene.out.best.code for scene in found.items if not scene.veiled]
        after = codes[codes.index(code) + 1 :] if code in codes else [each for each in codes if each != code]
        if after:
            return see_other(f"/m/{after[0]}")
    return see_other("/discover")


@router.post("/m/{code}/report")
async def report_moment(
    request: Request,
    session: DbSession,
    caller: MaybeViewer,
    code: str,
    reason_code: Annotated[ReportReason, Form()] = "other",
    text: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Take a report from the form of a moment's own page."""
    clip = await coded_clip(session, request, code, caller)
    return await _report(request, session, caller, clip, reason_code, text)


class EmbedRefused(Problem):
    status, code, title = 403, "embed_refused", "This player may not be shown on that page."


@router.get("/embed/{code}")
async def embed(request: Request, session: DbSession, caller: MaybeViewer, code: str, s: str | None = None) -> Response:
    """The player for other people's pages; ``s`` is the share by which it came there."""
    settings = services_of(request).settings
    refuse_embedder(request, settings)
    if s is None:
        clip = await coded_clip(session, request, code, caller)
        where = place(None, clip.moment.id, clip.title.id)
    else:
        found = await resolve(session, settings, s, Audience.of(caller, request))
        clip = await clip_of(session, settings, found, caller)
        where = place(found.share.id, found.moment.id, found.title.id, found.share.channel)
    if clip.moment.code != code:
        raise MomentUnknown()
    seen = await visit(request, where, "view", caller)
    ancestors = " ".join(settings.embed_ancestors) or "'none'"
    shown: dict[str, Any] = {"caller": caller, "clip": clip, "visit": PLACEHOLDER}
    return _given(page(request, "viewer/embed.html", frame_ancestors=ancestors, **shown), seen)


def refuse_embedder(request: Request, settings: Settings) -> None:
    """Refuse a frame on a page that is not on the list, where the browser says which page that is. Where it does not,
    it keeps to ``frame-ancestors`` all the same.

    Raises:
        EmbedRefused: it is not.
    """
    referer = request.headers.get("referer", "")
    framed = request.headers.get("sec-fetch-dest") in {"iframe", "frame", "embed", "object"}
    if not framed or not referer or "*" in settings.embed_ancestors:
        return
    page = _origin(referer)
    if page not in {*settings.embed_ancestors, _origin(settings.base_url)}:
        raise EmbedRefused(f"The player may not be shown on {page or 'a page that does not say what it is'}.")


def _origin(url: str) -> str | None:
    """Scheme, host and port of an address; None when it cannot be read."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.netloc}"
