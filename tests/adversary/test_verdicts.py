"""What is judged afterwards: a verdict reaches every number and every payment, also those that were made."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from groundswell.attribution.reverdicts import rejudge
from groundswell.attribution.tables import Credit, JudgedCredit, Touch
from groundswell.creators.results import of_viewer
from groundswell.discovery.refresh import refresh
from groundswell.discovery.tables import HeatDay
from groundswell.earnings import payouts, pools, statements, trial_balance
from groundswell.earnings.ledger import account_id, balance
from groundswell.earnings.receivables import owed_back
from groundswell.earnings.tables import Adjustment, Statement
from groundswell.events.event import Event
from groundswell.events.lake.sealer import seal_now
from groundswell.events.log.event_log import record
from groundswell.events.visits.touch_tokens import touch_token
from groundswell.insights.reports.loop import Slice, loop_report
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from tests.earnings.world import NOT_HELD, World, build, early_this_month, this_month
from tests.support import App

pytestmark = pytest.mark.usefixtures("still_server")

SHARERS = ("noor", "kofi")


@pytest.fixture
async def world(app: App) -> World:
    world = await build(app.runtime.database)
    for subject, name in zip(SHARERS, ("kiss", "rain"), strict=True):
        await world.creator(subject)
        await world.moment(subject, name)
    return world


class Attack:
    """Clicks on a creator's share and what the service reports of those who came by them."""

    def __init__(self, app: App, world: World, key: dict[str, str], share: UUID, name: str) -> None:
        self.app, self.world, self.key, self.share, self.name = app, world, key, share, name

    async def click(self, visitor: str) -> str:
        """A click some time ago; its touch token."""
        event = Event(
            kind="click", at=early_this_month() + timedelta(seconds=1), id=uuid7(), share_id=self.share,
            moment_id=self.world.moments[self.name], title_id=self.world.title, visitor=visitor, channel="copy",
            verdict="human", verdict_reason="nothing_says_otherwise", verdict_rule="3+now",
        )  # fmt: skip
        async with self.world.database.transaction() as session:
            await record(session, event)
        return touch_token(self.app.runtime.settings.secret, event.at, event.id)

    async def tell(self, kind: str, viewer: str, minor: int | None = None, **fields: Any) -> Any:
        at = early_this_month() + timedelta(minutes=1)
        body = {"id": f"{viewer}-{kind}", "kind": kind, "viewer": viewer, "at": at.isoformat(), **fields}
        body |= {} if minor is None else {"amount": {"minor": minor, "currency": "EUR"}}
        answer = await self.app.http.post("/v1/conversions", json=body, headers=self.key)
        assert answer.is_success, answer.text
        return answer.json()

    async def join(self, viewer: str, token: str, minor: int) -> Any:
        told = await self.tell("sign_up", viewer, touch=token)
        await self.tell("subscription", viewer, minor)
        return told


async def attack(app: App, world: World, name: str = "kiss", subject: str = "noor") -> Attack:
    key = await app.service_key("conversions:write")
    return Attack(app, world, key, await world.share(name, subject), name)


async def judged(world: World) -> int:
    return await rejudge(world.database, utc_now() - timedelta(days=40), utc_now() + timedelta(minutes=5))


async def divided(world: World, basis: str, amount: int = 10_000, period: str | None = None) -> UUID:
    async with world.database.transaction() as session:
        stream: dict[str, Any] = {"period": period or this_month(), "basis": basis, "currency": "EUR"}
        pool = await pools.fund(session, **stream, amount_minor=amount, created_by="fay", terms=NOT_HELD)
    await pools.run(world.database, pool.id)
    return pool.id


def next_month() -> str:
    """The month whose pool has what comes late for this one."""
    return f"{utc_now().replace(day=1) + timedelta(days=32):%Y-%m}"


async def held(world: World) -> dict[str, int]:
    """What each creator is owed, less what they owe."""
    async with world.database.transaction() as session:
        trial = await trial_balance.trial_balance(session)
        assert trial.balanced
        assert trial.agrees
        return {
            subject: await balance(session, account_id("creator", creator, "EUR"))
            - await owed_back(session, creator, "EUR")
            for subject, creator in world.creators.items()
        }


async def credited(world: World, table: type[Any] = JudgedCredit) -> int:
    async with world.database.transaction() as session:
        return len((await session.scalars(select(table.id))).all())


@pytest.mark.slow
async def test_a_touch_token_is_one_persons(app: App, world: World) -> None:
    """One token with 20 sign-ups, once all of them credited."""
    crowd = await attack(app, world)
    token = await crowd.click("v")
    told = [await crowd.join(f"account-{n}", token, 1) for n in range(20)]
    assert told[0]["credits"]
    assert told[0]["notes"] == []
    assert all(each["credits"] == [] for each in told[1:])
    assert {note["code"] for each in told[1:] for note in each["notes"]} == {"touch_taken"}
    async with world.database.transaction() as session:
        assert len((await session.scalars(select(Touch.id))).all()) == 1


