"""Whose moment was taken down contests it, somebody else decides, and they hear of it: on a phone and at a desk, and
axe finds nothing on any page of the way."""

import pytest
from playwright.async_api import Page, expect

from .conftest import DESKTOP, PHONE, Lumen, NewVisitor
from .test_viewer_access import assert_accessible
from .walking import settled

pytestmark = pytest.mark.browser

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


async def stop(page: Page, what: str) -> None:
    """The page as it is seen at both sizes: nothing lies beyond its edge, and axe finds nothing."""
    for size in (PHONE, DESKTOP):
        await page.set_viewport_size({"width": size[0], "height": size[1]})
        await settled(page)
        assert await page.evaluate("document.documentElement.scrollWidth") <= size[0], (what, size)
        await assert_accessible(page, f"{what} at {size[0]}")


async def test_from_a_decision_to_its_reversal(lumen: Lumen, visitor: NewVisitor) -> None:
    maker, tess, uma = [(await visitor(PHONE)).page for _ in range(3)]
    for page, who in ((maker, "noor"), (tess, "tess"), (uma, "uma")):
        await lumen.sign_in(page, who)
    body = {"title": "lamp", "start_us": 20_000_000, "end_us": 30_000_000, "caption": "The light again"}
    made = await maker.request.post(
        f"{lumen.url}/v1/moments", data=body | {"visibility": "public"}, headers=SAME_ORIGIN
    )
    assert made.status == 201, await made.text()
    code = (await made.json())["code"]

    # who moderates looks at it, and takes it down with reasons
    await tess.goto(f"{lumen.url}/console/trust/moments/{code}")
    await stop(tess, "a moment as staff see it")
    await tess.get_by_label("Reason").select_option("spoiler")
    await tess.get_by_label("Explanation").fill("It tells who lit the lamp.")
    await tess.get_by_role("button", name="Take down").click()
    await expect(tess.get_by_role("status").first).to_contain_text("Taken down.")
    assert (await maker.request.get(f"{lumen.url}/m/{code}")).status == 410

    # its maker is told, reads why, and contests it
    await maker.goto(f"{lumen.url}/inbox")
    await stop(maker, "inbox")
    await maker.locator("#inbox a").filter(has_text="It tells who lit the lamp.").click()
    await expect(maker.get_by_text("It tells who lit the lamp.")).to_be_visible()
    await stop(maker, "the decision")
    decision = maker.url
    await maker.get_by_label("Why is it wrong?").fill("Nobody is seen to light it.")
    await maker.get_by_role("button", name="Send appeal").click()
    await expect(maker.get_by_role("status")).to_contain_text("Somebody else than who decided will look at it")
    await stop(maker, "the appeal")

    # who decided cannot decide about that; somebody else does
    await tess.goto(f"{lumen.url}/console/appeals")
    row = tess.get_by_role("row").filter(has_text="Nobody is seen to light it.")
    await expect(row).to_contain_text("Somebody else decides.")
    await uma.goto(f"{lumen.url}/console/appeals")
    await stop(uma, "the queue of appeals")
    row = uma.get_by_role("row").filter(has_text="Nobody is seen to light it.")
    await row.get_by_label("Why").fill("It shows the lamp, and nobody.")
    await row.get_by_role("button", name="Take it back").click()
    await expect(uma.get_by_role("status").first).to_be_visible()

    # the outcome is told, and everybody can see the moment again
    await maker.goto(f"{lumen.url}/inbox")
    await expect(maker.locator("#inbox")).to_contain_text("It shows the lamp, and nobody.")
    await maker.goto(decision)
    await expect(maker.get_by_text("It shows the lamp, and nobody.")).to_be_visible()
    await stop(maker, "the outcome")
    assert (await maker.request.get(f"{lumen.url}/m/{code}")).status == 200
