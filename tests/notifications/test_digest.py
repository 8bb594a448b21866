"""The digest by mail: handed to a real SMTP server once, in the morning, to a confirmed address, and stopped by one
click."""

import re
from collections.abc import AsyncIterator
from datetime import date
from email.message import EmailMessage

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from pydantic import SecretStr
from sqlalchemy import select, update

from groundswell.notifications import digest
from groundswell.notifications.tables import DigestMail, Notification, NotificationChoice
from groundswell.platform.clock import utc_now
from tests.attribution.test_conversions import ago
from tests.insights.test_weekly_mail import Mailbox, smtp_server
from tests.notifications.people import call, id_of, read_all, say, world
from tests.support import App

TODAY = date(2026, 11, 27)


class Bouncing(Mailbox):
    """Refuses an address for good."""

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: object
    ) -> str:
        if address.startswith("nobody"):
            return "550 No such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"


@pytest.fixture
async def mailbox(app: App) -> AsyncIterator[Bouncing]:
    box = Bouncing()
    async with smtp_server(box) as port:
        app.runtime.settings.smtp_url = SecretStr(f"smtp://127.0.0.1:{port}")
        yield box


def parts(mail: EmailMessage) -> tuple[str, str]:
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    return text.get_content(), html.get_content()


async def ask(app: App, who: str, address: str) -> None:
    answer = await call(app, "PUT", "/v1/notifications/mail", who, address=address)
    assert answer.status_code == 200, answer.text
    assert answer.json()["mail"] == {"address": address, "confirmed": False}
    await app.run_jobs()


async def due_now(app: App) -> list[object]:
    async with app.runtime.database.transaction() as session:
        await session.execute(update(NotificationChoice).values(digest_due_at=ago(minutes=1)))
        return list(await digest.due(session, app.runtime.settings, utc_now()))


@pytest.mark.slow
async def test_from_asking_for_it_to_one_click_that_stops_it(app: App, mailbox: Bouncing) -> None:
    shared = await world(app)
    noor, base = await id_of(app, "noor"), app.runtime.settings.base_url
    await ask(app, "noor", "noor@example.com")
    again = await call(app, "PUT", "/v1/notifications/mail", "noor", address="noor@example.com")
    assert (again.status_code, again.json()["code"]) == (429, "mail_asked_lately")
    await say(app, shared, "ada", "Light & sound")
    assert not await digest.deliver(app.runtime, noor, TODAY), "nobody has confirmed"
    (confirming,) = mailbox.mails
    (link,) = re.findall(rf"{base}(/mail/confirm/\S+)", parts(confirming)[0])
    browser = app.another_browser()
    assert "Is this your address?" in (await browser.get(link)).text
    assert (await browser.post(link[:-1] + ("A" if link[-1] != "A" else "B"))).status_code == 404
    assert "Confirmed" in (await browser.post(link)).text
    found = await due_now(app)
    assert [each[0] for each in found] == [noor]  # type: ignore[index]
    assert await due_now(app) == [], "noted once a day"
    assert await digest.deliver(app.runtime, noor, found[0][1])  # type: ignore[index]
    assert not await digest.deliver(app.runtime, noor, found[0][1])  # type: ignore[index]
    mail = mailbox.mails[1]
    text, html = parts(mail)
    assert (mail["To"], mail["List-Unsubscribe-Post"]) == ("noor@example.com", "List-Unsubscribe=One-Click")
    assert "Ada commented on your moment from A film" in text
    assert "Light & sound" in text
    assert "Light &amp; sound" in html
    assert f"{base}/m/{shared.moment.code}#comments" in text
    assert not [each for each in re.findall(r"(?:src|href)=\"(http[^\"]+)", html) if not each.startswith(base)]
    stop = mail["List-Unsubscribe"].strip("<>").removeprefix(base)
    assert (await browser.get(stop)).status_code == 200
    async with app.runtime.database.transaction() as session:
        assert (await session.get_one(NotificationChoice, noor)).mail_to is not None, "opening it changes nothing"
    assert (await browser.post(stop[:-1] + "_")).status_code == 404
    one_click = await browser.post(stop, content="List-Unsubscribe=One-Click")
    assert one_click.status_code == 200
    async with app.runtime.database.transaction() as session:
        choice = await session.get_one(NotificationChoice, noor)
        assert (choice.mail_to, choice.digest_due_at) == (None, None)


async def _mailed(app: App, who: str, address: str) -> None:
    async with app.runtime.database.transaction() as session:
        row = NotificationChoice(viewer_id=await id_of(app, who), changed=[], language="de", digest="daily")
        row.mail_to, row.mail_confirmed_at = address, utc_now()
        session.add(row)


@pytest.mark.slow
async def test_what_was_read_or_mailed_is_not_mailed_again_and_bounces_end_it(app: App, mailbox: Bouncing) -> None:
    shared = await world(app)
    noor = await id_of(app, "noor")
    await _mailed(app, "noor", "noor@example.com")

    async def deliver(day: int) -> bool:
        async with app.runtime.database.transaction() as session:
            session.add(DigestMail(viewer_id=noor, day=TODAY.replace(day=day)))
        return await digest.deliver(app.runtime, noor, TODAY.replace(day=day))

    assert not await deliver(1), "nothing has happened"
    await say(app, shared, "ada", "Eins.")
    assert await deliver(2)
    assert "Ada hat deinen Moment aus A film kommentiert" in parts(mailbox.mails[0])[0]
    assert not await deliver(3)
    await say(app, shared, "ada", "Zwei.")
    await read_all(app, "noor")
    assert not await deliver(4)
    await say(app, shared, "ben", "Drei.")
    mailbox.refuse = 1
    with pytest.raises(Exception, match="Not now"):
        await deliver(5)
    assert await digest.deliver(app.runtime, noor, TODAY.replace(day=5)), "tried again"
    async with app.runtime.database.transaction() as session:
        await session.execute(update(Notification).values(mailed_at=None))
        await session.execute(update(NotificationChoice).values(mail_to="nobody@example.com"))
    assert not await deliver(6)
    async with app.runtime.database.transaction() as session:
        assert (await session.get_one(NotificationChoice, noor)).mail_to is None
    assert len({mail["Message-ID"] for mail in mailbox.mails}) == len(mailbox.mails) == 2


async def test_noted_once_however_often_it_is_looked(app: App, mailbox: Bouncing) -> None:
    """What is rolled back was not noted: whoever looks next notes it."""
    await world(app)
    await _mailed(app, "noor", "noor@example.com")
    async with app.runtime.database.sessions() as session:
        await session.execute(update(NotificationChoice).values(digest_due_at=ago(minutes=1)))
        assert await digest.due(session, app.runtime.settings, utc_now())
        await session.rollback()
    assert len(await due_now(app)) == 1
    async with app.runtime.database.transaction() as session:
        assert len((await session.scalars(select(DigestMail))).all()) == 1
