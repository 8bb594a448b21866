"""Campaigns that pay, through the API: briefed, funded by another, submitted, reviewed, capped, settled, paid."""

import asyncio
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from groundswell.attribution.conversions import report
from groundswell.attribution.schemas import Money, NewConversion
from groundswell.attribution.tables import Campaign
from groundswell.campaigns import post_check, submissions
from groundswell.campaigns.tables import CampaignSubmission
from groundswell.creators.tables import Creator
from groundswell.earnings import campaign_budgets, campaign_sources
from groundswell.earnings.ledger import account_id, balance, posting_id
from groundswell.earnings.tables import CampaignEarning, PostingRow
from groundswell.events.tables import Reverdict
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from tests.campaigns.test_lifecycle import PATH, wish
from tests.support import App

from .shop import Shop
from .world import World, build, prove_books

TERMS = [
    {"kind": "post", "amount_minor": 500},
    {"kind": "sign_up", "amount_minor": 50},
    {"kind": "subscription", "amount_minor": 300},
    {"kind": "revenue", "share_ppm": 100_000, "months": 3},
    {"kind": "plays", "amount_minor": 2000},
]
BRIEF: dict[str, Any] = {
    "about": "Clip the kiss.", "dos": ["Say why."], "donts": ["No endings."], "captions": ["Look."], "terms": TERMS,
    "scenes": [{"title": "night-train", "start_us": 0, "end_us": 9_000_000}],
}  # fmt: skip
PAYOUTS = "/console/finance/payouts"


class Walk:
    """Who does what in these tests: Mira markets, Fay and Pia keep the money, Noor and Vera clip."""

    def __init__(self, app: App, world: World) -> None:
        self.app, self.world, self.shop = app, world, Shop(world, app.runtime.settings)

    def as_(self, who: str) -> dict[str, str]:
        role = {"mira": "marketer", "fay": "finance", "pia": "finance"}.get(who)
        return self.app.signed_in(who, role) if role else self.app.signed_in(who)

    async def do(self, who: str, method: str, path: str, status: int = 200, **body: Any) -> Any:
        json = None if method == "GET" else body
        answer = await self.app.http.request(method, path, headers=self.as_(who), json=json)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def campaign(self, key: str = "autumn", budget: int = 100_000, **brief: Any) -> None:
        await self.do("mira", "POST", PATH, 201, **wish(key=key, budget={"minor": budget, "currency": "EUR"}))
        await self.do("mira", "PUT", f"{PATH}/{key}/brief", 201, **BRIEF | brief)

    async def takes_part(self, creator: str, moment: str, key: str = "autumn") -> str:
        """Applies, is accepted, submits a post, which is accepted; the submission's id."""
        mine = f"/v1/creators/me/campaigns/{key}"
        await self.do(creator, "POST", f"{mine}/apply", note="I would love to.")
        await self.do("mira", "POST", f"{PATH}/{key}/members/{creator}/accept")
        url = f"https://tok.example.com/@{creator}/{moment}"
        made = await self.do(
            creator, "POST", f"{mine}/submissions", 201, moment=str(self.world.moments[moment]), url=url
        )
        await self.do("mira", "POST", f"{PATH}/{key}/submissions/{made['id']}/accept")
        return str(made["id"])

    async def settle(self) -> None:
        """What the jobs do each minute and hour."""
        database = self.app.runtime.database
        while await campaign_sources.settle_noted(database):
            pass
        async with database.transaction() as session:
            campaigns = await campaign_budgets.funded(session)
        for each in campaigns:
            async with database.transaction() as session:
                await campaign_sources.settle_posts(session, each)
                await campaign_sources.settle_plays(session, each)
        async with database.transaction() as session:
            await prove_books(session)

    async def budget(self, key: str = "autumn") -> dict[str, Any]:
        told: dict[str, Any] = await self.do("mira", "GET", f"{PATH}/{key}/budget")
        assert told["amount_minor"] == told["earned_minor"] + told["left_minor"] + told["returned_minor"]
        return told


