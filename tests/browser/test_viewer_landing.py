"""Land on a link without an account: the clip plays, one thing to do, and links that ended say why."""

import re

import httpx
import pytest
from playwright.async_api import Page, expect

from .conftest import DESKTOP, ORDINARY, PHONE, Lumen, NewVisitor
from .walking import link_of, when_made

pytestmark = pytest.mark.browser

DISCORD = "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)"


def counted(lumen: Lumen, link: str) -> dict[str, int]:
    """Events by kind and verdict of a link's share."""
    query = """
        SELECT kind || ' ' || coalesce(verdict, ''), count(*) FROM events
        WHERE share_id = (SELECT id FROM shares WHERE %s LIKE code || '%%') AND kind <> 'share' GROUP BY 1
    """
    return dict(lumen.rows(query, link.rsplit("/", 1)[1]))


async def plays(page: Page) -> None:
    await page.wait_for_function("() => document.querySelector('video').currentTime > 0.5")


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
async def test_a_stranger_lands_and_the_clip_plays_silently(
    lumen: Lumen, visitor: NewVisitor, size: tuple[int, int]
) -> None:
    link = await link_of(lumen, "ada", f"For {size}")
    stranger = (await visitor(size)).page
    await stranger.goto(link)
    await expect(stranger.get_by_role("heading", name="The Lamp Room", level=1)).to_be_visible()
    await expect(stranger.get_by_text("Ada clipped this")).to_be_visible()
    await expect(stranger.get_by_text(f"For {size}")).to_be_visible()
    await plays(stranger)
    assert await stranger.evaluate("document.querySelector('video').muted")
    wide = await stranger.evaluate("document.documentElement.scrollWidth")
    assert wide <= size[0], "the page must not scroll sideways"
    button = stranger.get_by_role("link", name=re.compile(r"Continue watching from 0:\d\d"))
    await expect(button).to_be_in_viewport()
    for _ in range(100):
        if "play human" in counted(lumen, link):
            break
        await stranger.wait_for_timeout(100)
    assert counted(lumen, link) == {"click human": 1, "play human": 1}
    assert await stranger.context.cookies() == []


async def test_it_works_without_javascript(lumen: Lumen, visitor: NewVisitor) -> None:
    link = await link_of(lumen, "ada", "No script needed")
    stranger = (await visitor(javascript=False)).page
    await stranger.goto(link)
    video = stranger.locator("video")
    for attribute in ("controls", "muted", "playsinline", "poster"):
        assert await video.get_attribute(attribute) is not None
    await expect(stranger.get_by_role("link", name=re.compile("Continue watching from"))).to_be_visible()
    await stranger.get_by_text("Report", exact=True).click()
    await stranger.get_by_label("What is wrong with it?").select_option("spam")
    await stranger.get_by_role("button", name="Send report").click()
    await expect(stranger.get_by_role("heading", name="Thank you for telling us")).to_be_visible()
    told = """
        SELECT reason_code FROM reports JOIN moments ON moments.id = reports.moment_id
        WHERE caption = 'No script needed'
    """
    assert lumen.rows(told) == [("spam",)]


async def test_robots_read_the_head_and_are_counted_as_unfurls(lumen: Lumen, visitor: NewVisitor) -> None:
    link = await link_of(lumen, "ada", 'Quotes " & <tags>')
    async with httpx.AsyncClient(headers={"User-Agent": DISCORD}, timeout=60) as robot:
        page = await robot.get(link)
        head = page.content[: 32 * 1024].decode()
        film = re.search(r'property="og:video" content="([^"]+)"', head)
        picture = re.search(r'property="og:image" content="([^"]+)"', head)
        oembed = re.search(r'type="application/json\+oembed"', head)
        assert film
        assert picture
        assert oembed
        assert film[1].endswith(".mp4")
        assert f'property="og:url" content="{link}"' in head
        assert 'name="twitter:card" content="summary_large_image"' in head
        assert 'content="Quotes &#34; &amp; &lt;tags&gt;"' in head
        assert '<meta name="robots" content="noindex">' in head
        assert (await when_made(robot, picture[1])).headers["content-type"] == "image/jpeg"
        part = await when_made(robot, film[1], headers={"Range": "bytes=0-99"})
        assert (part.status_code, len(part.content)) == (206, 100)
    assert counted(lumen, link) == {"unfurl unfurl": 1}


async def test_links_that_lead_nowhere_say_why(lumen: Lumen, visitor: NewVisitor) -> None:
    ada = (await visitor()).page
    await lumen.sign_in(ada, "ada", "/moments")
    link = await link_of(lumen, "ada", "Soon gone", visibility="public")
    altered = link[:-1] + ("2" if link[-1] != "2" else "3")
    share = lumen.rows("SELECT id FROM shares WHERE %s LIKE code || '%%'", link.rsplit("/", 1)[1])[0][0]
    stranger = (await visitor()).page

    async def says(address: str, status: int, code: str, words: str) -> None:
        answer = await stranger.goto(address)
        assert answer is not None
        assert answer.status == status
        await expect(stranger.get_by_role("heading", level=1)).to_contain_text(words)
        await expect(stranger.locator(f"[data-reason={code}]")).to_be_visible()
        await expect(stranger.get_by_text(code)).to_have_count(0)

    await says(altered, 404, "link_forged", "not complete")
    await ada.evaluate("id => fetch(`/v1/shares/${id}`, {method: 'DELETE'})", str(share))
    await says(link, 410, "link_revoked", "withdrawn")

    moment = lumen.rows("SELECT id, code FROM moments WHERE caption = 'Soon gone'")[0]
    tess = (await visitor()).page
    await lumen.sign_in(tess, "tess", "/")
    decision = {
        "subject": {"kind": "moment", "id": moment[1]},
        "reason_code": "rights_holder",
        "explanation": "The rights holder asked us to.",
    }
    await tess.evaluate(
        """body => fetch("/v1/decisions", {method: "POST", body: JSON.stringify(body),
            headers: {"Content-Type": "application/json"}}).then(answer => answer.text())""",
        decision,
    )
    await says(f"{lumen.url}/m/{moment[1]}", 410, "taken_down", "taken down")
    await expect(stranger.get_by_text("The rights holder asked us to.")).to_be_visible()
    async with httpx.AsyncClient(headers={"User-Agent": ORDINARY}) as client:
        assert (await client.get(f"{lumen.url}/m/{moment[1]}/wide.mp4")).status_code == 410


async def test_a_spoiler_is_veiled_until_one_wants_to_see_it(lumen: Lumen, visitor: NewVisitor) -> None:
    page = (await visitor()).page
    await lumen.sign_in(page, "ada")
    link = await link_of(lumen, "ada", "It was the captain", slug="storm", spoiler=True)
    for javascript in (True, False):
        stranger = (await visitor(PHONE, javascript=javascript)).page
        await stranger.goto(link)
        await expect(stranger.get_by_text("It was the captain", exact=True)).to_be_hidden()
        await expect(stranger.locator("video")).to_be_hidden()
        await stranger.get_by_text("S1E2 — show anyway").click()
        await expect(stranger.locator("video")).to_be_visible()
    await page.goto(link)
    await expect(page.get_by_text("It was the captain", exact=True)).to_be_visible()
