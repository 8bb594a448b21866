"""The trimmer's promises: big enough to press, snapping that can be turned off, a preview that loops, limits shown."""

import re

import pytest
from playwright.async_api import Page, expect

from .conftest import PHONE, Lumen, NewVisitor
from .walking import handle, open_trimmer, settled

pytestmark = pytest.mark.browser

LEAST_PX = 44
ALL = """
    () => {
        const found = [];
        const walk = (root) => {
            for (const element of root.querySelectorAll("*")) {
                if (element.matches("button, select, input[type=text], .check")) found.push(element);
                if (element.shadowRoot) walk(element.shadowRoot);
            }
        };
        walk(document.querySelector("gs-clip-button").shadowRoot.querySelector("gs-trimmer").shadowRoot);
        return found
            .map((element) => [element.getAttribute("aria-label") ?? element.textContent.trim(), element])
            .map(([name, element]) => [name, element.getBoundingClientRect()])
            .filter(([, box]) => box.width > 0)
            .map(([name, { width, height }]) => [name, width, height]);
    }
"""

ONE_ROUND = """
    () => new Promise((round) => {
        const player = document.querySelector("#player");
        const times = [player.currentTime];
        player.addEventListener("timeupdate", () => {
            times.push(player.currentTime);
            if (times.at(-1) < times.at(-2) - 1) round(times);
        });
    })
"""
"""Where the player is at every report, until it has jumped back."""


async def at(page: Page, edge: str) -> float:
    return float(await handle(page, edge).get_attribute("aria-valuenow") or "nan")


async def test_everything_is_large_enough_for_a_thumb(lumen: Lumen, visitor: NewVisitor) -> None:
    page = (await visitor(PHONE)).page
    await lumen.sign_in(page, "ada")
    await open_trimmer(lumen, page)
    boxes = await page.evaluate(ALL)
    assert len(boxes) >= 15
    small = [(name, width, height) for name, width, height in boxes if min(width, height) < LEAST_PX - 0.5]
    assert small == []


async def test_an_edge_snaps_to_a_cut_unless_that_is_turned_off(lumen: Lumen, visitor: NewVisitor) -> None:
    page = (await visitor()).page
    await lumen.sign_in(page, "ada")
    await open_trimmer(lumen, page, at=40)
    await page.evaluate("() => { document.querySelector('#player').currentTime = 20.25 }")
    await page.get_by_role("button", name="Set start here").click()
    assert await at(page, "Start") == pytest.approx(20, abs=0.03), "the film's second shot begins there"
    await page.get_by_role("button", name="Undo").click()
    assert await at(page, "Start") == pytest.approx(25, abs=1)
    await page.get_by_label("Snap to cuts and sentences").uncheck()
    await page.evaluate("() => { document.querySelector('#player').currentTime = 20.25 }")
    await page.get_by_role("button", name="Set start here").click()
    assert await at(page, "Start") == pytest.approx(20.25, abs=0.05)


async def test_the_preview_goes_round(lumen: Lumen, visitor: NewVisitor) -> None:
    page = (await visitor()).page
    await lumen.sign_in(page, "ada")
    await open_trimmer(lumen, page)
    await page.get_by_role("button", name="Nobody should.").click()
    start, end = await at(page, "Start"), await at(page, "End")
    await page.get_by_role("button", name="Play preview").click()
    times = await page.evaluate(ONE_ROUND)
    assert start - 0.2 <= min(times)
    assert max(times) <= end + 0.5


async def test_what_is_kept_back_is_written_under_the_bar(lumen: Lumen, visitor: NewVisitor) -> None:
    page = (await visitor()).page
    await lumen.sign_in(page, "ravi", "/")
    blocked = [{"start_us": 30_000_000, "end_us": 50_000_000, "reason": "The song is not ours."}]
    await rule(page, {"scope": "title", "title": "storm", "blocked_ranges": blocked})
    try:
        await lumen.sign_in(page, "ada")
        await open_trimmer(lumen, page, "storm", at=20)
        await expect(page.get_by_text("From 0:30 to 0:50 cannot be clipped: The song is not ours.")).to_be_visible()
        await expect(page.get_by_role("button", name="Save moment")).to_be_enabled()
    finally:
        await lumen.sign_in(page, "ravi", "/")
        await rule(page, {"scope": "title", "title": "storm", "blocked_ranges": None})


async def test_another_language_s_lines_are_asked_for_where_they_are_shown(lumen: Lumen, visitor: NewVisitor) -> None:
    page = (await visitor()).page
    await lumen.sign_in(page, "ada")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await open_trimmer(lumen, page)
    await expect(page.get_by_role("button", name="Then who lit the lamp?")).to_be_visible()
    assert any(re.search(r"/v1/titles/lamp\?language=en", url) for url in asked)


async def rule(page: Page, body: dict[str, object]) -> None:
    answer = await page.evaluate(
        """async (body) => {
            const headers = {"Content-Type": "application/json"};
            const answer = await fetch("/v1/rights", {method: "PUT", headers, body: JSON.stringify(body)});
            return [answer.ok, await answer.text()];
        }""",
        body,
    )
    assert answer[0], answer[1]


IN_TRIMMER = "document.querySelector('gs-clip-button').shadowRoot.querySelector('gs-trimmer').shadowRoot"
SEEN = f"() => {IN_TRIMMER}.querySelector('canvas.mirror').toDataURL()"
FRAMES_ASKED = """
    () => new Promise((counted) => {
        const ask = window.requestAnimationFrame;
        let asked = 0;
        window.requestAnimationFrame = (draw) => { asked += 1; return ask.call(window, draw); };
        setTimeout(() => { window.requestAnimationFrame = ask; counted(asked); }, 800);
    })
"""
"""How often the page wants to draw within .8 s."""


async def test_a_picture_that_stands_still_is_drawn_once(lumen: Lumen, visitor: NewVisitor) -> None:
    """The preview follows each step of an edge, and then rests: an open trimmer empties no battery."""
    page = (await visitor()).page
    await lumen.sign_in(page, "ada")
    await open_trimmer(lumen, page, at=40)  # another shot begins there, after which the film looks otherwise
    await page.wait_for_function(f"(before) => ({SEEN})() !== before", arg="")
    await settled(page)
    first = await page.evaluate(SEEN)
    await handle(page, "End").press("Shift+ArrowRight")
    await page.wait_for_function(f"(before) => ({SEEN})() !== before", arg=first)
    await settled(page)
    assert await page.evaluate(FRAMES_ASKED) == 0
    over = f"getComputedStyle({IN_TRIMMER}.querySelector('dialog'), '::backdrop').backdropFilter"
    assert await page.evaluate(over) == "none", "a whole page is blurred anew with each picture"
    await page.evaluate("document.querySelector('#player').play()")
    assert await page.evaluate(FRAMES_ASKED) > 5
