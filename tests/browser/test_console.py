"""The console walked in a real browser: a marketer's question, rights, trust, finance, and a creator."""

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect
from sqlalchemy import select

from groundswell.events.event import Event
from groundswell.events.log.event_log import record
from groundswell.moments.tables import Moment
from groundswell.platform.database import Database
from groundswell.web.features import discovered
from tests.earnings.world import closed_month, in_closed_month

from .conftest import PHONE, Lumen, NewVisitor
from .test_viewer_access import WCAG, WRONG_ONLY, violations
from .walking import link_of, settled

ROOMS = {
    "mira": (
        "/console/loop",
        "/console/loop/conversions",
        "/console/events",
        "/console/trending",
        "/console/trending/titles/lamp",
    ),
    "ravi": (
        "/console/rights",
        "/console/rights/title/lamp",
        "/console/rights/simulator?title=lamp&start=0:30&end=0:50&territory=DE",
        "/console/rights/draft?scope=title&name=lamp&public_playback=off",
        "/console/previews?url=/watch/lamp",
    ),
    "tess": ("/console/trust", "/console/cases"),
    "fay": ("/console/finance", "/console/finance/postings"),
    "noor": ("/creator",),
}


async def accessible(page: Page) -> list[str]:
    """What axe finds wrong, by WCAG 2.2 A and AA."""
    found = await violations(page, {"runOnly": {"type": "tag", "values": WCAG}} | WRONG_ONLY)
    return [f"{each['id']}: {node['html'][:160]}" for each in found for node in each["nodes"]]


@pytest.mark.browser
@pytest.mark.parametrize("size", [PHONE, (1440, 900)])
async def test_every_room_fits_and_can_be_read_by_everybody(
    lumen: Lumen, visitor: NewVisitor, size: tuple[int, int]
) -> None:
    """By day and by night: a page that is open follows its reader's wish."""
    page = (await visitor(size)).page
    for who, addresses in ROOMS.items():
        await lumen.sign_in(page, who)
        for address in addresses:
            await page.goto(lumen.url + address)
            for scheme in ("light", "dark"):
                await page.emulate_media(color_scheme=scheme)
                await settled(page)
                wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert wide <= 0, f"{address} scrolls sideways by {wide} px, {scheme}"
                assert await accessible(page) == [], (address, scheme)


KEEPERS = {"Loop": "mira", "Rights": "ravi", "Trust": "tess", "Finance": "fay"}
"""Who keeps each section of the console; whoever keeps the service itself keeps the others."""


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("size", [PHONE, (1440, 900)])
async def test_every_page_of_the_menus_fits_and_can_be_read_by_everybody(
    lumen: Lumen, visitor: NewVisitor, size: tuple[int, int]
) -> None:
    page = (await visitor(size)).page
    menu = {(entry.section, entry.path) for feature in discovered().values() for entry in feature.menu if entry.label}
    for section, who in KEEPERS.items():
        await lumen.sign_in(page, who)
        theirs = sorted(path for of, path in menu if of == section)
        assert len(theirs) > 1, section
        for address in theirs:
            answer = await page.goto(lumen.url + address)
            assert answer is not None
            assert answer.ok, (address, answer.status)
            await settled(page)
            wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{address} scrolls sideways by {wide} px"
            assert await accessible(page) == [], address


@pytest.mark.browser
async def test_a_marketer_goes_from_a_number_to_the_raw_events(lumen: Lumen, visitor: NewVisitor) -> None:
    link = await link_of(lumen, "ada", "Then who lit the lamp?")
    friend = await visitor(PHONE)
    await friend.page.goto(link)
    await friend.page.close()

    mira = await visitor()
    await lumen.sign_in(mira.page, "mira", "/console/loop")
    clicks = mira.page.locator(".funnel .step-click .count")

    async def counted() -> bool:
        await mira.page.goto(f"{lumen.url}/console/loop?title=lamp&period=7d")
        return int(await clicks.inner_text()) >= 1

    for _ in range(30):
        if await counted():
            break
        await mira.page.wait_for_timeout(500)
    await clicks.click()
    await expect(mira.page.get_by_role("heading", name="Click, people, as logged")).to_be_visible()
    await mira.page.get_by_role("link", name="Cascade").first.click()
    await expect(mira.page.get_by_role("img", name=re.compile("in 1 generation"))).to_be_visible()
    await expect(mira.page.get_by_role("heading", name=re.compile("Then who lit the lamp"))).to_be_visible()


@pytest.mark.browser
async def test_charts_are_drawn_when_they_come_into_view_and_tables_sort(lumen: Lumen, visitor: NewVisitor) -> None:
    mira = await visitor()
    await lumen.sign_in(mira.page, "mira", "/console/loop")
    chart = mira.page.locator("figure[data-chart=visits]")
    await chart.scroll_into_view_if_needed()
    await expect(chart.locator("canvas")).to_be_visible()
    await mira.page.get_by_text("The same as a table").click()
    day = mira.page.locator("#days-table th").first
    await day.get_by_role("button").click()
    await expect(day).to_have_attribute("aria-sort", "ascending")
    first = await mira.page.locator("#days-table tbody tr td").first.inner_text()
    await day.get_by_role("button").click()
    await expect(mira.page.locator("#days-table tbody tr td").first).not_to_have_text(first)
    await mira.page.get_by_label("Channel", exact=True).select_option("whatsapp")
    await expect(mira.page).to_have_url(re.compile("channel=whatsapp"))


