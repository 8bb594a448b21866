"""What a connection may cost before a request is understood, and how long it may take over it.

uvicorn's HTTP protocol reads a head of any length, for any time, from any number of connections, and keeps what a
client does not fetch for ever. Here each of these has a bound. A sweep, not a timer for each request, looks for those
that take too long, so that a request that comes in one piece pays for a few attributes.

The classic attacks are slow heads (Slowloris), slow bodies (R.U.D.Y.) and slow readers; RFC 9112 §9.5 and RFC 6585 §5
say how a server may end them.
"""

import asyncio
import json
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from ipaddress import ip_address, ip_network
from typing import Any

import structlog
from prometheus_client import Counter
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings

from .connection_refusals import ConnectionsFull, HeadTooLarge, RequestMalformed, RequestTooSlow, TooManyConnections

log = structlog.get_logger(__name__)

ENDED = Counter("groundswell_connections_ended", "Connections ended for a bound.", ["bound"])

PIECE = 16 * 1024
"""Bytes given to the parser at once, so that a head can be found too long before all that was read is parsed."""

LINGER = 256 * 1024
"""Bytes of a body that are still read after its request was answered; then the connection is closed."""

FRAMING = 8
"""Bytes that a body may take on the wire, for each of its own, beside what a head may have."""

FRAMES = frozenset({b"content-length", b"transfer-encoding"})
VERSIONS = frozenset({"1.0", "1.1"})
PIPELINED = 100
"""Requests that may wait behind another on one connection."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of one server. Seconds count while it is the client's turn."""

    head_bytes: int = 32 * 1024
    head_count: int = 100
    head_s: float = 10.0
    body_grace_s: float = 10.0
    body_bytes_per_s: int = 1024
    unread_s: float = 30.0
    connections: int = 4000
    connections_per_client: int = 200
    half_open: int = 500

    @classmethod
    def of(cls, settings: Settings) -> "Bounds":
        return cls(
            head_bytes=settings.head_max_kb * 1024,
            head_count=settings.head_max_count,
            head_s=settings.head_timeout_s,
            body_grace_s=settings.body_grace_s,
            unread_s=settings.unread_timeout_s,
            connections=settings.connections_max,
            connections_per_client=settings.connections_per_client,
            half_open=settings.half_open_max,
        )


class Phase(Enum):
    """What is awaited from the client."""

    HEAD = "head"
    BODY = "body"
    NOTHING = "nothing"


class Connections:
    """The connections of one server, and their bounds.

    Args:
        trusted: proxies, as addresses, networks or ``*``: through one of them come many clients, so its connections
            are not counted as one client's.
    """

    def __init__(self, bounds: Bounds, trusted: list[str] | None = None) -> None:
        self.bounds = bounds
        self.anybody = "*" in (trusted or [])
        self.networks = [ip_network(name, strict=False) for name in trusted or [] if _is_network(name)]
        self.open: set[BoundedProtocol] = set()
        self.half_open: dict[BoundedProtocol, None] = {}
        self.by_client: dict[str, int] = {}
        self._sweep: asyncio.TimerHandle | None = None
        self._swept_at = 0.0

    def admit(self, protocol: "BoundedProtocol") -> Problem | None:
        """Count ``protocol``; the refusal when there are too many."""
        if len(self.open) >= self.bounds.connections:
            return ConnectionsFull(headers={"Retry-After": "2"})
        key = self.client_key(protocol.client[0] if protocol.client else None)
        if key is not None:
            if self.by_client.get(key, 0) >= self.bounds.connections_per_client:
                return TooManyConnections(headers={"Retry-After": "10"})
            self.by_client[key] = self.by_client.get(key, 0) + 1
        protocol.client_key = key
        self.open.add(protocol)
        if self._sweep is None:
            self._swept_at = protocol.loop.time()
            self._sweep_soon(protocol.loop)
        return None

    def leave(self, protocol: "BoundedProtocol") -> None:
        """Count ``protocol`` no more."""
        self.open.discard(protocol)
        self.half_open.pop(protocol, None)
        if (key := protocol.client_key) is not None:
            protocol.client_key = None
            self.by_client[key] -= 1
            if not self.by_client[key]:
                del self.by_client[key]

    def head_awaited(self, protocol: "BoundedProtocol") -> None:
        """Note that ``protocol`` has not got a whole head; where too many have not, the one that waits longest ends."""
        self.half_open[protocol] = None
        if len(self.half_open) > self.bounds.half_open:
            oldest = next(iter(self.half_open))
            self.half_open.pop(oldest)
            oldest.refuse(RequestTooSlow("Too many requests are half here."), "half_open")

    def client_key(self, address: str | None) -> str | None:
        """What connections from ``address`` are counted by: the address, or its /64 (IPv6); None where not at all."""
        try:
            parsed = ip_address(address or "")
        except ValueError:
            return None
        if self.anybody or any(parsed in network for network in self.networks):
            return None
        return str(address) if parsed.version == 4 else parsed.exploded[:19]

    def _sweep_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        shortest = min(self.bounds.head_s, self.bounds.body_grace_s, self.bounds.unread_s)
        self._sweep = loop.call_later(min(1.0, shortest / 4), self.sweep, loop)

    def sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        """End the connections that take too long."""
        now = loop.time()
        elapsed, self._swept_at, self._sweep = now - self._swept_at, now, None
        for protocol in list(self.open):
            try:
                protocol.look(now, elapsed)
            except Exception:  # one that cannot be looked at must not keep the others from their bounds
                log.exception("connection_not_looked_at")
                protocol.transport.abort()
        if self.open:
            self._sweep_soon(loop)