async def over_for_long(walk: Walk) -> None:
    """Move all campaigns to where nothing more can be earned by them."""
    async with walk.app.runtime.database.transaction() as session:
        await session.execute(text("ALTER TABLE campaigns DISABLE TRIGGER frozen"))
        past = "begins_at - interval '90 days', ends_at = ends_at - interval '90 days', ended_at = NULL"
        await session.execute(text(f"UPDATE campaigns SET begins_at = {past}"))
        await session.execute(text("ALTER TABLE campaigns ENABLE TRIGGER frozen"))


@pytest.fixture
async def walk(app: App) -> Walk:
    world = await build(app.runtime.database)
    for creator, moment in (("noor", "kiss"), ("vera", "fall")):
        await world.creator(creator)
        await world.moment(creator, moment)
    return Walk(app, world)


@pytest.mark.slow
async def test_from_brief_to_payout(walk: Walk) -> None:
    await walk.campaign(hold_days=14)
    assert (await walk.do("fay", "GET", f"{PATH}/autumn/budget", 404))["code"] == "budget_unknown"
    (seen,) = await walk.do("noor", "GET", "/v1/creators/me/campaigns")
    assert seen["brief"]["captions"] == ["#ad Look."]
    assert seen["part"] is None
    submission = await walk.takes_part("noor", "kiss")
    sale = await walk.shop.sell("bea", "kiss", minor=1000)
    funded = await walk.do("fay", "POST", f"{PATH}/autumn/budget", 201)
    assert funded["left_minor"] == 100_000
    async with walk.app.runtime.database.transaction() as session:
        campaign = await session.scalar(select(Campaign.id))
        assert await session.scalar(select(PostingRow.id)) == posting_id("campaign", campaign, "funded")
    assert (await walk.do("pia", "POST", f"{PATH}/autumn/budget", 409))["code"] == "budget_funded"
    await walk.world.happen("kiss", "play", *(f"v{n}" for n in range(7)))
    await walk.settle()
    # 500 for the post, 300 + 10 % of 1000 for the sale, 2000 a thousand for seven plays
    assert (await walk.budget())["earned_minor"] == 500 + 300 + 100 + 14
    await walk.settle()  # nothing twice
    assert (await walk.budget())["earned_minor"] == 914
    await walk.shop.tell("renewal", "bea", 1000, None)
    await walk.settle()
    assert (await walk.budget())["earned_minor"] == 1014
    await walk.shop.refund(sale, "bea", 500)
    await walk.settle()
    assert (await walk.budget())["earned_minor"] == 1014 - 150 - 50
    rows = (await walk.do("fay", "GET", f"{PATH}/autumn/earnings"))["items"]
    assert sum(row["amount_minor"] for row in rows) == 814
    assert {row["status"] for row in rows} == {"held"}
    assert (await walk.do("noor", "GET", "/v1/creators/me/campaign-earnings"))["items"] == rows
    wanted = {"creator": "noor", "currency": "EUR", "reference": "SEPA 1"}
    assert (await walk.do("pia", "POST", "/v1/payouts", 409, **wanted))["code"] in {"below_minimum", "earnings_held"}
    refused = await walk.do("mira", "POST", f"{PATH}/autumn/submissions/{submission}/refuse", 409, reason="No.x")
    assert refused["code"] == "submission_decided"


@pytest.mark.slow
async def test_what_is_no_longer_held_is_paid_once_by_another_and_comes_back(walk: Walk) -> None:
    walk.app.runtime.settings.refund_window_days = 0
    await walk.campaign(hold_days=0)
    await walk.takes_part("noor", "kiss")
    await walk.do("fay", "POST", f"{PATH}/autumn/budget", 201)
    for buyer in ("bea", "cem"):
        await walk.shop.sell(buyer, "kiss", minor=1000)
    await walk.settle()
    wanted = {"creator": "noor", "currency": "EUR", "reference": "SEPA 1"}
    assert (await walk.do("fay", "POST", "/v1/payouts", 403, **wanted))["code"] == "same_person"
    paid = await walk.do("pia", "POST", "/v1/payouts", 201, **wanted)
    assert paid["amount_minor"] == 500 + 2 * 400
    assert (await walk.do("pia", "POST", "/v1/payouts", 409, **wanted))["code"] == "below_minimum"
    assert {row["status"] for row in (await walk.do("fay", "GET", f"{PATH}/autumn/earnings"))["items"]} == {"paid"}
    await walk.do("pia", "POST", f"/v1/payouts/{paid['id']}/return", reason="Account closed.")
    await _paid_by_pages(walk)


