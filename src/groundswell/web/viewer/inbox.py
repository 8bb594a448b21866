"""The inbox: what happened to what somebody made and follows; what they want to hear of, when, and how. Without a
script too."""

from pathlib import Path as File
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import FileResponse, JSONResponse

from groundswell.accounts.access import Caller
from groundswell.community.people import grown
from groundswell.moments.availability import Audience
from groundswell.notifications import api as notifications
from groundswell.notifications import digest
from groundswell.notifications.history import joined_behind, kept_of, one_of
from groundswell.notifications.inbox import mark_read
from groundswell.notifications.kinds import NOTIFICATION_KINDS, WAYS, NotificationKind, Way
from groundswell.notifications.schemas import ChoicesIn, MailIn, QuietHours, ReadIn, notification_out
from groundswell.platform.change_pace import unpaced
from groundswell.platform.clock import zone_names
from groundswell.platform.pages import Cursor
from groundswell.platform.problems import NotFound, Problem
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.shares.channels import channel_name
from groundswell.web import notification_speech  # noqa: F401 - it answers how things are said
from groundswell.web.languages import marked
from groundswell.web.page_auth import Member
from groundswell.web.page_route import PageRoute
from groundswell.web.responses import see_other
from groundswell.web.templating import page, page_language

router = APIRouter(route_class=PageRoute)

PAGE_SIZE = 30
WORKER = File(__file__).parents[1] / "static" / "push-worker.js"
ICONS: dict[str, str] = {
    "catching_on": "flame", "brought": "users", "comment": "note", "reply": "note", "follower": "user",
    "clip": "clip", "statement": "chart", "payout": "chart", "decision": "flag",
    "invitation": "users",
}  # fmt: skip
KINDS: dict[NotificationKind, str] = {
    "catching_on": marked("My moment is catching on"),
    "brought": marked("What I shared brought somebody"),
    "comment": marked("Comments on my moments"),
    "reply": marked("Answers to my comments"),
    "follower": marked("New followers"),
    "clip": marked("People I follow clip a title that I watch"),
    "statement": marked("A statement is ready"),
    "payout": marked("I was paid"),
    "decision": marked("Decisions about what is mine"),
    "invitation": marked("I am invited to a campaign, or to become a creator"),
}
WAY_NAMES: dict[Way, str] = {"inbox": marked("Inbox"), "mail": marked("Mail"), "push": marked("Push")}
DONE = {
    "saved": marked("Saved."),
    "asked": marked("Look into your mail: a link there confirms the address."),
    "stopped": marked("Nothing is mailed to you any more."),
}
Token = Annotated[str, Path(max_length=100)]


@router.get("/inbox")
async def inbox(request: Request, session: DbSession, caller: Member, cursor: Cursor = None) -> Response:
    """What happened, newest first."""
    grown(caller)
    language = page_language(request, caller)
    found = await notifications.list_notifications(caller, session, request, cursor, PAGE_SIZE, language)
    return page(
        request,
        "viewer/inbox.html",
        caller=caller,
        items=found.items,
        unread=found.unread,
        icons=ICONS,
        next=f"/inbox?cursor={found.next}" if found.next else None,
        first=cursor is None,
    )


@router.post("/inbox/read")
async def read_all(request: Request, session: DbSession, caller: Member) -> Response:
    """Everything there is was read."""
    await notifications.read_notifications(ReadIn(all=True), grown(caller), session, request)
    return see_other("/inbox")


@router.get("/inbox/settings")
async def choices(request: Request, session: DbSession, caller: Member, done: str | None = None) -> Response:
    """What I want to hear of, when, and how."""
    grown(caller)
    return page(request, "viewer/inbox_settings.html", **await _shown(request, session, caller, DONE.get(done or "")))


async def _shown(request: Request, session: DbSession, caller: Caller, done: str | None) -> dict[str, Any]:
    chosen = await notifications.read_choices(caller, session, request)
    return {
        "caller": caller,
        "chosen": chosen,
        "kinds": KINDS,
        "ways": WAY_NAMES,
        "zones": zone_names(),
        "own_zone": chosen.time_zone or services_of(request).settings.time_zone,
        "browsers": await notifications.list_push_subscriptions(caller, session),
        "done": done,
        "problem": None,
    }


