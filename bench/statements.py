"""Ten thousand statements as PDFs: the time that each takes, and whether it grows.

A pool of plays is divided over the creators, and each statement's PDF is asked for as a creator asks for it: made from
its document in a transaction of its own, and kept. ``BENCH_SIZE`` is a part of the ten thousand.
"""

import os
import statistics
import tempfile
import time
from pathlib import Path

import psutil
from sqlalchemy import select

from bench.earners import make_earners, make_pool
from bench.harness import Bench
from groundswell.earnings import documents, pools
from groundswell.earnings.tables import StatementDocument
from groundswell.platform.runtime import open_runtime
from groundswell.platform.settings import Settings
from groundswell.web import features

SIZE = float(os.environ.get("BENCH_SIZE", "1"))
"""For trying the benchmark out: a part of its size."""

STATEMENTS = round(10_000 * SIZE)
PLAYS = 20 * STATEMENTS


async def run(bench: Bench) -> None:
    bench.plotted = "ms"
    for room in ("tables", "jobs"):
        features.load(room)
    with tempfile.TemporaryDirectory(prefix="groundswell-bench-") as folder:
        os.chmod(folder, 0o755)  # the embedded PostgreSQL runs as another user when we are root
        async with open_runtime(Settings(data_dir=Path(folder) / "data", log_level="WARNING")) as runtime:
            await make_earners(runtime, STATEMENTS, PLAYS)
            await pools.run(runtime.database, await make_pool(runtime, 100 * PLAYS))
            async with runtime.database.transaction() as session:
                query = select(StatementDocument.statement_id).order_by(StatementDocument.number)
                ids = list(await session.scalars(query))
            times, bytes_, wrong = [], 0, 0
            for id in ids:
                begun = time.perf_counter()
                async with runtime.database.transaction() as session:
                    made = await documents.pdf_of(session, id)
                times.append(1000 * (time.perf_counter() - begun))
                wrong += made is None or not made[1].startswith(b"%PDF")
                bytes_ += len(made[1]) if made else 0
            memory = psutil.Process().memory_info().rss / 2**20
            begun = time.perf_counter()
            async with runtime.database.transaction() as session:
                await documents.pdf_of(session, ids[0])
            again = 1000 * (time.perf_counter() - begun)
    tenth = max(len(times) // 10, 1)
    first, last = statistics.median(times[:tenth]), statistics.median(times[-tenth:])
    bench.measure("a statement's PDF, mean", statistics.mean(times), "ms", 50, at_most=True)
    bench.measure("… p50", statistics.median(times), "ms")
    bench.measure("… p99", statistics.quantiles(times, n=100)[98], "ms")
    bench.measure("… p50 of the first tenth", first, "ms")
    bench.measure("… p50 of the last tenth", last, "ms")
    bench.measure("last tenth against first", last / first, "ratio", 1.25, at_most=True)
    bench.measure("asked for again", again, "ms")
    bench.measure("size, mean", bytes_ / len(times) / 1024, "KiB")
    bench.measure("memory when all are made", memory, "MiB", 1024, at_most=True)
    bench.measure("statements without a PDF", wrong, "statements", 0, at_most=True)
    bench.note(f"{len(times):,} statements of a pool over {PLAYS:,} plays.")
