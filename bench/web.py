"""Viewers' pages on a slow connection: how soon a clip moves, how much of it plays, whether pages move.

The demo runs in a process of its own (``BENCH_DEMO`` is the folder that it keeps its films in; the first start takes
minutes) and Chromium throttles itself. Each clip is seen by a browser that was nowhere before: just after it was saved,
and when all that is made of it is there.
"""

import asyncio
import os
import shutil
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, Page, async_playwright

from bench.harness import Bench
from bench.served import HOST, free_port, process

FOLDER = Path(os.environ.get("BENCH_DEMO", Path(__file__).parent / "cache" / "demo"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
FILM = "a-light-for-nobody"
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/144.0.0.0 Safari/537.36"
PHONE, DESKTOP = (390, 844), (1440, 900)
LOOK_S = 8
SPEEDS = {"1.6 Mbit/s, 150 ms": (1_600_000, 150), "400 kbit/s, 150 ms": (400_000, 150)}
WATCHED = """
    globalThis.shifts = 0;
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) shifts += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
    globalThis.moved = new Promise((done) => {
        let frames = 0;
        const next = () => {
            const [page] = performance.getEntriesByType("navigation");
            if (++frames === 2) return done(performance.now() - page.responseStart);
            document.querySelector("video").requestVideoFrameCallback(next);
        };
        addEventListener("DOMContentLoaded", () => document.querySelector("video")?.requestVideoFrameCallback(next));
    });
"""
"""Adds up what moves, and tells after how many milliseconds from the page's first byte a second frame was shown."""

MAKE = """async ([title, start]) => {
    const send = async (path, body) => {
        const headers = { "Content-Type": "application/json" };
        const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
        if (!answer.ok) throw new Error(await answer.text());
        return answer.json();
    };
    const moment = await send("/v1/moments", { title, start_us: start, end_us: start + 15_000_000, caption: "" });
    return [(await send("/v1/shares", { moment: moment.code, channel: "copy" })).url, moment.id];
}"""
LIGHT = "async (id) => (await (await fetch(`/v1/moments/${id}/media`)).json()).light_url !== null"


async def run(bench: Bench) -> None:
    bench.plotted = "s"
    async with demo() as url, chromium() as browser:
        maker = await visitor(browser, url, DESKTOP)
        await maker.goto(f"{url}/sign-in?as=noor&next=/")
        for name, speed in SPEEDS.items():
            fresh, made, played = [], [], []
            for number in range(ROUNDS):
                link, id = await maker.evaluate(MAKE, [FILM, 20_000_000 + number * 1_000_000 + speed[0]])
                fresh.append((await landing(browser, link, speed))[0])
                await there(maker, id)
                moves, plays = await landing(browser, link, speed)
                made.append(moves)
                played.append(plays)
            goal = 2.0 if speed[0] > 1_000_000 else None
            bench.measure(f"{name}: moves, clip just made", statistics.median(fresh), "s", goal, at_most=True)
            bench.measure(f"{name}: moves, clip there", statistics.median(made), "s", goal, at_most=True)
            bench.measure(f"{name}: plays of a clip that is there, of {LOOK_S} s", statistics.median(played), "s")
        shifts = await shifted(browser, url, link)
        for name, moved in shifts.items():
            if moved:
                bench.note(f"{name} moves by {moved:.4f}")
        bench.measure(f"layout shift, the most of {len(shifts)} pages", max(shifts.values()), "CLS", 0, at_most=True)
    bench.note(f"medians of {ROUNDS} clips of 15 seconds, each with a browser of its own")


async def landing(browser: Browser, link: str, speed: tuple[int, int]) -> tuple[float, float]:
    """Seconds from the page's first byte to the second frame; and how far the clip has got ``LOOK_S`` later."""
    page = await visitor(browser, link, PHONE)
    session = await page.context.new_cdp_session(page)
    bytes_a_second = speed[0] / 8
    throttled: dict[str, float | bool] = {"offline": False, "latency": speed[1]}
    throttled |= {"downloadThroughput": bytes_a_second, "uploadThroughput": bytes_a_second}
    await session.send("Network.enable")
    await session.send("Network.emulateNetworkConditions", throttled)
    await page.goto(link, wait_until="commit")
    moves = await asyncio.wait_for(page.evaluate("moved"), 120)
    await page.wait_for_timeout(1000 * LOOK_S - moves)
    plays = await page.evaluate("document.querySelector('video').currentTime")
    await page.context.close()
    return moves / 1000, plays


async def there(page: Page, id: str) -> None:
    """Return when the clip's light file is there."""
    for _ in range(300):
        if await page.evaluate(LIGHT, id):
            return
        await page.wait_for_timeout(500)
    raise TimeoutError(id)


async def shifted(browser: Browser, url: str, link: str) -> dict[str, float]:
    """How much of each page moves while nobody touches it, on a phone and on a desk."""
    found: dict[str, float] = {}
    for size in (PHONE, DESKTOP):
        page = await visitor(browser, url, size)
        await page.goto(f"{url}/sign-in?as=noor&next=/")
        for path in ("/", "/discover", f"/watch/{FILM}", "/moments", "/account", "/creator", link.removeprefix(url)):
            await page.goto(url + path)
            await page.wait_for_timeout(5000)
            name = "/s/…" if path.startswith("/s/") else path
            found[f"{name} at {size[0]} px"] = await page.evaluate("shifts")
        await page.context.close()
    return found


async def visitor(browser: Browser, url: str, size: tuple[int, int]) -> Page:
    """A page of a browser that was nowhere yet."""
    viewport: Any = {"width": size[0], "height": size[1]}
    context = await browser.new_context(viewport=viewport, user_agent=AGENT)
    await context.add_init_script(WATCHED)
    return await context.new_page()


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--mute-audio"]
        path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
        browser = await playwright.chromium.launch(executable_path=path, args=options)
        yield browser
        await browser.close()


@asynccontextmanager
async def demo() -> AsyncIterator[str]:
    """The demo's address, once it answers."""
    port, began = free_port(), time.monotonic()
    command = [sys.executable, "-m", "groundswell.cli", "demo", "--port", str(port)]
    with process(command, {"GROUNDSWELL_DATA_DIR": str(FOLDER)}) as running:
        async with httpx.AsyncClient() as client:
            while running.poll() is None and time.monotonic() - began < 3600:
                try:
                    await client.get(f"http://{HOST}:{port}/")
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.5)
        yield f"http://{HOST}:{port}"
