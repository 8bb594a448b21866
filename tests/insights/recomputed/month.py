"""A month in which everything happens that the console counts, small enough to be recounted by hand: shares passed on,
people, robots, previews, one and many touches, a code, three currencies, refunds in parts, churn, a campaign, an
experiment, two pools and a payout. Then what comes later: verdicts, refunds, erasures.

It is the month before last, so that whether somebody still paid after 30 days is known, whatever day it is today. All
instants are whole seconds.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from groundswell.accounts.erasure import erase_viewer
from groundswell.attribution.reverdicts import note
from groundswell.attribution.tables import Touch
from groundswell.catalog.tables import Title
from groundswell.earnings import payouts, pools, rates
from groundswell.earnings.rules import PoolTerms, period_bounds
from groundswell.earnings.tables import Statement
from groundswell.events.event import Event, Kind
from groundswell.events.lake.sealer import seal_now
from groundswell.events.log.event_log import record
from groundswell.events.traffic.verdicts import Verdict
from groundswell.events.visits.touch_tokens import touch_token
from groundswell.insights.experiments.assignment import arm_of
from groundswell.insights.tables import Experiment, Exposure
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import random_code, uuid7
from groundswell.shares.tables import Share
from tests.earnings.world import World, build, month_before
from tests.support import App

PERIOD = month_before(2)
BEGIN, END = period_bounds(PERIOD)
FIRST, LAST = BEGIN.date(), (END - timedelta(days=1)).date()
UNITS = 260
EXPERIMENT = UUID(int=7)
REVENUE_MINOR, PLAYS_MINOR, TAX_PPM = 10_000, 1_001, 190_000
RATES = {"USD": "0.9", "JPY": "0.0061"}
ROBOT = Verdict("robot", "ring", "behaviour-1")
HUMAN = Verdict("human", "nothing_says_otherwise", "9")


def at(day: int, hour: int = 12, minute: int = 0) -> datetime:
    """An instant of the month's ``day``, counted from 1 (past the last: of the next month)."""
    return BEGIN + timedelta(days=day - 1, hours=hour, minutes=minute)


@dataclass
class Month:
    """What was made, by the names given to it."""

    app: App
    world: World
    key: dict[str, str]
    other_title: UUID
    shares: dict[str, Share] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    pools: dict[str, UUID] = field(default_factory=dict)

    @property
    def days(self) -> tuple[date, date]:
        return FIRST, LAST

    async def share(
        self, name: str, moment: str, by: str | None, channel: str, day: int, parent: str | None = None
    ) -> None:
        """A share, and its event: a visitor's who is not signed in has a verdict, a viewer's has none."""
        above = self.shares[parent] if parent else None
        share = Share(
            id=uuid7(), code=random_code(), moment_id=self.world.moments[moment], channel=channel,
            viewer_id=await self.viewer(by) if by else None, created_at=at(day, 8),
            parent_id=above.id if above else None, generation=above.generation + 1 if above else 0,
        )  # fmt: skip
        share.root_id = above.root_id if above else share.id
        async with self.world.database.transaction() as session:
            session.add(share)
        self.shares[name] = share
        judged = {} if by else {"visitor": f"{name}@{day}", "verdict": "human", "verdict_reason": HUMAN.reason}
        await self.log(name, "share", share, share.created_at, id=share.id, viewer_id=share.viewer_id, **judged)

    async def viewer(self, subject: str) -> UUID:
        """The viewer, also one whose sign-up made them."""
        if subject not in self.world.viewers:
            async with self.world.database.transaction() as session:
                found = await session.scalar(text("SELECT id FROM viewers WHERE subject = :s"), {"s": subject})
            if found is not None:
                self.world.viewers[subject] = found
        return await self.world.viewer(subject)

    async def log(self, name: str, kind: Kind, share: Share, when: datetime, **fields: Any) -> None:
        title = self.other_title if share.moment_id == self.world.moments["rain"] else self.world.title
        place = {"share_id": share.id, "moment_id": share.moment_id, "title_id": title, "channel": share.channel}
        event = Event(**({"kind": kind, "at": when} | place | fields))
        async with self.world.database.transaction() as session:
            await record(session, event)
        self.events[name] = event

    async def visit(
        self, name: str, share: str, day: int, hour: int = 12, kind: Kind = "click", who: str | None = "",
        previous: str | None = None, verdict: str = "human", reason: str = HUMAN.reason, **fields: Any,
    ) -> str:  # fmt: skip
        """Something done by way of a share; a visitor's hash is of one day. Returns the touch token."""
        visitor = None if who is None else f"{who or name}@{day}"
        inputs = {"previous": previous} if previous else None
        inputs = {"watched_ms": 9_000} if kind == "play" else inputs
        judged = {"verdict": verdict, "verdict_reason": reason, "verdict_rule": "3+now", "territory": "DE"}
        given = {"visitor": visitor, "inputs": inputs} | judged | fields
        await self.log(name, kind, self.shares[share], at(day, hour), **given)
        event = self.events[name]
        return touch_token(self.app.runtime.settings.secret, event.at, event.id)

    async def tell(self, kind: str, who: str, on: int, hour: int = 14, money: str = "", **fields: Any) -> None:
        """What the service reports; ``money`` like "999 EUR"."""
        id = fields.pop("id", f"{who}-{kind}")
        body = {"id": id, "kind": kind, "viewer": who, "at": at(on, hour).isoformat(), **fields}
        if money:
            minor, currency = money.split()
            body["amount"] = {"minor": int(minor), "currency": currency}
        answer = await self.app.http.post("/v1/conversions", json=body, headers=self.key)
        assert answer.is_success, answer.text

    async def join(self, who: str, day: int, token: str | None = None, hour: int = 14) -> None:
        await self.tell("sign_up", who, day, hour, **({"touch": token} if token else {}))


