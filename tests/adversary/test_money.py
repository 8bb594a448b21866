"""Attacks on the money: each ends with money and rank where they should be, to the cent, and a case on the desk."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from groundswell.accounts.audit import entries
from groundswell.attribution.reverdicts import note, rejudge
from groundswell.earnings import payables, payouts, pools
from groundswell.earnings.tables import Pool, Statement
from groundswell.earnings.track_record import standing
from groundswell.events.event import Event
from groundswell.events.lake.sealer import seal_now
from groundswell.events.log.event_log import record
from groundswell.events.traffic.verdicts import Verdict
from groundswell.events.visits.touch_tokens import read_touch_token
from groundswell.insights.reports.loop import Slice, loop_report
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from groundswell.trust import cases
from groundswell.trust.providers import Standing
from groundswell.trust.tables import Case, CaseStep, Decision
from tests.attribution.stripe_world import NEW, Teller
from tests.attribution.test_stripe import SECRET, send
from tests.earnings.world import World, build, early_this_month, this_month
from tests.events.places import viewer
from tests.support import App

from .test_verdicts import Attack, attack, divided, held, judged, next_month

pytestmark = pytest.mark.usefixtures("still_server")


@pytest.fixture
async def world(app: App) -> World:
    """Noor cheats; kofi does not."""
    world = await build(app.runtime.database)
    for subject, name in (("noor", "kiss"), ("kofi", "rain")):
        await world.creator(subject)
        await world.moment(subject, name)
    return world


async def honest(app: App, world: World, minor: int = 1_000, people: int = 1) -> Attack:
    """Kofi's people: each clicks and buys."""
    fair = await attack(app, world, "rain", "kofi")
    for n in range(people):
        await fair.join(f"honest-{n}", await fair.click(f"somebody-{n}"), minor)
    return fair


async def desk(world: World, subject: str = "noor") -> dict[str, Case]:
    """The open cases about somebody, by rule."""
    async with world.database.transaction() as session:
        rows = await session.scalars(select(Case).filter_by(subject_id=world.viewers[subject], status="open"))
        return {row.rule: row for row in rows}


async def standing_of(world: World, subject: str) -> Standing:
    async with world.database.transaction() as session:
        return await standing(session, world.viewers[subject])


async def paid(world: World, subject: str) -> int:
    """Everything payable to somebody is paid."""
    async with world.database.transaction() as session:
        theirs = select(Statement.id).filter_by(creator_id=world.creators[subject], payout_id=None)
        statement = (await session.scalars(theirs.limit(1))).one()
        return (await payouts.pay(session, statement, "pia")).amount_minor


async def step(world: World, rule: str, action: cases.Action, subject: str = "noor") -> CaseStep:
    """What somebody of trust does; what was shown before is what happens."""
    case = (await desk(world, subject))[rule]
    async with world.database.transaction() as session:
        change = await cases.preview(session, case.id, action)
    assert change.before == await standing_of(world, subject)
    async with world.database.transaction() as session:
        taken = await cases.take(session, case.id, action, "Looked into.", "tess")
    assert change.after == await standing_of(world, subject)
    return taken


async def undo(world: World, taken: CaseStep) -> None:
    async with world.database.transaction() as session:
        await cases.undo(session, taken.id, "fay")


async def test_two_pools_of_one_month(app: App, world: World) -> None:
    """57 backdated plays once took both of two pools; the month has one, and the second is refused. That somebody of
    finance tried is no case of a creator's: it is in the audit log."""
    await world.happen("rain", "play", "v1")
    await divided(world, "plays")
    with pytest.raises(pools.PoolExists):
        await divided(world, "plays")
    body = {"period": this_month(), "basis": "plays", "currency": "EUR", "amount_minor": 10_000}
    pia = app.signed_in("pia", "finance")
    assert (await app.http.get("/v1/pools", headers=pia)).is_success
    for _ in range(2):
        answer = await app.http.post("/v1/pools", json=body, headers=pia)
        assert (answer.status_code, answer.json()["code"]) == (409, "pool_exists")
    async with world.database.transaction() as session:
        assert len((await session.scalars(select(Pool.id))).all()) == 1
        tried = [each.told async for each in entries(session) if each.told["subject"].get("refused") == "pool_exists"]
    assert [(each["name"], each["action"]) for each in tried] == [("Pia", "POST /v1/pools")]
    assert await held(world) == {"noor": 0, "kofi": 10_000}
    assert ((await standing_of(world, "noor")).rank, (await standing_of(world, "kofi")).rank) == (2, 1)
    assert (await desk(world), await desk(world, "kofi")) == ({}, {})