async def _paid_by_pages(walk: Walk) -> None:
    """Due by campaigns alone, without a statement: the overview leads to a page that pays it."""
    http, fay, pia = walk.app.http, walk.as_("fay"), walk.as_("pia")
    overview = (await http.get("/console/finance", headers=pia)).text
    assert "statements/None" not in overview
    found = re.search(r'href="(/console/finance/creators/[^"]+/EUR)"', overview)
    assert found is not None
    path = found[1]
    assert "€13.00" in (await http.get(path, headers=pia)).text
    assert (await http.get(path, headers=walk.as_("mira"))).status_code == 403
    assert (await http.post(f"{path}/pay", headers=walk.as_("mira"))).status_code == 403
    own = await http.post(f"{path}/pay", data={"reference": "SEPA 2"}, headers=fay)
    assert (own.status_code, "same_person" in own.text) == (403, True)
    made = await http.post(f"{path}/pay", data={"reference": "SEPA 2"}, headers=pia)
    assert (made.status_code, made.headers["location"]) == (303, f"{path}?saved=paid")
    assert "Nothing is due" in (await http.get(made.headers["location"], headers=pia)).text
    again = await http.post(f"{path}/pay", data={"reference": "SEPA 2"}, headers=pia)
    assert (again.status_code, "below_minimum" in again.text) == (409, True)
    undo = re.search(r'action="(/console/finance/payouts/[^"]+/return)"', (await http.get(PAYOUTS, headers=pia)).text)
    assert undo is not None
    assert (await http.post(undo[1], data={"reason": "Account closed."}, headers=pia)).status_code == 303
    assert "Record €13.00 as paid" in (await http.get(path, headers=pia)).text
    for wrong, status in ((path[:-3] + "USD", 404), (path[:-3] + "euro", 422), (f"{path[:-40]}{uuid7()}/EUR", 404)):
        assert (await http.get(wrong, headers=pia)).status_code == status, wrong
        assert (await http.post(f"{wrong}/pay", headers=pia)).status_code == status, wrong
    with pytest.raises(IntegrityError, match="never changed"):
        async with walk.app.runtime.database.transaction() as session:
            await session.execute(update(CampaignEarning).values(amount_minor=1))


@pytest.mark.slow
async def test_budget_and_caps_hold_whoever_comes_at_once(walk: Walk) -> None:
    await walk.campaign(budget=1000, terms=[{"kind": "subscription", "amount_minor": 300}])
    await walk.campaign(
        "capped", terms=[{"kind": "subscription", "amount_minor": 300}], creator_cap_minor=700, day_cap_minor=800
    )
    for key in ("autumn", "capped"):
        for creator, moment in (("noor", "kiss"), ("vera", "fall")):
            await walk.do(creator, "POST", f"/v1/creators/me/campaigns/{key}/apply", note="")
            await walk.do("mira", "POST", f"{PATH}/{key}/members/{creator}/accept")
            made = await walk.do(
                creator, "POST", f"/v1/creators/me/campaigns/{key}/submissions", 201,
                moment=str(walk.world.moments[moment]), url=f"https://x.example.com/{moment}",
            )  # fmt: skip
            await walk.do("mira", "POST", f"{PATH}/{key}/submissions/{made['id']}/accept")
        await walk.do("fay", "POST", f"{PATH}/{key}/budget", 201)
    for number in range(5):
        await walk.shop.sell(f"n{number}", "kiss", minor=1000)
    await walk.shop.sell("w", "fall", minor=1000)
    database = walk.app.runtime.database
    while any(await asyncio.gather(*(campaign_sources.settle_noted(database, batch=2) for _ in range(3)))):
        pass
    told = await walk.budget()
    assert (told["left_minor"], told["earned_minor"], told["cut_minor"]) == (0, 1000, 800)
    capped = await walk.budget("capped")
    assert capped["earned_minor"] == 800
    assert max(each["earned_minor"] for each in capped["creators"]) <= 700
    with pytest.raises(IntegrityError, match="cap"):
        async with database.transaction() as session:
            await session.execute(text("UPDATE campaign_spending SET spent_minor = spent_minor + 100000"))


