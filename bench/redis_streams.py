"""Redis as a yardstick: the same events by ``XADD``, on disk before the answer (``appendfsync always``)."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bench.served import HOST, answering_on, free_port, process

SERVER = shutil.which("redis-server")
DURABLE = ("--appendonly", "yes", "--appendfsync", "always", "--save", "", "--auto-aof-rewrite-percentage", "0")
"""At its best: everything on disk before the answer, and no rewriting of the file meanwhile."""


@contextmanager
def redis() -> Iterator[int]:
    """An empty Redis that brings every command to disk before it answers; yields its port."""
    assert SERVER is not None
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="groundswell-bench-redis-") as folder:
        command = [SERVER, "--bind", HOST, "--port", str(port), "--dir", folder, "--loglevel", "warning", *DURABLE]
        with process(command, {}):
            answering_on(port)
            yield port


def xadd(names: Sequence[str], row: Sequence[Any]) -> bytes:
    """One event as a command of Redis's protocol; what is NULL in PostgreSQL is left out."""
    words = [b"XADD", b"events", b"*"]
    for name, value in zip(names, row, strict=True):
        if value is not None:
            words += [name.encode(), str(value).encode()]
    return b"*%d\r\n" % len(words) + b"".join([b"$%d\r\n%b\r\n" % (len(word), word) for word in words])


async def added(port: int, requests: Sequence[bytes], each: int, connections: int) -> float:
    """Seconds until all of ``requests``, of ``each`` commands, are answered: so many connections take turns."""
    waiting = iter(requests)

    async def send() -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        for request in waiting:
            writer.write(request)
            lines = 0
            while lines < 2 * each:  # every entry's id is answered in two lines
                answered = await reader.read(1 << 16)
                if not answered or b"-ERR" in answered:
                    raise RuntimeError(f"Redis answered {answered[:200]!r}")
                lines += answered.count(b"\n")
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*[send() for _ in range(connections)])
    return time.perf_counter() - began
