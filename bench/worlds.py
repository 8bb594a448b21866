"""A service with many titles, viewers, moments and shares, made by its own database and kept for the next run.

At its whole size: 20,000 titles, 300,000 viewers, 1,000,000 moments, 5,000,000 shares. Titles get moments as Zipf has
it, so that the first has one in ten; half of a title's moments lie around forty places that everybody clips.
"""

import asyncio
import logging
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import structlog
from psycopg import sql
from sqlalchemy import text

from groundswell.discovery.title_refresh import gather
from groundswell.platform.database import Database
from groundswell.platform.runtime import Runtime, open_runtime
from groundswell.platform.settings import Settings
from groundswell.web import features

CACHE = Path(__file__).parent / "cache"
AT_ONCE = 4
SHAPE = 2
"""Of what is made here: another number, and worlds are made anew."""

ID = "('00000000-0000-7000-{}-' || lpad(to_hex({}), 12, '0'))::uuid"


def id_of(room: str, number: str) -> str:
    """SQL: the id of the row of that number; each kind of rows has a room of its own."""
    return ID.format(room, number)


TITLE, SOURCE, VIEWER = id_of("8000", "n"), id_of("8001", "n"), id_of("8002", "n")
MOMENT, SHARE = id_of("8003", "n"), id_of("8004", "n")

FILL = (
    f"""
    INSERT INTO titles (id, external_id, slug, name, synopsis, current_source_id, live, released_on, created_at)
    SELECT {TITLE}, 'title-' || n, 'title-' || n, 'Title ' || n, '', {SOURCE}, false, '2020-01-01', now()
    FROM generate_series(1, %(titles)s) n
    """,
    f"""
    INSERT INTO sources (id, title_id, version, storage_key, sha256, size_bytes, status, duration_us, copies_play)
    SELECT {SOURCE}, {TITLE}, 1, 'none', 'none', 1, 'ready', 5400000000, false FROM generate_series(1, %(titles)s) n
    """,
    f"""
    INSERT INTO viewers (id, issuer, subject, name, handle, kids, ad_tier)
    SELECT {VIEWER}, 'groundswell-demo', 'w' || n, 'V', 'w' || n, false, false FROM generate_series(1, %(viewers)s) n
    """,
    f"""
    INSERT INTO moments (id, code, viewer_id, title_id, source_id, start_us, end_us, caption, visibility, spoiler,
        credit_me, note, created_at)
    SELECT {MOMENT}, 'w' || n, {id_of("8002", "(1 + floor(random() * %(viewers)s))::bigint")},
        {id_of("8000", "title")}, {id_of("8001", "title")}, start_us, start_us + length_us, '', 'public', false, true,
        '', now() - random() * interval '30 days'
    FROM (
        SELECT row_number() OVER () AS n, title,
            (CASE WHEN random() < 0.5 THEN random() * 5000000000
                ELSE floor(40 * power(random(), 2)) * 125000000 + random() * 8000000
            END)::bigint / 40000 * 40000 AS start_us,
            (6000000 + random() * 24000000)::bigint / 40000 * 40000 AS length_us
        FROM generate_series(1, %(titles)s) AS title,
            LATERAL generate_series(1, ceil(%(moments)s / title / %(harmonic)s)::bigint)
    ) drawn
    """,
    f"""
    INSERT INTO shares (id, code, moment_id, viewer_id, channel, root_id, generation, created_at)
    SELECT {SHARE}, 'w' || n, {id_of("8003", "(1 + floor(random() * %(made)s))::bigint")},
        {id_of("8002", "(1 + floor(random() * %(viewers)s))::bigint")}, 'copy', {SHARE}, 0, now()
    FROM generate_series(1, %(shares)s) n
    """,
    """
    INSERT INTO clipped_spans (id, moment_id, viewer_id, title_id, start_us, end_us, created_at)
    SELECT id, id, viewer_id, title_id, start_us, end_us, created_at FROM moments
    """,
    """
    INSERT INTO covered_ranges (title_id, kind, start_us, end_us)
    SELECT title_id, 'clip', lower(span), upper(span) FROM (
        SELECT title_id, unnest(range_agg(int8range(start_us, end_us))) AS span FROM moments GROUP BY title_id
    ) united
    """,
    """
    INSERT INTO heat_days (moment_id, day, title_id, votes, heat_units, log_heat, clicks, plays)
    SELECT id, day, title_id, 3, heat, ln(heat * power(2::float8, -32)) / ln(2::float8) + day_end / 86400, 1, 2
    FROM (
        SELECT id, title_id, (now() AT TIME ZONE 'UTC')::date AS day,
            ((2 + 1 / (0.001 + random())) * power(2::float8, 32))::bigint AS heat,
            86400 + extract(epoch FROM date_trunc('day', now(), 'UTC'))::float8 AS day_end
        FROM moments
    ) votes
    """,
    """
    INSERT INTO heat_votes (moment_id, day, kind, voter, at, event_id, weight, ballot)
    SELECT id, (now() AT TIME ZONE 'UTC')::date, 'play', 1, now(), id, 1, hashtextextended(id::text, 0) FROM moments
    """,
    "INSERT INTO stale_titles (title_id) SELECT id FROM titles",
)
TABLES = (
    "titles",
    "sources",
    "viewers",
    "moments",
    "shares",
    "clipped_spans",
    "covered_ranges",
    "heat_days",
    "heat_votes",
)


