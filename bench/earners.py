"""Creators, moments of theirs and plays of those in one month, for the benchmarks of pools and statements.

Everybody has three moments; plays are spread as crowds spread them: a few creators have most.
"""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from bench.served import make_links
from groundswell.earnings import pools
from groundswell.earnings.rules import PoolTerms, period_bounds
from groundswell.events.log.partitions import ensure_days
from groundswell.platform.clock import utc_now
from groundswell.platform.runtime import Runtime

MOMENTS = 3
AT_ONCE = 1_000_000
ID = "('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"
MOMENT_ID = "('00000000-0000-7000-9000-' || lpad(to_hex({n}), 12, '0'))::uuid"
PEOPLE = (
    f"""
    INSERT INTO viewers (id, issuer, subject, name, handle, kids, ad_tier)
    SELECT {ID}, 'bench', 'v' || n, 'V', 'v' || n, false, false FROM generate_series(1, :creators) n
    """,
    f"""
    INSERT INTO creators (id, viewer_id, handle, code, display_name, bio)
    SELECT {ID}, {ID}, 'c' || n, 'C' || lpad(n::text, 9, '0'), 'Creator ' || n, ''
    FROM generate_series(1, :creators) n
    """,
    f"""
    INSERT INTO moments (
        id, code, viewer_id, title_id, source_id, start_us, end_us, caption, visibility, spoiler, credit_me, note
    )
    SELECT {MOMENT_ID.format(n="m")}, 'bench' || m, {ID.replace("(n)", "(1 + (m - 1) / :each)")}, t.id,
        t.current_source_id, 0, 10000000, 'The one where it rains, take ' || m, 'public', false, true, ''
    FROM generate_series(1, CAST(:creators AS bigint) * :each) m, (SELECT id, current_source_id FROM titles LIMIT 1) t
    """,
)
PLAYS = f"""
    INSERT INTO events (at, id, kind, moment_id, title_id, visitor, verdict, inputs)
    SELECT CAST(:begin AS timestamptz) + interval '1 second' * (n % CAST(:seconds AS bigint)), {ID}, 'play',
        {MOMENT_ID.format(n="1 + floor(CAST(:moments AS bigint) * power(chance, 2))::bigint")},
        (SELECT id FROM titles LIMIT 1), 'p' || n, 'human', '{{"watched_ms": 9000}}'
    FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) n,
        LATERAL (SELECT (hashint8(n) & 1048575) / 1048576.0 AS chance) drawn
"""


def month() -> str:
    """The last month that is over."""
    return f"{utc_now().replace(day=1) - timedelta(days=1):%Y-%m}"


async def make_earners(runtime: Runtime, creators: int, plays: int) -> None:
    """Fill an empty database."""
    await make_links(runtime, 1)
    begin, end = period_bounds(month())
    async with await runtime.database.connect(autocommit=True) as connection:
        await ensure_days(connection, _days(begin, end))
    async with runtime.database.transaction() as session:
        for statement in PEOPLE:
            given = {"creators": creators, "each": MOMENTS}
            await session.execute(text(statement), {name: given[name] for name in given if f":{name}" in statement})
    seconds = int((end - begin).total_seconds())
    for first in range(1, plays + 1, AT_ONCE):
        last = min(first + AT_ONCE - 1, plays)
        told = {"begin": begin, "seconds": seconds, "moments": creators * MOMENTS, "first": first, "last": last}
        async with runtime.database.transaction() as session:
            await session.execute(text(PLAYS), told)
    async with await runtime.database.connect(autocommit=True) as connection:
        await connection.execute("VACUUM ANALYZE")


def _days(begin: datetime, end: datetime) -> list[date]:
    return [begin.date() + timedelta(days=n) for n in range((end - begin).days)]


async def make_pool(runtime: Runtime, amount_minor: int) -> UUID:
    """Fund a pool over those plays."""
    async with runtime.database.transaction() as session:
        pool = await pools.fund(
            session, period=month(), basis="plays", amount_minor=amount_minor, currency="EUR", created_by="fay",
            terms=PoolTerms(hold_days=0),
        )  # fmt: skip
    return pool.id
