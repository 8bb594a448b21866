"""A collection becomes one clip: asked for on its page, watched and gone through there, by its maker and by anybody.

``GROUNDSWELL_PICTURES=folder`` keeps a picture of it at each size.
"""

import os
import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from .conftest import DESKTOP, PHONE, Lumen, NewVisitor
from .test_viewer_access import assert_accessible
from .walking import REST, settled

pytestmark = pytest.mark.browser

PICTURES = os.environ.get("GROUNDSWELL_PICTURES")
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


async def look(page: Page, what: str) -> None:
    await page.evaluate(REST)
    for size in (PHONE, DESKTOP):
        await page.set_viewport_size({"width": size[0], "height": size[1]})
        await settled(page)
        assert await page.evaluate("document.documentElement.scrollWidth") <= size[0], (what, size)
        await assert_accessible(page, f"{what} at {size[0]}")
        if PICTURES:
            await page.locator("#supercut").scroll_into_view_if_needed()
            await page.screenshot(path=Path(PICTURES) / f"{what}-{size[0]}.png")


async def test_a_collection_becomes_one_clip(lumen: Lumen, visitor: NewVisitor) -> None:
    page = (await visitor(PHONE)).page
    await lumen.sign_in(page, "noor")

    async def post(path: str, **body: object) -> dict[str, str]:
        answer = await page.request.post(f"{lumen.url}/v1{path}", data=body, headers=SAME_ORIGIN)
        assert answer.status in {201, 202}, await answer.text()
        made: dict[str, str] = await answer.json()
        return made

    code = (await post("/collections", name="Lamps", visibility="public"))["code"]
    for title, visibility in (("lamp", "public"), ("storm", "public"), ("lamp", "unlisted")):
        span = {"start_us": 20_000_000, "end_us": 25_000_000, "visibility": visibility}
        moment = await post("/moments", title=title, caption=f"In the {title}", **span)
        await post(f"/collections/{code}/parts", moment=moment["code"])
    await page.goto(f"{lumen.url}/c/{code}")
    await page.get_by_role("button", name="Make one clip").click()
    section = page.locator("#supercut")
    await expect(section).to_contain_text("It is not public.")
    film = section.locator("video")
    await expect(film).to_be_visible()  # the page looks again by itself
    await expect(section.get_by_role("listitem").filter(has_text="0:05")).to_be_visible()
    await look(page, "supercut")
    await section.get_by_role("link", name=re.compile("0:05")).click()
    await page.wait_for_function("() => document.querySelector('#supercut video').currentTime > 5.2")
    assert await film.evaluate("film => [film.videoWidth, film.videoHeight, Math.round(film.duration)]") == [
        1280,
        720,
        12,
    ]

    stranger = (await visitor(DESKTOP)).page
    await stranger.goto(f"{lumen.url}/c/{code}")
    await expect(stranger.locator("#supercut video")).to_be_visible()
    await expect(stranger.locator("#supercut")).not_to_contain_text("Left out")
    async with stranger.expect_download() as saving:
        await stranger.get_by_role("link", name="Save video").click()
    assert (await saving.value).suggested_filename == f"{code}.mp4"
    await look(stranger, "supercut-anybody")
