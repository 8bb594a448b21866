"""Credit for conversions over a million touches (of ten million clicks one in ten is known to be somebody's) of Zipf's.

A visitor's touches are kept to the latest fifty in the window, so that one with a hundred thousand costs as little as
anybody. What is timed is what every conversion goes through: the touches that can earn are found in PostgreSQL and
divided by every model, for two thousand conversions one after another. The same at a tenth of the size shows how time
grows.
"""

import random
import time
from uuid import UUID

import psycopg
from psycopg import sql

from bench.harness import Bench
from bench.served import service
from groundswell.attribution.credit import MODELS, PPM, divide
from groundswell.attribution.touches import TOUCHES_MAX, eligible, path_of
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database

TOUCHES = 1_000_000
CONVERSIONS = 200_000
SAMPLE = 2_000
"""Conversions timed; what all would take is reckoned from these."""

VIEWERS = 100_000
FILL_VIEWERS = """
INSERT INTO viewers (id, issuer, subject, name, handle, kids, ad_tier)
SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'bench', 'v' || n, 'V', 'v' || n, false, false
FROM generate_series(1, %s) n ON CONFLICT DO NOTHING
"""
FILL_TOUCHES = """
INSERT INTO touches (id, viewer_id, event_id, at, share_id, matched_by)
SELECT gen_random_uuid(),
    ('00000000-0000-7000-8000-' || lpad(to_hex(floor(power(%(viewers)s::float, random()))::bigint), 12, '0'))::uuid,
    gen_random_uuid(), now() - random() * interval '40 days', %(shares)s[1 + floor(random() * %(count)s)::int], 'token'
FROM generate_series(1, %(touches)s)
"""


async def run(bench: Bench) -> None:
    bench.plotted = "µs a conversion"
    async with service(100) as ours:
        url = ours.runtime.database.url
        times: dict[int, float] = {}
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(FILL_VIEWERS, [VIEWERS])
            filled = 0
            for touches in (TOUCHES // 10, TOUCHES):
                fill(connection, touches - filled)
                filled = touches
                times[touches], most = await credited(Database(url), touches)
                bench.note(
                    f"{touches:,} touches: {1e6 * times[touches]:,.0f} µs a conversion, at most {most} touches each"
                )
    small, large = times[TOUCHES // 10], times[TOUCHES]
    bench.measure(f"credit over {TOUCHES // 10:,} touches", 1e6 * small, "µs a conversion")
    bench.measure(f"credit over {TOUCHES:,} touches", 1e6 * large, "µs a conversion")
    bench.measure("time grows by, for ten times the touches", large / small, "ratio", 2, at_most=True)
    bench.measure(f"{CONVERSIONS:,} conversions, one after another (reckoned)", CONVERSIONS * large, "s")
    bench.measure("most touches of one conversion", most, "touches", TOUCHES_MAX, at_most=True)


def fill(connection: psycopg.Connection[tuple[object, ...]], touches: int) -> None:
    """So many more touches; viewers by a power law (a few have most of them)."""
    shares = [row[0] for row in connection.execute("SELECT id FROM shares").fetchall()]
    given = {"viewers": VIEWERS, "shares": shares, "count": len(shares), "touches": touches}
    connection.execute(sql.SQL(FILL_TOUCHES), given)
    connection.execute("ANALYZE touches")


async def credited(database: Database, touches: int) -> tuple[float, int]:
    """Seconds a conversion, and the most touches that one had; conversions come from viewers as touches do."""
    chosen, most = random.Random(touches), 0
    viewers = [UUID(f"00000000-0000-7000-8000-{int(VIEWERS ** chosen.random()):012x}") for _ in range(SAMPLE)]
    now = utc_now()
    began = time.perf_counter()
    for viewer in viewers:
        async with database.transaction() as session:
            found = await eligible(session, viewer, now, 30)
        if found:
            path = path_of(found, now, {})
            assert all(sum(divide(PPM, weigh(path))) == PPM for weigh in MODELS.values())
        most = max(most, len(found))
    seconds = (time.perf_counter() - began) / SAMPLE
    await database.close()
    return seconds, most
