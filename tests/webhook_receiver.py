"""A receiver of webhooks: a real HTTP server that keeps what it is told, and can be told to be a bad one."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook


@dataclass(frozen=True)
class Told:
    """One request: its headers in lower case, and its body."""

    headers: dict[str, str]
    body: str

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = self.document["data"]
        return data

    def verify(self, secret: str) -> None:
        """Raise unless it was signed with ``secret``, by the library that receivers use."""
        Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """What came, and what is answered: a status line and headers; ``hang`` answers nobody, ``endless`` never ends."""

    port: int = 0
    told: list[Told] = field(default_factory=list)
    answer: str = "204 No Content\r\n"
    hang: bool = False
    endless: bool = False
    takes_s: float = 0.0
    in_vain: set[str] = field(default_factory=set)
    """Ids of messages that are answered 500 all the same."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    @property
    def kinds(self) -> list[str]:
        return [each.document["type"] for each in self.told]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = {
                    name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)
                }
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                told = Told(headers, body.decode())
                self.told.append(told)
                await asyncio.sleep(3600 if self.hang else self.takes_s)
                status = "500 Internal Server Error\r\n" if told.id in self.in_vain else self.answer
                if self.endless and told.id not in self.in_vain:
                    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
                    while True:
                        writer.write(b"1000\r\n" + bytes(4096) + b"\r\n")
                        await writer.drain()
                length = "" if status.startswith("204") else "content-length: 0\r\n"
                writer.write(f"HTTP/1.1 {status}{length}\r\n".encode())
                await writer.drain()
        writer.close()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver on a free port of loopback."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in asyncio.all_tasks():  # those that hang would keep the server from closing
            if getattr(task.get_coro(), "__qualname__", "") == "Receiver.serve":
                task.cancel()
