"""Webhooks to a receiver on loopback that checks every signature and the order of each subject.

A backlog is written to the outbox of a real, durable PostgreSQL, then one worker delivers it. The receiver is a process
of its own, as a service's is. ``GROUNDSWELL_BENCH_BACKLOG`` says how many (100,000). Memory is the worker's, looked at
after every twentieth of the backlog.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from uuid import UUID

import httpx
import psutil
from sqlalchemy import func, select, text

from bench.harness import Bench
from bench.served import HOST, answering, free_port
from groundswell.platform.runtime import Runtime, open_runtime
from groundswell.platform.settings import Settings
from groundswell.web import features
from groundswell.webhooks.delivery import deliver
from groundswell.webhooks.endpoints import make_endpoint
from groundswell.webhooks.tables import WebhookDelivery

BACKLOG = int(os.environ.get("GROUNDSWELL_BENCH_BACKLOG", "100000"))
SUBJECTS = 5_000
LOOKS = 20
MIB = 1 << 20

RECEIVER = """
import json, sys
import uvicorn
from standardwebhooks import Webhook
webhook, latest, seen = Webhook(sys.argv[2]), {}, {"told": 0, "twice": 0, "out of order": 0}
ids = set()
async def app(scope, receive, send):
    body, status = b"", 204
    if scope["method"] == "POST":
        while True:
            part = await receive()
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        data = webhook.verify(body, headers)["data"]
        seen["told"] += 1
        if headers["webhook-id"] in ids:
            seen["twice"] += 1
        elif data["n"] < latest.get(data["of"], -1):
            seen["out of order"] += 1
        ids.add(headers["webhook-id"])
        latest[data["of"]] = max(data["n"], latest.get(data["of"], -1))
        body = b""
    else:
        body, status = json.dumps(seen).encode(), 200
    length = [] if status == 204 else [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": length})
    await send({"type": "http.response.body", "body": body})
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False, lifespan="off")
"""

WRITE = text("""
WITH told AS (
    INSERT INTO webhook_messages (id, kind, subject, at, data, people)
    SELECT uuidv7(), 'moment.changed', 'moment:' || n % :subjects, now(),
        jsonb_build_object('n', n, 'of', n % :subjects, 'title', 'film-0042', 'visibility', 'public'), '{}'
    FROM generate_series(0, :many - 1) n RETURNING id, subject, data
)
INSERT INTO webhook_deliveries (endpoint_id, message_id, subject, due_at)
SELECT :endpoint, id, subject, now() FROM told ORDER BY (data->>'n')::bigint
""")


async def run(bench: Bench) -> None:
    bench.plotted = "deliveries/s"
    features.load("tables")
    with tempfile.TemporaryDirectory(prefix="groundswell-bench-") as folder:
        settings = Settings(data_dir=Path(folder), outbound_networks=["127.0.0.0/8"])
        async with open_runtime(settings) as runtime:
            await measured(bench, runtime)


async def measured(bench: Bench, runtime: Runtime) -> None:
    port = free_port()
    async with runtime.database.transaction() as session:
        address = f"http://{HOST}:{port}/hooks"
        endpoint, secret = await make_endpoint(session, runtime.settings, "bench", address, ())
        await session.execute(WRITE, {"many": BACKLOG, "subjects": SUBJECTS, "endpoint": endpoint.id})
    command = [sys.executable, "-c", RECEIVER, str(port), secret]
    receiver = subprocess.Popen(command)  # noqa: ASYNC220 - it runs beside us
    try:
        await answers(port)
        seconds, memory = await drain(runtime, endpoint.id)
        seen = await answers(port)
    finally:
        receiver.terminate()
        receiver.wait()
    assert seen == {"told": BACKLOG, "twice": 0, "out of order": 0}, seen
    bench.note(f"{BACKLOG:,} messages about {SUBJECTS:,} subjects in {seconds:.1f} s")
    bench.measure("delivered, each checked, in order", BACKLOG / seconds, "deliveries/s", goal=1_000)
    bench.measure("memory at the end", memory[-1] / MIB, "MiB")
    bench.measure(
        "memory, last half beside first", max(memory[len(memory) // 2 :]) / max(memory[:2]), "×", goal=1.2, at_most=True
    )


async def drain(runtime: Runtime, endpoint_id: UUID) -> tuple[float, list[int]]:
    """Deliver all of it; how long that took, and the memory on the way."""
    memory, took = [], 0.0
    while True:
        began = time.perf_counter()
        more = await deliver(runtime.database, runtime.settings, endpoint_id, BACKLOG / LOOKS / 1_000)
        took += time.perf_counter() - began
        memory.append(psutil.Process().memory_info().rss)
        if not more:
            break
    async with runtime.database.transaction() as session:
        delivered = select(func.count()).select_from(WebhookDelivery).filter_by(status="delivered")
        assert await session.scalar(delivered) == BACKLOG
    return took, memory


async def answers(port: int) -> dict[str, int]:
    """What the receiver has seen."""
    await answering(port, "/")
    async with httpx.AsyncClient() as http:
        seen: dict[str, int] = (await http.get(f"http://{HOST}:{port}/")).json()
    return seen
