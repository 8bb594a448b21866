"""Credit for 200,000 conversions over ten million touches of Zipf's visitors, and how its time grows.

Every touch is one that can earn: ten million visits that are known to be somebody's, of a million viewers of whom a few
have most (the first has hundreds of thousands); a viewer's touches are kept to the latest fifty in the window.
Conversions are spread evenly over viewers, with those who have the most touches among them. What is timed is all of
it: touches found in PostgreSQL, divided by seven models, credit written and committed, by the job that divides anew.
The same at a tenth of the size shows how time grows. Then single conversions, as the API takes them, of the viewers
with the most touches.
"""

import os
import resource
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
from sqlalchemy import select

from bench.harness import Bench
from bench.served import make_links
from groundswell.attribution.backfill import credit_again
from groundswell.attribution.credits import credit_touches
from groundswell.attribution.eligibility import TOUCHES_MAX
from groundswell.attribution.tables import Conversion
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.runtime import Runtime, open_runtime
from groundswell.platform.settings import Settings
from groundswell.web import features

SIZE = float(os.environ.get("BENCH_SIZE", "1"))
"""For trying the benchmark out: a part of its size."""

TOUCHES = round(10_000_000 * SIZE)
CONVERSIONS = round(200_000 * SIZE)
VIEWERS = round(1_000_000 * SIZE)
SHARES = 1_000
SINGLE = 300
ID = "('00000000-0000-7000-8000-' || lpad(to_hex({}), 12, '0'))::uuid"

FILL = (
    f"""
    INSERT INTO viewers (id, issuer, subject, name, handle, kids, ad_tier)
    SELECT {ID.format("n")}, 'bench', 'v' || n, 'V', 'v' || n, false, false FROM generate_series(1, %(viewers)s) n
    ON CONFLICT DO NOTHING
    """,
    f"""
    INSERT INTO touches (id, viewer_id, event_id, at, share_id, matched_by)
    SELECT {ID.format("n")}, {ID.format("floor(power(%(viewers)s::float, random()))::bigint")}, {ID.format("n")},
        now() - random() * interval '40 days', (%(shares)s::uuid[])[1 + floor(random() * %(count)s)::int], 'token'
    FROM generate_series(%(begin)s, %(touches)s) n
    """,
    f"""
    INSERT INTO conversions (id, external_id, kind, viewer_id, at, amount_minor, currency)
    SELECT {ID.format("n")}, 'c' || n, 'subscription', {ID.format("1 + (n - 1) * %(viewers)s / %(conversions)s")},
        now() - (n %% 3600) * interval '1 second', 999, 'EUR'
    FROM generate_series(1::bigint, %(conversions)s) n
    """,
)
SECONDARY = """
SELECT format('DROP INDEX %I', indexrelid::regclass), pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid = 'touches'::regclass AND NOT indisunique
"""


async def run(bench: Bench) -> None:
    bench.plotted = "conversions/s"
    async with database() as runtime:
        seconds: dict[int, float] = {}
        for part in (10, 1):
            touches, conversions = TOUCHES // part, CONVERSIONS // part
            fill(runtime.database.url, part)
            seconds[part] = await credited(runtime.database, conversions)
            rows, most, wrong = written(runtime.database.url)
            bench.note(f"{conversions:,} conversions over {touches:,} touches: {rows:,} rows in {seconds[part]:,.1f} s")
            bench.measure(f"{conversions:,} conversions over {touches:,} touches", seconds[part], "s")
            bench.measure(f"… a second, over {touches:,} touches", conversions / seconds[part], "conversions/s")
        bench.measure("time grows by, for ten times of both", seconds[1] / seconds[10], "ratio", 11, at_most=True)
        bench.measure("most touches of one conversion", most, "touches", TOUCHES_MAX, at_most=True)
        bench.measure("conversions whose parts are not the whole", wrong, "conversions", 0, at_most=True)
        bench.measure("memory of the job, at most", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MiB")
        bench.measure("one conversion as reported, of 50 touches", await single(runtime.database), "ms")
        bench.note(f"Measured over {TOUCHES:,} touches and {CONVERSIONS:,} conversions.")


@asynccontextmanager
async def database() -> AsyncIterator[Runtime]:
    """An embedded PostgreSQL, durable as installed, with shares of one moment."""
    with tempfile.TemporaryDirectory(prefix="groundswell-bench-") as folder:
        os.chmod(folder, 0o755)  # the embedded PostgreSQL runs as another user when we are root
        for room in ("tables", "jobs"):
            features.load(room)
        settings = Settings(data_dir=Path(folder) / "data", log_level="WARNING")
        async with open_runtime(settings) as runtime:
            await make_links(runtime, SHARES)
            yield runtime


def fill(url: str, part: int) -> None:
    """The world at one ``part`` of its size; touches are added to those of the smaller one, conversions are new."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # what is made here is whole: no foreign keys
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET maintenance_work_mem = '512MB'")
        connection.execute("TRUNCATE credits, conversions CASCADE")
        shares = [row[0] for row in connection.execute("SELECT id FROM shares").fetchall()]
        there = connection.execute("SELECT count(*) FROM touches").fetchone()
        given = {
            "viewers": VIEWERS // part,
            "touches": TOUCHES // part,
            "begin": (there[0] if there else 0) + 1,
            "conversions": CONVERSIONS // part,
            "shares": shares,
            "count": len(shares),
        }
        indexes = connection.execute(SECONDARY).fetchall()
        for drop, _ in indexes:
            connection.execute(drop)
        for query in FILL:
            connection.execute(query, given)
        for _, make in indexes:
            connection.execute(make)
        for table in ("touches", "conversions", "viewers"):
            connection.execute(f"VACUUM ANALYZE {table}")
        connection.execute("CHECKPOINT")


async def credited(database: Database, conversions: int) -> float:
    """Seconds for all of them."""
    now = utc_now()
    began = time.perf_counter()
    looked_at = [n async for n in credit_again(database, now - timedelta(days=2), now, 30)]
    seconds = time.perf_counter() - began
    assert sum(looked_at) == conversions
    return seconds


def written(url: str) -> tuple[int, int, int]:
    """Rows of credit, the most touches of one conversion, and how many conversions do not sum to the whole."""
    query = """
    SELECT sum(rows)::bigint, max(rows), count(*) FILTER (WHERE ppm <> 1000000 OR amount <> 999) FROM (
        SELECT count(*) AS rows, sum(weight_ppm) AS ppm, sum(amount_minor) AS amount
        FROM credits GROUP BY conversion_id, model
    ) of_each
    """
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0]), int(row[1]), int(row[2])


async def single(database: Database) -> float:
    """Milliseconds a conversion, one after another, each in a transaction of its own."""
    async with database.transaction() as session:
        found = list(await session.scalars(select(Conversion).order_by(Conversion.viewer_id).limit(SINGLE)))
        session.expunge_all()
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("TRUNCATE credits")
    began = time.perf_counter()
    for conversion in found:
        async with database.transaction() as session:
            await credit_touches(session, conversion, 30)
    return 1e3 * (time.perf_counter() - began) / len(found)
