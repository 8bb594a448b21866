"""Posting messages: over connections that are kept, go only where the settings allow, and take a bounded answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

import httpcore
import httpx

from groundswell.platform.outbound import AGENT, Outbound
from groundswell.platform.settings import Settings

from .message import ANSWER_MAX

AT_ONCE = 16
"""Messages that are on their way to one endpoint at once."""

UNREACHABLE = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError)


class MessageSender:
    """Posts one message after another over a connection of its own: that costs less than to share a pool."""

    def __init__(self, outbound: Outbound, pool: httpcore.AsyncConnectionPool, timeout_s: float) -> None:
        self._outbound, self._pool, self._timeout_s = outbound, pool, timeout_s
        self._checked = ""

    async def post(self, address: str, body: str | bytes, headers: dict[str, str]) -> tuple[int, str | None]:
        """The status and what was said of a pause, once the answer has been read as far as it is. A redirect is an
        answer.

        Raises:
            AddressNotAllowed, AddressUnreachable: nothing may, or can, be sent there.
            TimeoutError: it took too long.
        """
        async with asyncio.timeout(self._timeout_s):
            await self._check(address)
            sent = {**headers, "Host": urlsplit(address).netloc, "User-Agent": AGENT, "Accept": "*/*"}
            content = body.encode() if isinstance(body, str) else body
            sent["Content-Length"] = str(len(content))
            async with self._pool.stream("POST", address, headers=list(sent.items()), content=content) as answer:
                size = 0
                async for piece in answer.aiter_stream():
                    size += len(piece)
                    if size > ANSWER_MAX:
                        break
                said = dict(answer.headers).get(b"retry-after")
                return answer.status, said.decode("latin-1") if said else None

    async def _check(self, address: str) -> None:
        """Once for all that is sent to one address; what its name means is looked at where it is connected."""
        if address == self._checked:
            return
        parts = urlsplit(self._outbound.check(address))
        if parts.scheme == "http":
            await self._outbound.resolve(parts.hostname or "", parts.port or 80, inside=True)
        self._checked = address


@asynccontextmanager
async def senders(settings: Settings) -> AsyncIterator[list[MessageSender]]:
    """``AT_ONCE`` of them."""
    outbound, ssl = Outbound(settings), httpx.create_ssl_context(trust_env=False)
    async with AsyncExitStack() as stack:
        pools = [await stack.enter_async_context(outbound.pool(ssl, 1)) for _ in range(AT_ONCE)]
        yield [MessageSender(outbound, pool, settings.webhook_timeout_s) for pool in pools]
