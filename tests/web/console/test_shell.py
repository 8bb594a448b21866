"""The console as its people use it, without scripts: forms, refusals, numbers and the rows behind them."""

import csv
import html
import io
import re
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from groundswell.catalog.tables import RightsRule, Title
from groundswell.earnings import statements
from groundswell.moments.tables import Moment
from groundswell.platform.ids import uuid7
from groundswell.trust.decisions import decide
from groundswell.trust.reports import report
from groundswell.trust.tables import Decision, Report
from tests.earnings.world import World, build, closed_month, in_closed_month
from tests.events.places import Shared, make_shared
from tests.support import App

HTML = {"Accept": "text/html"}


@pytest.fixture
async def shared(app: App) -> Shared:
    return await make_shared(app.runtime.database, app.runtime.settings)


@pytest.fixture
async def world(app: App) -> World:
    world = await build(app.runtime.database)
    for subject in ("noor", "kofi"):
        await world.creator(subject)
    await world.moment("noor", "The kiss")
    await world.moment("kofi", "The rain")
    await world.happen("The kiss", "play", "a", "b", "c", at=in_closed_month())
    await world.happen("The rain", "play", "a", at=in_closed_month())
    return world


def text_of(answer: httpx.Response) -> str:
    """A page's words, in one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def rows_of(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


async def follow(app: App, answer: httpx.Response, headers: dict[str, str]) -> httpx.Response:
    """The page that a saved form leads to."""
    assert answer.status_code == 303, text_of(answer)
    return await app.http.get(answer.headers["location"], headers=headers)


ROOMS = [
    ("/console/loop", "marketer"),
    ("/console/events", "marketer"),
    ("/console/rights", "rights"),
    ("/console/trust", "trust"),
    ("/console/finance", "finance"),
    ("/console/finance/postings", "finance"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("address", "role"), ROOMS)
async def test_a_room_opens_to_its_role_only(shared_app: App, address: str, role: str) -> None:
    assert (await shared_app.http.get(address, headers=shared_app.signed_in("mira", role))).status_code == 200
    assert (await shared_app.http.get(address, headers=shared_app.signed_in("root", "admin"))).status_code == 200
    other = "trust" if role != "trust" else "finance"
    refused = await shared_app.http.get(address, headers=shared_app.signed_in("ada", other))
    assert refused.status_code == 403
    said = re.search(r"This needs the role (\w+(?: or \w+)*)\.", text_of(refused))
    assert said is not None
    assert role in said[1].split(" or ")
    assert "signed in as Ada" in text_of(refused)
    assert "role_missing" in text_of(refused)


async def test_a_visitor_is_asked_to_sign_in_and_comes_back(app: App) -> None:
    answer = await app.http.get("/console/finance?x=1")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/session/staff?return=%2Fconsole%2Ffinance%3Fx%3D1"
    at_the_service = await app.http.get(answer.headers["location"], follow_redirects=False)
    assert at_the_service.headers["location"].startswith("/session/start?return="), "no OpenID provider is set"


async def test_the_front_door_leads_by_role(app: App) -> None:
    one = await app.http.get("/console", headers=app.signed_in("fay", "finance"))
    assert one.headers["location"] == "/console/finance"
    two = await app.http.get("/console", headers=app.signed_in("fay", "finance", "rights"))
    assert "/console/rights" in two.text
    assert "/console/trust" not in two.text
    none = await app.http.get("/console", headers=app.signed_in("ada"))
    assert "Nothing here is open to you yet" in text_of(none)


@pytest.mark.slow
async def test_finance_funds_divides_pays_and_the_books_balance(app: App, world: World) -> None:
    fay = app.signed_in("fay", "finance")
    form = {"id": str(uuid7()), "period": closed_month(), "amount": "40.00", "currency": "EUR", "basis": "plays"}
    funded = await app.http.post("/console/finance/pools", data=form, headers=fay)
    again = await app.http.post("/console/finance/pools", data=form, headers=fay)
    assert funded.headers["location"] == again.headers["location"]
    pool = funded.headers["location"].partition("?")[0]
    running = await follow(app, await app.http.post(f"{pool}/run", headers=fay), fay)
    assert "data-refresh" in running.text
    await app.run_jobs()
    divided = await app.http.get(pool, headers=fay)
    assert "€30.00" in text_of(divided)
    assert "€10.00" in text_of(divided)
    assert "data-refresh" not in divided.text
    parts = rows_of(await app.http.get(f"{pool}/statements.csv", headers=fay))
    assert [(part["handle"], part["amount_minor"]) for part in parts] == [("noor", "3000"), ("kofi", "1000")]

    statement = f"/console/finance/statements/{parts[0]['statement']}"
    assert "The kiss" in text_of(await app.http.get(statement, headers=fay))
    counted = await app.http.get(f"{statement}/evidence", headers=fay)
    assert text_of(counted).count("A play by a person") == 3
    logged = re.findall(r'href="(/console/finance/events/[^"]+)"', counted.text)
    assert len(logged) == 3
    assert "Why it counts" in text_of(await app.http.get(html.unescape(logged[0]), headers=fay))
    assert len(rows_of(await app.http.get(f"{statement}/evidence.csv", headers=fay))) == 3
    lines = rows_of(await app.http.get(f"{statement}/lines.csv", headers=fay))
    assert sum(int(line["amount_minor"]) for line in lines) == 3000
    due = rows_of(await app.http.get("/console/finance/dues.csv", headers=fay))
    assert {(row["handle"], row["due_minor"]) for row in due} == {("noor", "3000"), ("kofi", "1000")}
    assert [row["status"] for row in rows_of(await app.http.get("/console/finance/pools.csv", headers=fay))] == [
        "divided"
    ]
    own = await app.http.post(f"{statement}/pay", data={"reference": "B-1"}, headers=fay)
    assert own.status_code == 403
    assert "same_person" in text_of(own)
    pia = app.signed_in("pia", "finance")
    paid = await follow(app, await app.http.post(f"{statement}/pay", data={"reference": "B-1"}, headers=pia), fay)
    assert "settled" in text_of(paid)
    twice = await app.http.post(f"{statement}/pay", headers=fay)
    assert twice.status_code == 409
    assert "statement_paid" in text_of(twice)

    books = text_of(await app.http.get("/console/finance", headers=fay))
    assert "Debits equal credits" in books
    assert "Totals equal the sum of 4 postings" in books
    assert "B-1" in text_of(await app.http.get("/console/finance/payouts", headers=fay))
    (payout,) = rows_of(await app.http.get("/console/finance/payouts.csv", headers=fay))
    assert (payout["reference"], payout["amount_minor"]) == ("B-1", "3000")
    postings = await app.http.get("/console/finance/postings?reason=pool_share", headers=fay)
    assert text_of(postings).count("Share of a pool") == 3  # two rows and the filter's option
    one = re.search(r"/console/finance/postings/[0-9a-f-]{36}", postings.text)
    assert one is not None
    assert "What it is for" in text_of(await app.http.get(one[0], headers=fay))


@pytest.mark.slow
async def test_a_pool_divided_while_its_page_is_drawn_breaks_nothing(
    app: App, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fay = app.signed_in("fay", "finance")
    form = {"id": str(uuid7()), "period": closed_month(), "amount": "40.00", "currency": "EUR", "basis": "plays"}
    funded = await app.http.post("/console/finance/pools", data=form, headers=fay)
    pool = funded.headers["location"].partition("?")[0]
    await app.http.post(f"{pool}/run", headers=fay)
    shown_pool = statements.shown_pool

    async def meanwhile(*asked: Any) -> Any:
        await app.run_jobs()
        return await shown_pool(*asked)

    monkeypatch.setattr(statements, "shown_pool", meanwhile)
    assert (await app.http.get(pool, headers=fay)).status_code == 200
    assert "100.00 %" in text_of(await app.http.get(pool, headers=fay))


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("amount", "a lot", "Write an amount such as 1250.50."),
        ("amount", "1.005", "EUR has 2 digits after the point."),
        ("currency", "EURO", "String should match"),
        ("period", "2026-13", "String should match"),
        ("period", "2999-01", "period_invalid"),
    ],
)
async def test_an_impossible_pool_is_refused_beside_the_form(
    shared_app: App, field: str, value: str, words: str
) -> None:
    form = {"id": str(uuid7()), "period": closed_month(), "amount": "10", "currency": "EUR", "basis": "plays"}
    answer = await shared_app.http.post(
        "/console/finance/pools", data=form | {field: value}, headers=shared_app.signed_in("fay", "finance")
    )
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert "No money has moved yet" in text_of(answer)


async def rule_of(app: App, title: Title) -> RightsRule:
    async with app.runtime.database.transaction() as session:
        return (await session.scalars(select(RightsRule).filter_by(scope="title", scope_key=str(title.id)))).one()


async def test_rights_switch_a_title_off_and_on_and_hear_what_it_stops(app: App, shared: Shared) -> None:
    ravi, slug = app.signed_in("ravi", "rights"), shared.title.slug
    off = await app.http.post(f"/console/rights/title/{slug}/sharing", data={"sharing": "off"}, headers=ravi)
    told = text_of(await follow(app, off, ravi))
    assert "Sharing of A film is off. 1 live moment stops playing at once" in told
    viewer = app.signed_in("ada")
    clip = {"title": slug, "start_us": 0, "end_us": 10_000_000}
    refused = await app.http.post("/v1/moments", json=clip, headers=viewer)
    assert refused.json()["code"] == "sharing_off"
    on = await app.http.post(f"/console/rights/title/{slug}/sharing", data={"sharing": "on"}, headers=ravi)
    assert "1 live moment plays again" in text_of(await follow(app, on, ravi))


async def test_rights_write_lengths_and_totals_and_see_which_rule_says_so(app: App, shared: Shared) -> None:
    ravi, address = app.signed_in("ravi", "rights"), f"/console/rights/title/{shared.title.slug}"
    everything = {"max_clip": "40", "title_total_unit": "percent"}
    await app.http.post("/console/rights/all/titles", data=everything, headers=ravi)
    form = {"min_clip": "7.5", "title_total": "50", "title_total_unit": "percent", "note": "By contract"}
    page = text_of(await follow(app, await app.http.post(address, data=form, headers=ravi), ravi))
    assert "Shortest clip 7.5 s rule for this title" in page
    assert "Longest clip 40 s rule for everything" in page
    assert "All viewers 60 s 50 % of the title rule for this title" in page
    assert "One viewer, in all 120 s 10 % of the title, at least 2:00 default" in page
    short = {"title": shared.title.slug, "start_us": 0, "end_us": 6_000_000}
    refused = await app.http.post("/v1/moments", json=short, headers=app.signed_in("ada"))
    assert refused.json()["code"] == "clip_too_short"
    listed = rows_of(await app.http.get("/console/rights/titles.csv", headers=ravi))
    assert [(row["min_clip_us"], row["title_total_us"], row["live_moments"]) for row in listed] == [
        ("7500000", "60000000", "1")
    ]


async def test_saving_a_rule_keeps_what_the_form_does_not_show(app: App, shared: Shared) -> None:
    ravi = app.signed_in("ravi", "rights")
    blocked = [{"start_us": 0, "end_us": 1_000_000, "reason": "opening credits"}]
    rule = {"scope": "title", "title": shared.title.slug, "blocked_ranges": blocked, "ending_days": 3}
    assert (await app.http.put("/v1/rights", json=rule, headers=ravi)).status_code == 200
    saved = await app.http.post(f"/console/rights/title/{shared.title.slug}", data={"max_clip": "20"}, headers=ravi)
    assert saved.status_code == 303
    written = await rule_of(app, shared.title)
    assert (written.max_clip_us, written.blocked_ranges, written.ending_days) == (20_000_000, blocked, 3)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"min_clip": "soon"}, "Write seconds such as 7.5, or leave it empty."),
        ({"min_clip": "30", "max_clip": "20"}, "min_clip_us is greater than max_clip_us"),
        ({"title_total": "150", "title_total_unit": "percent"}, "Write a whole per cent from 0 to 100."),
    ],
)
async def test_an_impossible_rule_is_refused_and_nothing_is_written(
    app: App, shared: Shared, form: dict[str, str], words: str
) -> None:
    ravi = app.signed_in("ravi", "rights")
    answer = await app.http.post(f"/console/rights/title/{shared.title.slug}", data=form, headers=ravi)
    assert answer.status_code == 422
    assert words in text_of(answer)
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(RightsRule.id)) is None


async def test_a_rule_is_removed_and_the_next_decides(app: App, shared: Shared) -> None:
    ravi, slug = app.signed_in("ravi", "rights"), shared.title.slug
    await app.http.post(f"/console/rights/title/{slug}/sharing", data={"sharing": "off"}, headers=ravi)
    rule = await rule_of(app, shared.title)
    removed = await app.http.post(f"/console/rights/rules/{rule.id}/remove", headers=ravi)
    assert "1 live moment plays again" in text_of(await follow(app, removed, ravi))


async def reported(app: App, moment: Moment, reason: str = "spoiler") -> None:
    async with app.runtime.database.transaction() as session:
        await report(session, moment_id=moment.id, reason_code=reason, text="He dies <b>!", reporter="visitor:1")


@pytest.mark.slow
async def test_trust_takes_a_reported_moment_down_and_lifts_it(app: App, shared: Shared) -> None:
    tess = app.signed_in("tess", "trust")
    await reported(app, shared.moment)
    queue = await app.http.get("/console/trust", headers=tess)
    assert "Spoiler without a warning" in text_of(queue)
    assert "He dies &lt;b&gt;!" in queue.text

    address = f"/console/trust/moments/{shared.moment.code}"
    silent = await app.http.post(f"{address}/take-down", data={"reason": "spoiler", "explanation": " "}, headers=tess)
    assert silent.status_code == 422
    assert "Say why" in text_of(silent)
    words = {"reason": "spoiler", "explanation": "It shows the ending."}
    down = await app.http.post(f"{address}/take-down", data=words, headers=tess)
    page = await follow(app, down, tess)
    assert "Taken down" in text_of(page)
    assert "Answered by a decision" in text_of(page)
    landing = await app.http.get(f"/s/{shared.token}", headers=HTML)
    assert landing.status_code == 410
    assert "It shows the ending." in text_of(landing)

    again = await app.http.post(f"{address}/take-down", data=words, headers=tess)
    assert "already_restricted" in text_of(again)
    lifted = re.search(r"/console/trust/decisions/[0-9a-f-]{36}/lift", page.text)
    assert lifted is not None
    up = await follow(app, await app.http.post(lifted[0], data={"back": shared.moment.code}, headers=tess), tess)
    assert "lifted" in text_of(up)
    assert (await app.http.get(f"/s/{shared.token}", headers=HTML)).status_code == 200
    decisions = rows_of(await app.http.get("/console/trust/decisions.csv", headers=tess))
    assert [(row["explanation"], bool(row["lifted_at"])) for row in decisions] == [("It shows the ending.", True)]


async def test_a_report_is_dismissed(app: App, shared: Shared) -> None:
    tess = app.signed_in("tess", "trust")
    await reported(app, shared.moment)
    async with app.runtime.database.transaction() as session:
        told = (await session.scalars(select(Report))).one()
    answer = await app.http.post(f"/console/trust/reports/{told.id}/dismiss", headers=tess)
    assert "No open reports" in text_of(await follow(app, answer, tess))
    async with app.runtime.database.transaction() as session:
        kept = (await session.scalars(select(Decision))).one()
        assert (await session.get_one(Report, told.id)).closed_at is not None
    assert (kept.action, kept.subject_id, kept.source) == ("keep", shared.moment.id, "report")
    assert kept.decided_by.startswith("viewer:")


async def test_a_moment_is_found_by_its_address(app: App, shared: Shared) -> None:
    tess = app.signed_in("tess", "trust")
    code = shared.moment.code
    for words in (
        *(code, f"http://test/m/{code}", f" /m/{code}?t=3 ", f"http://test/m/{code}?next=/a/b#c"),
        *(shared.token, f"http://test/s/{shared.token}", f"http://test/s/{shared.token}/go?from=landing"),
    ):
        found = await app.http.get("/console/trust/find", params={"moment": words}, headers=tess)
        assert found.headers["location"] == f"/console/trust/moments/{code}"
    for words in ("nothing", "", "/" * 9000, "\0", f"http://test/s/{shared.token}x"):
        missing = await app.http.get("/console/trust/find", params={"moment": words}, headers=tess)
        assert missing.status_code in (404, 422), words


async def test_csv_files_run_nothing_in_a_spreadsheet(app: App, shared: Shared) -> None:
    async with app.runtime.database.transaction() as session:
        await decide(
            session,
            kind="moment",
            subject_id=shared.moment.id,
            action="hide",
            reason_code="spam",
            explanation='=HYPERLINK("http://evil.example")',
            decided_by="rule",
            rule="r1",
        )
    rows = rows_of(await app.http.get("/console/trust/decisions.csv", headers=app.signed_in("tess", "trust")))
    assert rows[0]["explanation"].startswith("'=")


async def test_another_site_cannot_post_a_form_with_a_borrowed_cookie(app: App, shared: Shared) -> None:
    cookie = await app.session("tess", "trust")
    address = f"/console/trust/moments/{shared.moment.code}/take-down"
    form = {"reason": "spam", "explanation": "x"}
    answer = await app.http.post(address, data=form, headers=cookie | {"Origin": "http://evil.example"})
    assert answer.status_code == 403
    assert "cross_site" in text_of(answer)
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(Decision.id)) is None
