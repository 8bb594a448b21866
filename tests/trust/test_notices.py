"""Notices, what staff decide on them, what the maker is told and can do about it: to the law, and on the record."""

import asyncio
import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import func, select, update

from groundswell.accounts.erasure import erase_viewer
from groundswell.accounts.tables import Viewer
from groundswell.platform.clock import utc_now
from groundswell.trust import counter_notices, preservation
from groundswell.trust.business_days import after_business_days, months_after
from groundswell.trust.notice_mail import CONFIRMED_MOST
from groundswell.trust.signals import AppealDecided, AppealMade
from groundswell.trust.strikes import rung
from groundswell.trust.tables import Appeal, Decision, Preserved, Report
from groundswell.trust.transparency import COLUMNS
from tests.events.places import Shared, make_shared
from tests.insights.test_weekly_mail import Mailbox, smtp_server
from tests.support import App, hearing

TESS = ("tess", "trust")
UMA = ("uma", "trust")
ROOT = ("root", "admin")
WHY = {"reason_code": "hate", "explanation": "It insults people for where they come from."}
NOTICE = {
    "text": "It shows my film without my leave.",
    "reason_code": "rights",
    "name": "Ida Owner",
    "email": "ida@example.com",
    "good_faith": True,
    "work": "The Light, 1954",
    "sworn": True,
}


async def call(app: App, method: str, path: str, who: tuple[str, ...] | None, **body: Any) -> httpx.Response:
    headers = app.signed_in(*who) if who else {}
    return await app.http.request(method, f"/v1{path}", headers=headers, **({"json": body} if body else {}))


async def notice(app: App, shared: Shared, who: tuple[str, ...] | None = None, **fields: Any) -> httpx.Response:
    body = NOTICE | {"subject": {"kind": "moment", "id": shared.moment.code}} | fields
    return await app.http.post("/v1/notices", json=body, headers=app.signed_in(*who) if who else {})


async def flag(app: App, shared: Shared, who: str, reason: str = "hate") -> httpx.Response:
    says = {"moment": shared.moment.code, "reason_code": reason, "text": f"{who} says so."}
    return await app.http.post("/v1/reports", json=says, headers=app.signed_in(who))


async def waiting(app: App, who: tuple[str, ...] = TESS, **params: Any) -> list[dict[str, Any]]:
    answer = await app.http.get("/v1/reviews", params=params, headers=app.signed_in(*who))
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def words_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


