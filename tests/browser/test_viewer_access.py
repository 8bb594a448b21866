"""Every viewer page for everybody: axe finds nothing, and clip → share goes by keyboard alone."""

import json
import re
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page, expect

from .conftest import DESKTOP, PHONE, Lumen, NewVisitor
from .walking import SAME_ORIGIN, handle, link_of, open_trimmer, settled, shown_link

pytestmark = pytest.mark.browser

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WRONG_ONLY = {"resultTypes": ["violations"], "selectors": False}
"""What is in order is not listed element by element, which takes longer than to find it."""
OPTIONS = {"runOnly": [*WCAG, "best-practice"]} | WRONG_ONLY


async def violations(page: Page, options: dict[str, Any]) -> list[dict[str, Any]]:
    """What axe finds wrong with a page as it stays. Its half a megabyte is read once for each page that is opened."""
    await settled(page)
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(AXE_SCRIPT)
    found: list[dict[str, Any]] = await page.evaluate(
        "options => axe.run(options).then(({ violations }) => violations)", options
    )
    return found


async def assert_accessible(page: Page, what: str) -> None:
    found = [
        (rule["id"], rule["help"], [node["html"][:200] for node in rule["nodes"][:3]])
        for rule in await violations(page, OPTIONS)
    ]
    assert not found, f"{what}: {json.dumps(found, indent=1)}"


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
async def test_axe_finds_nothing(lumen: Lumen, visitor: NewVisitor, size: tuple[int, int]) -> None:
    page = (await visitor(size)).page
    opened = ("/", "/discover", "/discover?title=lamp", "/join?next=/watch/lamp?t=9", "/sign-in", "/watch/lamp?t=12")
    for path in (*opened, "/nowhere"):
        await page.goto(lumen.url + path)
        await assert_accessible(page, path)
    await lumen.sign_in(page, "ada")
    await open_trimmer(lumen, page)
    await assert_accessible(page, "trimmer")
    await page.get_by_role("button", name="Save moment").click()
    link = await shown_link(page)
    for panel in ("QR code", "Options", "Embed"):
        await page.get_by_role("button", name=panel).click()
        opened_now = page.locator("gs-share-sheet").locator("gs-share-options, .panel")
        await expect(opened_now).to_be_in_viewport()  # it is asked for, and then brought into view
        await assert_accessible(page, f"share sheet: {panel}")
    await assert_accessible(page, "share sheet")
    ((code,),) = lumen.rows("SELECT code FROM moments WHERE deleted_at IS NULL ORDER BY id DESC LIMIT 1")
    mine = ("/moments", "/moments?q=nothing+like+that", f"/moments/{code}")
    others = (f"/m/{code}", f"/embed/{code}", "/account", link.removeprefix(lumen.url), "/watch/lamp")
    for path in (*mine, *others):
        await page.goto(lumen.url + path)
        await assert_accessible(page, path)


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
async def test_axe_finds_nothing_where_people_meet(lumen: Lumen, visitor: NewVisitor, size: tuple[int, int]) -> None:
    page = (await visitor(size)).page
    await lumen.sign_in(page, "noor")
    link = await link_of(lumen, "noor", f"Met at {size[0]}")
    await page.goto(link)
    await page.get_by_role("link", name=re.compile("^Add .* to a collection$")).click()
    sheet = page.get_by_role("dialog", name="Add to a collection")
    await sheet.get_by_label("A new collection").fill(f"Rain at {size[0]}")
    await page.keyboard.press("Enter")
    await expect(sheet.get_by_role("status")).to_have_text(f"It is in Rain at {size[0]}.")
    await assert_accessible(page, "collect sheet")
    ((moment, collection),) = lumen.rows(
        """
        SELECT moments.code, collections.code FROM collection_parts
        JOIN moments ON moments.id = moment_id JOIN collections ON collections.id = collection_id
        WHERE collections.name = %s
        """,
        f"Rain at {size[0]}",
    )
    await page.goto(f"{lumen.url}/m/{moment}")
    await page.wait_for_function("() => document.querySelector('video')?.currentTime > 0.5")
    await page.locator("gs-comments textarea").first.fill(f"I was there at {size[0]}.")
    await page.locator("gs-comments").get_by_role("button", name="Post").first.click()
    await expect(page.locator("gs-comments")).to_contain_text(f"I was there at {size[0]}.")
    await assert_accessible(page, "comments and reactions")
    creator = {"handle": "noor", "display_name": "Noor"}  # which she may be already
    await page.request.post(f"{lumen.url}/v1/creators", data=creator, headers=SAME_ORIGIN)
    community = ("/following", "/people", "/inbox", "/inbox/settings", "/feed", "/search?q=lamp", "/search?q=nowhere")
    for path in (
        f"/c/{collection}",
        "/collections",
        f"/collections/add?moment={moment}",
        *community,
        "/decisions",
        "/creator",
    ):
        answer = await page.goto(lumen.url + path)
        assert answer is not None
        assert answer.ok, path
        await assert_accessible(page, path)


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
async def test_clip_and_share_by_keyboard_alone(lumen: Lumen, visitor: NewVisitor, size: tuple[int, int]) -> None:
    page = (await visitor(size)).page
    await lumen.sign_in(page, "ada")
    await page.goto(f"{lumen.url}/watch/lamp?t=40")
    await page.wait_for_function("() => document.querySelector('#player').readyState >= 2")
    await page.keyboard.press("c")
    await expect(handle(page, "Start")).to_be_visible()
    await tab_to(page, "[role=slider]")
    await page.keyboard.press("Shift+ArrowLeft")
    await tab_to(page, "textarea")
    await page.keyboard.type(f"By keyboard {size[0]}")
    await tab_to(page, "button[type=submit]")
    await page.keyboard.press("Enter")
    link = await shown_link(page)
    await tab_to(page, "button.primary")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == link
    await page.keyboard.press("Escape")
    assert lumen.rows("SELECT count(*) FROM moments WHERE caption = %s", f"By keyboard {size[0]}") == [(1,)]


async def test_a_veiled_link_is_opened_and_passed_on_by_keyboard_alone(lumen: Lumen, visitor: NewVisitor) -> None:
    link = await link_of(lumen, "ada", "It was the keeper", slug="storm", spoiler=True)
    page = (await visitor(PHONE)).page
    await page.goto(link)
    await tab_to(page, ".spoiler-veil summary")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("It was the keeper", exact=True)).to_be_visible()
    await expect(page.locator("video")).to_be_visible()
    await tab_to(page, "button[data-share]")
    await page.keyboard.press("Enter")
    passed_on = await shown_link(page)
    assert passed_on != link
    await tab_to(page, "button.primary")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == passed_on


async def tab_to(page: Page, selector: str, most: int = 120) -> None:
    """Press Tab until the focus is on what ``selector`` names, inside whichever shadow trees."""
    deepest = """selector => {
        let element = document.activeElement;
        while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
        return element?.matches(selector) ?? false;
    }"""
    for _ in range(most):
        if await page.evaluate(deepest, selector):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reached {selector}")


async def test_less_motion_means_that_nothing_starts_by_itself(lumen: Lumen, visitor: NewVisitor) -> None:
    link = await link_of(lumen, "ada", "Stay calm")
    calm = (await visitor(reduced_motion="reduce")).page
    await calm.goto(link)
    await calm.wait_for_function("() => document.querySelector('video').readyState >= 1")
    await calm.wait_for_timeout(700)
    assert await calm.evaluate("document.querySelector('video').paused")