@router.post("/inbox/settings")
async def choose(
    request: Request,
    session: DbSession,
    caller: Member,
    on: Annotated[list[str] | None, Form(max_length=100)] = None,
    time_zone: Annotated[str, Form(max_length=60)] = "",
    begin: Annotated[str, Form(max_length=5)] = "",
    end: Annotated[str, Form(max_length=5)] = "",
    weekly: Annotated[bool, Form()] = False,
) -> Response:
    """Save every switch of the form, and the quiet hours."""
    wanted: dict[NotificationKind, dict[Way, bool]] = {
        kind: {way: f"{kind}:{way}" in (on or []) for way in WAYS} for kind in NOTIFICATION_KINDS
    }
    body = ChoicesIn(
        switches=wanted,
        time_zone=time_zone if time_zone in zone_names() else None,
        quiet=QuietHours(begin=begin, end=end) if begin and end else None,
        no_quiet=not (begin and end),
        digest="weekly" if weekly else "daily",
        language=page_language(request, caller),
    )
    await notifications.change_choices(body, grown(caller), session, request)
    return see_other("/inbox/settings?done=saved")


@router.post("/inbox/mail")
async def mail(
    request: Request, session: DbSession, caller: Member, address: Annotated[str, Form(max_length=320)] = ""
) -> Response:
    """Have the digest mailed to an address, once it is confirmed."""
    try:
        body = MailIn.model_construct(address=address.strip(), language=page_language(request, caller))
        await notifications.mail_notifications(body, grown(caller), session, request)
    except Problem as problem:
        shown = await _shown(request, session, caller, None)
        return page(request, "viewer/inbox_settings.html", status=problem.status, **(shown | {"problem": problem}))
    return see_other("/inbox/settings?done=asked")


@router.post("/inbox/mail/stop")
async def stop_mail(session: DbSession, caller: Member) -> Response:
    """Mail me nothing more."""
    await notifications.stop_mail(grown(caller), session)
    return see_other("/inbox/settings?done=stopped")


@router.get("/inbox/export.json")
async def export(session: DbSession, caller: Member) -> Response:
    """All that is kept of what I was told and chose."""
    headers = {"Content-Disposition": 'attachment; filename="notifications.json"', "Cache-Control": "no-store"}
    return JSONResponse(await kept_of(session, caller.id), headers=headers)


@router.get("/inbox/{notification}")
async def one(request: Request, session: DbSession, caller: Member, notification: UUID) -> Response:
    """What one of them counts, where that has no page of its own: who joined, without a name; what was decided."""
    row = await one_of(session, caller.id, notification)
    territory = Audience.of(caller, request).territory
    items = await notifications.items_of(session, caller, territory, [row])
    if not items:
        raise NotFound("There is nothing of it any more.")
    speech = await notifications.speech_for(session, caller, page_language(request, caller))
    await mark_read(session, caller.id, [row.id], None) if row.kind == "decision" else None
    return page(
        request,
        "viewer/inbox_one.html",
        caller=caller,
        item=notification_out(items[0], speech),
        joined=[(each, channel_name(each.channel)) for each in await joined_behind(session, row)],
    )


@router.get("/push-worker.js", include_in_schema=False)
async def push_worker() -> Response:
    """The service worker that shows pushes; at the root, so that it may act for every page."""
    headers = {"Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff"}
    return FileResponse(WORKER, media_type="text/javascript; charset=utf-8", headers=headers)


@router.get("/mail/digest/{viewer_id}/{token}")
async def ask_stop(request: Request, viewer_id: UUID, token: Token) -> Response:
    """Whether to stop the digest. Opening changes nothing, since programs open what stands in mails."""
    _check(request, viewer_id, token)
    return page(request, "viewer/inbox_mail.html", caller=None, step="stop")


@router.post("/mail/digest/{viewer_id}/{token}")
@unpaced("Makes no rows; the address is signed.")
async def stop(request: Request, session: DbSession, viewer_id: UUID, token: Token) -> Response:
    """Mail it no longer: with one click, from the mail itself too (RFC 8058)."""
    _check(request, viewer_id, token)
    await digest.stop(session, viewer_id)
    return page(request, "viewer/inbox_mail.html", caller=None, step="stopped")


def _check(request: Request, viewer_id: UUID, token: str) -> None:
    if not digest.stops(services_of(request).settings, viewer_id, token):
        raise NotFound("No mail of ours has this address.")


@router.get("/mail/confirm/{viewer_id}/{token}")
async def ask_confirm(request: Request, session: DbSession, viewer_id: UUID, token: Token) -> Response:
    """Whether to have it mailed."""
    if not await digest.confirms(session, services_of(request).settings, viewer_id, token):
        raise NotFound("This link is not of the address that was given last.")
    return page(request, "viewer/inbox_mail.html", caller=None, step="confirm")


@router.post("/mail/confirm/{viewer_id}/{token}")
@unpaced("Makes no rows; the address is signed.")
async def confirm(request: Request, session: DbSession, viewer_id: UUID, token: Token) -> Response:
    """The address is theirs: mail there."""
    if not await digest.confirm(session, services_of(request).settings, viewer_id, token):
        raise NotFound("This link is not of the address that was given last.")
    return page(request, "viewer/inbox_mail.html", caller=None, step="confirmed")