def _is_network(name: str) -> bool:
    try:
        ip_network(name, strict=False)
    except ValueError:
        return False
    return True


class BoundedProtocol(HttpToolsProtocol):
    """One connection within its bounds."""

    def __init__(self, *arguments: Any, connections: Connections, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.bounded_by, self.bounds = connections, connections.bounds
        self.client_key: str | None = None
        self.refusal: Problem | None = None
        self.deaf = False  # nothing more is read: the connection ends with the answer that is due
        self.phase = Phase.HEAD
        self.since = 0.0  # when the server began to wait for the rest of a head
        self.head_bytes = 0
        self.body_bytes = self.discarded = 0
        self.wire_bytes = 0  # of a body, with all that frames it: chunks' heads, trailers
        self.body_s = self.unread_s = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if (refusal := self.bounded_by.admit(self)) is not None:
            self.refuse(refusal, refusal.code)
            return
        self.since = self.loop.time()
        self.bounded_by.head_awaited(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.bounded_by.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if len(data) <= PIECE:
            self._feed(data)
            return
        for start in range(0, len(data), PIECE):
            self._feed(data[start : start + PIECE])

    def _feed(self, data: bytes) -> None:
        if self.deaf or self.parser is None or self.transport.is_closing():
            return
        self.head_bytes += len(data)
        in_body = self.phase is Phase.BODY
        super().data_received(data)
        if in_body and self.phase is Phase.BODY:
            self.wire_bytes += len(data)
            if self.wire_bytes > self.bounds.head_bytes + FRAMING * self.body_bytes:
                self.refuse(HeadTooLarge("What frames the body is too long."), "framing_bytes")
        elif self.phase is Phase.HEAD and not self.transport.is_closing():
            self.head_bytes = self.head_bytes or len(data)
            if self.since == 0.0:
                self.since = self.loop.time()
                self.bounded_by.head_awaited(self)
            if self.head_bytes > self.bounds.head_bytes:
                self.refuse(HeadTooLarge(), "head_bytes")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self.phase is not Phase.HEAD:
            self.phase, self.since, self.head_bytes = Phase.HEAD, 0.0, 0

    def on_headers_complete(self) -> None:
        if len(self.headers) > self.bounds.head_count or self._is_head_too_long():
            self._refuse_in_parser(HeadTooLarge())
        if self.parser.get_http_version() not in VERSIONS:
            self._refuse_in_parser(RequestMalformed("This is another version of HTTP than is spoken here."))
        if not self._is_target_ours():
            self._refuse_in_parser(RequestMalformed("The request says in two ways for whom it is, or where it ends."))
        if len(self.pipeline) >= PIPELINED:
            self._refuse_in_parser(HeadTooLarge("Too many requests wait on this connection."))
        self.phase, self.body_bytes, self.body_s, self.discarded, self.wire_bytes = Phase.BODY, 0, 0.0, 0, 0
        self.bounded_by.half_open.pop(self, None)
        super().on_headers_complete()
        self.headers = []  # trailers are no headers of the request that is being answered

    def _is_target_ours(self) -> bool:
        """Whether one host is named, once, or none: a target that is an address goes before Host for some programs and
        not for others (RFC 9112 §3.2). And whether one header says how the body is framed: two that do are how a second
        request is hidden in a first, so what comes after them is nobody's."""
        hosts, framed = [], 0
        for name, value in self.headers:
            if name == b"host":
                hosts.append(value)
            elif name in FRAMES:
                framed += 1
        if len(hosts) > 1 or framed > 1:
            return False
        if self.url[:1] in (b"/", b"*"):
            return True
        authority = self.url.partition(b"://")[2].partition(b"/")[0].partition(b"?")[0]
        return len(hosts) == 1 and authority.lower() == hosts[0].lower()

    def _is_head_too_long(self) -> bool:
        if self.head_bytes + PIECE <= self.bounds.head_bytes:
            return False
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        return size > self.bounds.head_bytes

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self.body_bytes += len(body)
        if self.cycle.response_complete:
            self.discarded += len(body)
            if self.discarded > LINGER:
                ENDED.labels("unwanted_body").inc()
                self.transport.close()

    def on_message_complete(self) -> None:
        self.phase, self.head_bytes = Phase.NOTHING, 0
        super().on_message_complete()

    def resume_writing(self) -> None:
        self.unread_s = 0.0
        super().resume_writing()

    def look(self, now: float, elapsed: float) -> None:
        """End the connection when the client takes too long.

        Args:
            now: the loop's time; ``elapsed`` seconds after the last look.
        """
        self.unread_s = self.unread_s + elapsed if self.transport.get_write_buffer_size() else 0.0
        if self.unread_s > self.bounds.unread_s:
            ENDED.labels("unread").inc()
            self.transport.abort()
        elif self.deaf:
            return
        elif self.phase is Phase.HEAD and self.since and now - self.since > self.bounds.head_s:
            self.refuse(RequestTooSlow(), "head_time")
        elif self.phase is Phase.BODY and not self.flow.read_paused:
            self.body_s += elapsed
            late = self.body_s - self.bounds.body_grace_s
            if late > 0 and self.body_bytes < self.body_s * self.bounds.body_bytes_per_s:
                self.refuse(RequestTooSlow(), "body_time")

    def _should_upgrade_to_ws(self) -> bool:
        """Nothing here speaks WebSocket; another protocol would take the connection out of its bounds, uncounted."""
        return False

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: anybody can ask for an upgrade, as often as they like."""

    def _refuse_in_parser(self, refusal: Problem) -> None:
        self.refusal = refusal
        raise refusal  # the parser ends with it, and uvicorn then calls ``send_400_response``

    def send_400_response(self, msg: str) -> None:
        refusal = self.refusal or RequestMalformed()
        self.refuse(refusal, refusal.code)

    def refuse(self, refusal: Problem, bound: str) -> None:
        """Say ``refusal`` and close; where another answer is due first, close after that."""
        ENDED.labels(bound).inc()
        if self.transport.is_closing():
            return
        if self.pipeline:
            self.transport.abort()
            return
        if self._owes_an_answer():  # a refusal now would be taken for it, or for a part of it
            self.cycle.keep_alive, self.deaf = False, True
            self.flow.pause_reading()
            return
        answered = self.phase is Phase.BODY and self.cycle is not None and self.cycle.response_complete
        if not answered and not self._is_silent():
            self.transport.write(self._as_bytes(refusal))
        self.transport.close()

    def _owes_an_answer(self) -> bool:
        """Whether another request than the one that is refused has no answer yet, or the one refused half of it."""
        if self.cycle is None or self.cycle.response_complete:
            return False
        return self.phase is not Phase.BODY or self.cycle.response_started

    def _is_silent(self) -> bool:
        """Whether the client has sent nothing since it connected, and so waits for no answer."""
        return self.phase is Phase.HEAD and self.cycle is None and not self.head_bytes and self.since != 0.0

    def _as_bytes(self, refusal: Problem) -> bytes:
        body = json.dumps(refusal.document()).encode()
        headers = {
            "content-type": "application/problem+json",
            "content-length": str(len(body)),
            "cache-control": "no-store",
            "connection": "close",
            **{name.lower(): value for name, value in refusal.headers.items()},
        }
        lines = [f"{name}: {value}\r\n".encode() for name, value in headers.items()]
        return b"".join([STATUS_LINE[HTTPStatus(refusal.status)], *lines, b"\r\n", body])


CALLED_BY_PARSER = ("on_message_begin", "on_headers_complete", "on_body", "on_message_complete")


def unbounded() -> list[str]:
    """What the bounds take from uvicorn's protocol and the installed uvicorn does not have."""
    methods = (
        *(*CALLED_BY_PARSER, "data_received", "send_400_response", "resume_writing", "connection_made"),
        *("_should_upgrade_to_ws", "_unsupported_upgrade_warning"),
    )
    missing = [name for name in methods if not hasattr(HttpToolsProtocol, name)]
    made = set(HttpToolsProtocol.__init__.__code__.co_names)
    missing += [name for name in ("parser", "cycle", "flow", "pipeline", "headers") if name not in made]
    cycle = set(RequestResponseCycle.__init__.__code__.co_names)
    missing += [name for name in ("response_started", "response_complete") if name not in cycle]
    if "read_paused" not in FlowControl.__init__.__code__.co_names:
        missing.append("read_paused")
    if "send_400_response" not in HttpToolsProtocol.data_received.__code__.co_names:
        missing.append("send_400_response")
    return missing
