"""Notifications: a storm grouped into one row a person and subject, and what is pending pushed to a receiver on
loopback that checks who sends and counts each message once.

On a real, durable PostgreSQL of its own. The receiver is a process of its own, as a push service is; it does not
decrypt, as push services cannot. ``GROUNDSWELL_BENCH_PENDING`` says how many pushes wait (20,000), each a notification
of its own to one of a thousand people; ``GROUNDSWELL_BENCH_STORM`` how many notes are made of 100 subjects (10,000).
Memory is the worker's, looked at after every twentieth.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from uuid import UUID

import httpx
import psutil
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import func, select, text

from bench.harness import Bench
from bench.served import HOST, answering, free_port
from groundswell.notifications.groups import note
from groundswell.notifications.push import push_all_due
from groundswell.notifications.tables import Notification, PushDelivery
from groundswell.notifications.vapid import public_key
from groundswell.platform.ids import uuid7
from groundswell.platform.runtime import Runtime, open_runtime
from groundswell.platform.settings import Settings
from groundswell.web import features

PENDING = int(os.environ.get("GROUNDSWELL_BENCH_PENDING", "20000"))
STORM = int(os.environ.get("GROUNDSWELL_BENCH_STORM", "10000"))
PEOPLE, SUBJECTS, AT_ONCE, LOOKS = 1_000, 100, 8, 20
MIB = 1 << 20

RECEIVER = """
import json, sys
import jwt, uvicorn
seen, topics, known = {"told": 0, "twice": 0}, set(), set()
async def app(scope, receive, send):
    body, status = b"", 201
    if scope["method"] == "POST":
        while True:
            part = await receive()
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        token = headers["authorization"].split("t=")[1].split(",")[0]
        if token not in known:
            assert jwt.decode(token, options={"verify_signature": False})["sub"].startswith("mailto:")
            known.add(token)
        assert headers["content-encoding"] == "aes128gcm" and len(body) > 86
        seen["told"] += 1
        seen["twice"] += headers["topic"] in topics
        topics.add(headers["topic"])
        body = b""
    else:
        body, status = json.dumps(seen).encode(), 200
    length = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": length})
    await send({"type": "http.response.body", "body": body})
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False, lifespan="off")
"""

VIEWERS = text("""
INSERT INTO viewers (id, issuer, subject, name, handle, kids, ad_tier)
SELECT gen_random_uuid(), 'groundswell-demo', 'b' || n, 'V', 'b' || n, false, false FROM generate_series(1, :people) n
""")
SUBSCRIPTIONS = text("""
INSERT INTO push_subscriptions (id, viewer_id, endpoint, p256dh, auth, vapid_key)
SELECT gen_random_uuid(), id, :home || handle, :point, :auth, :key FROM viewers
""")
DECISIONS = text("""
INSERT INTO decisions (id, subject_kind, subject_id, action, reason_code, explanation, decided_by, appeal)
SELECT gen_random_uuid(), 'viewer', gen_random_uuid(), 'demote', 'other', 'A reason that fills a line.', 'rule', ''
FROM generate_series(1, :pending)
""")
NOTIFICATIONS = text("""
INSERT INTO notifications (id, viewer_id, kind, subject_id, place, since, at)
SELECT gen_random_uuid(), v.id, 'decision', d.id, gen_random_uuid(), now(), now()
FROM (SELECT id, row_number() OVER () AS n FROM decisions) d
JOIN (SELECT id, row_number() OVER () AS n FROM viewers) v ON v.n = 1 + d.n % :people
""")
DELIVERIES = text("""
INSERT INTO push_deliveries (id, notification_id, subscription_id, due_at)
SELECT gen_random_uuid(), n.id, s.id, now() FROM notifications n JOIN push_subscriptions s ON s.viewer_id = n.viewer_id
WHERE n.kind = 'decision'
""")


async def run(bench: Bench) -> None:
    bench.plotted = "a second"
    features.load("tables")
    with tempfile.TemporaryDirectory(prefix="groundswell-bench-") as folder:
        settings = Settings(data_dir=Path(folder), outbound_networks=["127.0.0.0/8"])
        async with open_runtime(settings) as runtime:
            async with runtime.database.transaction() as session:
                await session.execute(VIEWERS, {"people": PEOPLE})
            await storm(bench, runtime)
            await pushes(bench, runtime)


async def storm(bench: Bench, runtime: Runtime) -> None:
    """The same few subjects of one person, noted by several at once."""
    subjects, left = [uuid7() for _ in range(SUBJECTS)], iter(range(STORM))
    async with runtime.database.transaction() as session:
        viewer: UUID = (await session.scalars(text("SELECT id FROM viewers ORDER BY handle LIMIT 1"))).one()

    async def some() -> None:
        for number in left:
            async with runtime.database.transaction() as session:
                await note(session, "comment", subjects[number % SUBJECTS], [viewer])

    began = time.perf_counter()
    await asyncio.gather(*(some() for _ in range(AT_ONCE)))
    took = time.perf_counter() - began
    async with runtime.database.transaction() as session:
        rows = await session.scalar(select(func.count()).select_from(Notification)) or 0
    assert rows == min(STORM, SUBJECTS), rows
    bench.note(f"{STORM:,} notes made {rows} rows")
    bench.measure("notes grouped", STORM / took, "a second")


async def pushes(bench: Bench, runtime: Runtime) -> None:
    port, key = free_port(), ec.generate_private_key(ec.SECP256R1())
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    named = {"home": f"http://{HOST}:{port}/push/", "point": point, "auth": os.urandom(16)}
    async with runtime.database.transaction() as session:
        await session.execute(SUBSCRIPTIONS, named | {"key": public_key(runtime.settings)})
        await session.execute(DECISIONS, {"pending": PENDING})
        await session.execute(NOTIFICATIONS, {"people": PEOPLE})
        await session.execute(DELIVERIES)
    receiver = subprocess.Popen([sys.executable, "-c", RECEIVER, str(port)])  # noqa: ASYNC220 - it runs beside us
    try:
        await answers(port)
        seconds, memory = await drain(runtime)
        seen = await answers(port)
    finally:
        receiver.terminate()
        receiver.wait()
    assert seen == {"told": PENDING, "twice": 0}, seen
    bench.note(f"{PENDING:,} pushes to {PEOPLE:,} browsers in {seconds:.1f} s, each once")
    bench.measure("rendered, encrypted, pushed", PENDING / seconds, "a second")
    bench.measure("memory at the end", memory[-1] / MIB, "MiB")
    grown = max(memory[len(memory) // 2 :]) / max(memory[:2])
    bench.measure("memory, last half beside first", grown, "×", goal=1.2, at_most=True)


async def drain(runtime: Runtime) -> tuple[float, list[int]]:
    """Push all of it; how long that took, and the memory on the way."""
    memory, took, more = [], 0.0, True
    while more:
        began = time.perf_counter()
        more = await push_all_due(runtime.database, runtime.settings, PENDING / LOOKS / 300)
        took += time.perf_counter() - began
        memory.append(psutil.Process().memory_info().rss)
    async with runtime.database.transaction() as session:
        assert not await session.scalar(select(func.count()).select_from(PushDelivery))
    return took, memory


async def answers(port: int) -> dict[str, int]:
    """What the receiver has seen."""
    await answering(port, "/")
    async with httpx.AsyncClient() as http:
        seen: dict[str, int] = (await http.get(f"http://{HOST}:{port}/")).json()
    return seen
