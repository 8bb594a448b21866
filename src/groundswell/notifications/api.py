"""Notifications over HTTP: a viewer's inbox, what they want to hear and how."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller, SignedIn
from groundswell.community.people import grown
from groundswell.moments.availability import Audience
from groundswell.platform.clock import utc_now
from groundswell.platform.jobs import SOON, defer
from groundswell.platform.pages import Cursor, Limit, decode_cursor, encode_cursor
from groundswell.platform.problems import Invalid
from groundswell.platform.routing import DbSession, TransactionalRoute
from groundswell.platform.services import services_of
from groundswell.platform.settings import Settings
from groundswell.platform.speech import Speech, speech_of

from . import browsers, digest
from .choices import choice_of, kept_choice, schedule_digest, set_switches, switches
from .inbox import InboxItem, mark_read, page_of, shown, unread_count
from .jobs import confirm_address
from .live import LiveInboxes, counts
from .schemas import (
    ChoicesIn,
    ChoicesOut,
    MailChoice,
    MailIn,
    NotificationPage,
    PushKeyOut,
    PushSubscriptionIn,
    PushSubscriptionOut,
    QuietHours,
    ReadIn,
    UnreadOut,
    notification_out,
)
from .tables import Notification, NotificationChoice
from .vapid import public_key

router = APIRouter(prefix="/v1/notifications", tags=["notifications"], route_class=TransactionalRoute)


async def adult(caller: SignedIn) -> Caller:
    """Whoever is signed in, unless it is a child's profile."""
    return grown(caller)


Adult = Annotated[Caller, Depends(adult)]
Lang = Annotated[
    str | None, Query(max_length=35, pattern=r"^[A-Za-z0-9-]*$", description="Language of `text` (BCP 47).")
]


class CountStream(StreamingResponse):
    """Server-sent events, each a count."""

    media_type = "text/event-stream"


@router.get("")
async def list_notifications(
    caller: Adult, session: DbSession, request: Request, cursor: Cursor = None, limit: Limit = 30, lang: Lang = None
) -> NotificationPage:
    """My inbox, newest first: one entry for each kind and subject, however much happened. A page may be short of
    `limit` while there is a `next`."""
    territory = Audience.of(caller, request).territory
    found = await page_of(session, caller.viewer, territory, decode_cursor(cursor), limit)
    speech = await speech_for(session, caller, lang)
    return NotificationPage(
        items=[notification_out(item, speech) for item in found.items],
        next=None if found.next is None else encode_cursor(found.next),
        unread=await unread_count(session, caller.viewer, territory),
    )


async def speech_for(session: AsyncSession, caller: Caller, lang: str | None) -> Speech:
    """The language that was asked for, or that the account or the viewer's choices name."""
    return await speech_of(lang or caller.language or (await choice_of(session, caller.id)).language)


async def items_of(
    session: AsyncSession, caller: Caller, territory: str | None, rows: Sequence[Notification]
) -> list[InboxItem]:
    """Those of a viewer's notifications that have something to show."""
    return await shown(session, caller.viewer, territory, rows)


@router.get("/count")
async def count_notifications(caller: Adult, session: DbSession, request: Request) -> UnreadOut:
    """How many are unread."""
    return UnreadOut(unread=await unread_count(session, caller.viewer, Audience.of(caller, request).territory))


