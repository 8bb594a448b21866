"""Campaigns' money across ``kill -9``: whoever earned is paid once, and what was not spent goes back once."""

import asyncio
import json

import pytest
from sqlalchemy import func, select

from groundswell.accounts.tables import Viewer
from groundswell.attribution.tables import Campaign, Conversion
from groundswell.earnings.ledger import account_id, balance, posting_id
from groundswell.earnings.tables import CampaignBudget, CampaignRecount, PostingRow
from tests.campaigns.test_lifecycle import PATH
from tests.gates import gate
from tests.programs import begin
from tests.support import App

from .test_campaigns import Walk, over_for_long
from .world import build

CREATORS = {"noor": "kiss", "vera": "fall", "kofi": "rain"}
CREATED_BY = {moment: creator for creator, moment in CREATORS.items()}
TERMS = [{"kind": "post", "amount_minor": 101}, {"kind": "subscription", "amount_minor": 307}]
SALES = 4
SOLD = SALES * 307
BUDGET = 3 * SOLD + 250
"""What all sales come to, and less than the posts: the last that is accepted finds less."""

JOB = """
import asyncio, sys
from pathlib import Path
from types import SimpleNamespace
from groundswell.earnings import jobs
from groundswell.platform.runtime import open_runtime
from groundswell.platform.settings import Settings

async def main(data, url):
    settings = Settings(data_dir=Path(data), database_url=url, worker_in_server=False, base_url="http://test")
    async with open_runtime(settings) as runtime:
        await jobs.settle_campaigns(SimpleNamespace(additional_context={"runtime": runtime}), 0)

asyncio.run(main(*sys.argv[1:]))
"""
ASK = """
import asyncio, json, sys
from pathlib import Path
from groundswell.platform.settings import Settings
from tests.support import started

async def main(data, url, path, asked, headers):
    settings = Settings(data_dir=Path(data), database_url=url, worker_in_server=False, base_url="http://test")
    async with started(settings) as app:
        await app.http.post(path, json=json.loads(asked), headers=json.loads(headers), timeout=600)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
async def walk(app: App) -> Walk:
    world = await build(app.runtime.database)
    for creator, moment in CREATORS.items():
        await world.creator(creator)
        await world.moment(creator, moment)
    walk = Walk(app, world)
    await walk.campaign(budget=BUDGET, terms=TERMS)
    for creator, moment in CREATORS.items():
        await walk.takes_part(creator, moment)
    await walk.do("fay", "POST", f"{PATH}/autumn/budget", 201)
    return walk


async def killed_at(walk: Walk, url: str, when: str, program: str, *arguments: str) -> None:
    """Run ``program`` in a process of its own and kill it in the middle of the transaction that posts what ``when``
    (SQL, of ``NEW``) says."""
    data = str(walk.app.runtime.settings.data_dir)
    with gate(url, "postings", when) as before_the_posting:
        process = begin(program, data, url, *arguments)
        await asyncio.to_thread(before_the_posting.await_somebody)
        process.kill()
        await asyncio.to_thread(process.wait)
        await asyncio.to_thread(before_the_posting.open)


async def counted(walk: Walk, reason: str) -> tuple[int, int]:
    """How many postings there are for a reason, and what they come to."""
    query = select(func.count(), func.coalesce(func.sum(PostingRow.amount_minor), 0)).filter_by(reason=reason)
    async with walk.app.runtime.database.transaction() as session:
        count, minor = (await session.execute(query)).one()
    return count, int(minor)


async def waiting(walk: Walk) -> int:
    """How many conversions campaigns are still to look at."""
    async with walk.app.runtime.database.transaction() as session:
        return await session.scalar(select(func.count()).select_from(CampaignRecount)) or 0


async def held(walk: Walk) -> dict[str, int]:
    """What each creator's account holds."""
    async with walk.app.runtime.database.transaction() as session:
        return {
            name: await balance(session, account_id("creator", id, "EUR")) for name, id in walk.world.creators.items()
        }


async def last_posted(walk: Walk, term: str) -> str:
    """The gate before the last posting of those that are made together for ``term``: they are made in order of id."""
    async with walk.app.runtime.database.transaction() as session:
        campaign = (await session.scalars(select(Campaign.id))).one()
        rows = await session.execute(
            select(Conversion.id, Viewer.subject).join(Viewer, Viewer.id == Conversion.viewer_id)
        )
        sold = [(f"conversion/{id}", CREATED_BY[subject.rstrip("0123456789")]) for id, subject in rows]
    sources = sold if term == "subscription" else [("post", creator) for creator in CREATORS]
    ids = [
        posting_id("campaign", campaign, walk.world.creators[creator], term, source, 1) for source, creator in sources
    ]
    return f"NEW.id = '{max(ids, key=str)}'"


@pytest.mark.slow
async def test_settling_that_is_killed_pays_everybody_once_when_it_runs_again(walk: Walk, database_url: str) -> None:
    """Killed among the sales, and, run again, among the posts; then run to its end, by two at once, and once more."""
    for number in range(SALES):
        for moment in CREATED_BY:
            await walk.shop.sell(f"{moment}{number}", moment, minor=1000)
    assert await waiting(walk) == 3 * SALES
    await killed_at(walk, database_url, await last_posted(walk, "subscription"), JOB)
    assert (await counted(walk, "campaign_earned"), await waiting(walk)) == ((0, 0), 3 * SALES)
    assert (await walk.budget())["left_minor"] == BUDGET
    await killed_at(walk, database_url, await last_posted(walk, "post"), JOB)
    assert (await counted(walk, "campaign_earned"), await waiting(walk)) == ((3 * SALES, 3 * SOLD), 0)
    assert await held(walk) == dict.fromkeys(CREATORS, SOLD)
    for _ in range(2):
        await asyncio.gather(walk.settle(), walk.settle())
    assert await counted(walk, "campaign_earned") == (3 * SALES + 3, BUDGET)
    assert await held(walk) == {"noor": SOLD + 101, "vera": SOLD + 101, "kofi": SOLD + 48}
    told = await walk.budget()
    assert (told["earned_minor"], told["left_minor"], told["cut_minor"]) == (BUDGET, 0, 53)


@pytest.mark.slow
async def test_closing_a_campaign_that_is_killed_returns_what_was_not_spent_once(walk: Walk, database_url: str) -> None:
    await walk.shop.sell("ann", "kiss", minor=1000)
    await walk.settle()
    left = BUDGET - 307 - 3 * 101
    await over_for_long(walk)
    path, asked = f"{PATH}/autumn/settle", {"reason": "It is over."}
    headers = walk.as_("fay") | {"Idempotency-Key": "the settlement"}
    arguments = [path, json.dumps(asked), json.dumps(headers)]
    await killed_at(walk, database_url, "NEW.reason = 'campaign_settled'", ASK, *arguments)
    assert await counted(walk, "campaign_settled") == (0, 0)
    async with walk.app.runtime.database.transaction() as session:
        assert await session.scalar(select(CampaignBudget.settled_at)) is None, "or nobody would return it any more"
    assert (await walk.budget())["left_minor"] == left
    answers = [await walk.app.http.post(path, json=asked, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert (await walk.do("pia", "POST", path, 409, **asked))["code"] == "budget_settled"
    assert await counted(walk, "campaign_settled") == (1, left)
    await walk.settle()  # the books are right, and nothing more is paid
    told = await walk.budget()
    assert (told["earned_minor"], told["left_minor"], told["returned_minor"]) == (BUDGET - left, 0, left)
    assert await held(walk) == {"noor": 307 + 101, "vera": 101, "kofi": 101}
