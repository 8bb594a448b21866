"""``POST /v1/events`` in batches of 256, acknowledged when committed, against a plain COPY of the same rows.

The COPY writes the rows that the API made of the events, from one connection, 256 a transaction, into a table with the
same columns, constraints and indexes, in the same PostgreSQL. It is measured twice: with rows in hand, as a program has
them (``write_row``), and with the text of the COPY made beforehand, which no program has.

Where a Redis is installed, the same rows go into a stream of it as well, by ``XADD`` with ``appendfsync always`` over
as many connections as the API has: 256 commands a round trip, made beforehand, and one command a round trip.
"""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from itertools import count
from typing import Any
from uuid import uuid4

import psycopg
from sqlalchemy import func, select

from bench.harness import Bench
from bench.load import Outcome, load
from bench.redirect import AGENTS
from bench.redis_streams import SERVER, added, redis, xadd
from bench.served import HOST, Service, service
from groundswell.events.event import COLUMNS
from groundswell.events.log.partitions import partition
from groundswell.events.tables import LoggedEvent
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7

BATCH = 256
BODIES = 400
CONNECTIONS = 8
ROUNDS = 5
SHARES = 500


def bodies(ours: Service) -> Iterator[bytes]:
    """Requests with new events in each: ids in the order of time, visitors by the thousand."""
    visitors = [uuid4().hex for _ in range(5000)]
    for number in count():
        at = utc_now().isoformat()
        events = [
            {
                "id": str(uuid7()),
                "kind": "play",
                "at": at,
                "share": ours.tokens[(number * 31 + n) % SHARES],
                "visitor": visitors[(number * 17 + n * 7) % len(visitors)],
                "territory": "DE",
                "user_agent": AGENTS[n % len(AGENTS)],
            }
            for n in range(BATCH)
        ]
        body = json.dumps({"events": events}).encode()
        head = (
            f"POST /v1/events HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {ours.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body


class Prepared:
    """Requests made before the clock starts; each is sent once."""

    def __init__(self, ours: Service) -> None:
        self.made = bodies(ours)

    def take(self, number: int) -> Iterator[bytes]:
        return iter([next(self.made) for _ in range(number)])


async def run(bench: Bench) -> None:
    bench.plotted = "events/s"
    async with AsyncExitStack() as stack:
        ours = await stack.enter_async_context(service(SHARES))
        stream = stack.enter_context(redis()) if SERVER else None
        prepared = Prepared(ours)
        await load_all(ours, prepared.take(100))
        before, api, rows_rates, text_rates, xadds = await logged(ours), [], [], [], Xadds(stream)
        with psycopg.connect(ours.runtime.database.url, autocommit=True) as connection:
            rows = await rows_of(ours)
            for round in range(ROUNDS):
                api.append(await load_all(ours, prepared.take(BODIES)))
                rows_rates.append(copied(connection, rows, write_rows))
                text_rates.append(copied(connection, rows, write_text))
                await xadds.round(rows)
                bench.note(
                    f"round {round + 1}: API {BATCH * api[-1].rate:,.0f}, COPY of rows {rows_rates[-1]:,.0f}, "
                    f"of text {text_rates[-1]:,.0f} events/s{xadds.said()}"
                )
        after = await logged(ours)
    committed = BATCH * sum(outcome.statuses[200] for outcome in api)
    rate = BATCH * statistics.median(outcome.rate for outcome in api)
    plain, made = statistics.median(rows_rates), statistics.median(text_rates)
    bench.measure("POST /v1/events, batches of 256", rate, "events/s")
    bench.measure("plain COPY of rows, 256 a commit", plain, "events/s")
    bench.measure("plain COPY of text made beforehand", made, "events/s")
    bench.measure("API / plain COPY of rows", rate / plain, "ratio", 0.6)
    bench.measure("API / plain COPY of text", rate / made, "ratio")
    xadds.measure(bench, rate)
    bench.measure("batch p99", 1000 * statistics.median(outcome.percentile(0.99) for outcome in api), "ms")
    bench.measure("events acknowledged and not in the log", committed - (after - before), "events", 0, at_most=True)


class Xadds:
    """The rates of Redis on ``port``; of none when there is no Redis."""

    def __init__(self, port: int | None) -> None:
        self.port = port
        self.batched: list[float] = []
        self.single: list[float] = []

    async def round(self, rows: list[tuple[Any, ...]]) -> None:
        if self.port is None:
            return
        names = COLUMNS.split(", ")
        commands = [xadd(names, row) for row in rows]
        batches = [b"".join(commands[at : at + BATCH]) for at in range(0, len(commands), BATCH)] * (BODIES // 40)
        taken = await added(self.port, batches, BATCH, CONNECTIONS)
        self.batched.append(len(batches) * BATCH / taken)
        self.single.append(len(commands) / await added(self.port, commands, 1, CONNECTIONS))

    def said(self) -> str:
        return f"; XADD {self.batched[-1]:,.0f} by {BATCH}, {self.single[-1]:,.0f} one by one" if self.batched else ""

    def measure(self, bench: Bench, api: float) -> None:
        if self.port is None:
            bench.note("no redis-server is installed: XADD was not measured")
            return
        batched, single = statistics.median(self.batched), statistics.median(self.single)
        bench.measure(f"Redis XADD, fsync always, {BATCH} a round trip", batched, "events/s")
        bench.measure("Redis XADD, fsync always, one a round trip", single, "events/s")
        bench.measure(f"API / Redis XADD, {BATCH} a round trip", api / batched, "ratio", 1.2)
        bench.measure("API / Redis XADD, one a round trip", api / single, "ratio", 1.2)


async def load_all(ours: Service, requests: Iterator[bytes]) -> Outcome:
    """Send all of ``requests``, over ``CONNECTIONS`` connections."""
    return await load(HOST, ours.port, requests, CONNECTIONS, 120)


async def rows_of(ours: Service) -> list[tuple[Any, ...]]:
    """Rows as the API wrote them."""
    async with ours.runtime.database.transaction() as session:
        events = await session.scalars(select(LoggedEvent).limit(20 * BATCH))
        names = COLUMNS.split(", ")
        return [tuple(getattr(event, name) for name in names) for event in events]


def copied(
    connection: psycopg.Connection[Any],
    rows: list[tuple[Any, ...]],
    write: Callable[[psycopg.Connection[Any], list[list[tuple[Any, ...]]]], float],
) -> float:
    """Rows a second into a fresh table like the event log's newest day."""
    connection.execute("DROP TABLE IF EXISTS plain")
    connection.execute(f"CREATE TABLE plain (LIKE {partition(utc_now().date())} INCLUDING ALL)")
    names = COLUMNS.split(", ")
    at, inputs = names.index("at"), names.index("inputs")
    batches = []
    for _ in range(BODIES // 2):
        now = utc_now()
        fresh = [(uuid7(), *row[1:at], now, *row[at + 1 : inputs], json.dumps(row[inputs])) for row in rows[:BATCH]]
        batches.append(fresh)
        rows = rows[BATCH:] + rows[:BATCH]
    return len(batches) * BATCH / write(connection, batches)


def write_rows(connection: psycopg.Connection[Any], batches: list[list[tuple[Any, ...]]]) -> float:
    """Seconds to COPY each batch row by row, in a transaction of its own."""
    began = time.perf_counter()
    for batch in batches:
        with connection.cursor() as cursor, cursor.copy(f"COPY plain ({COLUMNS}) FROM STDIN") as copy:
            for row in batch:
                copy.write_row(row)
    return time.perf_counter() - began


def write_text(connection: psycopg.Connection[Any], batches: list[list[tuple[Any, ...]]]) -> float:
    """Seconds to COPY each batch as text that is there already."""
    texts = ["".join("\t".join(map(as_text, row)) + "\n" for row in batch) for batch in batches]
    began = time.perf_counter()
    for text in texts:
        with connection.cursor() as cursor, cursor.copy(f"COPY plain ({COLUMNS}) FROM STDIN") as copy:
            copy.write(text)
    return time.perf_counter() - began


def as_text(value: Any) -> str:
    return r"\N" if value is None else str(value).replace("\\", "\\\\")


async def logged(ours: Service) -> int:
    async with ours.runtime.database.transaction() as session:
        return await session.scalar(select(func.count()).select_from(LoggedEvent)) or 0
