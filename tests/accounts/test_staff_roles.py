"""What goes on for staff who are away ends with their power: by what their issuer says, by time, and by other staff."""

import asyncio
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from groundswell.accounts import sessions
from groundswell.accounts.access import COOKIE, viewer_of
from groundswell.accounts.erasure import erase_viewer
from groundswell.accounts.staff_roles import (
    REPEATED,
    end_standing,
    note,
    roles_held,
    staff_members,
    vouched_addresses,
    with_power,
)
from groundswell.accounts.tables import SignIn, StaffStanding, Viewer
from groundswell.accounts.tokens import Claims, TokenVerifier
from groundswell.insights.tables import WeeklyMail, WeeklyRecipient
from groundswell.insights.weekly_mail import deliver, drop_lapsed, stop_address
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.settings import Settings
from groundswell.web.console.loop import live
from tests.insights.test_weekly_mail import Mailbox, smtp_server
from tests.support import App

WEEK = date(2026, 11, 16)
DAYS = timedelta(days=30)


def bearer(app: App, subject: str, *roles: str, ago: timedelta = timedelta(0), **claims: Any) -> dict[str, str]:
    """Headers with a token issued some time ago."""
    at = utc_now() - ago
    told = {"iss": app.identity.issuer, "aud": app.identity.audience, "sub": subject, "name": subject.title()}
    told |= {"roles": list(roles), "iat": at, "exp": utc_now() + timedelta(hours=1)} | claims
    return {"Authorization": f"Bearer {app.identity.signed(told)}"}


async def sign_in(app: App, subject: str, *roles: str, ago: timedelta = timedelta(0), **claims: Any) -> dict[str, str]:
    """A browser's session, begun with such a token."""
    token = bearer(app, subject, *roles, ago=ago, **claims)["Authorization"].removeprefix("Bearer ")
    told = app.services.get(TokenVerifier).verify(token)
    async with app.runtime.database.transaction() as session:
        viewer = await viewer_of(session, told)
        await session.flush()
        cookie = await sessions.begin(session, app.runtime.settings, viewer, told)
        await session.execute(
            update(SignIn).where(SignIn.hash == sessions.hash_of(cookie)).values(created_at=told.said_at)
        )
    return {"Cookie": f"{COOKIE}={cookie}"}


async def id_of(app: App, subject: str) -> UUID:
    async with app.runtime.database.transaction() as session:
        found: UUID = (await session.scalars(select(Viewer.id).filter_by(subject=subject))).one()
    return found


async def holds(app: App, subject: str, power: str = "insights.view", at: datetime | None = None) -> bool:
    viewer = await id_of(app, subject)
    async with app.runtime.database.transaction() as session:
        return viewer in set(await session.scalars(with_power(power, at or utc_now(), DAYS)))


@pytest.mark.slow
async def test_a_power_is_held_as_long_as_was_said_lately(app: App) -> None:
    await app.http.get("/console/weekly", headers=bearer(app, "mira", "marketer"))
    await app.http.get("/v1/me", headers=bearer(app, "ada"))
    await app.http.get("/v1/me", headers=bearer(app, "root", "admin"))
    assert await holds(app, "mira")
    assert not await holds(app, "mira", "money.manage")
    assert await holds(app, "root", "money.manage"), "an admin has every power"
    assert not await holds(app, "mira", at=utc_now() + timedelta(days=31)), "too long ago"
    assert not await holds(app, "ada")
    async with app.runtime.database.transaction() as session:
        kept = (await session.scalars(select(StaffStanding.viewer_id))).all()
    assert await id_of(app, "ada") not in kept, "of viewers nothing is kept"


@pytest.mark.slow
async def test_what_was_said_last_stands_in_every_browser(app: App) -> None:
    old = await sign_in(app, "mira", "marketer", "trust", ago=timedelta(minutes=30))
    assert (await app.http.get("/console/weekly", headers=old)).status_code == 200
    new = await sign_in(app, "mira", "trust")
    assert not await holds(app, "mira")
    for cookie in (old, new):
        assert (await app.http.get("/console/weekly", headers=cookie)).status_code == 403
        assert (await app.http.get("/console/trust", headers=cookie)).status_code == 200
    await app.http.get("/v1/me", headers=bearer(app, "mira", "marketer", ago=timedelta(minutes=10)))
    assert not await holds(app, "mira"), "an older token says nothing new"