@pytest.mark.slow
async def test_many_reports_are_one_review_and_remove_nothing(app: App) -> None:
    """200 accounts against one moment: one thing to look at, and it plays until a person has."""
    shared = await make_shared(app.runtime.database, app.runtime.settings)
    await flag(app, shared, "ada")
    async with app.runtime.database.transaction() as session:
        from groundswell.trust.reports import report

        for number in range(199):
            await report(
                session, moment_id=shared.moment.id, reason_code="spam", text="", reporter=f"viewer:{UUID(int=number)}"
            )
    (one,) = await waiting(app)
    assert (await app.http.get(f"/m/{shared.moment.code}")).status_code == 200
    detail = (await call(app, "GET", f"/reviews/{one['id']}", TESS)).json()
    assert (detail["report_count"], len(detail["reports"]), detail["lane"]) == (200, 50, "community")
    assert (await call(app, "GET", "/reviews", ("ada",))).json()["code"] == "role_missing"

    # taken in hand by one, so that another waits; then decided once, by whoever comes first
    path = f"/reviews/{one['id']}"
    assert (await call(app, "POST", f"{path}/assign", TESS, mine=True)).json()["assigned_to"].startswith("viewer:")
    assert (await call(app, "POST", f"{path}/decision", UMA, action="hide", **WHY)).json()["code"] == "review_in_hand"
    assert [each["id"] for each in await waiting(app, mine=True)] == [one["id"]]
    assert (await call(app, "POST", f"{path}/assign", TESS, mine=False)).json()["assigned_to"] is None
    both = await asyncio.gather(
        *(
            call(app, "POST", f"{path}/decision", who, action=verb, **WHY)
            for who, verb in ((TESS, "hide"), (UMA, "keep"))
        )
    )
    assert sorted(each.status_code for each in both) == [201, 409]
    loser = next(each.json() for each in both if each.status_code == 409)
    assert loser["code"] == "review_decided"
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Decision)) == 1
        assert await session.scalar(select(func.count()).where(Report.closed_at.is_(None))) == 0

    # undone: everything is open again, and the moment plays
    undone = await call(app, "POST", f"{path}/undo", TESS)
    assert undone.json()["closed_at"] is None
    assert (await call(app, "POST", f"{path}/undo", TESS)).json()["code"] == "nothing_to_undo"
    assert (await app.http.get(f"/m/{shared.moment.code}")).status_code == 200
    done = (
        await call(
            app, "POST", "/reviews/decisions", TESS, reviews=[one["id"], str(UUID(int=9))], action="demote", **WHY
        )
    ).json()
    assert {each["review"]: each["code"] for each in done} == {one["id"]: None, str(UUID(int=9)): "review_unknown"}
    assert await waiting(app) == []
    assert [each["id"] for each in await waiting(app, closed=True)] == [one["id"]]

    # saved replies
    reply = {"name": "Insult", "reason_code": "hate", "text": WHY["explanation"]}
    made = (await call(app, "POST", "/saved-replies", TESS, **reply)).json()
    assert (await call(app, "POST", "/saved-replies", UMA, **reply)).json()["code"] == "reply_name_taken"
    assert (await call(app, "GET", "/saved-replies", UMA)).json()["items"][0]["text"] == reply["text"]
    assert (await call(app, "DELETE", f"/saved-replies/{made['id']}", UMA)).status_code == 204
    assert (await call(app, "GET", "/saved-replies", UMA)).json()["items"] == []


@pytest.mark.slow
async def test_a_notice_by_a_visitor_is_confirmed_decided_and_answered(app: App) -> None:
    mailbox = Mailbox()
    async with smtp_server(mailbox) as port:
        app.runtime.settings.smtp_url = SecretStr(f"smtp://127.0.0.1:{port}")
        shared = await make_shared(app.runtime.database, app.runtime.settings)
        for missing, fields in (
            (["good_faith"], {"good_faith": False}),
            (["name", "email"], {"name": None, "email": None}),
            (["work", "sworn"], {"work": None, "sworn": False}),
        ):
            refused = await notice(app, shared, **fields)
            told = refused.json()
            assert (told["code"], [each["field"] for each in told["fields"]]) == ("notice_incomplete", missing)
        for wrong in ({"email": "no address"}, {"email": "a@b\r\nBcc: c@d"}, {"text": ""}, {"more": 1}):
            assert (await notice(app, shared, **wrong)).status_code == 422
        gone = await notice(app, shared, subject={"kind": "comment", "id": "nothing"})
        assert gone.json()["code"] == "subject_unknown"

        taken = (await notice(app, shared)).json()
        assert taken["mailed"]
        assert (await notice(app, shared)).json()["id"] == taken["id"], "while one is open, that one stands"
        await flag(app, shared, "ada", "spam")
        (review,) = await waiting(app)
        assert (review["lane"], review["reason_code"]) == ("law", "rights")
        await app.run_jobs()
        decided = await call(
            app, "POST", f"/reviews/{review['id']}/decision", TESS, action="hide", reason_code="rights",
            explanation="It is yours.",
        )  # fmt: skip
        assert (decided.json()["source"], decided.json()["person_id"]) == ("notice", str(shared.moment.viewer_id))
        await app.run_jobs()
        assert [mail["To"] for mail in mailbox.mails] == ["ida@example.com"] * 2
        came, answered = mailbox.mails
        assert taken["id"] in words_of(came)
        assert "taken down" in words_of(answered)
        async with app.runtime.database.transaction() as session:
            from groundswell.trust.notice_mail import answer

            assert await answer(app.runtime, UUID(decided.json()["id"])) == 0, "told once"

        # the maker reads why, with what staff saw but not who said it
        mine = f"/me/decisions/{decided.json()['id']}"
        why = (await call(app, "GET", mine, ("noor",))).json()
        assert (why["ground"], why["law"], why["automated"]) == (
            "Infringes somebody's rights", "Copyright and related rights", False,
        )  # fmt: skip
        assert (why["said_count"], why["seen"]["code"]) == (2, shared.moment.code)
        assert "ida" not in json.dumps(why).lower().replace("validat", "")
        assert (await call(app, "GET", mine, ("ada",))).json()["code"] == "decision_unknown"

        # counter-notice: given on, clocked, and put back by the clock
        counter = {"name": "Noor K", "address": "1 Main Street, Springfield", "email": "noor@example.com",
                   "text": "It is mine.", "sworn": True, "jurisdiction": True}  # fmt: skip
        assert (
            await call(app, "POST", f"{mine}/counter-notice", ("noor",), **counter | {"sworn": False})
        ).status_code == 422
        made = (await call(app, "POST", f"{mine}/counter-notice", ("noor",), **counter)).json()
        again = await call(app, "POST", f"{mine}/counter-notice", ("noor",), **counter)
        assert again.json()["code"] == "counter_notice_made_already"
        await app.run_jobs()
        assert "Noor K" in words_of(mailbox.mails[-1])
        async with app.runtime.database.transaction() as session:
            assert (
                await counter_notices.restore_due(
                    session, datetime.fromisoformat(made["restore_from"]) - timedelta(seconds=1)
                )
                == 0
            )
            assert await counter_notices.restore_due(session, datetime.fromisoformat(made["restore_from"])) == 1
            assert await counter_notices.restore_due(session, datetime.fromisoformat(made["restore_by"])) == 0
        assert (await app.http.get(f"/m/{shared.moment.code}")).status_code == 200
        steps = (await call(app, "GET", "/me/decisions", ("noor",))).json()["items"]
        assert [each["action"] for each in steps] == ["restore", "hide"]
        stopped = await call(
            app, "POST", f"/counter-notices/{made['id']}/court-action", TESS, court_action="N.D. Cal. 1"
        )
        assert stopped.json()["code"] == "counter_notice_closed"


