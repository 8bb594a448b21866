"""Watch, clip, and find it in My moments."""

import re

import pytest
from playwright.async_api import expect

from .conftest import PHONE, Lumen, NewVisitor
from .walking import clip_and_share, handle, open_trimmer

pytestmark = pytest.mark.browser


async def seconds(page: object, edge: str) -> float:
    return float(await handle(page, edge).get_attribute("aria-valuenow") or "nan")  # type: ignore[arg-type]


async def test_the_last_fifteen_seconds_are_chosen_and_can_be_adjusted_by_keyboard(
    lumen: Lumen, visitor: NewVisitor
) -> None:
    page = (await visitor()).page
    await lumen.sign_in(page, "ada")
    await open_trimmer(lumen, page, at=40)
    start, end = await seconds(page, "Start"), await seconds(page, "End")
    assert 39 <= end <= 43
    assert end - start == pytest.approx(15, abs=0.05)

    await handle(page, "Start").focus()
    await page.keyboard.press("ArrowRight")
    assert await seconds(page, "Start") - start == pytest.approx(1 / 24, abs=0.002)
    await page.keyboard.press("Shift+ArrowRight")
    assert await seconds(page, "Start") - start == pytest.approx(1 + 1 / 24, abs=0.05)
    spoken = await handle(page, "Start").get_attribute("aria-valuetext")
    assert re.fullmatch(r"[\d.]+ seconds?", spoken or "")

    await page.get_by_role("button", name="Undo").click()
    assert await seconds(page, "Start") - start == pytest.approx(1 / 24, abs=0.05)


async def test_times_can_be_typed_and_nonsense_is_refused_in_words(lumen: Lumen, visitor: NewVisitor) -> None:
    page = (await visitor()).page
    await lumen.sign_in(page, "ada")
    await open_trimmer(lumen, page, at=40)
    field = page.get_by_role("textbox", name="Start")
    await field.fill("00:30.000")
    await field.press("Enter")
    assert await seconds(page, "Start") == pytest.approx(30, abs=0.05)
    for nonsense in ("1:2:3:4", "NaN", "-5", "soon"):
        await field.fill(nonsense)
        await field.press("Enter")
        await expect(page.get_by_text("Type a time like 01:12.500.")).to_be_visible()
        assert await seconds(page, "Start") == pytest.approx(30, abs=0.05)


async def test_handles_cannot_cross_nor_the_clip_grow_too_long(lumen: Lumen, visitor: NewVisitor) -> None:
    page = (await visitor()).page
    await lumen.sign_in(page, "ada")
    await open_trimmer(lumen, page, at=40)
    await handle(page, "Start").focus()
    for _ in range(30):
        await page.keyboard.press("Shift+ArrowRight")
    start, end = await seconds(page, "Start"), await seconds(page, "End")
    assert end - start == pytest.approx(5, abs=0.05)
    await page.keyboard.press("Home")
    assert await seconds(page, "End") - await seconds(page, "Start") <= 60


async def test_a_line_becomes_the_clip_when_tapped(lumen: Lumen, visitor: NewVisitor) -> None:
    page = (await visitor(PHONE)).page
    await lumen.sign_in(page, "ada")
    await open_trimmer(lumen, page, at=5)
    line = page.get_by_role("button", name="Then who lit the lamp?")
    await line.click()
    await expect(line).to_have_attribute("aria-pressed", "true")
    assert await seconds(page, "Start") == pytest.approx(18, abs=0.05)
    assert await seconds(page, "End") == pytest.approx(23, abs=0.05)  # four seconds, made five: the least allowed


async def test_the_handles_can_be_dragged(lumen: Lumen, visitor: NewVisitor) -> None:
    page = (await visitor()).page
    await lumen.sign_in(page, "ada")
    await open_trimmer(lumen, page, at=40)
    before = await seconds(page, "End")
    box = await handle(page, "End").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 8, box["y"] + box["height"] / 2)
    await page.mouse.down()
    await page.mouse.move(box["x"] + 88, box["y"] + box["height"] / 2, steps=6)
    await page.mouse.up()
    assert await seconds(page, "End") > before + 1


async def test_a_saved_moment_is_in_my_moments_at_once(lumen: Lumen, visitor: NewVisitor) -> None:
    page = (await visitor()).page
    await lumen.sign_in(page, "ada")
    caption = "<b>The lamp</b> 🔦 & what it means"
    await clip_and_share(lumen, page, caption)
    await page.goto(f"{lumen.url}/moments")
    await expect(page.get_by_role("link", name=caption, exact=True)).to_be_visible()
    rows = lumen.rows("SELECT end_us - start_us FROM moments WHERE caption = %s", caption)
    assert [round(length / 1e6) for (length,) in rows] == [15]

    await page.get_by_role("button", name=f"Delete {caption}").click()
    await page.get_by_role("button", name="Delete", exact=True).click()
    await expect(page.get_by_role("link", name=caption, exact=True)).to_have_count(0)


async def test_nothing_exists_until_it_is_saved(lumen: Lumen, visitor: NewVisitor) -> None:
    page = (await visitor()).page
    await lumen.sign_in(page, "ada")
    before = lumen.rows("SELECT count(*) FROM moments")
    await open_trimmer(lumen, page)
    await page.get_by_label("Your words").fill("Never mind")
    await page.keyboard.press("Escape")
    assert lumen.rows("SELECT count(*) FROM moments") == before


async def test_what_rights_forbid_is_said_before_and_after_trying(lumen: Lumen, visitor: NewVisitor) -> None:
    page = (await visitor()).page
    await lumen.sign_in(page, "ravi", "/")
    title = lumen.rows("SELECT id FROM titles WHERE slug = 'storm'")[0][0]
    rule = {
        "scope": "title",
        "title": "storm",
        "blocked_ranges": [{"start_us": 30_000_000, "end_us": 50_000_000, "reason": "The song is not ours to share."}],
    }
    await put_rule(page, rule)
    try:
        await lumen.sign_in(page, "ada")
        await open_trimmer(lumen, page, "storm", at=40)
        await expect(
            page.get_by_text("From 0:30 to 0:50 cannot be clipped: The song is not ours to share.")
        ).to_be_visible()
        await expect(page.get_by_text("This part cannot be clipped: The song is not ours to share.")).to_be_visible()
        await expect(page.get_by_role("button", name="Save moment")).to_be_disabled()
    finally:
        await lumen.sign_in(page, "ravi", "/")
        await put_rule(page, {"scope": "title", "title": "storm", "sharing": None})
    assert title


async def put_rule(page: object, rule: dict[str, object]) -> None:
    answer = await page.evaluate(  # type: ignore[attr-defined]
        """async (rule) => {
            const headers = {"Content-Type": "application/json"};
            const answer = await fetch("/v1/rights", {method: "PUT", headers, body: JSON.stringify(rule)});
            return [answer.ok, await answer.text()];
        }""",
        rule,
    )
    assert answer[0], answer[1]
