"""The digest: what somebody has not read yet, by mail, in the morning where they are, once.

It goes to an address that its owner has confirmed by a link mailed there. Each carries the way to stop it with one
click (RFC 8058), which asks for no sign-in. What is in it is looked up as it is sent, as the inbox would be.
"""

import hmac
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import aiosmtplib
import mrml
import structlog
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.mail import address_of, message, send
from groundswell.platform.problems import Conflict, Invalid, TooManyRequests
from groundswell.platform.runtime import Runtime
from groundswell.platform.settings import Settings
from groundswell.platform.signatures import tag
from groundswell.platform.speech import Speech, speech_of

from .choices import kept_choice, next_digest, schedule_digest
from .fan_out import gather
from .inbox import InboxItem, kinds_by, shown
from .tables import DigestMail, Notification, NotificationChoice
from .wording import sentence

STOP, CONFIRM, LENGTH = "digest-stop", "digest-confirm", 22
ASKED_EVERY = timedelta(minutes=2)
MOST = 30
"""Notifications in one mail; the inbox has the others."""
AT_ONCE = 1_000
log = structlog.get_logger(__name__)


class MailOff(Conflict):
    code, title = "mail_off", "This service sends no mail."


class MailAddressInvalid(Invalid):
    code, title = "mail_address_invalid", "This is no address that mail can be sent to."


class MailAskedLately(TooManyRequests):
    code, title = "mail_asked_lately", "A mail is on its way to you. Look there, or try again in two minutes."


@dataclass(frozen=True)
class MailLine:
    """A notification as a mail shows it."""

    text: str
    url: str
    words: str = ""
    veiled: bool = False


async def ask_for(session: AsyncSession, settings: Settings, viewer_id: UUID, address: str) -> NotificationChoice:
    """Have the digest sent to an address once its owner has confirmed it; where it goes until now, it goes no more.

    Raises:
        MailOff, MailAddressInvalid, MailAskedLately: as they say.
    """
    if settings.smtp_url is None:
        raise MailOff()
    try:
        to = address_of(address)
    except ValueError:
        raise MailAddressInvalid() from None
    choice, now = await kept_choice(session, viewer_id), utc_now()
    if choice.mail_asked_at is not None and now - choice.mail_asked_at < ASKED_EVERY:
        raise MailAskedLately()
    choice.mail_to, choice.mail_confirmed_at, choice.mail_asked_at = to, None, now
    schedule_digest(choice, settings, now)
    return choice


async def confirms(session: AsyncSession, settings: Settings, viewer_id: UUID, token: str) -> bool:
    """Whether ``token`` is of the address that somebody gave last."""
    choice = await session.get(NotificationChoice, viewer_id)
    if choice is None or choice.mail_to is None:
        return False
    return _made(settings, CONFIRM, f"{viewer_id}:{choice.mail_to}", token)


async def confirm(session: AsyncSession, settings: Settings, viewer_id: UUID, token: str) -> bool:
    """Send the digest where it was asked for; False when ``token`` is not of that address."""
    if not await confirms(session, settings, viewer_id, token):
        return False
    choice = await kept_choice(session, viewer_id)
    if choice.mail_confirmed_at is None:
        choice.mail_confirmed_at = utc_now()
        schedule_digest(choice, settings, choice.mail_confirmed_at)
    return True


async def stop(session: AsyncSession, viewer_id: UUID) -> None:
    """Mail it to them no longer, and forget where it went."""
    nowhere = {"mail_to": None, "mail_confirmed_at": None, "digest_due_at": None}
    await session.execute(update(NotificationChoice).filter_by(viewer_id=viewer_id).values(nowhere))


def stop_address(settings: Settings, viewer_id: UUID) -> str:
    """Where one click stops it, whoever is signed in: the address is signed, and holds for one person's mail."""
    return f"{_base(settings)}/mail/digest/{viewer_id}/{tag(settings.secret, STOP, str(viewer_id), LENGTH)}"


def stops(settings: Settings, viewer_id: UUID, token: str) -> bool:
    """Whether a stop address is one that we made."""
    return _made(settings, STOP, str(viewer_id), token)


def _made(settings: Settings, purpose: str, what: str, token: str) -> bool:
    made = (tag(secret, purpose, what, LENGTH) for secret in settings.secrets)
    return any(hmac.compare_digest(each.encode(), token.encode()) for each in made)


def _base(settings: Settings) -> str:
    return settings.base_url.rstrip("/")


async def due(session: AsyncSession, settings: Settings, now: datetime) -> list[tuple[UUID, date]]:
    """To whom the digest of which day is due and was not before: noted here, once, as theirs."""
    query = select(NotificationChoice).where(NotificationChoice.digest_due_at <= now)
    query = query.order_by(NotificationChoice.digest_due_at).limit(AT_ONCE).with_for_update(skip_locked=True)
    found = []
    for choice in await session.scalars(query):
        day = now.astimezone(ZoneInfo(choice.time_zone or settings.time_zone)).date()
        choice.digest_due_at = next_digest(choice, settings, now)
        new = insert(DigestMail).values(viewer_id=choice.viewer_id, day=day).on_conflict_do_nothing()
        if await session.scalar(new.returning(DigestMail.day)) is not None:
            found.append((choice.viewer_id, day))
    return found


