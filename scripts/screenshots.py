"""Takes the pictures in docs/images from the demo, walked in a real browser. `make screenshots`."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from pathlib import Path

import httpx
from aiosmtpd.smtp import SMTP, Envelope, Session
from playwright.sync_api import Browser, Page, sync_playwright
from pydantic import SecretStr
from sqlalchemy import select

from groundswell.accounts.tables import Viewer
from groundswell.notifications import digest as mail_digest
from groundswell.notifications.tables import DigestMail
from groundswell.platform.clock import utc_now
from groundswell.platform.runtime import open_runtime
from groundswell.platform.settings import Settings

IMAGES = Path(__file__).parents[1] / "docs" / "images"
PORT = 8765
URL = f"http://127.0.0.1:{PORT}"
ORDINARY = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/144.0.0.0 Safari/537.36"
DESKTOP, PHONE = (1440, 900), (390, 844)
FILM, EPISODE = "a-light-for-nobody", "night-frequency-s1e1"
START_S = 900
PATIENCE_MS = 180_000
SEEN = """() => [...document.images].every((image) => {
    const { left, top, right, bottom } = image.getBoundingClientRect();
    const away = right <= 0 || bottom <= 0 || left >= innerWidth || top >= innerHeight;
    return away || !image.checkVisibility() || image.complete;
})"""
"""Every picture that is on the screen is there."""


def visitor(browser: Browser, size: tuple[int, int] = DESKTOP, who: str | None = None) -> Page:
    """A page of somebody's own browser, signed in as ``who``."""
    width, height = size
    page = browser.new_context(viewport={"width": width, "height": height}, user_agent=ORDINARY).new_page()
    page.set_default_timeout(PATIENCE_MS)
    if who:
        page.goto(f"{URL}/sign-in?as={who}&next=/")
    return page


def take(page: Page, name: str, path: str | None = None, *, settle_ms: int = 2500) -> None:
    """A picture of ``path``, or of the page as it stands."""
    if path is not None:
        page.goto(URL + path)
    page.wait_for_function(SEEN)
    page.wait_for_timeout(settle_ms)
    page.screenshot(path=IMAGES / f"{name}.jpg", type="jpeg", quality=84)
    print(name)


def viewers(browser: Browser) -> str:
    """Watch, clip, share; returns the link."""
    page = visitor(browser, who="noor")
    take(page, "home", "/")
    page.goto(f"{URL}/watch/{FILM}?t=101")
    take(page, "watch")
    page.get_by_role("button", name="Clip").first.click()
    take(page, "clip", settle_ms=3500)
    page.get_by_label("Your words").fill("One match left. She knew what it was for.")
    page.get_by_role("button", name="Save moment").click()
    link = page.get_by_role("textbox", name="Link")
    link.wait_for()
    address = link.input_value()
    page.get_by_role("link", name="Save video").wait_for()
    take(page, "share")
    page.get_by_role("button", name="Options").click()
    take(page, "share-options", settle_ms=800)
    phone = visitor(browser, PHONE, who="ada")
    phone.goto(f"{URL}/watch/{EPISODE}?t=62")
    phone.wait_for_timeout(1500)
    phone.get_by_role("button", name="Clip").first.click()
    take(phone, "clip-phone", settle_ms=3500)
    take(page, "my-moments", "/moments")
    page.get_by_role("link", name="Edit").first.click()
    take(page, "my-moment")
    return address


def spoilers(browser: Browser) -> None:
    """A spoiler as a stranger sees it, when they ask to see it, and as whoever has got there sees it."""
    maker = visitor(browser, who="ada")
    maker.goto(f"{URL}/watch/{EPISODE}?t=62")
    maker.get_by_role("button", name="Clip").first.click()
    maker.get_by_label("Your words").fill("He knew. He knew all along.")
    maker.get_by_label("This is a spoiler").check()
    maker.get_by_role("button", name="Save moment").click()
    link = maker.get_by_role("textbox", name="Link")
    link.wait_for()
    address = link.input_value()
    stranger = visitor(browser)
    take(stranger, "spoiler-veiled", address.removeprefix(URL), settle_ms=6000)
    stranger.locator("details.spoiler-veil summary").click()
    take(stranger, "spoiler-opened")
    take(maker, "spoiler-seen", address.removeprefix(URL), settle_ms=4000)