async def test_a_provider_that_gives_no_role_any_more_ends_it_although_it_refuses(app: App) -> None:
    await sign_in(app, "mira", "marketer", ago=timedelta(minutes=1))
    gone = Claims(app.identity.issuer, "mira", "Mira", frozenset(), None, False, said_by=app.identity.issuer,
                  said_at=utc_now())  # fmt: skip
    async with app.runtime.database.transaction() as session:
        await note(session, await id_of(app, "mira"), gone)
    assert not await holds(app, "mira")


@pytest.mark.slow
async def test_staff_end_what_goes_on_for_one_of_them(app: App) -> None:
    mira, token = await sign_in(app, "mira", "marketer"), bearer(app, "mira", "marketer")
    assert (await app.http.get("/console/weekly", headers=token)).status_code == 200
    viewer, root = await id_of(app, "mira"), bearer(app, "root", "admin")
    shown = (await app.http.get("/console/staff", headers=root)).text
    assert "Mira" in shown
    assert (await app.http.get("/console/staff", headers=token)).status_code == 403
    assert (await app.http.post(f"/console/staff/{viewer}/end", headers=token)).status_code == 403
    assert (await app.http.post(f"/console/staff/{viewer}/end", headers=root)).status_code == 303
    assert (await app.http.get("/console/weekly", headers=mira)).status_code == 303, "the session is gone"
    assert (await app.http.get("/console/weekly", headers=token)).status_code == 403, "so is the token's role"
    assert not await holds(app, "mira")
    again = await sign_in(app, "mira", "marketer", ago=timedelta(minutes=1))
    assert (await app.http.get("/console/weekly", headers=again)).status_code == 403, "by what was said before"
    new = bearer(app, "mira", "marketer", ago=timedelta(seconds=-2))
    assert (await app.http.get("/console/weekly", headers=new)).status_code == 200, "the provider gives it anew"
    assert (await app.http.post(f"/console/staff/{uuid4()}/end", headers=root)).status_code == 404


async def test_a_page_that_is_open_stops_when_the_power_goes(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "CHECKED_EVERY_S", 0.0)
    monkeypatch.setattr(live, "EVERY_S", 0.05)
    mira, root = await sign_in(app, "mira", "marketer"), bearer(app, "root", "admin")
    stream = asyncio.create_task(app.http.get("/console/live/stream", headers=mira))
    await _until(lambda: (app.services.find(live.LiveReading) or live.LiveReading()).text)
    assert not stream.done()
    await app.http.get("/v1/me", headers=root)
    await app.http.post(f"/console/staff/{await id_of(app, 'mira')}/end", headers=root)
    async with asyncio.timeout(30):
        assert "data:" in (await stream).text, "and it came to its end"


async def _until(happened: Callable[[], object]) -> None:
    for _ in range(1500):
        if happened():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not happen")