@pytest.mark.slow
async def test_nobody_is_mailed_a_hundred_times_by_others_who_give_their_address(app: App) -> None:
    mailbox = Mailbox()
    async with smtp_server(mailbox) as port:
        app.runtime.settings.smtp_url = SecretStr(f"smtp://127.0.0.1:{port}")
        shared = await make_shared(app.runtime.database, app.runtime.settings)
        for number in range(CONFIRMED_MOST + 3):
            email = "victim@example.com" if number % 2 else "Victim@Example.com"
            taken = await notice(app, shared, (f"attacker-{number}",), email=email)
            assert taken.status_code == 201, "it is taken all the same"
        await notice(app, shared, ("somebody",), email="else@example.com")
        await app.run_jobs()
    to = [str(mail["To"]).lower() for mail in mailbox.mails]
    assert (to.count("victim@example.com"), to.count("else@example.com")) == (CONFIRMED_MOST, 1)


@pytest.mark.slow
async def test_appeals_are_decided_once_by_somebody_else(app: App) -> None:
    shared = await make_shared(app.runtime.database, app.runtime.settings)
    subject = {"kind": "moment", "id": shared.moment.code}

    async def decide(action: str = "hide") -> str:
        made = await call(app, "POST", "/decisions", TESS, subject=subject, action=action, **WHY)
        return str(made.json()["id"])

    first, demoted = await decide(), await decide("demote")
    mine = f"/me/decisions/{first}"
    assert (await call(app, "POST", f"{mine}/appeal", ("ada",), text="Not mine")).json()["code"] == "decision_unknown"
    with hearing(AppealMade) as made, hearing(AppealDecided) as judged:
        appeal = (await call(app, "POST", f"{mine}/appeal", ("noor",), text="It quotes the film.")).json()
        twice = await call(app, "POST", f"{mine}/appeal", ("noor",), text="Again")
        assert twice.json()["code"] == "appeal_made_already"
        (listed,) = (await call(app, "GET", "/appeals", UMA)).json()["items"]
        assert (listed["id"], listed["decision"]["id"]) == (appeal["id"], first)
        verdict = {"outcome": "reversed", "explanation": "It does quote it."}
        path = f"/appeals/{appeal['id']}/verdict"
        assert (await call(app, "POST", path, TESS, **verdict)).json()["code"] == "same_decider"
        assert (await call(app, "POST", path, ("noor", "trust"), **verdict)).json()["code"] == "same_decider"
        both = await asyncio.gather(*(call(app, "POST", path, who, **verdict) for who in (UMA, ROOT)))
        assert sorted(each.status_code for each in both) == [201, 409]
        assert next(each for each in both if each.status_code == 409).json()["code"] == "appeal_decided"
    assert (len(made), [each.appeal.outcome for each in judged]) == (1, ["reversed"])
    assert (await app.http.get(f"/m/{shared.moment.code}")).status_code == 200
    async with app.runtime.database.transaction() as session:
        steps = (await session.scalars(select(Decision).order_by(Decision.id))).all()
    assert [(each.action, each.source) for each in steps] == [
        ("hide", "own"), ("demote", "own"), ("reverse", "appeal"),
    ]  # fmt: skip
    reversal = str(steps[-1].id)
    refused = await call(app, "POST", f"/me/decisions/{reversal}/appeal", ("noor",), text="An appeal of an appeal")
    assert refused.json()["code"] == "appeal_of_appeal"
    assert (await call(app, "POST", f"{mine}/appeal", ("noor",), text="Once more")).json()["code"] == "appeal_of_appeal"
    assert (await call(app, "POST", f"/decisions/{reversal}/lift", TESS)).json()["code"] == "verdict_stands"

    async with app.runtime.database.transaction() as session:
        await session.execute(update(Decision).values(created_at=months_after(utc_now(), -6) - timedelta(hours=1)))
    late = await call(app, "POST", f"/me/decisions/{demoted}/appeal", ("noor",), text="It was summer")
    assert late.json()["code"] == "appeal_too_late"
    assert (await call(app, "GET", f"/me/decisions/{demoted}", ("noor",))).json()["appeal_refused"] == "appeal_too_late"
    await call(app, "POST", f"/decisions/{demoted}/lift", TESS)
    assert (await call(app, "POST", f"/me/decisions/{demoted}/appeal", ("noor",), text="Why?")).json()[
        "code"
    ] == "nothing_to_appeal"

    # who reported may contest that nothing was done
    await flag(app, shared, "ben")
    (review,) = await waiting(app)
    kept = (await call(app, "POST", f"/reviews/{review['id']}/decision", TESS, action="keep", **WHY)).json()
    told = (await call(app, "GET", "/me/decisions", ("ben",))).json()["items"]
    assert [(each["id"], each["action"]) for each in told] == [(kept["id"], "keep")]
    objected = (await call(app, "POST", f"/me/decisions/{kept['id']}/appeal", ("ben",), text="Look again")).json()
    await call(app, "POST", f"/appeals/{objected['id']}/verdict", UMA, outcome="reversed", explanation="Right.")
    assert len(await waiting(app)) == 1, "it is looked at once more"

    # erased: the words go, what was done stays
    async with app.runtime.database.transaction() as session:
        noor = (await session.scalars(select(Viewer).filter_by(id=shared.moment.viewer_id))).one()
        await erase_viewer(session, noor.issuer, noor.subject)
        assert set(await session.scalars(select(Appeal.text).filter_by(appellant_id=noor.id))) == {""}
        assert set(await session.scalars(select(Decision.seen).filter_by(person_id=noor.id))) == {None}


