"""What is on a phone's first screen, in full screen, and at a film that is opened from a link: nothing in the way."""

import re

import pytest
from playwright.async_api import Page, expect

from .conftest import PHONE, Lumen, NewVisitor
from .test_viewer_quick import SHIFTS
from .walking import handle, link_of, open_trimmer, settled, shown_link

pytestmark = pytest.mark.browser

LANDSCAPE, SMALLEST = (844, 390), (320, 640)
OVER_PICTURES = """() => [...document.querySelectorAll("article.card")].some((card) => {
    const [box, picture] = [card.querySelector("input[type=checkbox]"), card.querySelector(".frame")]
        .map((element) => element.getBoundingClientRect());
    return box.top < picture.bottom && box.bottom > picture.top && box.left < picture.right && box.right > picture.left;
})"""
TRIMMER = """() => document.querySelector("gs-clip-button").shadowRoot.querySelector("gs-trimmer").shadowRoot"""


async def test_full_screen_has_the_clip_button_and_gives_it_back(lumen: Lumen, visitor: NewVisitor) -> None:
    page = (await visitor(PHONE)).page
    await lumen.sign_in(page, "ada", "/watch/lamp?t=12")
    await page.get_by_role("button", name="Full screen").click()
    await page.wait_for_function("() => document.fullscreenElement?.querySelector('gs-clip-button')")
    await expect(page.locator(".over-film gs-clip-button")).to_be_visible()
    await page.get_by_role("button", name="Full screen").click()
    await expect(page.locator(".now gs-clip-button")).to_be_visible()


async def test_a_film_opened_from_a_link_begins_by_itself_and_offers_its_sound(
    lumen: Lumen, visitor: NewVisitor
) -> None:
    page = (await visitor(PHONE)).page
    await lumen.sign_in(page, "ada")
    fresh = await page.context.new_page()
    await fresh.add_init_script(SHIFTS)
    await fresh.goto(f"{lumen.url}/watch/lamp?t=31")
    await fresh.wait_for_function("() => document.querySelector('#player').currentTime > 31.2")
    assert await fresh.evaluate("() => shifts") == []
    muted = await fresh.evaluate("document.querySelector('#player').muted")
    await expect(fresh.get_by_role("button", name="Tap for sound")).to_be_visible(visible=muted)
    await fresh.evaluate("document.querySelector('#player').pause()")
    await expect(fresh.get_by_role("button", name="Tap for sound")).to_be_hidden()


async def test_where_nothing_may_begin_by_itself_a_large_button_does(lumen: Lumen, visitor: NewVisitor) -> None:
    page = (await visitor(PHONE)).page
    await page.add_init_script(
        "HTMLMediaElement.prototype.play = () => Promise.reject(new DOMException('', 'NotAllowedError'))"
    )
    await lumen.sign_in(page, "ada", "/watch/lamp?t=31")
    begin = page.get_by_role("button", name="Play", exact=True)
    await expect(begin).to_be_visible()
    box = await begin.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 64


@pytest.mark.parametrize("size", [LANDSCAPE, (720, 450)])
async def test_a_clip_is_no_taller_than_the_window(lumen: Lumen, visitor: NewVisitor, size: tuple[int, int]) -> None:
    link = await link_of(lumen, "ada", f"Wide at {size[0]}")
    page = (await visitor(size)).page
    await page.goto(link)
    await settled(page)
    box = await page.locator("video").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= size[1]
    await expect(page.locator("a.go")).to_be_in_viewport()


SQUEEZED = """() => {
    const boxes = (...selectors) => selectors.map((each) => document.querySelector(each)?.getBoundingClientRect());
    const shown = ({ width, height, left, right }) => width > 0 && height > 0 && left >= 0 && right <= innerWidth;
    const [logo, face] = boxes(".site-brand svg", ".site-account");
    const all = [...document.querySelectorAll(".site-bar > *, .site-nav > *")];
    const inBar = all.filter((each) => each.getBoundingClientRect().width);
    const over = (one, other) =>
        one.left < other.right - 0.5 && other.left < one.right - 0.5 &&
        one.top < other.bottom && other.top < one.bottom;
    const upon = inBar.filter((each, n) => inBar.slice(n + 1).some((other) =>
        !each.contains(other) && over(each.getBoundingClientRect(), other.getBoundingClientRect())));
    return [
        ...[logo, face].filter((box) => box && (!shown(box) || Math.abs(box.width - box.height) > 1 || box.width < 24)),
        ...upon.map((each) => each.outerHTML),
    ];
}"""
"""What of the bar is squeezed, cut off, or lies over what stands beside it."""