@pytest.mark.slow
async def test_the_report_is_mailed_only_to_whoever_may_read_it(app: App) -> None:
    box, settings, now = Mailbox(), app.runtime.settings, utc_now()
    async with smtp_server(box) as port:
        settings.smtp_url = SecretStr(f"smtp://127.0.0.1:{port}")
        plain = bearer(app, "mira", "marketer", ago=timedelta(seconds=5))  # what is said later, to the second, stands
        assert "vouches for no address" in (await app.http.get("/console/weekly", headers=plain)).text
        vouched = bearer(app, "mira", "marketer", email="Mira@Corp.example", email_verified=True)
        mine = {"address": "mira@corp.example"}
        for headers, address in (
            (plain, mine),
            (
                bearer(app, "max", "marketer", email="max@corp.example", email_verified=False),
                {"address": "max@corp.example"},
            ),
            (vouched, {"address": "mira@elsewhere.example"}),
        ):
            refused = await app.http.post("/console/weekly/mail", data=address, headers=headers)
            assert (refused.status_code, "mail_address_not_vouched" in refused.text) == (422, True)
        assert (await app.http.post("/console/weekly/mail", data=mine, headers=vouched)).status_code == 303
        settings.mail_domains = ["elsewhere.example"]
        other = {"address": "mira@elsewhere.example"}
        assert (await app.http.post("/console/weekly/mail", data=other, headers=vouched)).status_code == 303
        mira = await id_of(app, "mira")
        settings.mail_domains = []
        assert not await _delivered(app, mira, now), "the domain is allowed no longer"
        assert (await app.http.post("/console/weekly/mail", data=mine, headers=vouched)).status_code == 303
        assert not await _delivered(app, mira, now + timedelta(days=31)), "they have not signed in for long"
        assert await _delivered(app, mira, now)
        (mail,) = box.mails
        stop = stop_address(settings, mira)
        assert (mail["List-Unsubscribe"], mail["List-Unsubscribe-Post"]) == (f"<{stop}>", "List-Unsubscribe=One-Click")
        path = stop.removeprefix("http://test")
        assert (await app.http.get(path)).status_code == 200
        assert (await app.http.post(path[:-1] + ("b" if path[-1] == "a" else "a"))).status_code == 404
        assert await _recipients(app) == 1, "neither looking nor guessing stops it"
        click = await app.http.post(
            path, data={"List-Unsubscribe": "One-Click"}, headers={"Origin": "https://mail.example"}
        )
        assert (click.status_code, await _recipients(app)) == (200, 0)

        await app.http.post("/console/weekly/mail", data=mine, headers=vouched)
        await app.http.get("/v1/me", headers=bearer(app, "mira", "trust", ago=timedelta(seconds=-2)))
        async with app.runtime.database.transaction() as session:
            assert await drop_lapsed(session, settings, now) == 1, "the role is gone"
        assert not await _delivered(app, mira, now)
        async with app.runtime.database.transaction() as session:
            await erase_viewer(session, app.identity.issuer, "mira")
            assert await vouched_addresses(session, mira) == []


async def _recipients(app: App) -> int:
    async with app.runtime.database.transaction() as session:
        return len((await session.scalars(select(WeeklyRecipient))).all())


async def _delivered(app: App, viewer: UUID, now: datetime) -> bool:
    async with app.runtime.database.transaction() as session:
        await session.merge(WeeklyMail(viewer_id=viewer, week=WEEK))
    return await deliver(app.runtime, viewer, WEEK, now)


async def test_whom_staff_have_ended_holds_again_what_is_said_after(database: Database) -> None:
    now = utc_now()

    def said(at: datetime, *roles: str) -> Claims:
        return Claims("service", "mira", "Mira", frozenset(roles), None, False, said_by="service", said_at=at)

    async with database.transaction() as session:
        viewer = await viewer_of(session, said(now, "marketer"))
        await session.flush()

        async def member() -> tuple[bool, int, datetime]:
            (found,) = await staff_members(session, 9)
            await session.refresh(found.standing)
            return found.ended, found.sessions, found.standing.said_at

        async def held(power: str = "insights.view") -> bool:
            return viewer.id in set(await session.scalars(with_power(power, utc_now(), DAYS)))

        await note(session, viewer.id, said(now - timedelta(hours=2), "marketer"))
        for _ in range(3):
            cookie = await sessions.begin(session, Settings(), viewer, said(now - timedelta(hours=2), "marketer"))
        over = update(SignIn).where(SignIn.hash == sessions.hash_of(cookie)).values(ends_at=now - timedelta(hours=1))
        await session.execute(over)
        assert await member() == (False, 2, now - timedelta(hours=2)), "of three sessions one is over"
        assert await held()
        assert await end_standing(session, viewer.id)
        assert await member() == (True, 0, now - timedelta(hours=2))
        assert not await held()
        assert await roles_held(session, viewer.id, said(now - timedelta(hours=1), "marketer")) == frozenset()
        assert not await held()
        later = utc_now() + timedelta(seconds=1)
        assert await roles_held(session, viewer.id, said(later, "marketer")) == {"marketer"}
        assert await member() == (False, 0, later)
        assert await held()
        await roles_held(session, viewer.id, said(later + REPEATED, "marketer"))
        assert (await member())[2] == later, "the same said again is not worth a row"
        await roles_held(session, viewer.id, said(later + timedelta(seconds=1), "trust"))
        assert (await held(), await held("reports.handle")) == (False, True), "but another role is, at once"
        assert not await end_standing(session, uuid4())