async def test_severe_things_are_for_few_and_are_preserved(app: App) -> None:
    shared = await make_shared(app.runtime.database, app.runtime.settings)
    taken = await notice(app, shared, reason_code="child_abuse", name=None, email=None, work=None, sworn=False)
    assert taken.status_code == 201, "of this the law takes notices without a name"
    assert await waiting(app) == []
    (review,) = await waiting(app, ROOT)
    assert datetime.fromisoformat(review["due_at"]) - datetime.fromisoformat(review["opened_at"]) <= timedelta(hours=1)
    assert (await call(app, "GET", f"/reviews/{review['id']}", TESS)).json()["code"] == "review_unknown"
    assert (await call(app, "GET", "/reports", TESS)).json()["items"] == []
    page = await app.http.get(f"/console/trust/moments/{shared.moment.code}", headers=await app.session(*TESS))
    assert NOTICE["text"] not in page.text
    why = {"reason_code": "child_abuse", "explanation": "Taken down and reported to the authority."}
    made = await call(app, "POST", f"/reviews/{review['id']}/decision", ROOT, action="hide", **why)
    assert made.status_code == 201
    assert (await call(app, "GET", "/preserved", TESS)).json()["code"] == "role_missing"
    (kept,) = (await call(app, "GET", "/preserved", ROOT)).json()["items"]
    assert kept["content"]["code"] == shared.moment.code
    assert (await call(app, "GET", "/decisions", TESS)).json()["items"] == []
    mine = (await call(app, "GET", f"/me/decisions/{made.json()['id']}", ("noor",))).json()
    assert (mine["seen"], mine["said"]) == (None, [])
    async with app.runtime.database.transaction() as session:
        until = datetime.fromisoformat(kept["keep_until"])
        assert await preservation.drop_due(session, until - timedelta(seconds=1)) == 0
        assert await preservation.drop_due(session, until) == 1
        assert await session.scalar(select(func.count()).select_from(Preserved)) == 0


