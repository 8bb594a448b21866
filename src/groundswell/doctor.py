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
import pyarrow as pa
from sqlalchemy import select

from groundswell.accounts.openid import StaffProviders
from groundswell.accounts.sign_in_walk import walk
from groundswell.catalog.listing import totals
from groundswell.catalog.tables import Title
from groundswell.events.lake.lag import LATE, lake_lag
from groundswell.insights.reports.engine import engine_of
from groundswell.media import colour_emoji, missing_scripts
from groundswell.media.sandbox.bounded import confinement_left_out
from groundswell.platform import mail
from groundswell.platform.cannot_start import CannotStart
from groundswell.platform.database import Base, Database
from groundswell.platform.jobs import failed_lately, waiting_jobs
from groundswell.platform.migrations import current_revision, ensure_known, newest_revision
from groundswell.platform.migrations.shape import check_shape
from groundswell.platform.runtime import reach_database
from groundswell.platform.settings import Settings
from groundswell.platform.storage import open_store
from groundswell.trust.catalogue_health import Health, unwell
from groundswell.web import features
from groundswell.web.port_check import AlreadyServed, ensure_free

ENCODERS = ("libx264", "aac")
GIB = 1024**3


@dataclass(frozen=True)
class Diagnosis:
    """One thing looked at."""

    what: str
    ok: bool
    detail: str
    code: str | None = None
    """Why no process could start, as the other commands would say."""


Check = Callable[[Settings], Awaitable[str]]


async def examine(settings: Settings, *, sign_in: bool = False) -> list[Diagnosis]:
    """Look at everything; a failed check names its error and does not stop the others.

    Args:
        sign_in: walk the round trip of signing in, too.
    """
    checks: dict[str, Check] = {
        "data folder": data_folder,
        "database": database,
        "tables": tables,
        "lake": lake,
        "background jobs": background_jobs,
        "object storage": object_storage,
        "analytics engine": analytics_engine,
        "media engine": media_engine,
        "media child": media_child,
        "caption fonts": caption_fonts,
        "subtitles": subtitles,
        "web components": web_components,
        "viewers' keys": viewers_keys,
        "mail": mail_server,
        "port": port,
    }
    found = [await _finding(what, check, settings) for what, check in checks.items()]
    return found + (await sign_in_steps(settings) if sign_in else [])


async def sign_in_steps(settings: Settings) -> list[Diagnosis]:
    """The steps of signing in, as far as a machine can take them."""
    steps = [step async for step in walk(settings, StaffProviders(settings))]
    return [Diagnosis(f"sign-in, {step.what}", step.ok, step.detail) for step in steps]


async def catalogue(settings: Settings) -> list[Diagnosis]:
    """Every title that cannot be shared as its rules mean it, with what to do; one line when there is none."""
    features.load("tables")
    async with reach_database(settings) as url:
        if not await asyncio.to_thread(_is_current, url):
            return [Diagnosis("catalogue", False, "not looked at, for want of the tables")]
        reached = Database(url)
        try:
            async with reached.snapshot() as session:
                found = [_unwell(each) async for each in unwell(session)]
                total = (await totals(session)).titles
        finally:
            await reached.close()
    return found or [Diagnosis("catalogue", True, f"{total} in all: every rule binds, and each can be cut")]


def _unwell(health: Health) -> Diagnosis:
    said = [f"{each.field} lacks {each.fact} ({each.code})" for each in health.unbound]
    facts = sorted({each.fact for each in health.unbound})
    if facts:
        said.append(f"say {', '.join(facts)}: PUT /v1/titles/{health.listed.title.external_id}")
    said += [f"{each.address}: {each.words or each.code} ({each.code})" for each in health.sources if each.code]
    if health.media is not None and health.sources:
        said.append(health.media.rstrip("."))
    elif health.media is not None:
        external_id = health.listed.title.external_id
        said.append(f"{health.media.rstrip('.')}: groundswell import FILE --external-id {external_id}")
    return Diagnosis(f"title {health.listed.title.external_id}", False, "; ".join(said))


async def _finding(what: str, check: Check, settings: Settings) -> Diagnosis:
    try:
        return Diagnosis(what, True, await check(settings))
    except Exception as error:
        code = error.code if isinstance(error, CannotStart) else None
        return Diagnosis(what, False, str(error).strip().split("\n", 1)[0] or type(error).__name__, code)


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


async def tables(settings: Settings) -> str:
    """At this version's revision, and what its models say."""
    features.load("tables")
    async with reach_database(settings) as url:
        return await asyncio.to_thread(_tables_at, url)


def _tables_at(url: str) -> str:
    with psycopg.connect(url, connect_timeout=10) as connection:
        revision = current_revision(connection)
        if revision is None:
            return "none yet; the first start makes them"
        ensure_known(revision)
        if revision != newest_revision():
            raise RuntimeError(f"at revision {revision}, not {newest_revision()}; `groundswell migrate` goes there")
        if missing := check_shape(connection, Base.metadata):
            raise RuntimeError("; ".join(missing))
    return f"at revision {revision}, as the models say"


async def lake(settings: Settings) -> str:
    """Not behind the database."""
    features.load("jobs")
    async with reach_database(settings) as url:
        with psycopg.connect(url, connect_timeout=10) as connection:
            if current_revision(connection) != newest_revision():
                return "not looked at, for want of the tables"
        reached = Database(url)
        try:
            async with reached.sessions() as session:
                lag = await lake_lag(session)
        finally:
            await reached.close()
    if lag > LATE:
        raise RuntimeError(
            f"events have waited {lag.total_seconds():.0f} s to be sealed into it, and reports do not count them; "
            "is `serve` or `work` running, and what does it log of sealing_failed?"
        )
    return "nothing waits to be sealed into it"