CHANNELS = """() => {
    const sheet = document.querySelector("gs-share-sheet, gs-clip-button")?.shadowRoot;
    const root = sheet.querySelector("gs-share-sheet")?.shadowRoot ?? sheet;
    const within = document.createRange();
    const names = [...root.querySelectorAll(".channel span:last-child")].map((name) => {
        within.selectNodeContents(name);
        return within.getBoundingClientRect();
    });
    const over = (one, other) =>
        one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
    return [names.length, names.some((one, n) => names.slice(n + 1).some((other) => over(one, other)))];
}"""


async def test_on_the_smallest_phone_nothing_is_squeezed_or_runs_together(lumen: Lumen, visitor: NewVisitor) -> None:
    for who in (None, "ada"):
        page = (await visitor(SMALLEST)).page
        if who:
            await lumen.sign_in(page, who)
        for path in ("/", "/discover", "/watch/lamp?t=40") + (("/moments",) if who else ()):
            await page.goto(lumen.url + path)
            await settled(page)
            assert await page.evaluate("document.documentElement.scrollWidth") <= SMALLEST[0], path
            assert await page.evaluate(SQUEEZED) == [], path
    await open_trimmer(lumen, page)
    for edge in ("Start", "End"):
        await expect(handle(page, edge)).to_be_in_viewport(ratio=0.99)
    await page.get_by_role("button", name="Save moment").click()
    await shown_link(page)
    count, over = await page.evaluate(CHANNELS)
    assert count >= 4
    assert not over, "two names run together"


async def test_a_landing_page_leads_on_wherever_one_looks(lumen: Lumen, visitor: NewVisitor) -> None:
    """To another clip, to the film, to what it is about; a phone's last third is not black; so after a report."""
    link = await link_of(lumen, "ada", "Leads on", visibility="public")
    page = (await visitor(PHONE)).page
    await page.goto(link)
    await settled(page)
    words = await page.locator(".words").bounding_box()
    assert words is not None
    assert words["y"] + words["height"] >= PHONE[1] * 0.8, "no black third"
    await expect(page.get_by_text("A light.", exact=True)).to_be_visible()
    onwards = page.get_by_role("link", name="Next clip")
    await expect(onwards).to_be_visible()
    await page.locator("details.report summary").click()
    await page.get_by_label("What is wrong with it?").select_option("spam")
    await page.get_by_role("button", name="Send report").click()
    await expect(page.get_by_role("heading", name="Thank you for telling us")).to_be_visible()
    for name, leads_to in (("Next clip", "/"), ("Back to this one", "/s/"), ("Watch The Lamp Room", "/watch/lamp")):
        way = page.get_by_role("link", name=name)
        await expect(way).to_be_visible()
        address = await way.get_attribute("href")
        assert address is not None
        answer = await page.request.get(address if "://" in address else lumen.url + address)
        assert answer.ok, f"{name}: {answer.status} {address}"
        assert leads_to in answer.url


async def test_the_trimmer_of_a_phone_is_short_and_says_what_it_suggests(lumen: Lumen, visitor: NewVisitor) -> None:
    page = (await visitor(PHONE)).page
    await lumen.sign_in(page, "ada")
    await open_trimmer(lumen, page)
    await expect(page.get_by_role("button", name="Save moment")).to_be_in_viewport()
    tall = await page.evaluate(f"() => ({TRIMMER})().querySelector('form').scrollHeight")
    assert tall <= 1.5 * PHONE[1], "it was 1,383 px before"
    said = await page.locator("gs-transcript .suggested button").all_inner_texts()
    assert said
    assert all(re.search(r"[a-z]{3}", words) for words in said), said


async def test_my_moments_on_a_phone_begin_with_moments(lumen: Lumen, visitor: NewVisitor) -> None:
    page = (await visitor(PHONE)).page
    await lumen.sign_in(page, "ada")
    await link_of(lumen, "ada", "On the first screen")
    await page.goto(f"{lumen.url}/moments")
    await settled(page)
    first = await page.locator("article.card .frame").first.bounding_box()
    assert first is not None
    assert first["y"] <= PHONE[1] / 2, "filters stay folded"
    assert not await page.evaluate(OVER_PICTURES)
    await page.get_by_role("button", name="Copy link to On the first screen").click()
    await expect(page.get_by_text("Link copied")).to_be_visible()
    assert re.search(r"/s/\w+$", await copied(page))


async def copied(page: Page) -> str:
    found: str = await page.evaluate("navigator.clipboard.readText()")
    return found