@dataclass(frozen=True)
class World:
    """What was made, and how many seconds it took to gather the scenes of all titles (0: they were kept)."""

    runtime: Runtime
    size: float
    titles: int
    viewers: int
    shares: int
    hottest: int
    gathered_s: float


@asynccontextmanager
async def world(size: float) -> AsyncIterator[World]:
    """The world at ``size`` (1: whole), from the cache when it is there."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    for room in ("tables", "jobs", "api"):
        features.load(room)
    folder = CACHE / f"world-{SHAPE}-{size:g}"
    made = folder / "made"
    if folder.exists() and not made.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)  # the embedded PostgreSQL runs as another user when we are root
    settings = Settings(data_dir=folder / "data", log_level="WARNING", worker_in_server=False, base_url="http://test")
    async with open_runtime(settings) as runtime:
        gathered_s = 0.0
        if not made.exists():
            fill(runtime.database.url, size)
            gathered_s = await gather_all(runtime.database)
            settle(runtime.database.url)
            made.touch()
        yield described(runtime, size, gathered_s)


def fill(url: str, size: float) -> None:
    """Write all rows but those that the service makes of them."""
    titles = round(20_000 * size)
    harmonic = sum(1 / n for n in range(1, titles + 1))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # what is made here is whole: no foreign keys
        connection.execute("SET synchronous_commit = off")
        connection.execute("SELECT setseed(0.17)")
        given = {"titles": titles, "viewers": round(300_000 * size), "moments": round(1_000_000 * size)}
        given |= {"shares": round(5_000_000 * size)}
        indexes = without_indexes(connection)
        for query in FILL:
            made = connection.execute("SELECT count(*) FROM moments").fetchone()
            connection.execute(query, given | {"harmonic": harmonic, "made": made[0] if made else 0})
        connection.execute("SET maintenance_work_mem = '512MB'")
        for definition in indexes:
            connection.execute(definition.encode())
        for table in TABLES:
            connection.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(table)))


def without_indexes(connection: psycopg.Connection[Any]) -> list[str]:
    """Drop the indexes of the tables that are filled, but for their keys; what makes them again. An index that is made
    of all rows costs a tenth of one that is kept in step with each."""
    found = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s) AND schemaname = 'public' "
        "AND NOT EXISTS (SELECT FROM pg_constraint WHERE conname = indexname)",
        [list(TABLES)],
    ).fetchall()
    for name, _ in found:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    return [definition for _, definition in found]


async def gather_all(database: Database) -> float:
    """Gather every title, as its job does, ``AT_ONCE`` at a time; seconds."""
    began = time.perf_counter()
    with psycopg.connect(database.url, autocommit=True) as connection:
        titles = iter([row[0] for row in connection.execute("SELECT title_id FROM stale_titles").fetchall()])

    async def some() -> None:
        for title_id in titles:
            async with database.transaction() as session:
                await session.execute(text("SET LOCAL synchronous_commit = off"))
                await gather(session, title_id)

    await asyncio.gather(*(some() for _ in range(AT_ONCE)))
    return time.perf_counter() - began


def settle(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for table in ("scene_votes", "scenes", "heat_bins", "title_heat"):
            connection.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(table)))
        connection.execute("CHECKPOINT")


def described(runtime: Runtime, size: float, gathered_s: float) -> World:
    with psycopg.connect(runtime.database.url) as connection:
        found = connection.execute("SELECT max(moments) FROM title_heat").fetchone()
    hottest = int(found[0]) if found else 0
    return World(
        runtime, size, round(20_000 * size), round(300_000 * size), round(5_000_000 * size), hottest, gathered_s
    )