@pytest.mark.slow
async def test_repeat_infringers_climb_the_ladder_and_come_down_again(app: App) -> None:
    app.runtime.settings.strike_ladder = {2: "withhold", 3: "hide"}
    moments = [await make_shared(app.runtime.database, app.runtime.settings) for _ in range(3)]
    person = moments[0].moment.viewer_id
    assert {each.moment.viewer_id for each in moments} == {person}

    async def standing() -> list[str]:
        await app.run_jobs()
        async with app.runtime.database.transaction() as session:
            rows = select(Decision.action).filter_by(subject_kind="viewer", lifted_at=None)
            return list(await session.scalars(rows))

    made, seen = [], []
    for each in moments:
        subject = {"kind": "moment", "id": str(each.moment.id)}
        why = {"reason_code": "rights", "explanation": "Not theirs."}
        made.append((await call(app, "POST", "/decisions", TESS, subject=subject, action="hide", **why)).json()["id"])
        seen.append(await standing())
    assert seen == [[], ["withhold"], ["hide"]]
    await call(app, "POST", f"/decisions/{made[0]}/lift", TESS)
    assert await standing() == ["withhold"]
    await call(app, "POST", f"/decisions/{made[1]}/lift", TESS)
    assert await standing() == []

    # counted from decisions, and as the Commission's database takes them
    report = (await call(app, "GET", "/transparency", TESS)).json()
    taken = {(each["action"], each["reason_code"]): each["count"] for each in report["restrictions"]}
    assert taken[("hide", "rights")] == 3
    assert taken[("withhold", "repeat_infringer")] == 2
    found = {(each["reason_code"], each["source"], each["automated"] > 0) for each in report["restrictions"]}
    assert found == {("rights", "own", False), ("repeat_infringer", "rule", True)}
    path = "/v1/transparency/statements.csv"
    told = list(csv.DictReader(io.StringIO((await app.http.get(path, headers=app.signed_in(*TESS))).text)))
    assert set(told[0]) == set(COLUMNS)
    by = {each["puid"]: each for each in told}
    first = by[made[0]]
    assert first["decision_visibility"] == '["DECISION_VISIBILITY_CONTENT_REMOVED"]'
    assert first["decision_ground"] == "DECISION_GROUND_ILLEGAL_CONTENT"
    assert first["end_date_visibility_restriction"] == f"{utc_now():%Y-%m-%d}"
    assert {each["decision_monetary"] for each in told} == {"", "DECISION_MONETARY_SUSPENSION"}
    assert {each["automated_decision"] for each in told if each["decision_monetary"]} == {"AUTOMATED_DECISION_FULLY"}
    for wrong in ({"first": "2026-01-02", "last": "2026-01-01"}, {"first": "1999-01-01"}, {"last": "9999-01-01"}):
        answer = await app.http.get("/v1/transparency", params=wrong, headers=app.signed_in(*TESS))
        assert (answer.status_code, answer.json()["code"]) == (422, "period_unusable")