async def test_a_second_sign_up_is_the_first_and_a_renewal_is_no_codes(app: App, world: World) -> None:
    crowd = await attack(app, world)
    first = await crowd.tell("sign_up", "ada")
    again = await crowd.tell("sign_up", "ada", id="another", code="NOOR10")
    assert again["id"] == first["id"]
    await crowd.tell("subscription", "ada", 999)
    renewed = await crowd.tell("renewal", "ada", 999, code="NOOR10")
    assert renewed["credits"] == []
    assert await credited(world, Credit) == 0


async def shared_device(app: App, world: World) -> Attack:
    """Eight accounts from one browser, led there by one sharer; each buys."""
    crowd = await attack(app, world)
    for number in range(8):
        await crowd.join(f"account-{number}", await crowd.click("one-browser"), 999)
    honest = await attack(app, world, "rain", "kofi")
    await honest.join("honest", await honest.click("somebody"), 999)
    return crowd


async def numbers(app: App, world: World) -> dict[str, Any]:
    """Noor's in every place that shows them."""
    await seal_now(app.runtime)
    today = utc_now().date()
    report = await loop_report(app.runtime, Slice(today - timedelta(days=62), today))
    begin, end = utc_now() - timedelta(days=62), utc_now() + timedelta(days=1)
    async with world.database.transaction() as session:
        await refresh(session)
        results = (await of_viewer(session, world.viewers["noor"], begin, end)).total
        heat = (await session.scalars(select(HeatDay).filter_by(moment_id=world.moments["kiss"]))).all()
    steps = {step.step: step.count for step in report.steps}
    return {
        "loop sign-ups": steps["sign_up"],
        "loop subscriptions": steps["subscription"],
        "loop clicks": steps["click"],
        "results": (results.clicks, results.sign_ups_millionths, results.subscriptions_millionths),
        "revenue": [money.amount_minor for money in results.revenue],
        "heat clicks": sum(day.clicks for day in heat),
        "credits": await credited(world),
    }


@pytest.mark.slow
async def test_a_shared_device_loses_its_credit_everywhere(app: App, world: World) -> None:
    await shared_device(app, world)
    before = await numbers(app, world)
    assert before["loop sign-ups"] == before["loop subscriptions"] == 9
    assert before["results"] == (1, 8_000_000, 8_000_000)
    assert await judged(world) == 8
    assert await numbers(app, world) == {
        "loop sign-ups": 1,
        "loop subscriptions": 1,
        "loop clicks": 1,
        "results": (0, 0, 0),
        "revenue": [],
        "heat clicks": 0,
        "credits": 14,
    }
    pool = await divided(world, "revenue")
    assert await held(world) == {"noor": 0, "kofi": 10_000}
    assert await judged(world) == 0
    async with world.database.transaction() as session:
        assert (await statements.of_pool(session, pool, None, 10))[0].weight == 999


async def lines_of(world: World, subject: str) -> Sequence[Adjustment]:
    async with world.database.transaction() as session:
        theirs = select(Adjustment).filter_by(creator_id=world.creators[subject]).order_by(Adjustment.id)
        return (await session.scalars(theirs)).all()


@pytest.mark.slow
async def test_a_verdict_after_payout_is_taken_back_on_the_next_statement(app: App, world: World) -> None:
    await shared_device(app, world)
    await divided(world, "revenue", 9_000)
    assert await held(world) == {"noor": 8_000, "kofi": 1_000}
    async with world.database.transaction() as session:
        statement = await session.scalar(select(Statement.id).filter_by(creator_id=world.creators["noor"]))
        assert statement is not None
        await payouts.pay(session, statement, "pia")
    assert await judged(world) == 8
    assert await held(world) == {"noor": -8_000, "kofi": 1_000}
    lines = await lines_of(world, "noor")
    assert sum(line.amount_minor for line in lines) == -8_000
    assert {(line.reason_code, line.statement_id, line.shown_on) for line in lines} == {
        ("shared_device", statement, None)
    }
    assert all("shared_device" in line.explanation and line.appeal for line in lines)
    honest = await attack(app, world)
    await honest.join("a later one", await honest.click("later"), 999)
    pool = await divided(world, "revenue", 9_000, next_month())
    async with world.database.transaction() as session:
        next_one = await session.scalar(select(Statement.id).filter_by(creator_id=world.creators["noor"], pool_id=pool))
        assert next_one is not None
        shown = await statements.detail(session, next_one)
    assert sum(line.amount_minor for line in shown.adjustments) == -8_000
    assert (await held(world))["noor"] == 1_000