@pytest.mark.slow
async def test_refund_after_payout(app: App, world: World) -> None:
    await honest(app, world)
    friend = await attack(app, world)
    await friend.join("friend", await friend.click("f"), 1_000)
    await divided(world, "revenue", 10_000)
    assert await paid(world, "noor") == 5_000
    before = await standing_of(world, "noor")
    await friend.tell("refund", "friend", 1_000, original="friend-subscription")
    assert await held(world) == {"noor": -5_000, "kofi": 5_000}
    assert set(await desk(world)) == {"refund_after_payout"}
    after = await standing_of(world, "noor")
    assert (after.clicks, after.rank) == (before.clicks, before.rank), "who came did come: the money alone goes"
    await friend.join("another", await friend.click("g"), 1_000)
    await divided(world, "revenue", 6_000, next_month())
    assert await held(world) == {"noor": 1_000, "kofi": 5_000}
    assert await desk(world, "kofi") == {}


@pytest.mark.slow
async def test_dispute_after_payout(app: App, world: World) -> None:
    """A sale that is charged back in two parts after it was paid out."""
    await honest(app, world)
    friend = await attack(app, world)
    await friend.join("friend", await friend.click("f"), 1_000)
    await divided(world, "revenue", 10_000)
    await paid(world, "noor")
    before = await standing_of(world, "noor")
    for n, minor in enumerate((333, 667)):
        await friend.tell("refund", "friend", minor, original="friend-subscription", id=f"dispute-{n}")
    assert await held(world) == {"noor": -5_000, "kofi": 5_000}
    case = (await desk(world))["refund_after_payout"]
    async with world.database.transaction() as session:
        amounts = [item.facts["amount_minor"] for item in await cases.items(session, case.id)]
    assert sorted(amounts) == [-3_335, -1_665]
    after = await standing_of(world, "noor")
    assert (after.clicks, after.rank) == (before.clicks, before.rank)


@pytest.mark.slow
async def test_coupon_sales_of_nothing(app: App, world: World) -> None:
    await honest(app, world)
    crowd = await attack(app, world)
    for n in range(5):
        await crowd.join(f"coupon-{n}", await crowd.click(f"v{n}"), 0)
    await divided(world, "revenue")
    assert await held(world) == {"noor": 0, "kofi": 10_000}
    assert (await standing_of(world, "noor")).clicks == 5
    taken = await step(world, "free_sales", "reject")
    after = await standing_of(world, "noor")
    assert (after.clicks, after.subscriptions_millionths, after.rank) == (0, 0, 2)
    await undo(world, taken)
    back = await standing_of(world, "noor")
    assert (back.clicks, back.subscriptions_millionths, back.rank) == (5, 5_000_000, 1)


@pytest.mark.slow
async def test_token_sharing(app: App, world: World) -> None:
    await honest(app, world)
    crowd = await attack(app, world)
    token = await crowd.click("v")
    for n in range(20):
        await crowd.join(f"account-{n}", token, 1_000)
    await divided(world, "revenue")
    assert await held(world) == {"noor": 5_000, "kofi": 5_000}, "the first, and no other"
    assert set(await desk(world)) == {"token_sharing"}
    hold = await step(world, "token_sharing", "hold")
    with pytest.raises(payables.EarningsWithheld):
        await paid(world, "noor")
    await step(world, "token_sharing", "reject")
    assert await held(world) == {"noor": 0, "kofi": 5_000}
    stands = await standing_of(world, "noor")
    assert (stands.clicks, stands.subscriptions_millionths, stands.rank) == (0, 0, 2)
    await undo(world, hold)
    assert await paid(world, "kofi") == 5_000


