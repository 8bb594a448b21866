"""Links that nobody has followed yet, against the same links once they are known, over 32 connections.

The service runs in a process of its own, as installed. Every link is followed once, as after a start under full load;
then all of them are followed again. Both are asked by the same load generator in the same run, and every click is
committed before it is answered.
"""

import os
from itertools import islice

import psycopg

from bench.harness import Bench
from bench.load import load
from bench.redirect import requests
from bench.served import HOST, Service, service
from groundswell.platform.signatures import signed

LINKS = int(os.environ.get("BENCH_LINKS", "1000000"))
"""For a machine with less time: ``BENCH_LINKS=50000``."""

CONNECTIONS = 32
MORE = """
INSERT INTO shares (id, code, moment_id, viewer_id, channel, root_id, generation, created_at)
SELECT id, code, moment_id, viewer_id, 'copy', id, 0, now() FROM (
    SELECT gen_random_uuid() AS id, 'cold' || n AS code, s.moment_id, s.viewer_id
    FROM generate_series(1, %(links)s) n, (SELECT moment_id, viewer_id FROM shares LIMIT 1) s
) made
"""


async def run(bench: Bench) -> None:
    bench.plotted = "1/s"
    async with service(200) as ours:
        tokens = more_links(ours)
        warm = [f"/s/{token}/go" for token in ours.tokens]
        await load(HOST, ours.port, requests(warm), CONNECTIONS, 3)
        known = await load(HOST, ours.port, requests(warm), CONNECTIONS, 5)
        paths = [f"/s/{token}/go" for token in tokens]
        cold = await load(HOST, ours.port, islice(requests(paths), LINKS), CONNECTIONS, 3600)
        again = await load(HOST, ours.port, islice(requests(paths[::-1]), min(LINKS, 50_000)), CONNECTIONS, 3600)
    bench.measure("known links", known.rate, "1/s")
    bench.measure("links never seen", cold.rate, "1/s")
    bench.measure("links never seen / known links", cold.rate / known.rate, "ratio", 0.5)
    bench.measure("the same links, the latest first", again.rate, "1/s")
    bench.measure("links never seen, p99", 1000 * cold.percentile(0.99), "ms")
    refused = sum(cold.statuses.values()) - cold.statuses[302]
    bench.measure("answers other than 302", refused, "answers", 0, at_most=True)
    bench.note(f"{LINKS:,} links of one moment; {sum(cold.statuses.values()):,} followed once")


def more_links(ours: Service) -> list[str]:
    """So many links as nobody knows; returns their tokens."""
    with psycopg.connect(ours.runtime.database.url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        connection.execute(MORE, {"links": LINKS})
        connection.execute("VACUUM ANALYZE shares")
    return [signed(ours.settings.secret, "share", f"cold{n}") for n in range(1, LINKS + 1)]
