"""My moments in a browser: noted, trimmed anew by keyboard, links withdrawn, several deleted."""

import re

import pytest
from playwright.async_api import Page, Route, expect

from .conftest import DESKTOP, PHONE, Lumen, NewVisitor
from .walking import clip_and_share, handle, link_of

pytestmark = pytest.mark.browser


async def edit(page: Page, lumen: Lumen, name: str) -> None:
    await page.goto(f"{lumen.url}/moments")
    await page.get_by_role("link", name=f"Edit {name}").click()
    await expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
async def test_words_and_span_change_and_the_link_follows(
    lumen: Lumen, visitor: NewVisitor, size: tuple[int, int]
) -> None:
    page = (await visitor(size)).page
    await lumen.sign_in(page, "ada")
    name = f"To be changed {size[0]}"
    link = await link_of(lumen, "ada", name)
    await edit(page, lumen, name)
    wide = await page.evaluate("document.documentElement.scrollWidth")
    assert wide <= size[0], "the page must not scroll sideways"
    await page.get_by_label("Private note").fill("Ask Noor first")
    await page.get_by_role("button", name="Save changes").click()
    await expect(page.get_by_role("status").first).to_contain_text("Your changes are saved.")

    await page.get_by_role("button", name="Trim again").click()
    start = handle(page, "Start")
    await expect(start).to_be_visible()
    before = float(await start.get_attribute("aria-valuenow") or "nan")
    await start.focus()
    for _ in range(3):
        await page.keyboard.press("Shift+ArrowRight")
    await expect(page.get_by_role("textbox", name="Your words").last).to_have_value(name)
    async with page.expect_navigation():
        await page.get_by_role("dialog").get_by_role("button", name="Save changes").click()
    await expect(page.get_by_role("status").first).to_contain_text("Your changes are saved.")
    (row,) = lumen.rows("SELECT start_us, end_us, note FROM moments WHERE caption = %s", name)
    assert row[0] / 1e6 == pytest.approx(before + 3, abs=0.06)
    assert row[2] == "Ask Noor first"
    shared = lumen.rows("SELECT count(*) FROM moments WHERE caption = %s AND deleted_at IS NULL", name)
    assert shared == [(1,)], "trimmed anew, not made twice"

    await page.get_by_role("button", name=re.compile("Withdraw the Copy link link")).click()
    await expect(page.get_by_text("Withdrawn", exact=True)).to_be_visible()
    answer = await page.goto(link)
    assert answer is not None
    assert answer.status == 410


async def test_several_are_narrowed_chosen_and_deleted(lumen: Lumen, visitor: NewVisitor) -> None:
    page = (await visitor()).page
    await lumen.sign_in(page, "noor")
    for name in ("Chosen one", "Chosen two", "Left alone"):
        await link_of(lumen, "noor", name)
    await page.goto(f"{lumen.url}/moments")
    await page.get_by_label("Find words").fill("chosen")
    await page.get_by_role("button", name="Show", exact=True).click()
    await expect(page.get_by_role("checkbox")).to_have_count(2)
    for box in await page.get_by_role("checkbox").all():
        await box.check()
    await expect(page.get_by_text("2 chosen")).to_be_visible()
    await page.get_by_role("group", name="What to do").get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("heading", name="Delete 2 moments?")).to_be_visible()
    await page.get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("Deleted. Their links now say so.")).to_be_visible()
    await expect(page.get_by_role("link", name="Left alone", exact=True)).to_be_visible()
    await expect(page.get_by_role("link", name="Chosen one", exact=True)).to_have_count(0)


async def stands_where_it_is_cropped(page: Page) -> None:
    """Choose upright: each shot's slider stands where the clip is cropped by itself, also when that took long to find,
    and again after another shape was looked at."""
    sliders, asked = page.get_by_role("slider", name=re.compile("^Frame of shot")), 0

    async def late(route: Route) -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            await route.fulfill(status=503, headers={"Retry-After": "0"}, json={"code": "rendering"})
            return
        answer = await route.fetch()
        while answer.status == 503:
            answer = await route.fetch()
        shots = await answer.json()
        await route.fulfill(json=[{**shot, "focus": 0.2 + 0.3 * (n % 3)} for n, shot in enumerate(shots)])

    await page.route(re.compile(r"/framing\.json"), late)
    for shape in ("9:16", "16:9", "9:16"):
        await page.get_by_role("radio", name=shape).check(force=True)
        if shape == "9:16":
            await expect(sliders.first).to_be_enabled()
            values = await sliders.evaluate_all("all => all.map((each) => Number(each.value))")
            assert values[0] == 20
    assert asked >= 2


async def test_the_options_of_the_sheet_change_the_link(lumen: Lumen, visitor: NewVisitor) -> None:
    page = (await visitor(PHONE)).page
    await lumen.sign_in(page, "ada")
    link = await clip_and_share(lumen, page, "Upright")
    await page.get_by_role("button", name="Options").click()
    await stands_where_it_is_cropped(page)
    await page.get_by_label("Subtitles on").uncheck()
    await page.get_by_role("checkbox", name="Show my name").uncheck()
    await page.get_by_label("Link expires").select_option("In a day")
    query = "SELECT shape, captions, credit, expires_at IS NULL FROM shares WHERE %s LIKE code || '%%'"
    for _ in range(360):
        if lumen.rows(query, link.rsplit("/", 1)[1]) == [("vertical", False, False, False)]:
            break
        await page.wait_for_timeout(250)
    assert lumen.rows(query, link.rsplit("/", 1)[1]) == [("vertical", False, False, False)]
    friend = (await visitor(PHONE)).page
    await friend.goto(link)
    await expect(friend.get_by_text("Ada clipped this")).to_have_count(0)
    box = await friend.locator(".stage").bounding_box()
    assert box is not None
    assert box["height"] > box["width"]
    await friend.wait_for_function("() => document.querySelector('video').currentSrc !== ''")
    assert await friend.locator("track").get_attribute("default") is None


async def test_a_moment_goes_into_a_collection_by_keyboard_and_by_thumb(lumen: Lumen, visitor: NewVisitor) -> None:
    page = (await visitor()).page
    await lumen.sign_in(page, "noor")
    link = await link_of(lumen, "noor", "To be collected")
    await page.goto(f"{lumen.url}/moments")
    await page.get_by_role("link", name="Add To be collected to a collection").focus()
    await page.keyboard.press("Enter")
    sheet = page.get_by_role("dialog", name="Add to a collection")
    await expect(sheet.get_by_role("heading", name="Add to a collection")).to_be_focused()
    await sheet.get_by_label("A new collection").fill("Rain")
    await page.keyboard.press("Enter")
    await expect(sheet.get_by_role("status")).to_have_text("It is in Rain.")
    await page.keyboard.press("Escape")
    await expect(sheet).to_be_hidden()
    await expect(page.get_by_role("link", name="Add To be collected to a collection")).to_be_focused()

    await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    await page.goto(link)
    await page.get_by_role("link", name=re.compile("^Add .* to a collection$")).click()
    await sheet.get_by_role("button", name="Rain", pressed=True).click()
    await expect(sheet.get_by_role("status")).to_have_text("It is no longer in Rain.")
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    await sheet.get_by_role("link", name="Done").click()
    await expect(sheet).to_be_hidden()
