"""The viewer's loop has no dead end: frames, failures of the network, and what the sheet says."""

import asyncio
import re

import httpx
import pytest
from playwright.async_api import Page, Route, expect

from .conftest import ORDINARY, PHONE, Lumen, NewVisitor
from .walking import clip_and_share, link_of, shown_link, when_made

pytestmark = pytest.mark.browser

PLAYER = """() => {
    const video = document.querySelector("gs-moment video");
    return {at: video.currentTime, src: video.currentSrc, paused: video.paused,
            framed: video.closest("gs-moment").hasAttribute("framed")};
}"""


class Closed:
    """A door that requests for some address do not get through while it is shut."""

    def __init__(self) -> None:
        self.shut, self.status = True, 0

    async def __call__(self, route: Route) -> None:
        if not self.shut:
            await route.continue_()
        elif self.status:
            await route.fulfill(status=self.status, json={"code": "rendering"}, headers={"Retry-After": "1"})
        else:
            await route.abort()


async def plays(page: Page, holds: str) -> None:
    await page.wait_for_function(f"() => {{ const s = ({PLAYER})(); return !s.paused && s.at > 0.3 && {holds}; }}")


async def test_an_upright_link_plays_at_once_and_changes_over_when_its_file_is_there(
    lumen: Lumen, visitor: NewVisitor
) -> None:
    ada = (await visitor()).page
    await lumen.sign_in(ada, "ada")
    link = await clip_and_share(lumen, ada, "Upright at once", at=33)
    # So that a file plays: HLS fails in other ways.
    async with httpx.AsyncClient(timeout=60) as http:
        assert (await when_made(http, f"{link}/wide.mp4", headers={"User-Agent": ORDINARY})).is_success
    await ada.get_by_role("button", name="Options").click()
    async with ada.expect_response(re.compile("/v1/shares/")):
        await ada.get_by_role("radio", name="9:16").check(force=True)
    someone = await visitor(PHONE)
    door = Closed()
    door.status = 503
    await someone.context.route("**/vertical.mp4", door)
    await someone.page.goto(link)
    await plays(someone.page, "s.framed && s.src.endsWith('.mp4') && !s.src.endsWith('vertical.mp4')")
    box = await someone.page.locator("gs-moment video").bounding_box()
    assert box is not None
    assert box["height"] > box["width"], "the wide picture fills the upright frame"
    # What plays fails, again and again; nobody has paused it.
    await someone.page.evaluate("""async () => {
        const video = document.querySelector("gs-moment video");
        for (let time = 0; time < 3; time++) {
            video.pause();
            video.dispatchEvent(new Event("error"));
            await new Promise((wake) => setTimeout(wake, 50));
        }
    }""")
    await plays(someone.page, "s.framed")
    door.shut = False
    await plays(someone.page, "s.src.endsWith('vertical.mp4') && !s.framed")


async def test_pass_it_on_survives_a_part_and_a_request_that_did_not_come(lumen: Lumen, visitor: NewVisitor) -> None:
    link = await link_of(lumen, "ada", "Through the wall")
    someone = await visitor(PHONE)
    page = someone.page
    script, shares = Closed(), Closed()
    await someone.context.route("**/chunk-share-sheet*", script)
    await someone.context.route("**/v1/shares", shares)
    await page.goto(link)
    button = page.get_by_role("button", name="Pass it on")
    await button.click()
    await expect(page.get_by_text("That did not work.")).to_be_visible()
    await expect(button).to_be_enabled()
    script.shut = False
    await button.click()
    again = page.get_by_role("dialog").get_by_role("button", name="Try again")
    await again.click()
    await expect(again).to_be_visible()
    shares.shut = False
    await again.click()
    assert await shown_link(page) != link


async def test_the_sheet_speaks_of_the_channel_that_was_chosen_and_leaves_no_tab(
    lumen: Lumen, visitor: NewVisitor
) -> None:
    someone = await visitor()
    page = someone.page
    await lumen.sign_in(page, "ada")
    await clip_and_share(lumen, page, "One channel at a time")
    await page.get_by_role("button", name="Discord").click()
    await expect(page.get_by_role("link", name="Save video for Discord")).to_be_visible()
    await expect(page.get_by_text("MiB")).to_have_count(0)
    for name in ("Message", "Email"):
        async with page.expect_response(re.compile("/v1/shares$")):
            await page.get_by_role("button", name=name).click()
        await expect(page.get_by_text(f"Opened {name}").first).to_be_attached()
        await expect(page.get_by_role("link", name="Save video for Discord")).to_have_count(0)
    await asyncio.sleep(0.5)
    assert len(someone.context.pages) == 1


async def test_a_creator_s_link_carries_their_code_to_the_sign_up(lumen: Lumen, visitor: NewVisitor) -> None:
    noor = (await visitor()).page
    await lumen.sign_in(noor, "noor", "/creator")
    if await noor.get_by_role("heading", name="Become a creator").count():
        await noor.get_by_label("Handle").fill("noor")
        await noor.get_by_label("Code to say aloud").fill("NOOR10")
        await noor.get_by_role("button", name="Become a creator").click()
    await link_of(lumen, "noor", "By somebody", visibility="public")
    ((code,),) = lumen.rows("SELECT code FROM moments WHERE caption = 'By somebody'")
    page = (await visitor(PHONE)).page
    await page.goto(f"{lumen.url}/m/{code}")
    await page.get_by_role("link", name="Noor").click()
    await page.get_by_role("link", name="Join with this code").click()
    field = page.get_by_role("textbox", name="A creator’s code")
    await expect(field).to_have_value("NOOR10")
    await page.get_by_label("Your name").fill("Coded")
    await page.get_by_label("Email").fill("coded@lumen.example")
    await field.fill("NOBODY99")
    await page.get_by_role("button", name="Create account").click()
    await expect(page.get_by_role("alert")).to_contain_text("No creator has this code")
    await field.fill("noor10")
    await page.get_by_role("button", name="Create account").click()
    await page.wait_for_url(f"{lumen.url}/")
    found = lumen.rows(
        "SELECT conversions.code, viewers.name FROM conversions JOIN touches USING (viewer_id)"
        " JOIN viewers ON viewers.id = touches.sharer_id WHERE conversions.kind = 'sign_up' AND conversions.code <> ''"
    )
    assert [(code.upper(), name) for code, name in found] == [("NOOR10", "Noor")]
