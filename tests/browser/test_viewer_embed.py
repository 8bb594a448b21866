"""The player on somebody else's page: framed where it may be, with its subtitles, by keyboard."""

from pathlib import Path

import pytest
from playwright.async_api import expect
from starlette.staticfiles import StaticFiles

from tests.processes import free_port

from .conftest import DESKTOP, PHONE, Lumen, NewVisitor, serving
from .walking import clip_and_share

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
async def test_what_the_sheet_says_to_paste_plays_by_keyboard_with_subtitles(
    lumen: Lumen, visitor: NewVisitor, tmp_path: Path, size: tuple[int, int]
) -> None:
    ada = (await visitor()).page
    await lumen.sign_in(ada, "ada")
    await clip_and_share(lumen, ada, f"Framed {size[0]}")
    await ada.get_by_role("button", name="Embed").click()
    code = await ada.get_by_role("textbox", name="Paste this into a web page").input_value()
    (tmp_path / "index.html").write_text(f"<!doctype html><title>A blog</title><a href='#'>Before</a>{code}")
    port = free_port()
    with serving(StaticFiles(directory=tmp_path, html=True), port, lifespan="off"):
        page = (await visitor(size)).page
        await page.goto(f"http://127.0.0.1:{port}/")
        frame = page.frame_locator("iframe")
        video = frame.locator("video")
        await expect(video).to_be_visible()
        await frame.locator("video[src], video").evaluate(
            """video => new Promise((playing) => {
                const look = () => video.currentTime > 0.3 ? playing() : setTimeout(look, 50);
                look();
            })"""
        )
        assert await video.evaluate("video => video.muted && video.textTracks[0].mode === 'showing'")
        await page.get_by_role("link", name="Before").focus()
        for _ in range(10):
            await page.keyboard.press("Tab")
            if await video.evaluate("video => video.ownerDocument.activeElement === video"):
                break
        await page.keyboard.press("Space")
        await expect(video).to_have_js_property("paused", True)
        await page.keyboard.press("Space")
        await expect(video).to_have_js_property("paused", False)
        await expect(frame.get_by_role("link", name="Continue watching from")).to_be_visible()