DAYS = st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@settings(max_examples=100)
@given(DAYS, st.integers(1, 30))
def test_business_days_are_neither_weekends_nor_holidays(at: datetime, days: int) -> None:
    end = after_business_days(at, days)
    last = (end - timedelta(days=1)).date()
    assert end > at
    assert last.weekday() < 5, "ends with a day on which offices work"
    assert (last.month, last.day) not in {(12, 25), (1, 1), (7, 4), (11, 11)}
    plain = np.busday_count(at.date() + timedelta(days=1), last + timedelta(days=1))
    assert days <= plain <= days + 6, "no more holidays than there are"
    assert after_business_days(at, days + 1) > end


@pytest.mark.parametrize(
    ("day", "tenth"),
    [
        (date(2026, 12, 18), date(2027, 1, 5)),  # Christmas and New Year's Day, both Fridays
        (date(2026, 7, 1), date(2026, 7, 16)),  # Independence Day, observed on Friday the 3rd
        (date(2026, 1, 17), date(2026, 2, 2)),  # begun on a Saturday; Monday is Martin Luther King's
    ],
)
def test_the_tenth_business_day(day: date, tenth: date) -> None:
    assert after_business_days(datetime(day.year, day.month, day.day, 12, tzinfo=UTC), 10).date() == tenth + timedelta(
        days=1
    )


@settings(max_examples=100)
@given(DAYS, st.integers(-24, 24))
def test_months_keep_the_day_where_there_is_one(at: datetime, months: int) -> None:
    later = months_after(at, months)
    assert (later.year * 12 + later.month) - (at.year * 12 + at.month) == months
    assert later.day == at.day or (later + timedelta(days=1)).day == 1


@settings(max_examples=100)
@given(st.dictionaries(st.integers(1, 20), st.sampled_from(["demote", "hold", "withhold", "hide"])), st.integers(0, 30))
def test_the_ladder_gives_the_highest_step_reached(ladder: dict[int, str], strikes: int) -> None:
    step = rung(ladder, strikes)
    assert (step is None) == all(count > strikes for count in ladder)
    assert step is None or step == ladder[max(count for count in ladder if count <= strikes)]


@pytest.mark.slow
async def test_notifiers_are_written_to_in_their_language(app: App) -> None:
    mailbox = Mailbox()
    async with smtp_server(mailbox) as port:
        app.runtime.settings.smtp_url = SecretStr(f"smtp://127.0.0.1:{port}")
        shared = await make_shared(app.runtime.database, app.runtime.settings)
        assert (await notice(app, shared, language="de-AT")).status_code == 201
        form = {"kind": "moment", "about": shared.moment.code, "reason_code": "hate", "text": "It is hateful."}
        form |= {"name": "Ali A", "email": "ali@example.com", "good_faith": "true"}
        said = await app.http.post("/notice", data=form, headers={"Accept-Language": "ar", **app.signed_in("ali")})
        assert said.status_code == 200
        await app.run_jobs()
        (review,) = await waiting(app)
        await call(
            app, "POST", f"/reviews/{review['id']}/decision", TESS, action="hide", reason_code="rights",
            explanation="It is yours.",
        )  # fmt: skip
        await app.run_jobs()
        german = [mail for mail in mailbox.mails if mail["To"] == "ida@example.com"]
        arabic = [mail for mail in mailbox.mails if mail["To"] == "ali@example.com"]
        assert [mail["Subject"].partition(": ")[2] for mail in german] == [
            "Deine Meldung ist da", "Über deine Meldung ist entschieden",
        ]  # fmt: skip
        assert "Es wurde entfernt." in words_of(german[1])
        assert "Verletzt jemandes Rechte" in words_of(german[1])
        assert "وصل إشعارك" in arabic[0]["Subject"]
        html = arabic[0].get_body(("html",))
        assert html is not None
        assert '<html lang="ar" dir="rtl">' in str(html.get_content())
