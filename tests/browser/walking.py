"""Ways that several browser tests walk."""

import asyncio
import re
from typing import Any

import httpx
from playwright.async_api import Locator, Page, expect

from .conftest import PATIENCE_MS, Lumen

STOP_AT = """async (at) => {
    const film = document.querySelector("#player");
    film.pause();
    if (film.currentTime === at) return;
    const there = new Promise((reached) => film.addEventListener("seeked", reached, { once: true }));
    film.currentTime = at;
    await there;
}"""
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
REST = """() => {
    const rest = (tree) => {
        for (const video of tree.querySelectorAll("video")) video.pause();
        for (const { shadowRoot } of tree.querySelectorAll("*")) if (shadowRoot) rest(shadowRoot);
    };
    rest(document);
}"""


async def open_trimmer(lumen: Lumen, page: Page, slug: str = "lamp", at: int = 40) -> None:
    """Stop a title at a second exactly and press Clip: the same second chooses the same span, whose media is made once
    for all tests."""
    await page.goto(f"{lumen.url}/watch/{slug}?t={at}")
    await press_clip(page, at)


async def press_clip(page: Page, at: int) -> None:
    """Stop what plays at a second exactly, and press Clip."""
    await page.wait_for_function("() => document.querySelector('#player').readyState >= 2")
    await page.evaluate(STOP_AT, at)
    await page.get_by_role("button", name="Clip").click()
    await expect(handle(page, "Start")).to_be_visible()


async def settled(page: Page) -> None:
    """Wait until entrances and transitions are over, in shadow trees too: what is seen is what will stay."""
    await page.evaluate(
        """async () => {
            const frame = () => new Promise((seen) => requestAnimationFrame(seen));
            await frame();
            await frame(); // what has just changed may have started a transition
            const trees = [document];
            for (const tree of trees)
                for (const { shadowRoot } of tree.querySelectorAll("*")) if (shadowRoot) trees.push(shadowRoot);
            const moving = trees.flatMap((tree) => tree.getAnimations());
            const ending = moving.filter((each) => each.effect?.getComputedTiming().endTime !== Infinity);
            await Promise.all(ending.map((each) => each.finished.catch(() => undefined)));
        }"""
    )


def handle(page: Page, edge: str) -> Locator:
    return page.get_by_role("slider", name=re.compile(f"{edge} of the clip"))


async def clip_and_share(
    lumen: Lumen, page: Page, caption: str = "", slug: str = "lamp", at: int = 40, **words: bool
) -> str:
    """Save a moment with the fifteen seconds before ``at`` chosen; returns the link that the sheet shows.

    What plays in the sheet is stopped, unless it is to be ``watched``: drawing it takes a third of a processor for as
    long as the page is open.
    """
    await open_trimmer(lumen, page, slug, at)
    return await save_and_share(page, caption, **words)


async def link_of(lumen: Lumen, who: str, caption: str = "", slug: str = "lamp", at: int = 40, **words: object) -> str:
    """A link that somebody made, over HTTP: what ``clip_and_share`` makes, for a test of whoever comes by it."""
    async with httpx.AsyncClient(base_url=lumen.url, headers=SAME_ORIGIN, timeout=60) as http:
        (await http.get("/sign-in", params={"as": who, "next": "/healthz"}, follow_redirects=True)).raise_for_status()
        span = {"start_us": (at - 15) * 1_000_000, "end_us": at * 1_000_000}
        made = await http.post("/v1/moments", json={"title": slug, "caption": caption} | span | words)
        shared = await http.post("/v1/shares", json={"moment": made.raise_for_status().json()["id"], "channel": "copy"})
        url: str = shared.raise_for_status().json()["url"]
    return url


async def save_and_share(page: Page, caption: str, **words: bool) -> str:
    """Save what the trimmer has chosen; returns the link that the sheet shows."""
    await page.get_by_label("Your words").fill(caption)
    if words.get("spoiler"):
        await page.get_by_label("This is a spoiler").check()
    if words.get("public"):
        await page.get_by_label("Who can see it").select_option("public")
    await page.get_by_role("button", name="Save moment").click()
    link = await shown_link(page)
    if not words.get("watched"):
        await page.evaluate(REST)
    return link


async def when_made(http: httpx.AsyncClient, address: str, **options: Any) -> httpx.Response:
    """The media at an address: asked for until they are made, as often as the answer says."""
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while (answer := await http.get(address, **options)).status_code == 503:  # noqa: ASYNC110 - says when to ask
            await asyncio.sleep(int(answer.headers["retry-after"]))
    return answer


async def shown_link(page: Page) -> str:
    """The link in the share sheet."""
    field = page.get_by_role("textbox", name="Link", exact=True)
    await expect(field).to_have_value(re.compile("/s/"))
    return await field.input_value()
