"""A campaign, walked by everybody whom it concerns: from the brief to what the bank sends back.

Mira markets; Ada and Noor clip, on their phones; Tess keeps trust; Fay and Pia keep the money. Nobody but the people
who click and pay is played by a program.
"""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, expect

from groundswell.attribution.jobs import judge_again
from groundswell.demo.payday import PAYER_IBAN, PLACES
from groundswell.earnings.jobs import settle_campaign_plays, settle_campaigns
from groundswell.platform.runtime import open_runtime
from tests.databases import Databases
from tests.earnings.world import in_month

from .campaign_audience import PRICE_MINOR, RING, Audience, service_key
from .campaign_payday import agree, close_the_month, hear_from_the_bank, pay_by_two, say_where
from .campaign_walk import (
    BACK,
    BUDGET,
    FOLLOWERS,
    MINE,
    MONTH,
    PLAYS,
    POST,
    SUBSCRIPTION,
    WATCHED,
    Walk,
    by_hand,
    euros,
    figure,
    ledger_of,
    row,
)
from .conftest import PATIENCE_MS, PHONE, Lumen, NewVisitor, demonstration
from .walking import link_of, press_clip, save_and_share

CAMPAIGN, PAY = "/console/campaigns/lamp-nights", "/console/campaigns/lamp-nights/pay"
SCENE_ENDS_S = 40


@pytest.fixture
async def lumen(databases: Databases, tmp_path: Path) -> AsyncIterator[Lumen]:
    """A demonstration of this walk's own: its months are closed, and its creators paid, here alone."""
    async with demonstration(databases, tmp_path, payer_iban=PAYER_IBAN) as lumen:
        yield lumen


@pytest.fixture
async def walk(lumen: Lumen, visitor: NewVisitor) -> AsyncIterator[Walk]:
    pages: dict[str, Page] = {}
    for who in ("ada", "noor"):
        pages[who] = (await visitor(PHONE, has_touch=True, is_mobile=True)).page
    for who in ("mira", "tess", "fay", "pia"):
        pages[who] = (await visitor()).page
    for who, page in pages.items():
        await lumen.sign_in(page, who)
    async with open_runtime(lumen.settings) as runtime, httpx.AsyncClient(base_url=lumen.url, timeout=30) as http:
        yield Walk(lumen, runtime, pages, Audience(lumen, runtime, http, await service_key(runtime)))


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_campaign_from_its_brief_to_what_the_bank_sends_back(walk: Walk, tmp_path: Path) -> None:
    for who in ("ada", "noor"):
        await become_creator(walk, who)
    await link_of(walk.lumen, "ada", "Before anybody asked", visibility="public")
    await walk.until("SELECT count(*) = 1 FROM scenes")
    await make(walk)
    await brief(walk)
    await fund(walk)
    links = {who: await take_part(walk, who) for who in ("ada", "noor")}
    await review(walk)
    await bring(walk, links)
    await catch_the_ring(walk, links["noor"])
    await show_what_it_came_to(walk)
    await close_the_month(walk)
    for who, place in zip(("ada", "noor"), PLACES, strict=False):
        await say_where(walk, who, place)
    await pay_by_two(walk, tmp_path)
    await hear_from_the_bank(walk)
    await agree(walk)


async def become_creator(walk: Walk, who: str) -> None:
    page = await walk.open(who, "/creator")
    await page.get_by_label("Handle").fill(who)
    await page.get_by_role("button", name="Become a creator").click()
    await expect(page.get_by_role("heading", name="What my moments brought")).to_be_visible()


async def make(walk: Walk) -> None:
    """Mira makes a campaign that began in a month that is over."""
    page = await walk.open("mira", "/console/campaigns")
    for label, text in {"Name": "Lamp nights", "Key": "lamp-nights", "First day": f"{MONTH}-01"}.items():
        await page.get_by_label(label, exact=True).fill(text)
    await page.get_by_label("Titles").select_option("The Lamp Room")
    await page.get_by_label("Budget").fill("500.00")
    await page.get_by_role("button", name="Make it").click()
    await expect(page.get_by_role("heading", name="Lamp nights Running")).to_be_visible()


