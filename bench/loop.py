"""The loop page's numbers over 10 and 100 million events in the lake, against the same questions as hand-written SQL.

Ours is what the page asks: the report's expressions, on DuckDB, over sixty days of a real Delta table. Beside it
stands what somebody who knows DuckDB would write, statement by statement, over the same files, with four times the
memory: with as much as ours it does not get through a hundred million events. Each runs in a process of its own,
whose peak memory is read when it ends; both must find the same rows. Loading the libraries is not counted, of either.
Seconds are by the clock; beside them stands the processors' time, which other work on the machine hardly touches.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.handwritten import STATEMENTS
from bench.harness import Bench
from bench.lakes import FIRST, LAST, make_lake

CACHE = Path(__file__).parent / "cache"
SIZES = tuple(int(size) for size in os.environ.get("BENCH_EVENTS", "10000000 100000000").split())
"""For a machine with less time: ``BENCH_EVENTS="1000000 10000000"``."""

MEMORY = "12GB"
"""For the statements written by hand; ours may use what the service gives it (3 GB)."""

Answers = dict[str, list[tuple[Any, ...]]]


async def run(bench: Bench) -> None:
    bench.plotted = "s"
    seconds: dict[tuple[str, int], float] = {}
    cpu: dict[tuple[str, int], float] = {}
    for events in SIZES:
        folder = CACHE / f"lake-{events}"
        make_lake(folder, events)
        for who in ("hand-written", "ours"):
            told = child(who, folder)
            seconds[who, events] = told["seconds"]
            cpu[who, events] = told["cpu"]
            bench.measure(f"{who}, {events:,} events", told["seconds"], "s")
            bench.measure(f"{who}, {events:,} events: processors' time", told["cpu"], "s of processors")
            goal = 4096 if who == "ours" else None
            bench.measure(f"{who}, {events:,} events: peak memory", told["peak_mib"], "MiB", goal, at_most=True)
            bench.note(f"{who}, {events:,} events: " + ", ".join(f"{k} {v:.1f}" for k, v in told["parts"].items()))
            if who == "hand-written":
                expected = told["answers"]
        wrong = sum(told["answers"][name] != rows for name, rows in expected.items())
        bench.measure(f"questions answered otherwise, {events:,} events", wrong, "questions", 0, at_most=True)
        ratio = seconds["ours", events] / seconds["hand-written", events]
        bench.measure(f"ours / hand-written, {events:,} events", ratio, "ratio", 2, at_most=True)
        ratio = cpu["ours", events] / cpu["hand-written", events]
        bench.measure(f"ours / hand-written, processors' time, {events:,} events", ratio, "ratio", 2, at_most=True)
    small, large = SIZES
    growth = seconds["ours", large] / seconds["ours", small]
    bench.measure("time grows by, for ten times the events", growth, "ratio", 11, at_most=True)
    growth = cpu["ours", large] / cpu["ours", small]
    bench.measure("processors' time grows by, for ten times the events", growth, "ratio", 11, at_most=True)
    bench.note(f"Measured over {small:,} and {large:,} events.")


def child(who: str, folder: Path) -> dict[str, Any]:
    """What one of the two found, how long it took and how much memory it had."""
    command = [sys.executable, "-m", "bench.loop", who, str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def ours(folder: Path, ask: Callable[[str, Callable[[], Any]], Any]) -> None:
    """The report's own questions."""
    from groundswell.insights.reports import loop
    from groundswell.insights.reports.engine import opened
    from groundswell.insights.reports.report_filter import Slice
    from groundswell.platform.settings import Settings

    settings = Settings(data_dir=folder / "data", lake_url=str(folder))
    slice = Slice(FIRST, LAST)
    with opened(settings, FIRST, LAST) as lake:
        found = ask("all", lambda: loop.asked_of_lake(lake, slice))
    for dimension in loop.DIMENSIONS:
        ask(f"visits {dimension}", partial(found.visits.__getitem__, dimension))
        ask(f"conversions {dimension}", partial(found.conversions.__getitem__, dimension))
    for days in found.staying:
        ask(f"staying {days}", partial(found.staying.__getitem__, days))
    for name in ("reported", "excluded", "cycle"):
        ask(name, partial(getattr, found, name))


def by_hand(folder: Path, ask: Callable[[str, Callable[[], Any]], Any]) -> None:
    """The same questions as SQL."""
    import duckdb

    with duckdb.connect() as connection, TemporaryDirectory() as spill:
        connection.execute(f"SET TimeZone = 'UTC'; SET memory_limit = '{MEMORY}'; SET temp_directory = '{spill}'")
        connection.execute("SET preserve_insertion_order = false")
        for table in ("events", "credits", "verdicts"):
            files = f"read_parquet('{folder}/{table}/*/*.parquet', hive_partitioning = false)"
            connection.execute(f"CREATE VIEW {table} AS SELECT * FROM {files}")
        for name, statement in STATEMENTS.items():
            ask(name, partial(rows_of, connection, statement))


def rows_of(connection: Any, statement: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = connection.execute(statement).to_arrow_table().to_pylist()
    return found


def main(who: str, folder: Path) -> None:
    parts: dict[str, float] = {}
    answers: dict[str, Any] = {}
    if who == "ours":  # everything is loaded before the clock starts
        from groundswell.insights.reports.engine import opened
        from groundswell.platform.settings import Settings

        with opened(Settings(data_dir=folder / "data", lake_url=str(folder)), FIRST, FIRST):
            pass
    else:
        import duckdb

        duckdb.connect().close()

    began, worked = time.perf_counter(), time.process_time()

    def ask(name: str, answer: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        found = answer()
        parts[name] = time.perf_counter() - start
        if isinstance(found, list):
            answers[name] = [list(map(str, row.values())) for row in found]
        return found

    (ours if who == "ours" else by_hand)(folder, ask)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = {name: taken for name, taken in parts.items() if taken > 0.01}
    seconds, cpu = time.perf_counter() - began, time.process_time() - worked
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mib": peak, "parts": told, "answers": answers}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
