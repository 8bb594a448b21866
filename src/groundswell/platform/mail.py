"""Sending mail: one message at a time, over the SMTP server that the settings name."""

import re
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import aiosmtplib

from .clock import utc_now
from .settings import Settings

TIMEOUT_S = 30.0
ADDRESS = re.compile(r"[^\s@<>\"(),:;\\\[\]]{1,64}@[A-Za-z0-9.-]{1,253}", re.ASCII)


def address_of(text: str) -> str:
    """An address as people type it (RFC 5321, without quoting).

    Raises:
        ValueError: it is none.
    """
    address = text.strip()
    if not ADDRESS.fullmatch(address) or ".." in address:
        raise ValueError(f"{address[:80]!r} is no address such as name@example.com.")
    return address


def message(
    to: str, subject: str, text: str, html: str, *, name: str, settings: Settings, stop_at: str | None = None
) -> EmailMessage:
    """A message as text and as HTML.

    Args:
        name: what tells it from all others. Sent twice, it has one Message-ID, by which mailboxes know it again.
        stop_at: where a POST, which mailboxes send for their owner's one click, stops mails like it (RFC 8058).
    """
    made = EmailMessage()
    host = settings.mail_from.rpartition("@")[2] or "localhost"
    made["From"], made["To"], made["Subject"] = settings.mail_from, to, subject
    made["Date"], made["Message-ID"] = format_datetime(utc_now()), f"<{name}@{host}>"
    made["Auto-Submitted"] = "auto-generated"
    if stop_at is not None:
        made["List-Unsubscribe"] = f"<{stop_at}>"
        made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    made.set_content(text)
    made.add_alternative(html, subtype="html")
    return made


async def send(settings: Settings, mail: EmailMessage) -> None:
    """Hand a message in; when this returns, the server has taken it.

    Raises:
        aiosmtplib.SMTPException, OSError: it has not.
    """
    await aiosmtplib.send(mail, **_way(settings))


async def reach(settings: Settings) -> str:
    """Return the server's name once it has let us in as it would to take a message; none is sent.

    Raises:
        aiosmtplib.SMTPException, OSError: it has not.
    """
    way = _way(settings)
    async with aiosmtplib.SMTP(**way) as server:
        await server.noop()
    return f"{way['hostname']}:{way['port']}"


def _way(settings: Settings) -> dict[str, Any]:
    """How the server is reached, as ``aiosmtplib`` takes it."""
    if settings.smtp_url is None:
        raise ValueError("GROUNDSWELL_SMTP_URL is not set.")
    server = urlsplit(settings.smtp_url.get_secret_value())
    at_once = server.scheme == "smtps"
    secret = unquote(server.password) if server.password else None
    return {
        "hostname": server.hostname or "localhost",
        "port": server.port or (465 if at_once else 25),
        "username": unquote(server.username) if server.username else None,
        "password": secret,
        "use_tls": at_once,
        "start_tls": True if secret and not at_once else None,
        "timeout": TIMEOUT_S,
    }