async def brief(walk: Walk) -> None:
    """She publishes its brief, with a scene that is hot."""
    page = await walk.open("mira", PAY)
    await page.get_by_label("What it is about").fill("A film for long evenings. Show the scene that made you stay.")
    await page.get_by_label("Don’t").fill("No endings.")
    await page.get_by_label("Sample captions").fill("This is where I stayed.")
    await page.get_by_role("checkbox", name=re.compile("The Lamp Room")).check()
    amounts = {"First accepted post": POST, "Paid subscription": SUBSCRIPTION, "A thousand plays": PLAYS}
    for label, minor in (amounts | {"At most for one creator": 30_000}).items():
        await page.get_by_label(label).fill(f"{minor / 100:.2f}")
    await page.get_by_label("Held for").fill("0")
    await page.get_by_role("button", name="Publish").click()
    await expect(page.get_by_text("nothing is paid until finance has set it aside")).to_be_visible()


async def fund(walk: Walk) -> None:
    page = await walk.open("fay", PAY)
    await page.get_by_role("button", name="Fund the budget").click()
    await expect(figure(page, "Left")).to_have_text("€500.00")


async def take_part(walk: Walk, who: str) -> str:
    """A creator applies and is accepted, clips the scene of the brief, posts it, and submits the post; the clip's link.

    Ada's first post says nowhere that it is paid for.
    """
    page = await walk.open(who, "/creator/campaigns")
    await page.get_by_role("link", name="Lamp nights").click()
    await page.get_by_label("Why you").fill("I have seen it four times.")
    await page.get_by_role("button", name="Apply").click()
    await expect(page.get_by_role("status")).to_contain_text("You have applied.")
    mira = await walk.open("mira", PAY)
    await mira.get_by_role("region", name="Creators").get_by_role("button", name="Accept").click()
    await expect(row(mira, f"@{who}")).to_contain_text("Accepted")

    await page.reload()
    await expect(page.get_by_text("You take part")).to_be_visible()
    await expect(page.get_by_text("You have applied.")).to_have_count(0)
    scene = page.get_by_role("link", name="Clip The Lamp Room, 0:25–0:40")
    await expect(scene).to_have_attribute("href", re.compile(rf"/watch/lamp\?t={SCENE_ENDS_S}$"))
    await scene.click()
    await press_clip(page, SCENE_ENDS_S)
    link = await save_and_share(page, f"Where {who} stayed", public=True)
    for url in [f"https://clips.example/@{who}/{n}" for n in range(2 if who == "ada" else 1)]:
        await walk.open(who, MINE)
        await page.get_by_label("Your clip").select_option(f"Where {who} stayed, 0:25")
        await page.get_by_label("Address of the post").fill(url)
        await page.get_by_role("button", name="Submit").click()
        await expect(row(page, url)).to_contain_text("In review")
    return link


async def review(walk: Walk) -> None:
    """Mira refuses one post, and says why; she accepts the others. Ada reads it on her phone."""
    page = await walk.open("mira", PAY)
    queue = page.get_by_role("region", name="Review queue").first
    first = row(queue, "@ada/0")
    await first.get_by_text("Refuse").first.click()
    await first.get_by_label("Why, in words for the creator").fill("It does not say that it is paid for.")
    await first.get_by_role("button", name="Refuse").click()
    await expect(queue.get_by_text("Decided: 1")).to_be_visible()
    for decided, post in ((2, "@ada/1"), (3, "@noor/0")):
        await row(queue, post).get_by_role("button", name="Accept").click()
        await expect(queue.get_by_text(f"Decided: {decided}")).to_be_visible()
    ada = await walk.open("ada", MINE)
    refused = row(ada, "@ada/0")
    await expect(refused).to_contain_text("Refused")
    await expect(refused).to_contain_text("It does not say that it is paid for.")
    await expect(row(ada, "@ada/1")).to_contain_text("Accepted")


