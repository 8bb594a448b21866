"""What every test may ask for: a real PostgreSQL, a fresh database in it, a running application."""

import gc

gc.disable()  # until all is collected: modules, and some thousand tests, are here to stay

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest
import structlog

from groundswell.platform.database import Database
from groundswell.platform.embedded import EmbeddedPostgres
from groundswell.platform.settings import Settings
from tests.built import build_wheel, unpack_components
from tests.databases import QUICK, Databases, folder_for_a_server, make_template
from tests.media_cache import remembered
from tests.once import once
from tests.openid_provider import openid_provider
from tests.support import App, own_app, settings_at, started

hypothesis.settings.register_profile(
    "any machine",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    # Every run draws others, so that many runs see more than one long one. Money, credit and policy ask for 100.
    max_examples=100 if os.environ.get("GROUNDSWELL_LONG_TESTS") else 40,
)
hypothesis.settings.load_profile("any machine")

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real video and real cascades beside the checkout; the tests that want them skip where they are absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the shared test data (real video, real cascades) is not beside this checkout")
    return SHARED_DATA


def pytest_configure() -> None:
    """Log as the service does: structlog's own default spends seconds on the locals of every traceback. And end when
    told to (``timeout``, a build that is cancelled) as on Ctrl-C, so that no server is left running."""
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, plain])
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark whatever needs the browser; begin with what takes longest.

    Of two workers the first gets the first half, and whoever is done first takes over some of what is left: so the
    browser's tests share one service, and nobody waits at the end for one long test.
    """
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()) and not item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.browser)
    items.sort(key=lambda item: (not item.get_closest_marker("slow"), not item.get_closest_marker("browser")))


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over them from now on; and over the caches that grow with each test, seldom: with
    its usual thresholds that is an eighth of what the heaviest tests take."""
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)


def pytest_unconfigure() -> None:
    """Let it clear up behind them at the end."""
    gc.unfreeze()


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """One server for the whole run (with xdist: of each worker)."""
    with folder_for_a_server() as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres", QUICK)
        server.start()
        yield server
        server.stop()


@pytest.fixture
def server_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder on disk for a server of the test's own; its logs are left in ``tmp_path``.

    It is not in pytest's: each run of pytest closes that to other users, such as root's stand-in for the server, which
    then cannot read its control file when a process asks where it lives.
    """
    with tempfile.TemporaryDirectory(prefix="groundswell-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        yield folder
        for log in folder.glob("*.log"):
            shutil.copy(log, tmp_path)


@pytest.fixture(scope="session")
def openid_issuer() -> Iterator[str]:
    """A certified OpenID provider, at which staff can sign in."""
    with openid_provider() as issuer:
        yield issuer


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built once."""
    (found,) = once(tmp_path_factory, "wheel", build_wheel).glob("*.whl")
    return found


@pytest.fixture(scope="session")
def components(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of components as it is published, unpacked once."""
    return once(tmp_path_factory, "components", unpack_components) / "package"


@pytest.fixture(scope="session")
def databases(postgres: EmbeddedPostgres) -> Iterator[Databases]:
    """Databases with every table, for fixtures that need one of their own."""
    databases = Databases(postgres, make_template(postgres))
    yield databases
    databases.close()


@pytest.fixture
def media_cache() -> Iterator[None]:
    """Have each piece of media work done once, for all tests that ask for this (see ``tests/media_cache.py``)."""
    with remembered():
        yield


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """A fresh database with every table, dropped afterwards."""
    name = databases.take()
    yield databases.server.url(name)
    databases.drop(name)


@pytest.fixture
def still_server(databases: Databases, database_url: str) -> None:
    """No transaction but the test's own on the server, so that what it commits can be sealed at once."""
    databases.settle()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The fresh database, opened."""
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture(scope="module")
async def shared_database(databases: Databases) -> AsyncIterator[Database]:
    """A database for the tests of a file that only read what was made in it once."""
    name = databases.take()
    database = Database(databases.server.url(name))
    yield database
    await database.close()
    databases.drop(name)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of a test application: its own database and data folder, no worker unless the test runs one."""
    return settings_at(database_url, tmp_path)


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[App]:
    """A started application."""
    async with started(settings) as app:
        yield app


@pytest.fixture(scope="module")
async def shared_app(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[App]:
    """A started application for the tests of a file that only ask: each leaves it as the others expect it."""
    async with own_app(databases, tmp_path_factory.mktemp("shared")) as app:
        yield app