@router.get("/stream", response_class=CountStream, responses={200: {"model": UnreadOut}})
async def stream_notifications(caller: Adult, request: Request) -> Response:
    """How many are unread, as server-sent events: at once, then whenever something was added."""
    services_of(request).get(LiveInboxes).check(caller.id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return CountStream(counts(request, caller, Audience.of(caller, request).territory), headers=headers)


@router.post("/read")
async def read_notifications(body: ReadIn, caller: Adult, session: DbSession, request: Request) -> UnreadOut:
    """Say what I have read: some, or all there are. What is added to it later is unread again."""
    if not body.all and body.ids is None:
        raise Invalid("Say which: `ids`, or `all`.")
    await mark_read(session, caller.id, None if body.all else body.ids, None)
    return await count_notifications(caller, session, request)


@router.get("/choices")
async def read_choices(caller: Adult, session: DbSession, request: Request) -> ChoicesOut:
    """What I want to hear of, and how."""
    return choices_out(await choice_of(session, caller.id), services_of(request).settings)


@router.patch("/choices")
async def change_choices(body: ChoicesIn, caller: Adult, session: DbSession, request: Request) -> ChoicesOut:
    """Turn switches, say when nothing is to be pushed, and how often the digest comes."""
    settings = services_of(request).settings
    choice = await kept_choice(session, caller.id)
    set_switches(choice, body.switches)
    if body.time_zone is not None:
        choice.time_zone = body.time_zone
    if body.quiet is not None:
        choice.quiet_from, choice.quiet_to = _minutes(body.quiet.begin), _minutes(body.quiet.end)
        choice.time_zone = choice.time_zone or settings.time_zone
    if body.no_quiet or choice.quiet_from == choice.quiet_to:
        choice.quiet_from = choice.quiet_to = None
    choice.digest = body.digest or choice.digest
    choice.language = body.language or choice.language
    schedule_digest(choice, settings, utc_now())
    return choices_out(choice, settings)


@router.put("/mail")
async def mail_notifications(body: MailIn, caller: Adult, session: DbSession, request: Request) -> ChoicesOut:
    """Have what I have not read mailed to me, once the address is confirmed by a link that is mailed there."""
    settings = services_of(request).settings
    choice = await digest.ask_for(session, settings, caller.id, body.address)
    choice.language = body.language or caller.language or choice.language
    await defer(session, confirm_address, priority=SOON, viewer_id=str(caller.id))
    return choices_out(choice, settings)


@router.delete("/mail", status_code=204)
async def stop_mail(caller: Adult, session: DbSession) -> Response:
    """Mail me nothing more."""
    await digest.stop(session, caller.id)
    return Response(status_code=204)


@router.get("/push-key")
async def read_push_key(caller: Adult, request: Request) -> PushKeyOut:
    """The key with which a browser subscribes to pushes."""
    return PushKeyOut(key=public_key(services_of(request).settings))


@router.get("/push-subscriptions")
async def list_push_subscriptions(caller: Adult, session: DbSession) -> list[PushSubscriptionOut]:
    """The browsers that are pushed to for me, the newest first."""
    found = await browsers.subscriptions(session, caller.id)
    return [PushSubscriptionOut.model_validate(each, from_attributes=True) for each in found]


@router.post("/push-subscriptions", status_code=201)
async def subscribe_browser(
    body: PushSubscriptionIn, caller: Adult, session: DbSession, request: Request
) -> PushSubscriptionOut:
    """Push to a browser from now on; ten of mine at most, the oldest makes room. Its endpoint must be public."""
    settings = services_of(request).settings
    made = await browsers.subscribe(
        session, settings, caller.id, body.endpoint, body.keys.p256dh, body.keys.auth, body.key
    )
    if body.language or caller.language:
        (await kept_choice(session, caller.id)).language = body.language or caller.language or "en"
    return PushSubscriptionOut.model_validate(made, from_attributes=True)


@router.delete("/push-subscriptions/{subscription}", status_code=204)
async def unsubscribe_browser(subscription: UUID, caller: Adult, session: DbSession) -> Response:
    """Push to a browser no longer."""
    await browsers.unsubscribe(session, caller.id, subscription)
    return Response(status_code=204)


def choices_out(choice: NotificationChoice, settings: Settings) -> ChoicesOut:
    """What somebody chose, as the API shows it."""
    quiet = None
    if choice.quiet_from is not None and choice.quiet_to is not None:
        quiet = QuietHours(begin=_clock(choice.quiet_from), end=_clock(choice.quiet_to))
    mail = None
    if choice.mail_to is not None:
        mail = MailChoice(address=choice.mail_to, confirmed=choice.mail_confirmed_at is not None)
    return ChoicesOut(
        switches=switches(choice),
        time_zone=choice.time_zone,
        quiet=quiet,
        digest=choice.digest,
        mail=mail,
        mail_possible=settings.smtp_url is not None,
    )


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
