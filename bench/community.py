"""People around a moment: a page of ten thousand comments for somebody in the middle of the title, the feed of somebody
who follows a thousand, and reactions as fast as they are taken in.

In this process, on a world of its own (``worlds``); HTTP and the judging of who asks are not in it, but for reactions
through HTTP, which are taken in by the service in a process of its own.
"""

import asyncio
import json
import os
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from ipaddress import IPv4Address
from itertools import islice
from uuid import UUID

from sqlalchemy import text

from bench.harness import Bench
from bench.load import load
from bench.redirect import AGENTS
from bench.served import HOST, Service, service
from bench.worlds import World, world
from groundswell.accounts.access import Caller
from groundswell.accounts.tables import Viewer
from groundswell.catalog.spoilers import seen_by
from groundswell.catalog.tables import Title
from groundswell.community.comment_list import CommentReader, count_of, page_of
from groundswell.community.comment_views import shown_all
from groundswell.community.doors import Meeting
from groundswell.community.feed import following_feed
from groundswell.community.reaction_log import ReactionLog
from groundswell.community.reactions import new_reaction
from groundswell.community.voters import Voter
from groundswell.events.log.lookups import place
from groundswell.events.traffic.client import see
from groundswell.events.traffic.visit_ticket import visit_ticket
from groundswell.events.traffic.visitors import Visitors
from groundswell.moments.availability import Audience
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7

SIZE = float(os.environ.get("BENCH_SIZE", "0.01"))
COMMENTS = int(os.environ.get("BENCH_COMMENTS", "10000"))
FOLLOWED = int(os.environ.get("BENCH_FOLLOWED", "1000"))
REACTIONS = int(os.environ.get("BENCH_REACTIONS", "50000"))
AT_ONCE = 512
VISITORS = int(os.environ.get("BENCH_VISITORS", "10000"))
CALLS = 60
GOAL_MS = 50.0
READER = "(SELECT id FROM viewers ORDER BY id LIMIT 1)"

SAID = """
    INSERT INTO comments (id, moment_id, viewer_id, at_us, text, same_as, spoiler, created_at, parent_id)
    SELECT ('00000000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid, m.id, w.id, m.start_us + n %% 6000000,
        'What a scene, said for the time ' || n, '', false, now(),
        CASE WHEN n %% 3 = 0 AND n > 3
            THEN ('00000000-0000-7000-9000-' || lpad(to_hex(n - n %% 30 + 1), 12, '0'))::uuid END
    FROM generate_series(1, %(comments)s) n
    CROSS JOIN LATERAL (SELECT id, start_us FROM moments WHERE id = %(moment)s) m
    CROSS JOIN LATERAL (SELECT id FROM viewers WHERE subject = 'w' || (2 + n %% %(viewers)s)) w
    ON CONFLICT DO NOTHING
"""
FOLLOWS = f"""
    INSERT INTO follows (follower_id, followed_id, state)
    SELECT {READER}, v.id, 'following' FROM viewers v WHERE v.id <> {READER} ORDER BY v.id LIMIT %(followed)s
    ON CONFLICT DO NOTHING
"""
SEEN = f"""
    INSERT INTO progress (viewer_id, title_id, position_us, updated_at)
    SELECT {READER}, title_id, start_us + 3000000, now() FROM moments WHERE id = %(moment)s ON CONFLICT DO NOTHING
"""


async def run(bench: Bench) -> None:
    bench.plotted = "ms"
    async with world(SIZE) as there:
        moment, title, reader = await fill(there)
        await comments(bench, there, moment, title, reader)
        await feed(bench, there, reader)
        await reactions(bench, there, moment, title)
    await through_the_door(bench)


async def fill(there: World) -> tuple[Moment, Title, Caller]:
    async with there.runtime.database.transaction() as session:
        first: UUID = (await session.scalars(text("SELECT id FROM moments ORDER BY id LIMIT 1"))).one()
        people = (await session.scalars(text("SELECT count(*) FROM viewers"))).one()
        connection = await session.connection()
        given = {"moment": first, "comments": COMMENTS, "viewers": min(2_000, people - 2), "followed": FOLLOWED}
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        for statement in (SAID, FOLLOWS, SEEN):
            await raw.execute(statement, given)
    async with there.runtime.database.transaction() as session:
        await session.execute(text("ANALYZE comments"))
        moment = await session.get_one(Moment, first)
        title = await session.get_one(Title, moment.title_id)
        viewer: UUID = (await session.scalars(text(READER[1:-1]))).one()
        return moment, title, Caller(await session.get_one(Viewer, viewer), frozenset())


