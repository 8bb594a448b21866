"""Where links lead: the landing page of a share, the page of a moment, the player on somebody else's page."""

from typing import Annotated, Any, get_args
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request, Response

from groundswell.events.visits import landing_visit
from groundswell.moments.availability import Audience
from groundswell.platform.clock import utc_now
from groundswell.platform.problems import Problem
from groundswell.platform.routing import DbSession
from groundswell.platform.settings import Settings
from groundswell.shares.links import holds_until, resolve
from groundswell.trust.api import make_report
from groundswell.trust.schemas import ReportIn, ReportReason
from groundswell.web.landing import keep
from groundswell.web.templating import page

from .clips import clip_of, coded_clip, shared_clip
from .people import MaybeViewer
from .route import PageRoute
from .viewer_away import away

router = APIRouter(route_class=PageRoute)

REPORT_REASONS = {
    "rights": "It should not be shared",
    "spoiler": "It spoils something",
    "nudity": "Nudity",
    "violence": "Violence",
    "hate": "Hate",
    "harassment": "Harassment",
    "privacy": "It shows somebody’s private life",
    "spam": "Spam",
    "other": "Something else",
}
assert set(REPORT_REASONS) == set(get_args(ReportReason))


@router.api_route("/s/{token}", methods=["GET", "HEAD"])
async def landing(request: Request, session: DbSession, caller: MaybeViewer, token: str) -> Response:
    """A share's landing page. The visit (or a robot's look) is committed before the page is answered."""
    settings, pages = request.app.state.settings, request.app.state.landing_pages
    age = pages.age
    audience = Audience.of(caller, request)
    asked_at = utc_now()
    try:
        found = await resolve(session, settings, token, audience)
    except Problem as problem:
        return await away(request, session, caller, problem, token=token)
    clip = await clip_of(session, settings, found, caller)
    if request.method == "GET":
        await landing_visit(request, found, caller)
    robots = {"X-Robots-Tag": "noindex"} if clip.card.noindex else {}
    shown: dict[str, Any] = {"caller": caller, "clip": clip, "reasons": REPORT_REASONS}
    answer = page(request, "viewer/landing.html", headers=robots, **shown)
    if caller is None and request.method == "GET":
        keep(pages, age, found, await holds_until(session, found, asked_at), audience.territory, answer)
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
    shown: dict[str, Any] = {"caller": caller, "clip": clip, "reasons": REPORT_REASONS}
    return page(request, "viewer/landing.html", headers=robots, **shown)


class EmbedRefused(Problem):
    status, code, title = 403, "embed_refused", "This player may not be shown on that page."


@router.get("/embed/{code}")
async def embed(request: Request, session: DbSession, caller: MaybeViewer, code: str, s: str | None = None) -> Response:
    """The player for other people's pages; ``s`` is the share by which it came there."""
    settings = request.app.state.settings
    refuse_embedder(request, settings)
    clip = await coded_clip(session, request, code, caller) if s is None else None
    clip = clip or await shared_clip(session, request, s or "", caller)
    ancestors = " ".join(settings.embed_ancestors) or "'none'"
    return page(request, "viewer/embed.html", frame_ancestors=ancestors, caller=caller, clip=clip)


def refuse_embedder(request: Request, settings: Settings) -> None:
    """Refuse a frame on a page that is not on the list, where the browser says which page that is. Where it does not,
    it keeps to ``frame-ancestors`` all the same.

    Raises:
        EmbedRefused: it is not.
    """
    page = urlsplit(request.headers.get("referer", ""))
    framed = request.headers.get("sec-fetch-dest") in {"iframe", "frame", "embed", "object"}
    if not framed or not page.netloc or "*" in settings.embed_ancestors:
        return
    own = urlsplit(settings.base_url)
    if f"{page.scheme}://{page.netloc}" not in {*settings.embed_ancestors, f"{own.scheme}://{own.netloc}"}:
        raise EmbedRefused(f"The player may not be shown on {page.netloc}.")