async def deliver(runtime: Runtime, viewer_id: UUID, day: date) -> bool:
    """Send the digest of a day to somebody, unless it was; False when there is nothing to send.

    The row is held while the server takes the mail. If we are killed before that is written down, the next attempt
    sends it again, under the same Message-ID. An address that the server refuses for good is mailed no more.
    """
    settings = runtime.settings
    async with runtime.database.transaction() as session:
        await gather(session, viewer_id)
    async with runtime.database.transaction() as session:
        mail = await session.scalar(select(DigestMail).filter_by(viewer_id=viewer_id, day=day).with_for_update())
        choice = await session.get(NotificationChoice, viewer_id)
        viewer = await session.get(Viewer, viewer_id)
        if mail is None or mail.sent_at is not None or mail.empty_at is not None or viewer is None or choice is None:
            return False
        if choice.mail_to is None or choice.mail_confirmed_at is None or settings.smtp_url is None:
            return False
        items = await _new(session, viewer)
        if not items:
            mail.empty_at = utc_now()
            return False
        try:
            await send(settings, digest_message(settings, choice, items, await speech_of(choice.language), day))
        except aiosmtplib.SMTPRecipientsRefused as refused:
            if not all(each.code >= 500 for each in refused.recipients):
                raise
            log.warning("digest_address_refused", viewer_id=str(viewer_id))
            await stop(session, viewer_id)
            return False
        mail.sent_at = utc_now()
        told = update(Notification).where(among(Notification.id, [item.id for item in items]))
        await session.execute(told.values(mailed_at=mail.sent_at))
        return True


async def _new(session: AsyncSession, viewer: Viewer) -> list[InboxItem]:
    """What is unread and was not mailed as it is."""
    query = select(Notification).filter_by(viewer_id=viewer.id, read_at=None)
    query = query.where(among(Notification.kind, await kinds_by(session, viewer.id, "mail")))
    query = query.where(or_(Notification.mailed_at.is_(None), Notification.mailed_at < Notification.at))
    rows = list(await session.scalars(query.order_by(Notification.place.desc()).limit(MOST)))
    return await shown(session, viewer, None, rows)


def digest_message(
    settings: Settings, choice: NotificationChoice, items: list[InboxItem], speech: Speech, day: date
) -> EmailMessage:
    """The digest as it is sent."""
    assert choice.mail_to is not None
    gettext, ngettext = speech.gettext, speech.ngettext
    heading = ngettext("%(num)s thing that you have not seen", "%(num)s things that you have not seen", len(items))
    heading = heading % {"num": len(items)}
    lines = [MailLine(sentence(each, speech), _base(settings) + each.path, each.words, each.veiled) for each in items]
    stopped_at = stop_address(settings, choice.viewer_id)
    text, html = rendered(
        settings,
        speech,
        subject=f"{settings.service_name}: {heading}",
        preview=lines[0].text,
        heading=heading,
        items=lines,
        button=gettext("Open your inbox"),
        button_url=f"{_base(settings)}/inbox",
        veiled=gettext("What was said comes later in the title than you are."),
        why=gettext("You have this mailed to you."),
        stop=gettext("Stop it"),
        stop_url=stopped_at,
    )
    return message(
        choice.mail_to,
        f"{settings.service_name}: {heading}",
        text,
        html,
        name=f"digest-{day}-{choice.viewer_id}",
        settings=settings,
        stop_at=stopped_at,
    )


async def send_confirmation(runtime: Runtime, viewer_id: UUID) -> bool:
    """Mail somebody the link by which they confirm their address; False when none waits."""
    settings = runtime.settings
    async with runtime.database.transaction() as session:
        choice = await session.get(NotificationChoice, viewer_id)
    if choice is None or choice.mail_to is None or choice.mail_confirmed_at is not None or settings.smtp_url is None:
        return False
    speech = await speech_of(choice.language)
    gettext = speech.gettext
    heading = gettext("Is this your address?")
    token = tag(settings.secret, CONFIRM, f"{viewer_id}:{choice.mail_to}", LENGTH)
    text, html = rendered(
        settings,
        speech,
        subject=f"{settings.service_name}: {heading}",
        preview=gettext("Somebody asked for notifications to be mailed here."),
        heading=heading,
        items=[],
        button=gettext("Yes, mail me here"),
        button_url=f"{_base(settings)}/mail/confirm/{viewer_id}/{token}",
        veiled="",
        why=gettext("Somebody asked for notifications to be mailed here. If that was not you, do nothing."),
        stop="",
        stop_url=None,
    )
    subject = f"{settings.service_name}: {heading}"
    name = f"confirm-{token}-{int(choice.mail_asked_at.timestamp()) if choice.mail_asked_at else 0}"
    try:
        await send(settings, message(choice.mail_to, subject, text, html, name=name, settings=settings))
    except aiosmtplib.SMTPRecipientsRefused as refused:
        if not all(each.code >= 500 for each in refused.recipients):
            raise
        async with runtime.database.transaction() as session:
            await stop(session, viewer_id)
        return False
    return True


def rendered(settings: Settings, speech: Speech, **said: Any) -> tuple[str, str]:
    """A mail as text, and as HTML that mail clients lay out alike (MJML)."""
    side = "right" if speech.direction == "rtl" else "left"
    said |= {"speech": speech, "service_name": settings.service_name, "side": side}
    html = mrml.to_html(_environment.get_template("mail.mjml").render(said)).content
    return _environment.get_template("mail.txt").render(said).strip() + "\n", html


def _made_environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(["mjml"]),
        undefined=StrictUndefined,
    )
    made.trim_blocks = made.lstrip_blocks = True
    return made


_environment = _made_environment()