@pytest.mark.browser
async def test_rights_switch_a_title_off_and_its_links_say_so(lumen: Lumen, visitor: NewVisitor) -> None:
    link = await link_of(lumen, "ada", slug="storm")
    ravi = await visitor(javascript=False)
    await lumen.sign_in(ravi.page, "ravi", "/console/rights")
    await ravi.page.get_by_role("button", name="Switch sharing of The Storm off").click()
    await expect(ravi.page.get_by_role("status")).to_contain_text("Sharing of The Storm is off.")
    friend = await visitor()
    await friend.page.goto(link)
    await expect(friend.page.get_by_text("This title cannot be shared")).to_be_visible()
    await ravi.page.get_by_role("button", name="Switch sharing of The Storm on").click()
    await friend.page.goto(link)
    await expect(friend.page.get_by_role("link", name=re.compile("Continue watching from"))).to_be_visible()


@pytest.mark.browser
async def test_trust_takes_a_moment_down_and_its_link_says_why(lumen: Lumen, visitor: NewVisitor) -> None:
    link = await link_of(lumen, "ada", "Rude words about somebody")
    ((code,),) = lumen.rows("SELECT code FROM moments WHERE caption = 'Rude words about somebody'")
    tess = await visitor()
    await lumen.sign_in(tess.page, "tess", "/console/trust")
    await tess.page.get_by_label("Open a moment").fill(f"{lumen.url}/m/{code}")
    await tess.page.get_by_role("button", name="Open").click()
    await tess.page.get_by_label("Reason").select_option("harassment")
    await tess.page.get_by_label("Explanation").fill("It insults a person by name.")
    await tess.page.get_by_role("button", name="Take down").click()
    await expect(tess.page.get_by_role("status")).to_contain_text("Taken down.")
    friend = await visitor()
    await friend.page.goto(link)
    await expect(friend.page.get_by_text("It insults a person by name.")).to_be_visible()
    await tess.page.get_by_role("button", name="Lift").click()
    await friend.page.goto(link)
    await expect(friend.page.get_by_role("link", name=re.compile("Continue watching from"))).to_be_visible()


async def play_last_month(lumen: Lumen, caption: str) -> None:
    """Somebody played the moment with that caption in the last month that is over."""
    database = Database(str(lumen.settings.database_url))
    async with database.transaction() as session:
        moment = (await session.scalars(select(Moment).filter_by(caption=caption))).one()
        where: dict[str, Any] = {"moment_id": moment.id, "title_id": moment.title_id, "visitor": "before"}
        watched = {"watched_ms": 9_000}
        await record(session, Event(kind="play", at=in_closed_month(), verdict="human", inputs=watched, **where))
    await database.close()


@pytest.mark.browser
async def test_a_creator_is_paid_from_the_pool_that_finance_divides(lumen: Lumen, visitor: NewVisitor) -> None:
    kofi = await visitor()
    await lumen.sign_in(kofi.page, "ada", "/creator")
    await kofi.page.get_by_label("Handle").fill("ada")
    await kofi.page.get_by_label("Code to say aloud").fill("ADA10")
    await kofi.page.get_by_role("button", name="Become a creator").click()
    await expect(kofi.page.get_by_role("heading", name="What my moments brought")).to_be_visible()
    link = await link_of(lumen, "ada", "Listen.", visibility="public")
    friend = await visitor()
    await friend.page.goto(link)
    for _ in range(60):
        if lumen.rows(
            "SELECT FROM events e JOIN moments m ON m.id = e.moment_id WHERE kind = 'play' AND caption = 'Listen.'"
        ):
            break
        await friend.page.wait_for_timeout(500)
    await friend.page.close()

    await play_last_month(lumen, "Listen.")  # this month is divided when it is over
    fay = await visitor()
    await lumen.sign_in(fay.page, "fay", "/console/finance")
    await fay.page.get_by_label("Month").select_option(closed_month())
    await fay.page.get_by_label("Amount").fill("120.00")
    await fay.page.get_by_role("radio", name=re.compile("Eligible plays")).check()
    await fay.page.get_by_role("button", name="Set aside").click()
    await fay.page.get_by_role("button", name="Count and divide").click()
    await expect(fay.page.get_by_role("heading", name=re.compile("Divided"))).to_be_visible()
    await fay.page.get_by_role("link", name="Ada", exact=True).click()
    pia = await visitor()
    await lumen.sign_in(pia.page, "pia", fay.page.url.removeprefix(lumen.url))
    await pia.page.get_by_label("Your bank's reference").fill("B-77")
    await pia.page.get_by_role("button", name=re.compile("Record .* as paid")).click()
    await expect(pia.page.get_by_role("status")).to_contain_text("The payment is recorded")

    await kofi.page.goto(f"{lumen.url}/creator")
    await expect(kofi.page.get_by_text("Paid", exact=True).first).to_be_visible()
    await fay.page.goto(f"{lumen.url}/console/finance")
    await expect(fay.page.get_by_text("Debits equal credits")).to_be_visible()


@pytest.mark.browser
async def test_a_page_that_takes_its_time_says_so(lumen: Lumen, visitor: NewVisitor) -> None:
    mira = await visitor()
    await lumen.sign_in(mira.page, "mira", "/console/loop")
    said, watching = (
        asyncio.Event(),
        """() => new MutationObserver(() => {
        if (document.querySelector("[role=progressbar][aria-label=Loading]")?.checkVisibility()) said();
    }).observe(document.body, { childList: true })""",
    )

    async def late(route: Route) -> None:
        async with asyncio.timeout(60):
            await said.wait()
        await route.continue_()

    await mira.page.expose_function("said", said.set)
    await mira.page.evaluate(watching)
    await mira.context.route("**/console/traffic*", late)
    await mira.page.get_by_role("link", name="Traffic quality").click()
    await expect(mira.page.get_by_role("heading", name="Traffic quality")).to_be_visible()
    assert said.is_set()
    await expect(mira.page.get_by_role("progressbar")).to_have_count(0)
