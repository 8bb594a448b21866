"""Postings a second through the real database: in batches of a hundred, against one commit a posting."""

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from bench.harness import Bench
from groundswell.earnings.ledger import Posting, open_account, open_accounts, post_all, posting_id
from groundswell.earnings.rules import period_of
from groundswell.earnings.trial_balance import trial_balance
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.runtime import open_runtime
from groundswell.platform.settings import Settings
from groundswell.web import features

SIZE = float(os.environ.get("BENCH_SIZE", "1"))
"""For trying the benchmark out: a part of its size."""

BATCHES = round(500 * SIZE)
BATCH = 100
SINGLE = round(2_000 * SIZE)
CREATORS = 1_000


async def run(bench: Bench) -> None:
    bench.plotted = "postings/s"
    for room in ("tables", "jobs"):
        features.load(room)
    with tempfile.TemporaryDirectory(prefix="groundswell-bench-") as folder:
        os.chmod(folder, 0o755)  # the embedded PostgreSQL runs as another user when we are root
        async with open_runtime(Settings(data_dir=Path(folder) / "data", log_level="WARNING")) as runtime:
            database = runtime.database
            async with database.transaction() as session:
                source = await open_account(session, "funding", "service", "EUR")
                targets = await open_accounts(session, "creator", [f"c{n}" for n in range(CREATORS)], "EUR")
            alone = await rate(database, source, targets, "single", SINGLE, 1)
            together = await rate(database, source, targets, "batch", BATCHES, BATCH)
            async with database.transaction() as session:
                trial = await trial_balance(session)
    bench.measure("one commit a posting", alone, "postings/s")
    bench.measure(f"batches of {BATCH}", together, "postings/s")
    bench.measure("batches against single commits", together / alone, "ratio", 20)
    wrong = int(not (trial.balanced and trial.agrees and trial.postings == SINGLE + BATCHES * BATCH))
    bench.measure("books that do not balance", wrong, "books", 0, at_most=True)


async def rate(database: Database, source: UUID, targets: Sequence[UUID], name: str, commits: int, size: int) -> float:
    """Postings a second, over ``commits`` transactions of ``size`` postings."""
    period, begun = period_of(utc_now()), time.perf_counter()
    for commit in range(commits):
        async with database.transaction() as session:
            await post_all(
                session,
                [
                    Posting(
                        posting_id("bench", name, commit, n),
                        source,
                        targets[(commit * size + n) % len(targets)],
                        1 + n,
                        "EUR",
                        period,
                        "pool_share",
                    )
                    for n in range(size)
                ],
            )
    return commits * size / (time.perf_counter() - begun)