async def make_month(app: App) -> Month:
    """The month as it was, before anything came later; sealed."""
    world = await build(app.runtime.database)
    async with world.database.transaction() as session:
        other = Title(id=uuid7(), slug="second-sight", name="Second Sight")
        session.add(other)
    month = Month(app, world, await app.service_key("conversions:write"), other.id)
    await _clips_and_shares(month)
    await _visits(month)
    await _conversions(month)
    await _campaign(month)
    await _experiment(month)
    await _money(month)
    await seal_now(app.runtime)
    return month


async def _clips_and_shares(month: Month) -> None:
    world = month.world
    for creator in ("noor", "kofi"):
        await world.creator(creator)
    await world.moment("noor", "kiss")
    await world.moment("noor", "chase", 60_000_000, 75_000_000)
    await world.moment("kofi", "rain", title=month.other_title)
    await month.share("first", "kiss", "noor", "whatsapp", 1)
    await month.share("passed", "kiss", "mila", "x", 2, "first")
    await month.share("rain", "rain", "kofi", "copy", 3)
    await month.share("nobodys", "kiss", None, "copy", 4, "first")
    await month.share("beyond", "kiss", "mila", "telegram", 5, "nobodys")
    await month.share("chase", "chase", None, "x", 9)
    await month.share("page", "chase", "noor", "page", 9)


async def _visits(month: Month) -> None:
    for n, share in enumerate(("first", "passed", "rain", "nobodys")):
        await month.visit(f"preview-{share}", share, 2 + n, kind="unfurl", verdict="unfurl", reason="fetches_for:x")
    await month.visit("again-1", "first", 3, 9, who="again")
    await month.visit("again-2", "passed", 3, 10, who="again", territory="AT")
    await month.visit("again-3", "first", 4, 10, who="again")
    await month.visit("unnamed-1", "first", 6, who=None, territory=None)
    await month.visit("unnamed-2", "first", 6, who=None)
    await month.visit("goes-on", "first", 3, 11, "continue", who="again")
    await month.visit("looks", "chase", 10, kind="view")
    await month.visit("crawler-1", "rain", 7, verdict="robot", reason="search-engine:Googlebot")
    await month.visit("crawler-2", "first", 7, verdict="robot", reason="search-engine:Googlebot")
    await month.visit("mistaken", "passed", 8, verdict="robot", reason="datacentre")
    for kind, verdict in (("click", "human"), ("play", "human"), ("view", "human"), ("click", "robot")):
        name, judged = f"now-{kind}-{verdict}", {"visitor": kind, "verdict": verdict, "verdict_reason": "staff"}
        await month.log(name, kind, month.shares["first"], utc_now(), **judged)  # type: ignore[arg-type]
    for n in range(5):
        await month.visit(f"plays-{n}", "first", 5 + n, 18, "play")
    await month.visit("plays-twice", "first", 5, 19, "play", who="plays-0")
    await month.visit("plays-rain", "rain", 6, 18, "play", territory="AT")
    await month.visit("plays-unnamed", "rain", 6, 18, "play", who=None)
    await month.visit("own-play", "first", 6, 18, "play", viewer_id=month.world.viewers["noor"])