@pytest.mark.slow
async def test_a_refund_after_a_verdict_takes_nothing_twice(app: App, world: World) -> None:
    crowd = await shared_device(app, world)
    await divided(world, "revenue", 9_000)
    await judged(world)
    await crowd.tell("refund", "account-0", 999, original="account-0-subscription")
    assert await held(world) == {"noor": 0, "kofi": 1_000}


@pytest.mark.slow
async def test_plays_judged_robots_after_payout_are_taken_back_once(app: App, world: World) -> None:
    seen = await world.happen("kiss", "play", *(f"v{n}" for n in range(9)))
    await world.happen("kiss", "play", "v0")  # the same person again
    await world.happen("rain", "play", "w")
    await divided(world, "plays", 1_000)
    assert await held(world) == {"noor": 900, "kofi": 100}
    async with world.database.transaction() as session:
        await refresh(session)
    for event in seen:
        await judge(world, event)
        await judge(world, event)
    assert await held(world) == {"noor": 100, "kofi": 100}, "one person played by another visit that stands"
    async with world.database.transaction() as session:
        await refresh(session)
        days = await session.scalars(select(HeatDay.plays).filter_by(moment_id=world.moments["kiss"]))
    assert sum(days) == 1
    assert [line.amount_minor for line in await lines_of(world, "noor")] == [-100] * 8


async def judge(world: World, event: UUID) -> None:
    """A verdict as the hourly judgement writes it."""
    from groundswell.attribution.reverdicts import note
    from groundswell.events.tables import LoggedEvent
    from groundswell.events.traffic.verdicts import Verdict

    async with world.database.transaction() as session:
        at = await session.scalar(select(LoggedEvent.at).where(LoggedEvent.id == event))
        assert at is not None
        await note(session, {(at, event): Verdict("robot", "ring", "behaviour-1")})


@pytest.mark.slow
async def test_sales_by_a_creators_code_earn(app: App, world: World) -> None:
    """Five subscriptions with NOOR10, once credited and paid to nobody."""
    shop = await attack(app, world, "rain", "kofi")
    for number in range(5):
        await shop.tell("sign_up", f"fan-{number}")
        await shop.tell("subscription", f"fan-{number}", 1_000, code="noor10")
    await shop.join("honest", await shop.click("somebody"), 5_000)
    begin, end = utc_now() - timedelta(days=62), utc_now() + timedelta(days=1)
    async with world.database.transaction() as session:
        results = (await of_viewer(session, world.viewers["noor"], begin, end)).total
    assert results.subscriptions_millionths == 5_000_000
    assert [money.amount_minor for money in results.revenue] == [5_000]
    pool = await divided(world, "revenue", 10_000)
    assert await held(world) == {"noor": 5_000, "kofi": 5_000}
    async with world.database.transaction() as session:
        statement = await session.scalar(select(Statement).filter_by(pool_id=pool, creator_id=world.creators["noor"]))
        assert statement is not None
        (line,) = (await statements.detail(session, statement.id)).lines
        rows = await statements.evidence(
            session, statement.id, moment_id=UUID(line.evidence_url[-36:]), after=None, limit=10
        )
    assert (line.moment_id, line.amount_minor, line.weight) == (None, 5_000, 5_000)
    assert [row.weight for row in rows] == [1_000] * 5
    await shop.tell("refund", "fan-0", 1_000, original="fan-0-subscription")
    assert await held(world) == {"noor": 4_000, "kofi": 5_000}


@pytest.mark.slow
async def test_what_costs_nothing_earns_nothing(app: App, world: World) -> None:
    """Subscriptions of €0.00 and €0.01 once weighed as much as one of €999.99."""
    crowd = await attack(app, world)
    for number, minor in enumerate((0, 0, 0, 1)):
        await crowd.join(f"coupon-{number}", await crowd.click(f"v{number}"), minor)
    honest = await attack(app, world, "rain", "kofi")
    await honest.join("honest", await honest.click("somebody"), 99_999)
    await divided(world, "revenue", 100_000)
    assert await held(world) == {"noor": 1, "kofi": 99_999}


async def test_a_click_that_the_service_reports_with_its_viewer_is_a_touch(app: App, world: World) -> None:
    crowd = await attack(app, world)
    await crowd.tell("sign_up", "ada")
    share = str(crowd.share)
    clicks = [{"kind": "click", "share": share, "viewer": "ada"}, {"kind": "click", "share": share}]
    answer = await app.http.post("/v1/events", json={"events": clicks}, headers=await app.service_key("events:write"))
    assert answer.is_success, answer.text
    async with world.database.transaction() as session:
        (touch,) = await session.scalars(select(Touch))
    assert (touch.share_id, touch.matched_by) == (crowd.share, "login")