async def newcomers(app: App) -> tuple[int, int]:
    """New viewers of K's, and the sign-ups credited to the shares of some of them."""
    await seal_now(app.runtime)
    today = utc_now().date()
    k = (await loop_report(app.runtime, Slice(today - timedelta(days=45), today))).virality.cohort
    return k.new_viewers, k.sign_ups


@pytest.mark.slow
async def test_who_may_be_no_newcomer_is_none_of_ks_until_it_is_decided(app: App, world: World) -> None:
    """Accounts with one token, and accounts that are sold nothing, would make K as small, or as large, as one likes."""
    fair = await honest(app, world, people=2)
    assert await newcomers(app) == (2, 0)
    crowd = await attack(app, world)
    token = await crowd.click("v")
    for n in range(5):
        await crowd.join(f"account-{n}", token, 1_000)
        assert await newcomers(app) == ((3, 0) if n < 2 else (2, 0)), "the first, while one friend has come"
    async with world.database.transaction() as session:
        newcomer = (await viewer(session, "honest-0")).id
    world.viewers["honest-0"] = newcomer
    own = Attack(app, world, crowd.key, await world.share("rain", "honest-0"), "rain")
    at = early_this_month() + timedelta(minutes=1)
    async with world.database.transaction() as session:
        await record(session, Event(kind="share", at=at, id=own.share, share_id=own.share, viewer_id=newcomer))
    for n in range(4):
        await own.join(f"coupon-{n}", await own.click(f"c{n}"), 0)
    assert await newcomers(app) == (2, 0), "none was brought by a newcomer either"
    taken = await step(world, "token_sharing", "accept")
    await step(world, "free_sales", "accept", "honest-0")
    assert await newcomers(app) == (11, 4)
    await undo(world, taken)
    assert await newcomers(app) == (6, 4), "and none of them again"
    judged_later = await fair.click("crawler")
    async with world.database.transaction() as session:
        touched = read_touch_token((app.runtime.settings.secret,), judged_later)
        assert touched is not None
        await note(session, {(touched.at, touched.id): Verdict("robot", "datacentre", "4+now")})
    await fair.join("late", judged_later, 1_000)
    assert await newcomers(app) == (6, 4), "whose visit was judged before they signed up"


@pytest.mark.slow
async def test_self_dealing_through_a_friends_account(app: App, world: World) -> None:
    """Noor clicks her own link from her own browser as somebody else, who buys."""
    await honest(app, world)
    await world.happen("kiss", "view", "noors browser", viewer=world.viewers["noor"])
    friend = await attack(app, world)
    for n in range(3):
        await friend.join(f"friend-{n}", await friend.click("noors browser"), 9_000)
    await divided(world, "revenue", 28_000)
    assert await held(world) == {"noor": 27_000, "kofi": 1_000}
    assert await judged(world) == 4
    assert await held(world) == {"noor": 0, "kofi": 1_000}
    assert (await standing_of(world, "noor")).rank == 2
    assert set(await desk(world)) == {"self_referral"}
    async with world.database.transaction() as session:
        sizes = await cases.sizes(session, [(await desk(world))["self_referral"].id])
    assert set(sizes.values()) == {3}, "that she looked at her own is nothing to accuse her of"
    acquitted = await step(world, "self_referral", "accept")
    assert await held(world) == {"noor": 27_000, "kofi": 1_000}, "what was taken back is given back"
    await undo(world, acquitted)
    assert await held(world) == {"noor": 0, "kofi": 1_000}