def friends(browser: Browser, link: str) -> None:
    """The landing page as friends see it."""
    for name, size in (("landing", DESKTOP), ("landing-phone", PHONE)):
        page = visitor(browser, size)
        page.goto(link)
        for _ in range(60):
            if page.evaluate("() => document.querySelector('video')?.currentTime ?? 0") > 2:
                break
            page.wait_for_timeout(1000)
        take(page, name, settle_ms=200)
    take(visitor(browser), "discover", "/discover")


def people(browser: Browser) -> None:
    """What people do around a moment, and what those who keep them safe see of it."""
    page = visitor(browser, who="ada")
    for scene in page.request.get(f"{URL}/v1/discover").json()["items"]:
        code = scene["best"]["code"]
        if len(page.request.get(f"{URL}/v1/moments/{code}/comments").json()["items"]) > 2:
            break
    page.goto(f"{URL}/m/{code}")
    page.locator("gs-moment").scroll_into_view_if_needed()
    page.wait_for_function("() => document.querySelector('video')?.currentTime > 2")
    take(page, "reactions")
    page.locator("gs-comments").scroll_into_view_if_needed()
    take(page, "comments")
    take(page, "collection", "/c/LumenC1", settle_ms=4000)
    supercut(page)
    take(visitor(browser, PHONE, who="noor"), "inbox-phone", "/inbox")
    take(visitor(browser, PHONE), "feed-phone", "/feed", settle_ms=6000)
    take(visitor(browser), "search", "/search?q=light")
    trust = visitor(browser, who="tess")
    take(trust, "reviews", "/console/reviews")
    take(trust, "appeals", "/console/appeals")
    take(trust, "cases", "/console/cases")
    take(visitor(browser, who="mira"), "trending", "/console/trending")


def supercut(page: Page) -> None:
    """A collection as one clip, on its maker's page."""
    page.goto(f"{URL}/c/LumenC1")
    page.locator("#supercut video").wait_for()
    page.locator("#supercut").evaluate("(section) => scrollBy(0, section.getBoundingClientRect().top - 80)")
    page.locator("#supercut .chapters a").last.click()
    page.wait_for_function("() => document.querySelector('#supercut video').currentTime > 2")
    take(page, "supercut")


def digest(browser: Browser) -> None:
    """The mail of what Noor has not read, as a mail program shows it."""
    with ThreadPoolExecutor() as beside:  # Playwright's own loop runs here
        content = beside.submit(asyncio.run, digest_of("noor")).result()
    page = browser.new_context(viewport={"width": 720, "height": 900}).new_page()
    page.set_content(content)
    take(page, "digest")


