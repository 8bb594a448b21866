"""``groundswell doctor``: what is right and what is wrong with an installation."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

import av
import httpx
import psycopg

from groundswell.platform.runtime import reach_database
from groundswell.platform.settings import Settings
from groundswell.platform.storage import open_store
from groundswell.web.listening import AlreadyServed, ensure_free

ENCODERS = ("libx264", "aac")
GIB = 1024**3


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    what: str
    ok: bool
    detail: str


Check = Callable[[Settings], Awaitable[str]]


async def examine(settings: Settings) -> list[Finding]:
    """Look at everything; a failed check names its error and does not stop the others."""
    checks: dict[str, Check] = {
        "data folder": data_folder,
        "database": database,
        "object storage": object_storage,
        "media engine": media_engine,
        "web components": web_components,
        "viewers' keys": viewers_keys,
        "port": port,
    }
    return [await _finding(what, check, settings) for what, check in checks.items()]


async def _finding(what: str, check: Check, settings: Settings) -> Finding:
    try:
        return Finding(what, True, await check(settings))
    except Exception as error:
        return Finding(what, False, str(error).strip().split("\n", 1)[0] or type(error).__name__)


async def data_folder(settings: Settings) -> str:
    """Writable, with room."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=settings.data_dir):
        free = shutil.disk_usage(settings.data_dir).free
    if free < GIB:
        raise RuntimeError(f"less than 1 GiB free in {settings.data_dir.resolve()}")
    return f"{settings.data_dir.resolve()}, {free // GIB} GiB free"


async def database(settings: Settings) -> str:
    """Reachable, new enough, and may be written to."""
    async with reach_database(settings) as url:
        async with await psycopg.AsyncConnection.connect(url, connect_timeout=10) as connection:
            version = connection.info.server_version
            await connection.execute("CREATE TEMPORARY TABLE doctor (x int)")
    if version < 150000:
        raise RuntimeError(f"PostgreSQL {version // 10000} is too old; 15 or newer is needed")
    kind = "your PostgreSQL" if settings.database_url else "embedded PostgreSQL"
    return f"{kind} {version // 10000}.{version % 10000}"


async def object_storage(settings: Settings) -> str:
    """A small object can be written, read and deleted."""
    store = open_store(settings)
    await store.put_bytes("doctor/check", b"ok")
    if await store.get_bytes("doctor/check") != b"ok":
        raise RuntimeError("what was written could not be read back")
    await store.delete("doctor/check")
    return settings.storage_url or "local folder"


async def media_engine(settings: Settings) -> str:
    """PyAV with the encoders that renditions need."""
    if missing := [name for name in ENCODERS if name not in av.codecs_available]:
        raise RuntimeError(f"PyAV lacks {', '.join(missing)}; install PyAV's own wheel")
    return f"PyAV {av.__version__} with {', '.join(ENCODERS)}"


async def web_components(settings: Settings) -> str:
    """Built."""
    dist = Path(__file__).parent / "web" / "static" / "dist"
    if not any(dist.glob("**/*.js")):
        raise RuntimeError("not built; run `make setup`")
    return "built"


async def viewers_keys(settings: Settings) -> str:
    """Published by the service, and readable from here."""
    if settings.jwks_url is None:
        if settings.demo or (settings.data_dir / "demo.edition").exists():
            return "the demo service's own"
        raise RuntimeError("GROUNDSWELL_JWKS_URL is not set; `groundswell demo` has keys of its own")
    async with httpx.AsyncClient(timeout=10, follow_redirects=True) as http:
        answer = (await http.get(settings.jwks_url)).raise_for_status()
    if not (keys := answer.json().get("keys")):
        raise RuntimeError(f"{settings.jwks_url} publishes no keys")
    return f"{len(keys)} at {settings.jwks_url}"


async def port(settings: Settings) -> str:
    """Free, or already served by us."""
    where = f"{settings.host}:{settings.port}"
    try:
        await asyncio.to_thread(ensure_free, settings)
    except AlreadyServed:
        return f"{where} is served by Groundswell"
    return f"{where} is free"