@pytest.mark.slow
async def test_two_hundred_fresh_accounts(app: App, world: World) -> None:
    """All of one household, led by one sharer; each plays."""
    await honest(app, world)
    share = await world.share("kiss", "noor")
    begin = early_this_month() + timedelta(seconds=1)
    rows = [
        Event(
            kind=kind, at=begin + timedelta(seconds=n), id=uuid7(), share_id=share, moment_id=world.moments["kiss"],
            title_id=world.title, visitor=f"fresh-{n}", channel="copy", verdict="human",
            verdict_reason="nothing_says_otherwise", verdict_rule="3+now",
            inputs={"household": "h1", "network": "n1", "watched_ms": 9_000},
        )
        for n in range(200)
        for kind in ("click", "play")
    ]  # fmt: skip
    async with world.database.transaction() as session:
        await record(session, *rows)
    await world.happen("rain", "play", "w")
    await judged(world)
    await divided(world, "plays")
    assert await held(world) == {"noor": 0, "kofi": 10_000}
    stands = await standing_of(world, "noor")
    assert (stands.clicks, stands.plays, stands.rank) == (0, 0, 2)
    case = (await desk(world))["address_glut"]
    async with world.database.transaction() as session:
        assert (await cases.sizes(session, [case.id]))[case.id] == 400
        (item, *_) = await cases.items(session, case.id)
    assert item.facts["household"] == "h1"


@pytest.mark.slow
async def test_click_flooding(app: App, world: World) -> None:
    """One browser follows noor's links hundreds of times a minute, to claim whoever comes along."""
    await honest(app, world, people=2)
    flood = await attack(app, world)
    tokens = [await flood.click("script") for _ in range(60)]
    await flood.join("passer-by", tokens[-1], 1_000)
    await divided(world, "revenue", 3_000)
    assert await held(world) == {"noor": 1_000, "kofi": 2_000}
    await paid(world, "noor")
    assert await judged(world) == 60
    assert await held(world) == {"noor": -1_000, "kofi": 2_000}
    assert set(await desk(world)) == {"rate", "verdict_after_payout"}
    assert (await standing_of(world, "noor")).rank == 2
    ban = await step(world, "rate", "ban")
    await world.happen("kiss", "play", "v")
    await world.happen("rain", "play", "v")
    await divided(world, "plays", 500)
    assert await held(world) == {"noor": -1_000, "kofi": 2_500}
    await undo(world, ban)
    async with world.database.transaction() as session:
        assert (await session.scalars(select(Decision.lifted_by))).all() == ["fay"]


@pytest.mark.slow
async def test_the_desk_over_http(app: App, world: World) -> None:
    """Trust and finance decide; the maker is told and objects; each step is in the audit log."""
    crowd = await attack(app, world)
    token = await crowd.click("v")
    for n in range(2):
        await crowd.join(f"account-{n}", token, 1_000)
    tess, mira = app.signed_in("tess", "trust"), app.signed_in("mira", "marketer")
    assert (await app.http.get("/v1/cases", headers=mira)).json()["code"] == "role_missing"
    (case,) = (await app.http.get("/v1/cases?status=open", headers=app.signed_in("fay", "finance"))).json()["items"]
    url = f"/v1/cases/{case['id']}"
    detail = (await app.http.get(url, headers=tess)).json()
    assert (detail["rule"], detail["size"], detail["standing"]["revenue"]) == ("token_sharing", 2, {"EUR": 1_000})
    change = (await app.http.get(f"{url}/preview?action=reject", headers=tess)).json()
    assert (change["before"]["revenue"], change["after"]["revenue"]) == ({"EUR": 1_000}, {})
    unchanged = (await app.http.get(url, headers=tess)).json()
    assert unchanged == detail, "nothing was done"
    noor = app.signed_in("noor")
    early = await app.http.post(f"{url}/appeals", json={"text": "Not me."}, headers=noor)
    assert early.status_code == 404
    done = [await _take(app, url, tess, action) for action in ("reject", "notice", "uphold")]
    shut = await app.http.post(f"{url}/steps", json={"action": "hold", "reason": "More."}, headers=tess)
    assert (shut.status_code, shut.json()["code"]) == (409, "case_closed")
    told = await app.http.get("/creator", headers=noor)
    assert "Why: notice" in told.text
    said = await app.http.post(f"{url}/appeals", json={"text": "My sister uses it too."}, headers=noor)
    assert said.status_code == 201
    assert (await app.http.get(url, headers=tess)).json()["status"] == "open"
    stays = await app.http.post(f"/v1/cases/steps/{done[1]['id']}/undo", headers=tess)
    assert stays.json()["code"] == "step_stays"
    undone = await app.http.post(f"/v1/cases/steps/{done[0]['id']}/undo", headers=tess)
    again = await app.http.post(f"/v1/cases/steps/{done[0]['id']}/undo", headers=tess)
    assert (undone.status_code, again.json()["code"]) == (200, "step_undone")
    assert (await app.http.get(url, headers=tess)).json()["standing"] == detail["standing"]
    log = await app.http.get("/console/audit", headers=app.signed_in("root", "admin"))
    assert "/v1/cases/{case_id}/steps" in log.text
    desk = await app.http.get("/console/cases", headers=tess)
    assert "One visit&#39;s token came with several people" in desk.text
    page = await app.http.get(f"/console/cases/{case['id']}?action=reject", headers=tess)
    assert "what it would change" in page.text
    assert "My sister uses it too." in page.text
    missing = await app.http.post(
        f"/console/cases/{case['id']}/steps", data={"action": "hold", "reason": ""}, headers=tess
    )
    assert (missing.status_code, "reason_missing" in missing.text) == (422, True)
    held_now = await app.http.post(
        f"/console/cases/{case['id']}/steps", data={"action": "hold", "reason": "Looked into."}, headers=tess
    )
    assert held_now.status_code == 303


