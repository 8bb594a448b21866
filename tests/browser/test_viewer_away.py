"""Not in one's country: why, one thing to do, and the clip once it can be seen; with and without a script."""

import pytest
from playwright.async_api import Page, expect

from .conftest import DESKTOP, PHONE, Lumen, NewVisitor
from .test_viewer_access import assert_accessible
from .walking import link_of

pytestmark = pytest.mark.browser

RULE = {"scope": "title", "title": "storm", "territory": "DE", "sharing": False}


async def put(page: Page, rule: dict[str, object]) -> str:
    """Write a rule as the rights manager; its id."""
    made: str = await page.evaluate(
        """async (rule) => {
            const headers = {"Content-Type": "application/json"};
            const answer = await fetch("/v1/rights", {method: "PUT", headers, body: JSON.stringify(rule)});
            return (await answer.json()).id;
        }""",
        rule,
    )
    return made


@pytest.mark.parametrize(("size", "javascript"), [(PHONE, True), (DESKTOP, True), (PHONE, False)])
async def test_a_link_that_cannot_be_seen_yet_is_waited_for(
    lumen: Lumen, visitor: NewVisitor, size: tuple[int, int], javascript: bool
) -> None:
    link = await link_of(lumen, "noor", "Only elsewhere", slug="storm")
    rights = (await visitor()).page
    await lumen.sign_in(rights, "ravi", "/")
    rule = await put(rights, RULE)
    try:
        page = (await visitor(size, javascript=javascript, extra_http_headers={"CF-IPCountry": "DE"})).page
        answer = await page.goto(link)
        assert answer is not None
        assert answer.status == 403
        await expect(page.get_by_role("heading", name="Not available where you are", level=1)).to_be_visible()
        await expect(page.get_by_text("Only elsewhere")).to_have_count(0)
        assert await page.evaluate("document.documentElement.scrollWidth") <= size[0]
        if javascript:
            await assert_accessible(page, "not in one's country")
        await page.get_by_role("button", name="Remind me").press("Enter")
        await page.get_by_role("button", name="Ada").click()
        await page.get_by_role("button", name="Remind me").click()
        await expect(page.get_by_role("status")).to_contain_text("We will remind you")
        await page.get_by_role("link", name="My moments").last.click()
        waiting = page.get_by_role("region", name="Sent to you")
        await expect(waiting.get_by_text("Not yet where you are.")).to_be_visible()
    finally:
        await rights.evaluate("id => fetch(`/v1/rights/${id}`, {method: 'DELETE'})", rule)
    await page.reload()
    await waiting.get_by_role("link", name="Watch").click()
    await expect(page.get_by_role("heading", name="The Storm", level=1)).to_be_visible()
    await page.goto(f"{lumen.url}/moments")
    if javascript:
        await assert_accessible(page, "My moments with a reminder")
    await waiting.get_by_role("button", name="Forget").click()
    await expect(page.get_by_text("You will not be reminded of it.")).to_be_visible()
    await expect(waiting).to_have_count(0)
