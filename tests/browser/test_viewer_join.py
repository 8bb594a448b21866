"""From a link to a member: the second one was at survives the sign-up, and Groundswell hears of everything."""

import re

import pytest
from playwright.async_api import expect

from .conftest import PHONE, Lumen, NewVisitor
from .walking import link_of

pytestmark = pytest.mark.browser


async def test_a_stranger_becomes_a_member_at_the_very_second(lumen: Lumen, visitor: NewVisitor) -> None:
    link = await link_of(lumen, "ada", "Brings a member")

    page = (await visitor(PHONE)).page
    await page.goto(link)
    button = page.get_by_role("link", name=re.compile("Continue watching from"))
    shown = re.search(r"0:(\d\d)", await button.inner_text())
    assert shown
    second = int(shown[1])
    await button.click()
    await page.wait_for_url(re.compile(rf"/watch/lamp\?t={second}&gs="))
    await page.get_by_label("Your name").fill("Zoë Lindqvist")
    await page.get_by_label("Email").fill("zoe@lumen.example")
    await page.get_by_role("button", name="Join and watch").click()
    await page.wait_for_url(re.compile(rf"/watch/lamp\?t={second}&gs="))
    await page.wait_for_function(f"() => document.querySelector('#player').currentTime >= {second} - 0.5")

    await page.goto(f"{lumen.url}/account")
    await page.get_by_role("button", name="Cancel membership").click()
    await expect(page.get_by_text("Your membership has ended.")).to_be_visible()
    await page.get_by_role("button", name="Refund last payment").click()
    await expect(page.get_by_text("Your money is on its way back.")).to_be_visible()

    query = """
        SELECT kind, conversions.currency, amount_minor FROM conversions
        JOIN viewers ON viewers.id = conversions.viewer_id WHERE viewers.name = 'Zoë Lindqvist' ORDER BY conversions.at
    """
    assert lumen.rows(query) == [
        ("sign_up", None, None),
        ("subscription", "EUR", 799),
        ("cancellation", None, None),
        ("refund", "EUR", 799),
    ]
    credited = """
        SELECT DISTINCT conversions.kind FROM credits JOIN conversions ON conversions.id = credits.conversion_id
        JOIN shares ON shares.id = credits.share_id WHERE %s LIKE shares.code || '%%'
    """
    assert {kind for (kind,) in lumen.rows(credited, link.rsplit("/", 1)[1])} >= {"sign_up", "subscription"}


async def test_the_gate_promises_no_second_where_nothing_was_begun(lumen: Lumen, visitor: NewVisitor) -> None:
    """Nor leaves out what it costs; who is a member meets no gate."""
    page = (await visitor(PHONE)).page
    for path, words in (("/watch/lamp", "from the beginning"), ("/watch/lamp?t=12", "0:12")):
        await page.goto(lumen.url + path)
        gate = page.locator(".gate-words")
        await expect(gate).to_contain_text(words)
        await expect(gate.locator(".price")).to_contain_text("a month")
        await expect(page.locator(".gate")).to_have_count(1)
    await lumen.sign_in(page, "ada", "/watch/lamp")
    await expect(page.locator(".gate")).to_have_count(0)


async def test_what_is_wrong_with_the_form_is_said(lumen: Lumen, visitor: NewVisitor) -> None:
    page = (await visitor(javascript=False)).page
    for name, email, words in (
        (" ", "someone@lumen.example", "what to call you"),
        ("Someone", "nobody@nowhere", "does not look like an email"),
    ):
        await page.goto(f"{lumen.url}/join")
        await page.get_by_label("Your name").fill(name)
        await page.get_by_label("Email").fill(email)
        await page.get_by_role("button", name="Create account").click()
        await expect(page.get_by_role("alert")).to_contain_text(words)


async def test_nobody_is_sent_to_another_site_after_signing_in(lumen: Lumen, visitor: NewVisitor) -> None:
    page = (await visitor()).page
    for elsewhere in ("https://example.com/", "//example.com", "/\\example.com", "javascript:alert(1)"):
        await lumen.sign_in(page, "ada", elsewhere)
        assert page.url == f"{lumen.url}/"


async def test_my_moments_asks_who_one_is_and_comes_back(lumen: Lumen, visitor: NewVisitor) -> None:
    page = (await visitor()).page
    await page.goto(f"{lumen.url}/moments")
    await page.get_by_role("button", name=re.compile("Noor")).click()
    await expect(page.get_by_role("heading", name="My moments")).to_be_visible()