async def background_jobs(settings: Settings) -> str:
    """None has failed for good in the last day, and none has waited for long."""
    async with reach_database(settings) as url:
        return await asyncio.to_thread(_jobs_at, url)


def _jobs_at(url: str) -> str:
    with psycopg.connect(url, connect_timeout=10) as connection:
        failed = failed_lately(connection)
        if failed is None:
            return "none yet"
        waiting = waiting_jobs(connection)
    if failed:
        id, task, error = failed[-1]
        raise RuntimeError(f"{len(failed)} failed in the last day; the latest is {task} ({id}): {error}")
    return f"none has failed in the last day; {waiting} wait"


async def object_storage(settings: Settings) -> str:
    """A small object can be written, read and deleted."""
    store = open_store(settings)
    await store.put_bytes("doctor/check", b"ok")
    if await store.get_bytes("doctor/check") != b"ok":
        raise RuntimeError("what was written could not be read back")
    await store.delete("doctor/check")
    return settings.storage_url or "local folder"


async def analytics_engine(settings: Settings) -> str:
    """Answers a question."""
    return await asyncio.to_thread(_asked, settings.analytics_url)


def _asked(url: str) -> str:
    engine = engine_of(url)
    try:
        answer = engine.run(engine.rows("doctor", pa.table({"x": pa.array([1, 2], pa.int64())})))
    finally:
        engine.close()
    if sorted(answer["x"].to_pylist()) != [1, 2]:
        raise RuntimeError("it answers another question than it was asked")
    return url.split("@")[-1]


async def media_engine(settings: Settings) -> str:
    """PyAV with the encoders that renditions need."""
    if missing := [name for name in ENCODERS if name not in av.codecs_available]:
        raise RuntimeError(f"PyAV lacks {', '.join(missing)}; install PyAV's own wheel")
    return f"PyAV {av.__version__} with {', '.join(ENCODERS)}"


async def media_child(settings: Settings) -> str:
    """Cut off from the network and from files."""
    if left_out := await confinement_left_out():
        said = " and from ".join({"network": "the network", "files": "files"}[name] for name in left_out)
        return (
            f"not cut off from {said}: this system allows no namespaces or has no Landlock; time and memory are bounded"
        )
    return "cut off from the network, and from all files but those it makes"


async def caption_fonts(settings: Settings) -> str:
    """For every script that subtitles are usually in."""
    if missing := await asyncio.to_thread(missing_scripts):
        raise RuntimeError(f"no font for {', '.join(missing)}; install the package's own (manimgx-fonts) or Noto")
    return "every usual script has its font" + (
        "" if colour_emoji() else ", emoji in outline (their font is made by `make setup`)"
    )


async def subtitles(settings: Settings) -> str:
    """Read in an encoding that was hardly to be mistaken."""
    async with reach_database(settings) as url:
        if not await asyncio.to_thread(_is_current, url):
            return "not to be told before the tables are there"
        database = Database(url)
        async with database.transaction() as session:
            doubtful = select(Title.slug).where(Title.doubtful_encoding.is_not(None)).order_by(Title.slug).limit(6)
            slugs = list(await session.scalars(doubtful))
        await database.close()
    if slugs:
        named = ", ".join(slugs[:5]) + (" and others" if len(slugs) > 5 else "")
        raise RuntimeError(f"read in an encoding that was guessed: look at those of {named}, or import them as UTF-8")
    return "no title's were read in an encoding that was guessed"


def _is_current(url: str) -> bool:
    with psycopg.connect(url, connect_timeout=10) as connection:
        return current_revision(connection) == newest_revision()


async def web_components(settings: Settings) -> str:
    """Built."""
    dist = Path(__file__).parent / "web" / "static" / "dist"
    if not any(dist.glob("**/*.js")):
        raise RuntimeError("not built; run `make setup`")
    return "built"


async def viewers_keys(settings: Settings) -> str:
    """Published by the service, and readable from here."""
    if settings.jwks_url is None and settings.viewer_issuers:
        return f"as {len(settings.viewer_issuers)} issuers publish them; --sign-in looks at each"
    if settings.jwks_url is None:
        if settings.demo or (settings.data_dir / "demo.edition").exists():
            return "the demo service's own"
        raise RuntimeError("GROUNDSWELL_JWKS_URL is not set; `groundswell demo` has keys of its own")
    async with httpx.AsyncClient(timeout=10, follow_redirects=True) as http:
        answer = (await http.get(settings.jwks_url)).raise_for_status()
    if not (keys := answer.json().get("keys")):
        raise RuntimeError(f"{settings.jwks_url} publishes no keys")
    return f"{len(keys)} at {settings.jwks_url}"


async def mail_server(settings: Settings) -> str:
    """Lets us in, where one is named."""
    if settings.smtp_url is None:
        return "none is named (GROUNDSWELL_SMTP_URL): nothing is mailed"
    return f"{await mail.reach(settings)} lets us in; mail is from {settings.mail_from}"


async def port(settings: Settings) -> str:
    """Free, or already served by us."""
    where = f"{settings.host}:{settings.port}"
    try:
        await asyncio.to_thread(ensure_free, settings)
    except AlreadyServed:
        return f"{where} is served by Groundswell"
    return f"{where} is free"