@pytest.mark.slow
async def test_a_ring_that_is_found_out_later_is_taken_back_and_settling_returns_the_rest(walk: Walk) -> None:
    await walk.campaign()
    await walk.takes_part("noor", "kiss")
    await walk.do("fay", "POST", f"{PATH}/autumn/budget", 201)
    await walk.shop.sell("bea", "kiss", minor=1000)
    await walk.settle()
    assert (await walk.budget())["earned_minor"] == 900
    async with walk.app.runtime.database.transaction() as session:
        touch = (await session.scalars(text("SELECT event_id FROM touches"))).one()
        at = (await session.scalars(text("SELECT at FROM touches"))).one()
        row = {"event_id": touch, "at": at, "kind": "robot", "reason": "ring", "rule": "r", "traffic": "sivt"}
        session.add(Reverdict(**row))
        await session.execute(text("INSERT INTO campaign_recounts (conversion_id) SELECT id FROM conversions"))
    await walk.settle()
    assert (await walk.budget())["earned_minor"] == 500
    assert (await walk.do("fay", "POST", f"{PATH}/autumn/settle", 409, reason="Over."))["code"] == "campaign_lasting"
    await walk.do("mira", "POST", f"{PATH}/autumn/end")
    await over_for_long(walk)
    settled = await walk.do("fay", "POST", f"{PATH}/autumn/settle", reason="It is over.")
    assert (settled["left_minor"], settled["returned_minor"]) == (0, 99_500)
    async with walk.app.runtime.database.transaction() as session:
        await prove_books(session)
        assert await balance(session, account_id("funding", "service", "EUR")) == -500, "the rest came back"
    assert (await walk.do("fay", "POST", f"{PATH}/autumn/settle", 409, reason="Again."))["code"] == "budget_settled"


@pytest.mark.slow
async def test_review_has_a_clock_and_refusals_have_reasons(walk: Walk) -> None:
    await walk.campaign(review_hours=1)
    mine, theirs = "/v1/creators/me/campaigns/autumn", f"{PATH}/autumn/submissions"
    post = {"moment": str(walk.world.moments["kiss"]), "url": "https://tok.example.com/1"}
    assert (await walk.do("noor", "POST", f"{mine}/submissions", 403, **post))["code"] == "membership_needed"
    await walk.do("mira", "POST", f"{PATH}/autumn/invitations", creators=["noor"])
    assert (await walk.do("noor", "POST", f"{mine}/apply", note=""))["status"] == "accepted"
    made = await walk.do("noor", "POST", f"{mine}/submissions", 201, **post)
    assert (await walk.do("noor", "POST", f"{mine}/submissions", 409, **post))["code"] == "submission_taken"
    for url, code in (("https://10.0.0.1/x", "post_address_invalid"), ("https://a.local/x", "post_address_invalid")):
        told = await walk.do("noor", "POST", f"{mine}/submissions", 422, **post | {"url": url})
        assert told["code"] == code
    other = {"moment": str(walk.world.moments["fall"]), "url": "https://tok.example.com/2"}
    assert (await walk.do("noor", "POST", f"{mine}/submissions", 403, **other))["code"] == "moment_of_others"
    refused = await walk.do("mira", "POST", f"{theirs}/{made['id']}/refuse", reason="The code is not in it.")
    assert (refused["status"], refused["reason"]) == ("refused", "The code is not in it.")
    again = await walk.do("noor", "POST", f"{mine}/submissions", 201, **post | {"url": "https://tok.example.com/3"})
    async with walk.app.runtime.database.transaction() as session:
        due = update(CampaignSubmission).where(CampaignSubmission.status == "waiting")
        await session.execute(due.values(due_at=utc_now() - timedelta(minutes=1)))
    async with walk.app.runtime.database.transaction() as session:
        assert await submissions.accept_due(session) == 1
    (first, _) = (await walk.do("noor", "GET", f"{mine}/submissions"))["items"]
    assert (first["id"], first["status"], first["by_clock"]) == (again["id"], "accepted", True)
    await walk.do("mira", "POST", f"{PATH}/autumn/pause")
    later = post | {"url": "https://tok.example.com/4"}
    assert (await walk.do("noor", "POST", f"{mine}/submissions", 409, **later))["code"] == "campaign_paused"
    assert (await walk.do("mira", "PUT", f"{PATH}/autumn/brief", 409, **BRIEF))["code"] == "brief_published"
    with pytest.raises(IntegrityError, match="fixed when it is published"):
        async with walk.app.runtime.database.transaction() as session:
            await session.execute(text("UPDATE campaign_briefs SET terms = '[]'"))


