"""A landing page is light, still, and shows its picture before any script runs."""

import asyncio

import pytest
from playwright.async_api import Request, Route, expect

from .conftest import DESKTOP, PHONE, Lumen, NewVisitor
from .walking import clip_and_share, link_of, settled

pytestmark = pytest.mark.browser

BUDGET = 60 * 1024
SHIFTS = """
    globalThis.shifts = [];
    const box = ({ x, y, width, height }) => [x, y, width, height].join(" ");
    new PerformanceObserver((list) => {
        for (const { hadRecentInput, value, sources } of list.getEntries()) {
            if (hadRecentInput) continue;
            const moved = sources.map(({ node, previousRect, currentRect }) => {
                const what = (node?.outerHTML ?? node?.parentElement?.outerHTML ?? "gone").slice(0, 120);
                return `${what}: ${box(previousRect)} -> ${box(currentRect)}`;
            });
            shifts.push([value, ...moved]);
        }
    }).observe({ type: "layout-shift", buffered: true });
"""
"""Keeps how much moved, and what, from where to where."""


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
async def test_it_is_light_and_does_not_move(lumen: Lumen, visitor: NewVisitor, size: tuple[int, int]) -> None:
    ada = (await visitor()).page
    await lumen.sign_in(ada, "ada")
    link = await clip_and_share(lumen, ada, f"Light {size[0]}")
    await expect(ada.get_by_role("link", name="Save video")).to_be_visible()  # made, as for most who come by a link
    page = (await visitor(size)).page
    loaded: list[Request] = []
    page.on("requestfinished", lambda request: loaded.append(request))
    await page.add_init_script(SHIFTS)
    await page.goto(link)
    await page.wait_for_function("() => document.querySelector('video').currentTime > 0.5")
    sizes = {}
    for request in loaded:
        if request.resource_type in {"document", "script", "stylesheet", "font"}:
            sizes[request.url] = (await request.sizes())["responseBodySize"]
    assert len(sizes) >= 4, "page, style, script and type"
    assert sum(sizes.values()) <= BUDGET, sizes
    assert await page.evaluate("() => shifts") == []


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
async def test_nothing_moves_when_the_type_comes_late(lumen: Lumen, visitor: NewVisitor, size: tuple[int, int]) -> None:
    link = await link_of(lumen, "ada", "Type comes late, and there are several words")
    someone = await visitor(size)
    page, seen = someone.page, asyncio.Event()

    async def late(route: Route) -> None:
        await seen.wait()
        await route.continue_()

    await someone.context.route("**/*.woff2", late)
    await page.add_init_script(SHIFTS)
    try:
        await page.goto(link, wait_until="commit")
        await page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length")
    finally:
        seen.set()
    await page.evaluate("() => document.fonts.ready.then(() => undefined)")
    await page.wait_for_function("() => document.querySelector('video').currentTime > 0.5")
    assert await page.evaluate("() => shifts") == []


async def test_the_picture_is_there_before_any_script(lumen: Lumen, visitor: NewVisitor) -> None:
    ada = (await visitor()).page
    await lumen.sign_in(ada, "ada")
    link = await clip_and_share(lumen, ada, "Picture first")
    someone = await visitor(PHONE)
    await someone.context.route("**/*.js", lambda route: route.abort())
    await someone.page.goto(link)
    await expect(someone.page.locator("video")).to_be_in_viewport()
    pictures = "() => [...document.images].filter((image) => image.complete && image.naturalWidth === 1200).length"
    await someone.page.wait_for_function(f"() => ({pictures})() >= 1")
    poster = await someone.page.locator("video").get_attribute("poster")
    answer = await someone.page.request.get(f"{lumen.url}{poster}")
    assert len(await answer.body()) < 300_000


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
async def test_nothing_moves_when_people_come(lumen: Lumen, visitor: NewVisitor, size: tuple[int, int]) -> None:
    link = await link_of(lumen, "ada", f"People come {size[0]}")
    page = (await visitor(size)).page
    await page.add_init_script(SHIFTS)
    await page.goto(link)
    await expect(page.get_by_role("group", name="React at this second").get_by_role("button")).to_have_count(6)
    await expect(page.get_by_role("heading", name="Comments")).to_be_visible()
    await settled(page)
    assert await page.evaluate("() => shifts") == []
