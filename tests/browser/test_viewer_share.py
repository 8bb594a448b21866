"""Share: every channel its own link; re-share: the new link knows where it came from."""

import re

import pytest
from playwright.async_api import expect

from .conftest import Lumen, NewVisitor
from .walking import clip_and_share, link_of, open_trimmer, shown_link

pytestmark = pytest.mark.browser

LINEAGE = """
    SELECT child.channel, child.generation, child.parent_id = parent.id, child.root_id = parent.root_id,
        child.viewer_id IS NULL
    FROM shares AS child, shares AS parent
    WHERE %s LIKE child.code || '%%' AND %s LIKE parent.code || '%%'
"""


def token(link: str) -> str:
    return link.rsplit("/", 1)[1]


async def test_every_channel_gets_a_link_of_its_own(lumen: Lumen, visitor: NewVisitor) -> None:
    someone = await visitor()
    page = someone.page
    await lumen.sign_in(page, "ada")
    first = await clip_and_share(lumen, page, "Channels")

    await page.get_by_role("button", name="Copy link").click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == first

    # Discord has no page for sharing a link: the link for it is copied, to be pasted there.
    await page.get_by_role("button", name="Discord").click()
    await expect(page.get_by_text("Link copied. Paste it in Discord.").first).to_be_attached()
    second = await page.evaluate("navigator.clipboard.readText()")
    assert second != first

    await page.get_by_role("button", name="QR code").click()
    await expect(page.get_by_role("img", name="QR code of the link")).to_be_visible()
    await page.get_by_role("button", name="Embed").click()
    await expect(page.get_by_role("textbox", name="Paste this into a web page")).to_have_value(re.compile("<iframe"))

    moment = lumen.rows("SELECT id FROM moments WHERE caption = 'Channels'")[0][0]
    channels = lumen.rows("SELECT channel, generation FROM shares WHERE moment_id = %s ORDER BY id", moment)
    assert channels == [("copy", 0), ("discord", 0), ("qr", 0), ("embed", 0)]


async def test_a_channel_with_a_page_of_its_own_is_opened_with_its_link(lumen: Lumen, visitor: NewVisitor) -> None:
    someone = await visitor()
    await lumen.sign_in(someone.page, "ada")
    await clip_and_share(lumen, someone.page, "To WhatsApp")
    await someone.context.route("https://wa.me/**", lambda route: route.fulfill(body="WhatsApp"))
    async with someone.context.expect_page() as opened:
        await someone.page.get_by_role("button", name="WhatsApp").click()
    tab = await opened.value
    await tab.wait_for_url(re.compile(r"^https://wa\.me/\?text=.*%2Fs%2F"))
    assert lumen.rows("SELECT count(*) FROM shares WHERE channel = 'whatsapp'") == [(1,)]


async def test_a_visitor_passes_it_on_and_the_new_share_knows_its_parent(lumen: Lumen, visitor: NewVisitor) -> None:
    link = await link_of(lumen, "ada", "Pass me on")

    stranger = (await visitor()).page
    await stranger.goto(link)
    await stranger.get_by_role("button", name="Pass it on").click()
    again = await shown_link(stranger)
    assert again != link
    assert lumen.rows(LINEAGE, token(again), token(link)) == [("copy", 1, True, True, True)]

    third = (await visitor()).page
    await third.goto(again)
    await third.get_by_role("button", name="Pass it on").click()
    further = await shown_link(third)
    assert lumen.rows(LINEAGE, token(further), token(again)) == [("copy", 2, True, True, True)]


async def test_a_private_moment_has_no_link(lumen: Lumen, visitor: NewVisitor) -> None:
    page = (await visitor()).page
    await lumen.sign_in(page, "ada")
    await open_trimmer(lumen, page)
    await page.get_by_label("Your words").fill("Mine alone")
    await page.get_by_label("Who can see it").select_option("private")
    await page.get_by_role("button", name="Save moment").click()
    await expect(page.get_by_text("Only you can see it")).to_be_visible()
    await page.goto(f"{lumen.url}/moments")
    await expect(page.get_by_role("button", name="Copy link to Mine alone")).to_have_count(0)