async def _conversions(month: Month) -> None:
    await month.join("ada", 3, await month.visit("ada-1", "first", 3, 9, viewer_id=None))
    await month.tell("subscription", "ada", 4, money="999 EUR")
    await month.tell("renewal", "ada", 28, money="999 EUR")
    first = await month.visit("ben-1", "first", 3, 7)
    await month.join("ben", 5, await month.visit("ben-2", "rain", 5, 7, previous=first))
    await month.tell("subscription", "ben", 6, money="1000 EUR")
    for n, (day, money) in enumerate(((8, "300 EUR"), (10, "700 EUR"))):
        await month.tell("refund", "ben", day, money=money, original="ben-subscription", id=f"ben-back-{n}")
    first = await month.visit("cy-1", "passed", 4, 6)
    second = await month.visit("cy-2", "first", 6, 6, previous=first)
    await month.join("cy", 9, await month.visit("cy-3", "rain", 9, 6, previous=second))
    await month.tell("subscription", "cy", 10, money="1501 USD")
    await month.join("dee", 7, dees := await month.visit("dee-1", "passed", 7, territory="AT"))
    await month.join("dees-friend", 8, dees)
    await month.tell("trial", "dee", 7, 15)
    await month.tell("subscription", "dee", 14, money="700 EUR")
    await month.tell("cancellation", "dee", 25)
    await month.join("eli", 8)
    await month.tell("subscription", "eli", 8, 15, money="500 EUR", code="NOOR10")
    await month.join("fay", 11)
    await month.tell("subscription", "fay", 12, money="701 EUR")
    await month.join("lena", 5, await month.visit("lena-1", "passed", 5))
    await month.share("lenas", "kiss", "lena", "whatsapp", 6, "passed")
    await month.join("gil", 8, await month.visit("gil-1", "lenas", 8))
    await month.tell("subscription", "gil", 9, money="1100 EUR")
    await month.tell("churn", "gil", 39, original="gil-subscription", day=30)
    await month.join("hal", 9, await month.visit("hal-1", "first", 9, who="ring"))
    await month.tell("subscription", "hal", 9, 15, money="900 EUR")
    await month.join("ivo", 10, await month.visit("ivo-1", "rain", 10))
    await month.tell("subscription", "ivo", 11, money="1200 JPY")
    await month.join("joy", 13, await month.visit("joy-1", "nobodys", 13))
    await month.join("kai", 2)
    await month.visit("kai-1", "rain", 14, viewer_id=await month.viewer("kai"))
    seen = month.events["kai-1"]
    async with month.world.database.transaction() as session:
        kai = await month.viewer("kai")
        session.add(Touch(viewer_id=kai, event_id=seen.id, at=seen.at, share_id=seen.share_id, matched_by="login"))
        for subject, territory in (("ada", "DE"), ("ben", "AT"), ("cy", "DE")):
            where = {"s": subject, "t": territory}
            await session.execute(text("UPDATE viewers SET territory = :t WHERE subject = :s"), where)
    await month.tell("subscription", "kai", 15, money="0 EUR")


async def _campaign(month: Month) -> None:
    mira = month.app.signed_in("mira", "marketer")
    window = {"begins_at": at(2, 0).isoformat(), "ends_at": at(8, 0).isoformat()}
    rule = {"creators": ["noor"], "model": "linear", "attribution_window_days": 5}
    body = {"key": "autumn", "name": "Autumn", **window, **rule, "budget": {"minor": 5_000, "currency": "EUR"}}
    made = await month.app.http.post("/v1/campaigns", json=body, headers=mira)
    assert made.status_code == 201, made.text


