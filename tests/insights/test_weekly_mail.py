"""The weekly report by mail: due on Mondays at eight of the reader's clocks, and handed to a real SMTP server once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from uuid import UUID
from zoneinfo import ZoneInfo

import aiosmtplib
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import select, update

from groundswell.accounts.tables import Viewer
from groundswell.insights.tables import WeeklyMail, WeeklyRecipient
from groundswell.insights.weekly_mail import AT, deliver, due, week_due
from groundswell.platform.clock import utc_now
from groundswell.platform.mail import address_of
from tests.support import App

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/Los_Angeles", "Pacific/Auckland", "Asia/Kathmandu"])


class Mailbox:
    """What the server was handed; the first ``refuse`` times it says that it cannot now."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refuse = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.refuse:
            self.refuse -= 1
            return "451 Not now"
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"


@asynccontextmanager
async def smtp_server(mailbox: Mailbox) -> AsyncIterator[int]:
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(mailbox), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture
async def mailbox(app: App) -> AsyncIterator[Mailbox]:
    box, settings = Mailbox(), app.runtime.settings
    async with smtp_server(box) as port:
        settings.smtp_url = SecretStr(f"smtp://127.0.0.1:{port}")
        settings.mail_domains = ["example.com"]
        yield box


async def subscribed(app: App, name: str = "mira", zone: str = "") -> UUID:
    """Somebody who has it mailed since long ago."""
    headers = app.signed_in(name, "marketer")
    if zone:
        await app.http.post("/console/time-zone", data={"time_zone": zone}, headers=headers)
    address = {"address": f"{name}@example.com"}
    assert (await app.http.post("/console/weekly/mail", data=address, headers=headers)).status_code == 303
    async with app.runtime.database.transaction() as session:
        viewer: UUID = (await session.scalars(select(Viewer.id).filter_by(subject=name))).one()
        await session.execute(update(WeeklyRecipient).filter_by(viewer_id=viewer).values(created_at=LONG_AGO))
        return viewer


@given(st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)), ZONES)  # noqa: DTZ001
def test_it_is_due_from_monday_at_eight_on(now: datetime, zone: str) -> None:
    week = week_due(now, zone, LONG_AGO)
    assert week is not None
    assert week.weekday() == 0
    begins = datetime.combine(week + timedelta(days=7), AT, ZoneInfo(zone))
    assert begins <= now
    assert datetime.combine(week + timedelta(days=14), AT, ZoneInfo(zone)) > now
    assert week_due(now, zone, begins) == week
    assert week_due(now, zone, begins + timedelta(seconds=1)) is None, "who asks later has the next one"


async def test_each_week_is_due_to_everybody_once(app: App, mailbox: Mailbox) -> None:
    mira, max = await subscribed(app), await subscribed(app, "max", "Pacific/Auckland")
    monday = datetime(2026, 11, 23, tzinfo=UTC)
    found = []
    for hours in (-5, -4, 7, 8, 9, 100, 168 + 8):
        async with app.runtime.database.transaction() as session:
            found.append(await due(session, monday + timedelta(hours=hours), app.runtime.settings))
    before, week, after = (date(2026, 11, day) for day in (9, 16, 23))
    assert set(found[0]) == {(mira, before), (max, week)}, "it is Monday at eight in Auckland, and Sunday in UTC"
    assert [due_week for each in found for who, due_week in each if who == mira] == [before, week, after]
    assert [due_week for each in found for who, due_week in each if who == max] == [week, after]


@pytest.mark.slow
async def test_it_arrives_once_and_says_what_the_page_says(app: App, mailbox: Mailbox) -> None:
    mira, now = await subscribed(app, zone="Europe/Berlin"), utc_now()
    async with app.runtime.database.transaction() as session:
        ((_, week),) = await due(session, now, app.runtime.settings)
    sent = [await deliver(app.runtime, mira, week, now) for _ in range(2)]
    assert sent == [True, False]
    (mail,) = mailbox.mails
    assert (mail["To"], mail["Message-ID"]) == ("mira@example.com", f"<weekly-{week}-{mira}@localhost>")
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        words = body.get_content()
        assert f"/console/weekly?week={week}" in words
        assert "What changed, and why" in words
        assert "Europe/Berlin" in words
    async with app.runtime.database.transaction() as session:
        kept = (await session.scalars(select(WeeklyMail).filter_by(viewer_id=mira))).one()
        assert kept.sent_at == now


@pytest.mark.slow
async def test_a_server_that_does_not_take_it_is_tried_again(app: App, mailbox: Mailbox) -> None:
    mira, now, mailbox.refuse = await subscribed(app), utc_now(), 1
    async with app.runtime.database.transaction() as session:
        ((_, week),) = await due(session, now, app.runtime.settings)
    with pytest.raises(aiosmtplib.SMTPException):
        await deliver(app.runtime, mira, week, now)
    assert await deliver(app.runtime, mira, week, now)
    assert len(mailbox.mails) == 1


@pytest.mark.slow
async def test_who_stops_it_or_never_asked_gets_none(app: App, mailbox: Mailbox) -> None:
    mira, now = await subscribed(app), utc_now()
    async with app.runtime.database.transaction() as session:
        ((_, week),) = await due(session, now, app.runtime.settings)
    headers = app.signed_in("mira", "marketer")
    assert "Mail it no longer" in (await app.http.get("/console/weekly", headers=headers)).text
    await app.http.post("/console/weekly/mail/stop", headers=headers)
    assert not await deliver(app.runtime, mira, week, now)
    assert not await deliver(app.runtime, mira, week - timedelta(days=7), now)
    assert mailbox.mails == []
    app.runtime.settings.smtp_url = None
    assert "By mail" not in (await app.http.get("/console/weekly", headers=headers)).text


@pytest.mark.parametrize(
    "text", ["", "mira", "a@b@c", "mira@example.com, max@example.com", "a\r\nBcc: b@c.d", "<a@b.c>"]
)
async def test_what_is_no_address_is_refused(shared_app: App, text: str) -> None:
    with pytest.raises(ValueError, match="is no address"):
        address_of(text)
    mira = shared_app.signed_in("mira", "marketer")
    answer = await shared_app.http.post("/console/weekly/mail", data={"address": text}, headers=mira)
    assert answer.status_code == 422
