"""The loop's numbers, made through the public doors and counted by hand."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from groundswell.attribution.models import MODELS
from groundswell.attribution.tables import Conversion
from groundswell.events.event import Event
from groundswell.events.lake.sealer import seal_now
from groundswell.events.log.event_log import record
from groundswell.events.tables import Reverdict
from groundswell.insights.reports.loop import Slice, loop_report
from groundswell.insights.schemas import LoopReport
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from groundswell.shares.tables import Share
from tests.attribution.test_conversions import conversion, report, visit
from tests.events.places import Shared, make_share, make_shared, viewer
from tests.support import App

pytestmark = pytest.mark.usefixtures("still_server")


@pytest.fixture
async def service(app: App) -> dict[str, str]:
    return await app.service_key("conversions:write", "reports:read")


def ago(**time: float) -> datetime:
    return utc_now() - timedelta(**time)


async def happen(app: App, shared: Shared, kind: str, **fields: Any) -> None:
    place = {"share_id": shared.share.id, "moment_id": shared.moment.id, "title_id": shared.title.id}
    event = {"at": utc_now(), "channel": shared.share.channel, "verdict": "human"} | place | fields
    async with app.runtime.database.transaction() as session:
        await record(session, Event(kind=kind, **event))  # type: ignore[arg-type]


def lately(**fields: Any) -> Slice:
    today = utc_now().date()
    return Slice(today - timedelta(days=13), today, **fields)


def counts(found: LoopReport) -> dict[str, float]:
    return {step.step: step.count for step in found.steps if step.count}


@pytest.mark.slow
async def test_before_anything_is_sealed_everything_is_zero_and_says_so(app: App) -> None:
    found = await loop_report(app.runtime, lately())
    assert (found.as_of, counts(found), found.revenue, found.titles) == (None, {}, [], [])
    assert len(found.days) == 14
    assert found.virality.cohort.value is None
    assert all(step.definition for step in found.steps)


@pytest.mark.slow
async def test_people_are_counted_once_robots_not_and_opted_out_each_time(app: App) -> None:
    shared = await make_shared(app.runtime.database, app.runtime.settings)
    for visitor in ("a", "a", "b"):
        await happen(app, shared, "click", visitor=visitor)
    for _ in range(2):
        await happen(app, shared, "click", visitor=None)
    await happen(app, shared, "click", visitor="c", verdict="robot", verdict_reason="search-engine:Googlebot")
    await happen(app, shared, "unfurl", verdict="unfurl")
    await happen(app, shared, "play", visitor="a")
    await happen(app, shared, "share", verdict=None)
    await seal_now(app.runtime)
    found = await loop_report(app.runtime, lately())
    assert counts(found) == {"share": 1, "unfurl": 1, "click": 4, "play": 1}
    assert [(row.reason, row.events) for row in found.excluded] == [("search-engine:Googlebot", 1)]
    assert [(row.key, row.label, row.counts["click"]) for row in found.titles] == [(str(shared.title.id), "A film", 4)]
    assert [(row.key, row.counts["click"]) for row in found.channels] == [("x", 4)]
    assert found.days[-1].counts == counts(found)
    assert found.as_of is not None
    assert abs(found.as_of - utc_now()) < timedelta(minutes=2)


@pytest.mark.slow
async def test_the_verdict_that_stands_is_counted(app: App) -> None:
    """A ring that is found out leaves the clicks and is shown as sophisticated; one acquitted later comes back."""
    shared = await make_shared(app.runtime.database, app.runtime.settings)
    at = ago(hours=2)
    ids = {visitor: uuid7() for visitor in "abc"}
    for visitor, id in ids.items():
        await happen(app, shared, "click", visitor=visitor, id=id, at=at)
    async with app.runtime.database.transaction() as session:
        for number, visitor in enumerate("bc"):
            row = {"event_id": ids[visitor], "at": at, "created_at": ago(minutes=30 - number)}
            session.add(Reverdict(kind="robot", reason="ring", rule="behaviour-1", traffic="sivt", **row))
        await session.flush()
        acquitted = {"event_id": ids["c"], "at": at, "created_at": ago(minutes=5)}
        session.add(Reverdict(kind="human", reason="nothing_says_otherwise", rule="9", traffic=None, **acquitted))
    await seal_now(app.runtime)
    found = await loop_report(app.runtime, lately())
    assert counts(found) == {"click": 2}
    assert [(each.reason, each.traffic, each.rule, each.events) for each in found.excluded] == [
        ("ring", "sivt", "behaviour-1", 1)
    ]
    mira = app.signed_in("mira", "marketer")
    page = await app.http.get("/console/traffic?period=7d", headers=mira)
    assert "Clicking each other" in page.text
    rows = await app.http.get("/console/events.csv?period=7d&kind=click&verdict=human", headers=mira)
    assert len(rows.text.strip().splitlines()) == 1 + 2
    assert "judged later" in (await app.http.get("/console/events?period=7d&verdict=robot", headers=mira)).text


@pytest.mark.slow
async def test_churn_reported_ends_what_was_paid(app: App, service: dict[str, str]) -> None:
    shared = await make_shared(app.runtime.database, app.runtime.settings)
    for n, churned in enumerate((True, False)):
        who = {"viewer": f"v{n}"}
        token = await visit(app, shared, ago(days=40, hours=2))
        await report(app, service, conversion("sign_up", ago(days=40, hours=1), id=f"up{n}", touch=token, **who))
        await report(app, service, conversion("subscription", ago(days=40), 999, id=f"sub{n}", **who))
        if churned:
            body = conversion("churn", ago(days=9, hours=12), id="gone", original="sub0", day=30, **who)
            answer = await report(app, service, body)
            assert answer.status_code == 201, answer.text
    await seal_now(app.runtime)
    today = utc_now().date()
    found = await loop_report(app.runtime, Slice(today - timedelta(days=60), today))
    assert [(each.days, each.due, each.stayed) for each in found.staying] == [(30, 2, 1), (90, 0, 0)]


@pytest.mark.slow
async def test_a_slice_is_of_its_days_title_and_channel(app: App) -> None:
    one = await make_shared(app.runtime.database, app.runtime.settings, channel="x")
    two = await make_shared(app.runtime.database, app.runtime.settings, subject="vera", channel="qr")
    midnight = datetime.combine(utc_now().date(), datetime.min.time(), utc_now().tzinfo)
    await happen(app, one, "click", visitor="a", at=midnight - timedelta(microseconds=1))
    await happen(app, one, "click", visitor="b", at=midnight)
    await happen(app, two, "click", visitor="c", at=midnight)
    await seal_now(app.runtime)
    today = utc_now().date()
    yesterday = today - timedelta(days=1)
    assert counts(await loop_report(app.runtime, Slice(yesterday, yesterday))) == {"click": 1}
    assert counts(await loop_report(app.runtime, Slice(today, today))) == {"click": 2}
    assert counts(await loop_report(app.runtime, lately(title_id=one.title.id))) == {"click": 2}
    assert counts(await loop_report(app.runtime, lately(channel="qr"))) == {"click": 1}


@pytest.mark.slow
async def test_conversions_count_by_credit_and_revenue_is_after_refunds(app: App, service: dict[str, str]) -> None:
    one = await make_shared(app.runtime.database, app.runtime.settings)
    two = await make_shared(app.runtime.database, app.runtime.settings, subject="vera", channel="qr")
    earlier = await visit(app, one, ago(hours=3))
    token = await visit(app, two, ago(hours=2), previous=earlier)
    await report(app, service, conversion("sign_up", touch=token))
    await report(app, service, conversion("subscription", minor=1000))
    await report(app, service, conversion("refund", utc_now(), 300, original="subscription-1"))
    await report(app, service, conversion("sign_up", id="by-nobody", viewer="somebody"))
    await seal_now(app.runtime)
    last = await loop_report(app.runtime, lately())
    assert {s.step: (s.count, s.total) for s in last.steps if s.total} == {
        "sign_up": (1, 2),
        "subscription": (1, 1),
        "refund": (1, 1),
    }
    assert [r.model_dump() for r in last.revenue] == [
        {"currency": "EUR", "gross_minor": 1000, "refunded_minor": 300, "net_minor": 700}
    ]
    assert {row.key: row.counts["subscription"] for row in last.channels if "subscription" in row.counts} == {"qr": 1}
    linear = await loop_report(app.runtime, lately(), "linear")
    assert {row.key: row.counts["subscription"] for row in linear.channels} == {"qr": 0.5, "x": 0.5}
    assert {row.key: row.revenue[0].net_minor for row in linear.channels} == {"qr": 350, "x": 350}
    by_day = {row.key: row.counts.get("sign_up", 0) for row in last.days}
    assert sum(by_day.values()) == 1


@pytest.mark.slow
async def test_k_counts_what_newcomers_brought(app: App, service: dict[str, str]) -> None:
    settings, database = app.runtime.settings, app.runtime.database
    shared = await make_shared(database, settings)
    await report(app, service, conversion("sign_up", ago(days=2), id="s1", viewer="newcomer"))
    async with database.transaction() as session:
        newcomer = await viewer(session, "newcomer")
    share, _ = await make_share(database, settings, shared.moment, newcomer.id)
    async with database.transaction() as session:
        await session.execute(update(Share).filter_by(id=share.id).values(created_at=ago(days=1)))
    re_shared = Shared(shared.title, shared.moment, share, "")
    await happen(app, re_shared, "share", at=ago(days=1), viewer_id=newcomer.id, id=share.id, verdict=None)
    token = await visit(app, re_shared, ago(hours=2))
    await report(app, service, conversion("sign_up", ago(hours=1), id="s2", viewer="second", touch=token))
    await seal_now(app.runtime)
    found = await loop_report(app.runtime, lately())
    k = found.virality.cohort
    assert (k.new_viewers, k.shares, k.sign_ups, k.value, k.closed) == (2, 1, 1, 0.5, False)
    assert sum(week.new_viewers for _, week in found.virality.weeks) == 2
    assert all(monday.weekday() == 0 for monday, _ in found.virality.weeks)
    assert found.cycle.sign_ups == 1
    assert found.cycle.median_s == pytest.approx(23 * 3600, abs=60)
    old = await loop_report(app.runtime, Slice(date(2020, 1, 1), date(2020, 1, 31)))
    assert old.virality.cohort.closed


async def get(app: App, path: str, headers: dict[str, str], **query: str) -> httpx.Response:
    return await app.http.get(f"/v1/reports/{path}", params=query, headers=headers)


@pytest.mark.slow
async def test_reports_over_http(app: App, service: dict[str, str]) -> None:
    shared = await make_shared(app.runtime.database, app.runtime.settings)
    token = await visit(app, shared, utc_now())
    await report(app, service, conversion("sign_up", utc_now(), touch=token))
    await report(app, service, conversion("subscription", utc_now(), 1000))
    await seal_now(app.runtime)
    marketer = app.signed_in("mira", "marketer")
    loop = (await get(app, "loop", marketer, title=shared.title.slug)).json()
    assert {step["step"]: step["count"] for step in loop["steps"] if step["count"]} == {
        "click": 1,
        "sign_up": 1,
        "subscription": 1,
    }
    first = (await get(app, "conversions", service, limit="1")).json()
    assert [row["kind"] for row in first["items"]] == ["subscription"]
    second = (await get(app, "conversions", service, limit="1", cursor=first["next"])).json()
    assert [(row["kind"], row["certain"], row["generation"]) for row in second["items"]] == [("sign_up", True, 0)]
    evidence = (await get(app, f"conversions/{first['items'][0]['id']}", marketer)).json()
    assert [touch["matched_by"] for touch in evidence["touches"]] == ["token"]
    assert {credit["model"] for credit in evidence["credits"]} == set(MODELS)
    assert evidence["cascade"]["way"] == [str(shared.share.id)]
    assert evidence["cascade"]["nodes"][0]["counts"] == {"click": 1, "sign_up": 1, "subscription": 1}
    by_token = await get(app, f"cascades/{shared.token}", marketer)
    assert by_token.json() == (await get(app, f"cascades/{shared.share.id}", marketer)).json()


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        ("loop", {"from": "2026-02-01", "to": "2026-01-01"}, 422, "period_invalid"),
        ("loop", {"from": "0001-01-01", "to": "9999-12-31"}, 422, "period_invalid"),
        ("loop", {"to": "9999-12-31"}, 422, "period_invalid"),
        ("loop", {"to": "0001-01-01"}, 422, "period_invalid"),
        ("loop", {"from": "yesterday"}, 422, "invalid"),
        ("loop", {"model": "magic"}, 422, "model_unknown"),
        ("loop", {"title": "no-such-title"}, 404, "title_unknown"),
        ("conversions", {"cursor": "!"}, 400, "cursor_invalid"),
        ("conversions/01a20a16-5909-7cb2-b947-032a5a0a66d0", {}, 404, "not_found"),
        ("conversions/nonsense", {}, 422, "invalid"),
        ("cascades/01a20a16-5909-7cb2-b947-032a5a0a66d0", {}, 404, "not_found"),
        ("cascades/forged", {}, 404, "link_forged"),
    ],
)
async def test_refusals(shared_app: App, path: str, query: dict[str, str], status: int, code: str) -> None:
    answer = await get(shared_app, path, shared_app.signed_in("mira", "marketer"), **query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.slow
async def test_only_marketers_and_services_may_read(app: App, service: dict[str, str]) -> None:
    assert (await get(app, "loop", {})).json()["code"] == "token_missing"
    assert (await get(app, "loop", app.signed_in("ada"))).json()["code"] == "role_missing"
    assert (await get(app, "loop", await app.service_key("events:write"))).json()["code"] == "scope_missing"
    assert (await get(app, "loop", service)).status_code == 200


@pytest.mark.slow
async def test_the_report_equals_a_recount_from_the_log(app: App, service: dict[str, str]) -> None:
    shared = await make_shared(app.runtime.database, app.runtime.settings)
    for n in range(5):
        token = await visit(app, shared, ago(hours=2))
        await report(app, service, conversion("sign_up", id=f"s{n}", viewer=f"v{n}", touch=token))
        await asyncio.sleep(0)
        await seal_now(app.runtime)
    found = counts(await loop_report(app.runtime, lately()))
    async with app.runtime.database.transaction() as session:
        conversions = (await session.scalars(select(Conversion))).all()
    assert found == {"click": 5, "sign_up": len(conversions)}