async def _take(app: App, url: str, who: dict[str, str], action: str) -> dict[str, Any]:
    answer = await app.http.post(f"{url}/steps", json={"action": action, "reason": f"Why: {action}"}, headers=who)
    assert answer.status_code == 201, answer.text
    taken: dict[str, Any] = answer.json()
    return taken


async def test_nobody_else_hears_of_a_case(app: App, world: World) -> None:
    id = UUID(int=1)
    for path in ("/v1/cases", f"/v1/cases/{id}", f"/v1/cases/{id}/preview?action=ban"):
        assert (await app.http.get(path)).status_code == 401
        assert (await app.http.get(path, headers=app.signed_in("kofi"))).status_code == 403
    answer = await app.http.post(f"/v1/cases/{id}/appeals", json={"text": "Why?"}, headers=app.signed_in("kofi"))
    assert answer.status_code == 404
    assert await rejudge(world.database, utc_now() - timedelta(days=2), utc_now()) == 0


@pytest.mark.slow
async def test_a_dispute_that_stripe_tells_of_after_payout(app: App, world: World) -> None:
    """The bank takes the money back months later: so does the next statement, by whatever webhook it is told."""
    app.runtime.settings.stripe_webhook_secret = SecretStr(SECRET)
    await honest(app, world)
    friend = await attack(app, world)
    await friend.tell("sign_up", "friend", touch=await friend.click("f"))
    teller = Teller(NEW, "friend", early_this_month() + timedelta(minutes=1))
    teller.invoice(1, teller.at, reason="subscription_create", paid=1_000, subtotal=1_000)
    teller.dispute(1, 1_000, teller.at + timedelta(minutes=1), "lost")
    *sale, opened, lost = [json.dumps(event).encode() for event in teller.events]
    for event in sale:
        assert (await send(app, event)).is_success
    await divided(world, "revenue", 10_000)
    assert await paid(world, "noor") == 5_000
    assert (await send(app, opened)).is_success
    assert (await held(world), await desk(world)) == ({"noor": 0, "kofi": 5_000}, {}), "only what is lost is taken back"
    for _ in range(2):
        assert (await send(app, lost)).is_success
    assert await held(world) == {"noor": -5_000, "kofi": 5_000}
    assert set(await desk(world)) == {"refund_after_payout"}
    stands = await standing_of(world, "noor")
    assert (stands.revenue, stands.money) == ({}, {"EUR": -5_000})