async def _experiment(month: Month) -> None:
    """Units of viewers that nobody knows, and of those who converted; one in both arms, one twice in one."""
    found = Experiment(
        id=EXPERIMENT, key="holdout", name="Holdout", subject="sharing", unit="viewer", control_ppm=500_000,
        minimum_effect=0.01, started_at=at(1, 0), stopped_at=at(29, 0),
    )  # fmt: skip
    known = {name: await month.viewer(name) for name in ("ada", "ben", "cy", "dee", "eli", "fay", "gil", "hal", "ivo")}
    exposed = [(f"unit-{n}", f"unit-{n}", at(2)) for n in range(UNITS)]
    exposed += [(name, name, at(7, 20)) for name in known]
    names = [f"again-{n}" for n in range(40)]
    arms = {name: arm_of(EXPERIMENT, name, 500_000) for name in names}
    one, other = next(n for n in names if arms[n] == "control"), next(n for n in names if arms[n] == "treatment")
    twice = [n for n in names if arms[n] == arms[one]][:2]
    exposed += [(one, "crossed", at(3)), (other, "crossed", at(4)), *((n, "twice", at(5)) for n in twice)]
    async with month.world.database.transaction() as session:
        session.add(found)
        await session.flush()
        for unit, viewer, when in exposed:
            arm = arm_of(EXPERIMENT, unit, 500_000)
            row = {"unit": unit, "viewer": viewer, "viewer_id": known.get(viewer), "arm": arm, "at": when}
            session.add(Exposure(experiment_id=EXPERIMENT, **row))


async def _money(month: Month) -> None:
    """Rates, a pool over revenue that is paid out to noor, and one over plays that is still held."""
    database = month.world.database
    async with database.transaction() as session:
        for currency, rate in RATES.items():
            day, into = FIRST - timedelta(days=3), "EUR"
            await rates.enter(
                session, currency=currency, into=into, valid_from=day, rate=Decimal(rate), entered_by="fay"
            )
        stream: dict[str, Any] = {"period": PERIOD, "currency": "EUR", "created_by": "fay"}
        for basis, amount, terms in (
            ("revenue", REVENUE_MINOR, PoolTerms(hold_days=0, tax_ppm=TAX_PPM)),
            ("plays", PLAYS_MINOR, PoolTerms(hold_days=14)),
        ):
            pool = await pools.fund(session, **stream, basis=basis, amount_minor=amount, terms=terms)
            month.pools[basis] = pool.id
    for pool_id in month.pools.values():
        await pools.run(database, pool_id)
    async with database.transaction() as session:
        statement = await session.scalar(
            text("SELECT id FROM statements WHERE pool_id = :pool AND creator_id = :creator"),
            {"pool": month.pools["revenue"], "creator": month.world.creators["noor"]},
        )
        assert await session.get(Statement, statement) is not None
        await payouts.pay(session, statement, "pia", "R-1")


async def judge(month: Month, verdict: Verdict, *names: str) -> None:
    events = [month.events[name] for name in names]
    async with month.world.database.transaction() as session:
        await note(session, {(event.at, event.id): verdict for event in events})


async def come_later(month: Month) -> None:
    """Verdicts both ways, refunds after the pools were counted, a buyer and a creator erased; sealed."""
    await judge(month, ROBOT, "hal-1", "plays-1", "chase", "nobodys", "preview-passed", "again-2")
    await judge(month, HUMAN, "mistaken")
    await judge(month, ROBOT, "plays-0")  # the same person played again: the view stands
    await month.tell("refund", "ada", 20, money="999 EUR", original="ada-subscription", id="ada-back")
    await month.tell("refund", "gil", 21, money="333 EUR", original="gil-subscription", id="gil-back")
    async with month.world.database.transaction() as session:
        for subject in ("cy", "kofi"):
            await erase_viewer(session, "groundswell-demo", subject)
    await seal_now(month.app.runtime)


async def all_judged(month: Month) -> None:
    """Everything that a visitor did, and the code that was typed, turns out to be no person's; sealed."""
    last = Verdict("robot", "ring", "behaviour-2")
    async with month.world.database.transaction() as session:
        places = {(event.at, event.id): last for event in month.events.values() if event.verdict is not None}
        codes = await session.scalars(select(Touch).filter_by(matched_by="code"))
        await note(session, places | {(code.at, code.event_id): last for code in codes})
    await seal_now(month.app.runtime)