async def bring(walk: Walk, links: dict[str, str]) -> None:
    """In the month that is over people came by the links and paid; two had money back. All is paid for."""
    at = in_month(MONTH)
    for who, link in links.items():
        await walk.audience.subscribe(link, FOLLOWERS[who], at)
        await walk.audience.watch(link, WATCHED[who], at)
    for name, minor in BACK.items():
        await walk.audience.refund(name, minor, at)
    await walk.job(settle_campaigns)
    await walk.job(settle_campaign_plays)
    await earned_is(walk, by_hand("ada") + by_hand("noor"))


async def earned_is(walk: Walk, minor: int) -> None:
    page = await walk.open("mira", PAY)
    await expect(figure(page, "Earned")).to_have_text(f"€{minor / 100:.2f}")


async def catch_the_ring(walk: Walk, link: str) -> None:
    """Accounts of one browser pay by Noor's link, which pays her; the hourly look finds them, and Tess decides."""
    both = by_hand("ada") + by_hand("noor")
    await walk.audience.ring(link)
    await walk.job(settle_campaigns)
    await earned_is(walk, both + RING * SUBSCRIPTION)
    await walk.job(judge_again)
    await walk.job(settle_campaigns)
    page = await walk.open("tess", "/console/cases")
    await page.get_by_role("link", name="Many accounts from one browser").click()
    await expect(page.get_by_text("About Noor.")).to_be_visible()
    await expect(page.get_by_role("region", name="What it rests on").get_by_text("shared_device")).to_have_count(RING)
    for step, why in (
        ("Reject its visits", "Four accounts of one browser, one after the other."),
        ("Tell them", "Four accounts of one browser paid by your link; none of them counts."),
        ("Close: upheld", "It is as the rule says."),
    ):
        await page.get_by_role("link", name=step).click()
        await expect(page.get_by_text("These numbers stay as they are.")).to_be_visible()
        await page.get_by_label("Why").fill(why)
        await page.get_by_role("button", name=step).click()
        await expect(row(page, why)).to_contain_text(step)
    await earned_is(walk, both)
    noor = await walk.open("noor", MINE)
    await expect(noor.get_by_text("refunded, or not a person’s").first).to_be_visible()
    await walk.open("noor", "/creator")
    await expect(noor.get_by_text("Four accounts of one browser paid by your link")).to_be_visible()


async def show_what_it_came_to(walk: Walk) -> None:
    """The creator's page, the campaign's pages and the ledger say the same."""
    for who in ("ada", "noor"):
        page = await walk.open(who, "/creator/campaigns")
        await expect(row(page, "Lamp nights")).to_contain_text(euros(by_hand(who)))
        assert ledger_of(walk, who) == by_hand(who)
        await walk.open(who, "/creator")
        await expect(page.get_by_role("region", name="Due to you now")).to_contain_text(euros(by_hand(who)))
    mira = walk.pages["mira"]
    paying = sum(map(len, FOLLOWERS.values()))
    net = paying * PRICE_MINOR - sum(BACK.values())
    for _ in range(PATIENCE_MS // 1000):
        await walk.open("mira", CAMPAIGN)
        counted = [await figure(mira, name).inner_text() for name in ("Subscriptions", "Revenue, net")]
        if counted == [str(paying), euros(net)]:  # what was given back may be counted later than what was paid
            break
        await mira.wait_for_timeout(1000)
    await expect(figure(mira, "Subscriptions")).to_have_text(str(paying))
    await expect(figure(mira, "Revenue, net")).to_have_text(euros(net))
    await walk.open("mira", PAY)
    await expect(figure(mira, "Left")).to_have_text(euros(BUDGET - by_hand("ada") - by_hand("noor")))
