"""Rows that differ between engines: every report's question on DuckDB, ClickHouse's engine and a real Spark cluster.

The lake has 200,000 events of eight days. DuckDB's answer is the measure; each row of the others' is compared with
the row in its place. Spark is a standalone cluster of one master and two workers. `make test-engines` installs both.
"""

import tempfile
import time
from pathlib import Path

from bench.cluster import ClusterMissing, spark_cluster
from bench.harness import Bench
from bench.lakes import FIRST, make_lake
from bench.questions import DAYS, LAST, differing, named, questions
from groundswell.insights.reports.engine import Rows, opened
from groundswell.platform.settings import Settings

EVENTS = 200_000


async def run(bench: Bench) -> None:
    bench.plotted = "s"
    with tempfile.TemporaryDirectory(prefix="groundswell-bench-") as place:
        folder = Path(place)
        make_lake(folder, EVENTS, DAYS)
        expected = asked(bench, folder, "DuckDB", "duckdb:")
        compare(bench, "ClickHouse (chDB)", expected, asked(bench, folder, "ClickHouse (chDB)", "chdb:"))
        (folder / "spark").mkdir()
        try:
            with spark_cluster(folder / "spark") as url:
                compare(bench, "Spark", expected, asked(bench, folder, "Spark", url))
        except ClusterMissing as missing:
            bench.note(f"Spark was not asked: {missing}")


def asked(bench: Bench, folder: Path, name: str, url: str) -> dict[str, Rows]:
    """The engine's answers, by question."""
    settings = Settings(data_dir=folder / "data", lake_url=str(folder), analytics_url=url)
    began = time.perf_counter()
    with opened(settings, FIRST, LAST, named()) as lake:
        found = {name: lake.run(expression) for name, expression in questions(lake)}
    bench.measure(f"{name}: {len(found)} questions", time.perf_counter() - began, "s")
    return found


def compare(bench: Bench, name: str, expected: dict[str, Rows], found: dict[str, Rows]) -> None:
    """Add how many rows were compared, and how many differ."""
    wrong = differing(expected, found)
    bench.measure(f"{name}: rows compared with DuckDB's", sum(map(len, found.values())), "rows")
    bench.measure(f"{name}: rows differing", sum(map(len, wrong.values())), "rows", 0, at_most=True)
