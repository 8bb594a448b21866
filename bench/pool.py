"""A pool over the plays of a million creators: counted, divided, written and posted, exactly and in linear time.

What is timed is all that the job does: each statement with its lines and its numbered document, then every posting;
once more at a quarter of the size. DuckDB counts and divides again from the plays alone, by a query of its own, and
every creator's amount is compared. ``BENCH_SIZE`` is a part of the million creators and hundred million plays.
"""

import os
import tempfile
import time
from pathlib import Path
from uuid import UUID

import duckdb
import psutil
from sqlalchemy import select, text

from bench.earners import make_earners, make_pool
from bench.harness import Bench
from groundswell.earnings import pools
from groundswell.earnings.tables import Statement
from groundswell.earnings.trial_balance import trial_balance
from groundswell.platform.runtime import Runtime, open_runtime
from groundswell.platform.settings import Settings
from groundswell.web import features

SIZE = float(os.environ.get("BENCH_SIZE", "1"))
"""For trying the benchmark out: a part of its size."""

CREATORS = round(1_000_000 * SIZE)
PLAYS = 100 * CREATORS
AMOUNT_MINOR = 10**9 + 7
DIVIDED = """
WITH weights AS (
    SELECT creator, count(DISTINCT (moment, day, visitor)) AS weight FROM read_csv($file, header = false, names =
        ['creator', 'moment', 'day', 'visitor'], all_varchar = true) GROUP BY creator
), parts AS (
    SELECT creator, weight, $amount::HUGEINT * weight // total AS whole, $amount::HUGEINT * weight % total AS rest
    FROM weights, (SELECT sum(weight)::HUGEINT AS total FROM weights)
), ranked AS (
    SELECT creator, whole, row_number() OVER (ORDER BY rest DESC, weight DESC, creator) AS place FROM parts
)
SELECT creator, (whole + (place <= $amount - (SELECT sum(whole) FROM ranked))::INTEGER)::BIGINT FROM ranked
"""
PLAYED = """
COPY (
    SELECT c.id, e.moment_id, (e.at AT TIME ZONE 'UTC')::date, e.visitor FROM events e
    JOIN moments m ON m.id = e.moment_id JOIN creators c ON c.viewer_id = m.viewer_id WHERE e.kind = 'play'
) TO STDOUT (FORMAT csv)
"""


async def run(bench: Bench) -> None:
    bench.plotted = "s"
    for room in ("tables", "jobs"):
        features.load(room)
    quarter = await divided(bench, CREATORS // 4)
    whole = await divided(bench, CREATORS, compared=True)
    bench.measure(f"pool of {CREATORS:,} creators and {PLAYS:,} plays", whole, "s", 60, at_most=True)
    bench.measure("a quarter of both", quarter, "s")
    bench.measure("four times as much takes", whole / quarter, "times as long", 4.8, at_most=True)
    bench.measure("memory at last", psutil.Process().memory_info().rss / 2**30, "GiB", 4, at_most=True)


async def divided(bench: Bench, creators: int, *, compared: bool = False) -> float:
    """Seconds from a funded pool to the last posting."""
    with tempfile.TemporaryDirectory(prefix="groundswell-bench-") as folder:
        os.chmod(folder, 0o755)  # the embedded PostgreSQL runs as another user when we are root
        async with open_runtime(Settings(data_dir=Path(folder) / "data", log_level="WARNING")) as runtime:
            await make_earners(runtime, creators, 100 * creators)
            pool = await make_pool(runtime, AMOUNT_MINOR)
            begun = time.perf_counter()
            await pools.run(runtime.database, pool)
            took = time.perf_counter() - begun
            if compared:
                await check(bench, runtime, pool, Path(folder) / "plays.csv")
        return took


async def check(bench: Bench, runtime: Runtime, pool: UUID, file: Path) -> None:
    """Whether the parts sum to the whole, the books balance, and a second engine divides alike."""
    async with runtime.database.transaction() as session:
        query = select(Statement.creator_id, Statement.amount_minor).filter_by(pool_id=pool)
        ours = {str(creator): amount for creator, amount in await session.execute(query)}
        trial = await trial_balance(session)
        left = await session.scalar(text("SELECT count(*) FROM statements WHERE posted_at IS NULL")) or 0
    async with await runtime.database.connect() as connection:
        with file.open("wb") as target:
            async with connection.cursor().copy(PLAYED) as copied:
                async for piece in copied:
                    target.write(piece)
    rows = duckdb.execute(DIVIDED, {"file": str(file), "amount": AMOUNT_MINOR}).fetchall()
    theirs = {str(creator): int(amount) for creator, amount in rows}
    differ = sum(ours.get(each) != theirs.get(each) for each in ours.keys() | theirs.keys())
    bench.measure("amounts that DuckDB divides otherwise", differ, "creators", 0, at_most=True)
    bench.measure("lost or made in dividing", abs(sum(ours.values()) - AMOUNT_MINOR), "minor units", 0, at_most=True)
    bench.measure("statements not posted", left, "statements", 0, at_most=True)
    bench.measure("books that do not balance", int(not (trial.balanced and trial.agrees)), "books", 0, at_most=True)
