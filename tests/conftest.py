"""What every test may ask for: a real PostgreSQL, a fresh database in it, a running application."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import httpx
import psycopg
import pytest

from groundswell.demo.identity import IdentityProvider
from groundswell.platform.database import Database
from groundswell.platform.embedded import EmbeddedPostgres
from groundswell.platform.migrations import migrate
from groundswell.platform.settings import Settings
from groundswell.web import rooms
from groundswell.web.app import create_app
from tests.support import App

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real video and real cascades beside the checkout; the tests that want them skip where they are absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the shared test data (real video, real cascades) is not beside this checkout")
    return SHARED_DATA


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """One server for the whole run; durability is off, which only the crash tests need (they start their own).

    Its folder is not pytest's: each run of pytest closes that to other users, such as root's stand-in for the server.
    """
    with TemporaryDirectory(prefix="groundswell-") as folder:
        quick = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        server = EmbeddedPostgres(Path(folder) / "postgres", quick)
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres) -> str:
    """The name of a migrated, empty database, to be copied."""
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE template_groundswell")
    rooms.load("tables")
    migrate(postgres.url("template_groundswell"))
    return "template_groundswell"


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, template: str) -> Iterator[str]:
    """A fresh database with every table, dropped afterwards."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE {template}')
        yield postgres.url(name)
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The fresh database, opened."""
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of a test application: its own database and data folder, no worker unless the test runs one."""
    return Settings(
        data_dir=tmp_path / "data", database_url=database_url, worker_in_server=False, base_url="http://test"
    )


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[App]:
    """The whole application, started, spoken to over ASGI; tokens come from the demo's identity provider."""
    identity = IdentityProvider(settings)
    application = create_app(settings, identity)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(application.router.lifespan_context(application))
        transport = httpx.ASGITransport(application)
        client = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://test"))
        yield App(application, application.state.runtime, client, identity)