class Mailbox:
    """Takes every mail that a server hands over."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd asks it
        assert isinstance(envelope.content, bytes)
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    def body(self, kind: str) -> str:
        """What the last mail says, as ``plain`` or ``html``."""
        part = self.mails[-1].get_body((kind,))
        assert part is not None
        return str(part.get_content())


async def digest_of(who: str) -> str:
    """The digest that one of the demo's people is mailed, as HTML: asked for, confirmed and delivered by SMTP."""
    box, day = Mailbox(), utc_now().date()
    server = await asyncio.get_running_loop().create_server(partial(SMTP, box), "127.0.0.1", 0)
    smtp = SecretStr(f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    async with server, open_runtime(Settings(demo=True, port=PORT, base_url=URL, smtp_url=smtp)) as runtime:
        async with runtime.database.transaction() as session:
            viewer = (await session.scalars(select(Viewer).filter_by(subject=who))).one()
            await mail_digest.ask_for(session, runtime.settings, viewer.id, f"{who}@example.com")
        assert await mail_digest.send_confirmation(runtime, viewer.id)
        confirming = re.search(r"/mail/confirm/[^/]+/(\S+)", box.body("plain"))
        assert confirming is not None
        async with runtime.database.transaction() as session:
            assert await mail_digest.confirm(session, runtime.settings, viewer.id, confirming[1])
            session.add(DigestMail(viewer_id=viewer.id, day=day))
        assert await mail_digest.deliver(runtime, viewer.id, day), "nothing is new"
    return box.body("html")


def money(browser: Browser) -> None:
    """From the brief to the bank's line, as creator, marketer and finance see it."""
    phone = visitor(browser, PHONE, who="noor")
    take(phone, "studio-phone", "/creator")
    phone.goto(f"{URL}/creator/campaigns/autumn-scenes")
    phone.locator("form[action$='/submissions']").scroll_into_view_if_needed()
    take(phone, "submission-phone")
    marketer = visitor(browser, who="mira")
    take(marketer, "brief", "/console/campaigns/autumn-scenes/pay")
    take(marketer, "shortlist", "/console/shortlist")
    finance = visitor(browser, who="fay")
    take(finance, "months", "/console/finance/months")
    finance.goto(f"{URL}/console/finance/runs")
    finance.locator("main a[href^='/console/finance/runs/']").first.click()
    take(finance, "payout-run")
    finance.goto(f"{URL}/console/finance")
    due = finance.locator("a[href^='/console/finance/statements/']").first.get_attribute("href") or ""
    take(finance, "statement", due.partition("#")[0])
    number = finance.get_by_role("link", name="(PDF)").inner_text().split()[1]
    take(finance, "audit-trail", f"/console/finance/trail?q={number}")


def staff(browser: Browser) -> None:
    """The console, and the creator's own page."""
    marketer = visitor(browser, who="mira")
    take(marketer, "loop", "/console/loop")
    marketer.locator("a[href^='/console/conversions/']").last.click()
    take(marketer, "evidence")
    take(marketer, "explore", "/console/explore?by=scene")
    take(marketer, "campaign", "/console/campaigns/autumn-scenes")
    take(marketer, "experiment", "/console/experiments/sharing-holdout")
    take(marketer, "weekly", "/console/weekly")
    marketer.goto(f"{URL}/console/cohorts")
    marketer.locator("a[href^='/console/shares/']").first.click()
    take(marketer, "cascade")
    take(visitor(browser, who="noor"), "creator", "/creator")
    take(visitor(browser, who="fay"), "finance", "/console/finance")
    take(visitor(browser, who="tess"), "trust", "/console/trust")


def rights(browser: Browser, link: str) -> None:
    """Rules, what a draft would change, the simulator; and the preview lab, looking at ``link``."""
    page = visitor(browser, who="ravi")
    take(page, "rights", "/console/rights")
    clip = "start=0:30&end=0:50&territory=DE&who=kids&target=tiktok&purpose=download"
    take(page, "simulator", f"/console/rights/simulator?title={FILM}&{clip}")
    take(page, "rights-draft", f"/console/rights/draft?scope=title&name={FILM}&public_playback=off")
    take(page, "previews", f"/console/previews?url={link}", settle_ms=4000)


def hero(browser: Browser) -> None:
    """The picture at the top of the README: what the friend sees, beside what the marketer sees."""
    page = browser.new_context(viewport={"width": 1440, "height": 560}, device_scale_factor=2).new_page()
    style = "margin:0;background:#0b0d14;display:flex;gap:24px;padding:24px;align-items:flex-start"
    images = "".join(
        f'<img src="{(IMAGES / f"{name}.jpg").as_uri()}" style="width:684px;border-radius:12px">'
        for name in ("landing", "loop")
    )
    target = IMAGES / "hero.html"
    target.write_text(f'<body style="{style}">{images}</body>')
    page.goto(target.as_uri())
    page.wait_for_timeout(500)
    page.screenshot(
        path=IMAGES / "hero.jpg", type="jpeg", quality=84, clip={"x": 0, "y": 0, "width": 1440, "height": 476}
    )
    target.unlink()


def main() -> int:
    """Start the demo on a port of its own, walk it, stop it."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "groundswell.cli", "demo", "--port", str(PORT)]
    server = subprocess.Popen(command, env=os.environ)
    try:
        for _ in range(START_S):
            try:
                httpx.get(URL)
                break
            except httpx.TransportError:
                time.sleep(1)
        with sync_playwright() as playwright:
            chromium = shutil.which("chromium-headless-shell") or shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            link = viewers(browser)
            for part in (
                spoilers,
                partial(friends, link=link),
                partial(rights, link=link),
                staff,
                digest,  # before Noor reads her inbox
                people,
                money,
                hero,
            ):
                for context in browser.contexts:  # what plays on in them takes the machine's time
                    context.close()
                part(browser)
            browser.close()
    finally:
        server.terminate()
        server.wait(timeout=60)
    return 0


if __name__ == "__main__":
    sys.exit(main())