@pytest.mark.slow
async def test_whoever_submits_thousands_has_twenty_waiting_also_when_they_come_at_once(walk: Walk) -> None:
    await walk.campaign()
    await walk.do("noor", "POST", "/v1/creators/me/campaigns/autumn/apply", note="")
    await walk.do("mira", "POST", f"{PATH}/autumn/members/noor/accept")
    few, moment = asyncio.Semaphore(4), str(walk.world.moments["kiss"])

    async def submit(number: int) -> bool:
        async with few, walk.app.runtime.database.transaction() as session:
            campaign = (await session.scalars(select(Campaign))).one()
            creator = await session.get_one(Creator, walk.world.creators["noor"])
            await submissions.submit(session, campaign, creator, moment, f"https://tok.example.com/{number}")
        return True

    asked = [submit(number) for number in range(submissions.WAITING_MOST + 4)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert answers.count(True) == submissions.WAITING_MOST
    assert {type(each) for each in answers} == {bool, submissions.SubmissionsTooMany}


@pytest.mark.slow
@pytest.mark.parametrize("first", [0, 5])
async def test_renewals_are_theirs_who_brought_a_first_month_that_was_worth_nothing(walk: Walk, first: int) -> None:
    await walk.campaign(terms=[{"kind": "revenue", "share_ppm": 100_000, "months": 3}])
    await walk.takes_part("noor", "kiss")
    await walk.do("fay", "POST", f"{PATH}/autumn/budget", 201)
    await walk.shop.sell("ann", "kiss", minor=first)
    await walk.settle()
    assert (await walk.budget())["earned_minor"] == 0
    await walk.shop.tell("renewal", "ann", 1000, None)
    await walk.settle()
    assert (await walk.budget())["earned_minor"] == 100


async def test_a_refund_that_is_being_reported_while_its_sale_is_reckoned_is_not_lost(walk: Walk) -> None:
    await walk.campaign(terms=[{"kind": "subscription", "amount_minor": 300}])
    await walk.takes_part("noor", "kiss")
    await walk.do("fay", "POST", f"{PATH}/autumn/budget", 201)
    sale = await walk.shop.sell("ann", "kiss", minor=1000)
    database = walk.app.runtime.database
    told = {"id": "back", "kind": "refund", "viewer": "ann", "at": utc_now(), "original": sale}
    amount = Money(minor=1000, currency="EUR")
    async with database.transaction() as session:
        await report(session, walk.app.runtime.settings, NewConversion.model_validate(told | {"amount": amount}))
        await campaign_sources.settle_noted(database)  # elsewhere, before that is committed
    await walk.settle()
    assert (await walk.budget())["earned_minor"] == 0


@pytest.mark.slow
async def test_a_campaign_is_settled_after_what_was_reported_and_never_overdrawn_by_what_is_under_way(
    walk: Walk,
) -> None:
    await walk.campaign(terms=[{"kind": "subscription", "amount_minor": 300}])
    await walk.takes_part("noor", "kiss")
    await walk.do("fay", "POST", f"{PATH}/autumn/budget", 201)
    for buyer in ("ann", "bea"):
        await walk.shop.sell(buyer, "kiss", minor=1000)
    database, path = walk.app.runtime.database, f"{PATH}/autumn/settle"
    async with database.transaction() as session:
        for table in ("touches", "conversions"):
            await session.execute(text(f"UPDATE {table} SET at = at - interval '3 days'"))
        at = (await session.scalars(text("SELECT max(at) FROM conversions"))).one()
        await session.execute(text("ALTER TABLE campaigns DISABLE TRIGGER frozen"))
        await session.execute(update(Campaign).values(ends_at=at, attribution_window_days=1))
    waits = await walk.do("fay", "POST", path, 409, reason="It is over.")
    assert waits["code"] == "campaign_lasting", "what was reported waits to be looked at"
    await walk.settle()
    assert (await walk.budget())["earned_minor"] == 600
    last = {"id": "the-last", "kind": "subscription", "viewer": "bea", "at": at}
    amount = Money(minor=1000, currency="EUR")
    async with database.transaction() as session:
        await report(session, walk.app.runtime.settings, NewConversion.model_validate(last | {"amount": amount}))
        settled = await walk.do("fay", "POST", path, reason="It is over.")  # before that is committed
    assert (settled["left_minor"], settled["returned_minor"]) == (0, 99_400)
    await walk.settle()
    told = await walk.budget()
    assert (told["earned_minor"], told["left_minor"], told["returned_minor"], told["cut_minor"]) == (
        600,
        0,
        99_400,
        300,
    )


async def test_a_budget_of_a_cent_pays_a_cent(walk: Walk) -> None:
    await walk.campaign(budget=1)
    await walk.takes_part("noor", "kiss")
    await walk.do("fay", "POST", f"{PATH}/autumn/budget", 201)
    await walk.shop.sell("ann", "kiss", minor=1000)
    await walk.settle()
    told = await walk.budget()
    assert (told["earned_minor"], told["left_minor"]) == (1, 0)


@pytest.mark.slow
async def test_a_post_is_looked_at_through_the_guarded_way_out(walk: Walk) -> None:
    await walk.campaign()
    submission = await walk.takes_part("noor", "kiss")
    pages = {"/code": b"use noor10 today", "/neither": b"nothing, NOOR100", "/link": b""}
    async with walk.app.runtime.database.transaction() as session:
        moment = await session.get_one(Moment, walk.world.moments["kiss"])
        pages["/link"] = f'<a href="{walk.app.runtime.settings.base_url}/m/{moment.code}">'.encode()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readline()).split()[1].decode()
        body = pages[path]
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async def look(path: str) -> str:
        async with walk.app.runtime.database.transaction() as session:
            await session.execute(update(CampaignSubmission).values(url=f"http://127.0.0.1:{port}{path}"))
        return await post_check.check(walk.app.runtime, UUID(submission))

    assert await look("/link") == "address_not_allowed"  # nothing inside is asked
    walk.app.runtime.settings.outbound_networks = ["127.0.0.0/8"]
    assert [await look(path) for path in ("/link", "/code", "/neither")] == ["link", "code", "absent"]
    server.close()
    told = (await walk.do("mira", "GET", f"{PATH}/autumn/submissions"))["items"]
    assert told[0]["check_code"] == "absent"


async def test_only_moments_that_the_campaign_is_about_can_be_chosen(walk: Walk) -> None:
    """However many others somebody has clipped since."""
    budget = {"minor": 100_000, "currency": "EUR"}
    await walk.do("mira", "POST", PATH, 201, **wish(titles=["night-train"], budget=budget))
    await walk.do("mira", "PUT", f"{PATH}/autumn/brief", 201, **BRIEF)
    await walk.takes_part("noor", "kiss")
    elsewhere = await build(walk.app.runtime.database, "another-film")
    await walk.world.moment("noor", "elsewhere", title=elsewhere.title)
    async with walk.app.runtime.database.transaction() as session:
        codes = {row.title_id: row.code for row in await session.scalars(select(Moment).order_by(Moment.id))}
    page = await walk.app.http.get("/creator/campaigns/autumn", headers=await walk.app.session("noor"))
    chosen = re.findall(r'<option\s+value="([^"]+)"', page.text)
    assert "My posts" in page.text, page.text[-3000:]
    assert codes[elsewhere.title] not in chosen
    assert chosen
