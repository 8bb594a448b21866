"""Press Save: the clip plays at once, and gets exact and downloadable while one watches."""

import asyncio
import re
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, Route, expect

from groundswell.moments.media import renderer
from tests.processes import eventually

from .conftest import PATIENCE_MS, Lumen, NewVisitor, Visitor
from .walking import clip_and_share, link_of, when_made

pytestmark = pytest.mark.browser
UNUSED_S = 47
"""No other test clips here: a span that somebody clipped before has its files already."""

STATE = """() => {
    const video = document.querySelector("gs-moment video") ?? deep(document);
    function deep(root) {
        for (const element of root.querySelectorAll("*")) {
            if (element.localName === "gs-moment") return element.querySelector("video");
            const found = element.shadowRoot && deep(element.shadowRoot);
            if (found) return found;
        }
    }
    window.clip = video;
    return video && {at: video.currentTime, src: video.currentSrc, paused: video.paused, length: video.duration,
                     still: document.querySelectorAll("gs-moment canvas").length, shown: video.videoWidth};
}"""


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Nothing is rendered before this is set."""
    opened = threading.Event()
    make = renderer._make_and_store

    async def gated(*arguments: Any) -> Any:
        while not opened.is_set():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        return await make(*arguments)

    monkeypatch.setattr(renderer, "_make_and_store", gated)
    yield opened
    opened.set()


async def until(page: Page, holds: str, *, again: bool = False) -> dict[str, Any]:
    """The player's state once ``holds`` (JavaScript over ``s``); ``again``: watched again and again until then."""
    button = page.get_by_role("button", name="Watch again")
    for _ in range(PATIENCE_MS // 100):
        if again and await button.is_visible():
            await button.click()
        state = await page.evaluate(STATE)
        if state and await page.evaluate(f"(s) => Boolean({holds})", state):
            return dict(state)
        await page.wait_for_timeout(100)
    raise AssertionError(f"never {holds}: {await page.evaluate(STATE)}")


async def test_a_saved_clip_plays_at_once_and_gets_exact_and_downloadable_while_one_watches(
    lumen: Lumen, visitor: NewVisitor, gate: threading.Event
) -> None:
    someone: Visitor = await visitor()
    page = someone.page
    await lumen.sign_in(page, "ada")
    await clip_and_share(lumen, page, "At once", at=UNUSED_S, watched=True)

    playing = await until(page, "s.src.startsWith('blob:') && s.at > 0.3 && !s.paused")
    (code, start_us, end_us), *_ = lumen.rows(
        "SELECT code, start_us, end_us FROM moments WHERE caption = 'At once' ORDER BY id DESC"
    )
    made = "SELECT count(*) FROM renditions WHERE status = 'ready' AND profile <> 'poster' AND start_us = %s"
    assert lumen.rows(made, start_us) == [(0,)]
    media = await (await page.request.get(f"{lumen.url}/v1/moments/{code}/media")).json()
    assert media["tier"] == "virtual"
    begins = media["hls_from_us"] / 1e6
    assert begins - 0.1 <= playing["at"] <= begins + (end_us - start_us) / 1e6
    assert playing["length"] > (end_us - start_us) / 1e6
    await expect(page.get_by_text("Preparing the video")).to_be_visible()

    # Whoever seeks past the end of the clip is at its end, though what plays goes on.
    await page.evaluate(f"window.clip.currentTime = {begins + (end_us - start_us) / 1e6 + 0.3}")
    again = await until(page, f"s.at < {begins + 5}")
    assert again["at"] >= begins - 0.1

    gate.set()
    save = page.get_by_role("link", name="Save video")
    await expect(save).to_be_visible()
    await page.evaluate(f"window.clip.currentTime = {begins + 3}")
    exact = await until(page, "s.src.endsWith('.mp4') && !s.still && s.at > 3.2 && !s.paused")
    assert re.search(rf"/m/{code}/(source|wide)\.mp4$", exact["src"])
    assert exact["length"] == pytest.approx((end_us - start_us) / 1e6, abs=0.1)
    address = await save.get_attribute("href") or ""
    assert "/wide.mp4?purpose=download" in address
    async with page.expect_download() as saving:
        await save.click()  # made when asked for; the button says so meanwhile
    assert (await saving.value).suggested_filename == f"{code}-wide.mp4"
    answer = await page.request.get(f"{lumen.url}{address}")
    assert (answer.status, (await answer.body())[4:8]) == (200, b"ftyp")
    assert "attachment" in answer.headers["content-disposition"]


async def test_a_visitor_of_a_fresh_link_sees_it_at_once_too(
    lumen: Lumen, visitor: NewVisitor, gate: threading.Event
) -> None:
    link = await link_of(lumen, "ada", "Fresh", slug="storm", at=UNUSED_S)
    page = (await visitor()).page
    await page.goto(link, wait_until="commit")  # its poster waits for the gate, too
    begun = (await until(page, "s.src.startsWith('blob:') && s.at > 0.3 && !s.paused"))["at"]
    # Whoever plays it again at its end does, though that end is told once more before it is rewound.
    for play in ("window.clip.play()", "window.clip.closest('gs-moment').play()"):
        await page.evaluate(f"window.clip.currentTime = {begun + 14}")
        await expect(page.get_by_role("button", name="Watch again")).to_be_visible()
        await page.evaluate(f"() => {{ {play}; window.clip.dispatchEvent(new Event('timeupdate')); }}")
        await until(page, f"s.at > {begun} && s.at < {begun + 5} && !s.paused")
    gate.set()
    await until(page, "s.src.endsWith('.mp4') && !s.paused && !s.still", again=True)  # once it is there, by itself


async def test_a_clip_that_gets_exact_while_its_playlist_is_on_the_way_begins_and_ends_where_it_does(
    lumen: Lumen, visitor: NewVisitor, gate: threading.Event
) -> None:
    link = await link_of(lumen, "ada", "On the way", slug="storm", at=UNUSED_S + 4)
    page = (await visitor()).page

    async def later(route: Route) -> None:
        gate.set()
        made = "SELECT FROM renditions WHERE profile = 'hls' AND status = 'ready' AND end_us = %s"
        ends_us = (UNUSED_S + 4) * 1_000_000
        await asyncio.to_thread(eventually, lambda: lumen.rows(made, ends_us), what="an exact stream")
        await route.continue_()

    await page.route("**/clip.m3u8*", later)
    async with page.expect_response("**/clip.m3u8*"), page.expect_response(re.compile("/media")) as told:
        await page.goto(link)
    media = await (await told.value).json()
    assert media["hls_from_us"] > 0, "a virtual one"
    begins = media["hls_from_us"] / 1e6
    playing = await until(page, "s.src.startsWith('blob:') && s.at > 0.3 && !s.paused")
    assert playing["at"] >= begins - 0.1
    assert playing["length"] > media["duration_us"] / 1e6 + 0.1, "what it was told of, though there is an exact one"
    await page.evaluate(f"window.clip.currentTime = {begins + 14}")
    await expect(page.get_by_role("button", name="Watch again")).to_be_visible()


async def test_without_a_script_the_clip_is_a_video_with_a_poster(lumen: Lumen, visitor: NewVisitor) -> None:
    link = await link_of(lumen, "ada", "Plain")
    page = (await visitor(javascript=False)).page
    await page.goto(link)
    video = page.locator("gs-moment video")
    await expect(video).to_be_visible()
    address = await video.get_attribute("src") or ""
    async with httpx.AsyncClient(base_url=lumen.url, timeout=60) as http:
        assert (await when_made(http, address)).content[4:8] == b"ftyp"
        poster = await when_made(http, await video.get_attribute("poster") or "")
        assert poster.headers["content-type"] == "image/jpeg"
