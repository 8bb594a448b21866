"""Browser tests: the whole demonstration really served, and a real Chromium that walks it."""

import os
import shutil
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from groundswell.catalog.importer import import_title
from groundswell.catalog.tables import RightsRule
from groundswell.demo.app import create_demo_app
from groundswell.platform.runtime import open_runtime
from groundswell.platform.settings import Settings
from tests.catalog.films import film
from tests.databases import Databases
from tests.media_cache import remembered
from tests.processes import free_port

WITH_WINDOWS = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or WITH_WINDOWS
"""The same engine; without the windows of a desktop it takes a third less of a processor."""
ORDINARY = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
PHONE, DESKTOP = (390, 844), (1440, 900)
PATIENCE_MS = 90_000
LINES = (
    (2, 5, "We should not be up here."),
    (8, 11, "Nobody should."),
    (18, 22, "Then who lit the lamp?"),
    (31, 34, "Listen."),
    (36, 39, "It is coming from below."),
    (44, 48, "Run."),
)


@dataclass(frozen=True)
class Lumen:
    """The demonstration as it runs: where, and in which database."""

    url: str
    database_url: str
    settings: Settings
    elsewhere: int
    """The port of a page that is not ours, whose components may call us."""

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What the database says."""
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(query, values).fetchall()

    async def sign_in(self, page: Page, who: str, to: str | None = None) -> None:
        """Be one of the demo's people; on the page ``to``, or without a page's being drawn that is left at once."""
        if to is None:
            answer = await page.context.request.get(f"{self.url}/sign-in?as={who}&next=/healthz")
            assert answer.ok, await answer.text()
        else:
            await page.goto(f"{self.url}/sign-in?as={who}&next={to}")


@dataclass
class Visitor:
    """Somebody with a browser of their own. Whatever their pages complain about is kept."""

    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)


NewVisitor = Callable[..., Awaitable[Visitor]]


@pytest.fixture(autouse=True)
def cut_once(media_cache: None) -> None:
    """What plays here is the clip engine's work, remembered: these tests are about what people do with it."""


@pytest.fixture(scope="session")
async def everybodys_lumen(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lumen]:
    """The demonstration with a film and an episode of a minute each, served until the end of the run."""
    async with demonstration(databases, tmp_path_factory.mktemp("lumen")) as lumen:
        yield lumen


@pytest.fixture
async def lumen(
    request: pytest.FixtureRequest, everybodys_lumen: Lumen, databases: Databases, tmp_path: Path
) -> AsyncIterator[Lumen]:
    """The demonstration that all tests walk; for one that is tried once more, one in which it has left nothing."""
    if getattr(request.node, "execution_count", 1) == 1:
        yield everybodys_lumen
        return
    async with demonstration(databases, tmp_path / "lumen") as lumen:
        yield lumen


@asynccontextmanager
async def demonstration(databases: Databases, folder: Path, **changes: Any) -> AsyncIterator[Lumen]:
    """A demonstration of its own in ``folder``, with ``changes`` of its settings, served while in here."""
    database_url = databases.server.url(databases.take())
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    elsewhere = free_port()
    given: dict[str, Any] = {
        "data_dir": folder / "data",
        "database_url": database_url,
        "base_url": url,
        "port": port,
        "demo": True,
        "territory_header": "CF-IPCountry",
        "refund_window_days": 0,
        "trending_people_min": 0,
        "trending_networks_min": 0,
        "admission_wait_ms": 60_000,  # a machine busy with other tests sheds nothing
        "request_deadline_s": 600,
        "clip_rate_per_minute": 1000,  # one person walks all the tests
        "share_rate_per_minute": 1000,
        "changes_per_minute": 10_000,
        "changes_per_day": 100_000,
        "reports_in_processes": False,  # by the same way, without the seconds that each takes to start
        "component_origins": [f"http://127.0.0.1:{elsewhere}"],
    }
    settings = Settings(**given | changes)
    app = create_demo_app(settings)
    with remembered():
        await fill(settings, folder)
    with serving(app, port):
        yield Lumen(url, database_url, settings, elsewhere)


async def fill(settings: Settings, folder: Path) -> None:
    """Two titles with subtitles, and rights that let short films be clipped."""
    subtitles = folder / "lines.srt"
    subtitles.write_text("".join(f"{n}\n{srt(a)} --> {srt(b)}\n{text}\n\n" for n, (a, b, text) in enumerate(LINES, 1)))
    async with open_runtime(settings) as runtime:
        video = film(folder / "a.mp4", shot_seconds=20)
        out: dict[str, Any] = {"released_on": date(2020, 1, 1), "subtitles": subtitles}
        await import_title(runtime, video, name="The Lamp Room", slug="lamp", synopsis="A light.", **out)
        other = film(folder / "b.mp4", shot_seconds=20, hue=90)
        episode: dict[str, Any] = {"series": "Night Ferry", "season": 1, "episode": 2}
        await import_title(runtime, other, name="The Storm", slug="storm", **out, **episode)
        async with runtime.database.transaction() as session:
            everything = RightsRule(scope="all", scope_key="*", updated_by="test")
            everything.viewer_total_us = everything.title_total_us = 3_600_000_000
            session.add(everything)


def srt(seconds: int) -> str:
    return f"00:00:{seconds:02},000"


@contextmanager
def serving(app: Any, port: int, **options: Any) -> Iterator[None]:
    """Serve ``app`` from a thread with an event loop of its own."""
    options |= {"log_config": None, "timeout_graceful_shutdown": 3}
    options |= {"timeout_keep_alive": 600}  # what is asked while a connection is given up is lost
    config = uvicorn.Config(app, host="127.0.0.1", port=port, **options)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        thread.join(0.05)
    assert server.started, "the demonstration did not start"
    yield
    server.should_exit = True
    thread.join(20)


def is_file(path: str) -> bool:
    return Path(path).is_file()


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """A real browser (the system's, else Playwright's own), or a skip that says how to get one."""
    async with launched(CHROMIUM) as browser:
        yield browser


@asynccontextmanager
async def launched(path: str | None) -> AsyncIterator[Browser]:
    """The browser at ``path``, or Playwright's own; a skip where there is none."""
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        if path is None and not is_file(playwright.chromium.executable_path):
            pytest.skip("no Chromium here: install Debian's chromium, or name one in CHROMIUM")
        browser = await playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-gpu", "--mute-audio", "--disable-background-networking", "--disable-sync"],
        )
        yield browser
        await browser.close()


@pytest.fixture
async def visitor(chromium: Browser, lumen: Lumen) -> AsyncIterator[NewVisitor]:
    """Make visitors: ``await visitor(size=PHONE, javascript=False)``. Their pages may complain of nothing."""
    made: list[Visitor] = []

    async def make(size: tuple[int, int] = DESKTOP, *, javascript: bool = True, **options: Any) -> Visitor:
        context = await chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            user_agent=options.pop("user_agent", ORDINARY),
            java_script_enabled=javascript,
            base_url=lumen.url,
            permissions=["clipboard-read", "clipboard-write"],
            **options,
        )
        context.set_default_timeout(PATIENCE_MS)
        someone = Visitor(context, await context.new_page())
        listen(someone)
        made.append(someone)
        return someone

    yield make
    complaints = [complaint for someone in made for complaint in someone.complaints]
    for someone in made:
        await someone.context.close()
    assert complaints == []


def listen(visitor: Visitor) -> None:
    """Keep script errors and violations of the page's policy."""
    visitor.page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
    visitor.page.on(
        "console",
        lambda message: visitor.complaints.append(message.text) if "Content Security Policy" in message.text else None,
    )
