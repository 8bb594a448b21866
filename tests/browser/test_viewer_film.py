"""Clipping gives the film back as it was, keeps what was begun, and fits whatever screen it is on."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from playwright.async_api import Page, expect

from .conftest import PHONE, Lumen, NewVisitor
from .test_viewer_clip import put_rule
from .test_viewer_quick import SHIFTS
from .walking import handle, link_of, open_trimmer

pytestmark = pytest.mark.browser

LANDSCAPE, SMALL = (844, 390), (320, 640)
INSIDE = """() => {
    const bar = document.querySelector("gs-clip-button").shadowRoot.querySelector("gs-trimmer").shadowRoot;
    const strip = bar.querySelector("gs-trim-bar").shadowRoot;
    const box = (element) => element.getBoundingClientRect();
    const foot = box(bar.querySelector(".foot")), edges = [...strip.querySelectorAll(".handle .grip")].map(box);
    return edges.every((edge) => edge.left >= 0 && edge.right <= innerWidth && edge.top >= 0 &&
        (edge.bottom <= foot.top || edge.right <= foot.left || edge.left >= foot.right));
}"""
STOPS = """() => {
    const stops = [];
    const walk = (root) => {
        for (const element of root.querySelectorAll("*")) {
            const stop = element.matches("button, input, textarea, select, [tabindex]");
            if (stop && element.tabIndex >= 0) stops.push(element);
            if (element.shadowRoot) walk(element.shadowRoot);
        }
    };
    walk(document.querySelector("gs-clip-button").shadowRoot.querySelector("gs-trimmer").shadowRoot);
    return stops.filter((element) => element.getBoundingClientRect().width > 0).length;
}"""


async def plays(page: Page) -> None:
    await page.wait_for_function("() => !document.querySelector('#player').paused")


async def begin(lumen: Lumen, page: Page, at: int) -> None:
    """Press Clip while the film plays."""
    await page.goto(f"{lumen.url}/watch/lamp?t={at}")
    await plays(page)
    await page.get_by_role("button", name="Clip").click()
    await expect(handle(page, "Start")).to_be_visible()


async def test_the_film_goes_on_and_a_draft_survives_escape_back_and_a_reload(
    lumen: Lumen, visitor: NewVisitor
) -> None:
    page = (await visitor()).page
    await lumen.sign_in(page, "ada")
    await begin(lumen, page, 12)
    await page.get_by_label("Your words").fill("Not finished")
    await page.keyboard.press("Escape")
    await plays(page)
    assert await page.evaluate("document.querySelector('#player').currentTime") == pytest.approx(13, abs=4)
    await page.get_by_role("button", name="Clip").click()
    await expect(page.get_by_label("Your words")).to_have_value("Not finished")
    await page.go_back()
    await expect(handle(page, "Start")).to_be_hidden()
    assert "/watch/lamp" in page.url
    await page.reload()
    await page.get_by_role("button", name="Clip").click()
    await expect(page.get_by_label("Your words")).to_have_value("Not finished")
    await page.get_by_role("button", name="Start over").click()
    await expect(page.get_by_label("Your words")).to_have_value("")


@pytest.mark.parametrize("size", [LANDSCAPE, SMALL, (720, 450)])
async def test_the_trimmer_fits(lumen: Lumen, visitor: NewVisitor, size: tuple[int, int]) -> None:
    page = (await visitor(size)).page
    await lumen.sign_in(page, "ada")
    await open_trimmer(lumen, page)
    assert await page.evaluate(INSIDE)
    await expect(page.get_by_role("button", name="Save moment")).to_be_in_viewport()
    assert await page.evaluate(STOPS) <= 20, "one stop for all the lines"
    await page.get_by_role("button", name="Listen.").focus()
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("button", name="It is coming from below.")).to_be_focused()


async def test_where_clipping_is_off_the_button_says_so(lumen: Lumen, visitor: NewVisitor) -> None:
    page = (await visitor()).page
    await lumen.sign_in(page, "ravi", "/")
    await put_rule(page, {"scope": "title", "title": "storm", "sharing": False})
    try:
        await lumen.sign_in(page, "ada")
        await page.goto(f"{lumen.url}/watch/storm")
        await expect(page.get_by_role("button", name="Not for clipping")).to_be_disabled()
    finally:
        await lumen.sign_in(page, "ravi", "/")
        await put_rule(page, {"scope": "title", "title": "storm", "sharing": None})


async def test_one_goes_on_where_one_left(lumen: Lumen, visitor: NewVisitor) -> None:
    page = (await visitor()).page
    await lumen.sign_in(page, "mira", "/")
    body = {"title": "lamp", "position_us": 31_000_000}
    await page.evaluate(
        """body => fetch("/v1/progress", {method: "PUT", body: JSON.stringify(body),
            headers: {"Content-Type": "application/json"}})""",
        body,
    )
    await page.goto(lumen.url)
    shelf = page.get_by_role("region", name="Continue watching")
    await shelf.get_by_role("link", name="The Lamp Room").click()
    await page.wait_for_function("() => document.querySelector('#player').currentTime >= 30.5")
    await page.get_by_role("link", name="From the beginning").click()
    await page.wait_for_function("() => document.querySelector('#player').currentTime < 5")


async def test_nothing_moves_while_subtitles_come_and_go_and_the_clip_ends(lumen: Lumen, visitor: NewVisitor) -> None:
    link = await link_of(lumen, "ada", "Still", at=46)
    page = (await visitor(PHONE)).page
    await page.add_init_script(SHIFTS)
    await page.goto(link)
    await page.wait_for_function("() => document.querySelector('video').textTracks[0]?.activeCues?.length > 0")
    places = await page.evaluate(
        "() => [...document.querySelector('video').textTracks[0].cues].map((cue) => [cue.snapToLines, cue.line])"
    )
    assert {tuple(place) for place in places} == {(False, 74)}
    await expect(page.get_by_role("button", name="Watch again")).to_be_visible()
    await expect(page.get_by_role("link", name="Continue watching", exact=True)).to_be_visible()
    assert await page.evaluate("() => shifts") == []
    await page.get_by_role("button", name="Watch again").click()
    await page.wait_for_function("() => !document.querySelector('video').paused")


async def test_a_line_that_is_wider_than_a_phone_goes_on_below(lumen: Lumen, visitor: NewVisitor) -> None:
    page = (await visitor(PHONE)).page
    await lumen.sign_in(page, "ada", "/watch/lamp")
    film = page.locator("#player")
    await film.evaluate("film => { film.pause(); film.controls = false; film.textTracks[0].mode = 'hidden'; }")
    await page.wait_for_timeout(500)
    without = np.asarray(Image.open(BytesIO(await film.screenshot())).convert("L"), np.int16)
    await film.evaluate("""film => {
        const track = film.addTextTrack("subtitles", "long", "en");
        const cue = new VTTCue(0, 1e6, "It goes on and on, and is wider than the picture of a phone.");
        Object.assign(cue, { snapToLines: false, line: 74 });
        track.addCue(cue);
        track.mode = "showing";
    }""")
    await page.wait_for_timeout(500)
    shown = np.asarray(Image.open(BytesIO(await film.screenshot())).convert("L"), np.int16)
    changed = (np.abs(shown - without) > 8).mean(axis=1) > 0.05
    assert changed.sum() > 30, "one line, whose end is cut off"