async def comments(bench: Bench, there: World, moment: Moment, title: Title, reader: Caller) -> None:
    async def page() -> None:
        async with there.runtime.database.transaction() as session:
            who = CommentReader(reader, await seen_by(session, reader, [title]), keeper=False)
            rows = await page_of(session, moment.id, title, who, None, 20)
            shown = await shown_all(session, rows, reader, moment)
            assert len(shown) == 20
            assert await count_of(session, moment.id, who) > 0

    bench.measure(f"p95 of a page of {COMMENTS:,} comments", await p95(page), "ms", GOAL_MS, at_most=True)


async def feed(bench: Bench, there: World, reader: Caller) -> None:
    async def page() -> None:
        async with there.runtime.database.transaction() as session:
            found = await following_feed(session, reader, Audience(reader.id), None, 24)
            assert found.items

    bench.measure(f"p95 of the feed of {FOLLOWED:,} followed", await p95(page), "ms", GOAL_MS, at_most=True)


async def reactions(bench: Bench, there: World, moment: Moment, title: Title) -> None:
    """What the door does for each reaction once it knows who reacts and where (``reaction_log``)."""
    seen = see({"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0"}, "192.0.2.1", b"salt")
    meeting = Meeting(moment, title, place(None, moment.id, title.id))
    left = iter(range(REACTIONS))

    async def some() -> None:
        for _ in left:
            voter = Voter(uuid7().hex, None, seen, utc_now(), uuid7())
            await log.take(new_reaction(meeting, voter, "love", moment.start_us))

    async with ReactionLog(there.runtime.database).running() as log:
        began = time.perf_counter()
        await asyncio.gather(*(some() for _ in range(AT_ONCE)))
        took = time.perf_counter() - began
    bench.measure(f"reactions taken in, {AT_ONCE} at once", REACTIONS / took, "a second", 5_000)


async def through_the_door(bench: Bench) -> None:
    """Visitors who have opened a link's page, each with a ticket of their own, over HTTP from a process of its own."""
    async with service(1) as ours:
        token, now = ours.tokens[0], utc_now()
        async with ours.runtime.database.transaction() as session:
            share, moment = (await session.execute(text("SELECT id, moment_id FROM shares"))).one()
        salt = await Visitors(ours.runtime.database).prepare(now)
        asked = [post(ours, salt, now, token, share, moment, n) for n in range(VISITORS)]
        await load(HOST, ours.port, islice(asked, 500), 192, 60)
        taken = await load(HOST, ours.port, iter(asked[500:]), 192, 60)
    refused = sum(taken.statuses.values()) - taken.statuses[201]
    bench.note(f"answers by status: {dict(taken.statuses)}")
    bench.measure("reactions through HTTP", taken.rate, "a second", 5_000)
    bench.measure("reactions through HTTP, p95", 1e3 * taken.percentile(0.95), "ms")
    bench.measure("answers other than 201", refused, "answers", 0, at_most=True)


def post(ours: Service, salt: bytes, now: datetime, token: str, share: UUID, moment: UUID, number: int) -> bytes:
    """The reaction of one visitor, as their browser sends it, through a proxy that says from where."""
    agent = AGENTS[number % 4]  # those of people
    address = str(IPv4Address("198.18.0.0") + number)
    visitor = see({"user-agent": agent}, address, salt).served_to
    visit = visit_ticket(ours.settings.secret, now, os.urandom(16), share, visitor)
    body = json.dumps({"kind": "love", "at_us": 75_000_000, "share": token, "visit": visit}).encode()
    head = (
        f"POST /v1/moments/{moment}/reactions HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: {agent}\r\n"
        f"X-Forwarded-For: {address}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def p95(call: Callable[[], Awaitable[None]]) -> float:
    taken = []
    for _ in range(CALLS):
        began = time.perf_counter()
        await call()
        taken.append(1e3 * (time.perf_counter() - began))
    return statistics.quantiles(taken, n=20)[-1]
