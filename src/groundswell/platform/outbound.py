"""The way out: every fetch of an address that somebody else has named goes through here, so that none of them can make
this service ask its own neighbours (server-side request forgery) or wait and read without end.

An address is ``https``, of a host that the settings allow, and what its name resolves to is public, unless the settings
name that network. What was resolved is what is connected to, at every redirect anew: a name that means something else
a moment later changes nothing. ``http`` is spoken within networks named in the settings alone.
"""

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Container, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ssl import SSLContext
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

from .problems import Problem
from .settings import Settings

IP = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
NOT_PUBLIC: list[Network] = [ipaddress.ip_network(each) for each in ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20")]
"""What Python takes for public and is none: protocol assignments, 6to4 relays, documentation."""
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
REDIRECTS = 5
CONNECT_S = 10.0
GIVEN = frozenset({200, 206})
"""Statuses of answers that are what was asked for, or a part of it."""
CONNECTIONS = 16
AGENT = "Groundswell"


class AddressNotAllowed(Problem):
    status, code, title = 422, "address_not_allowed", "This address may not be fetched from here."


class AddressUnreachable(Problem):
    status, code, title = 502, "address_unreachable", "Nothing answers at this address."


class AnswerTooLarge(Problem):
    status, code, title = 502, "answer_too_large", "What this address answers is larger than is taken from it."


class AnswerTooSlow(Problem):
    status, code, title = 502, "answer_too_slow", "This address takes too long to answer."


class AnswerRefused(Problem):
    """``answered`` is the HTTP status."""

    status, code, title = 502, "answer_refused", "This address answers with an error."


class AnswerOfAnotherKind(Problem):
    status, code, title = 502, "answer_of_another_kind", "What this address answers is not what was asked for."


@dataclass(frozen=True)
class Answer:
    """What an address answered. ``url`` is where it was, after redirects; ``status`` is 200 or 206."""

    url: str
    status: int
    headers: httpx.Headers
    content: bytes


class Outbound:
    """Fetches as ``settings`` allow: GROUNDSWELL_OUTBOUND_HOSTS, GROUNDSWELL_OUTBOUND_NETWORKS."""

    def __init__(self, settings: Settings) -> None:
        self.hosts = [host.lower() for host in settings.outbound_hosts]
        self.networks: list[Network] = [ipaddress.ip_network(each) for each in settings.outbound_networks]
        self._shared: httpx.AsyncClient | None = None

    @property
    def shared(self) -> httpx.AsyncClient:
        """A client that keeps its connections, for as long as the process holds this."""
        if self._shared is None:
            self._shared = self.client()
        return self._shared

    async def close(self) -> None:
        """Close the connections of the shared client."""
        if self._shared is not None:
            await self._shared.aclose()
            self._shared = None

    def check(self, url: str) -> str:
        """``url`` itself, where its looks allow it. What its name resolves to is looked at when it is fetched.

        Raises:
            AddressNotAllowed: it is none of a scheme and host that are allowed, or brings a user name.
        """
        try:
            parts = urlsplit(url)
            host, _ = (parts.hostname or "").lower(), parts.port
        except ValueError:
            raise AddressNotAllowed("This is no address.") from None
        if parts.scheme != "https" and not (parts.scheme == "http" and self.networks):
            raise AddressNotAllowed(f"An address to fetch begins with https://, not {parts.scheme or 'without it'}.")
        if not host or "@" in parts.netloc or not url.isprintable() or " " in url or "\\" in url:
            raise AddressNotAllowed("An address has a host, and no user name, space or backslash.")
        if self.hosts and not any(fnmatchcase(host, pattern) for pattern in self.hosts):
            raise AddressNotAllowed(f"{host} is not among GROUNDSWELL_OUTBOUND_HOSTS.")
        return url

    async def resolve(self, host: str, port: int, *, inside: bool = False) -> list[str]:
        """What ``host`` means now: addresses all of which may be connected to.

        Args:
            inside: only networks named in the settings will do.

        Raises:
            AddressNotAllowed: one of them may not be.
            AddressUnreachable: there is no such host.
        """
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise AddressUnreachable(f"There is no host {host}.") from None
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        for address in addresses:
            if not self._may_connect(ipaddress.ip_address(address.partition("%")[0]), inside=inside):
                why = "http is for networks in GROUNDSWELL_OUTBOUND_NETWORKS" if inside else "it is not public"
                raise AddressNotAllowed(f"{host} is at {address}: {why}.")
        return addresses

    def _may_connect(self, address: IP, *, inside: bool) -> bool:
        if any(address in network for network in self.networks):
            return True
        return not inside and all(map(_is_public, _meanings(address)))

    def client(self, timeout_s: float = 30.0, headers: Mapping[str, str] | None = None) -> httpx.AsyncClient:
        """A client that goes nowhere else. Redirects are followed only where a request says so, and checked too."""
        transport = httpx.AsyncHTTPTransport(retries=0)
        transport._pool = self.pool(httpx.create_ssl_context(trust_env=False))
        return httpx.AsyncClient(
            transport=transport,
            trust_env=False,
            timeout=httpx.Timeout(timeout_s, connect=CONNECT_S),
            max_redirects=REDIRECTS,
            headers={"User-Agent": AGENT, **(headers or {})},
            event_hooks={"request": [self._check_request]},
        )

    def pool(self, ssl: SSLContext, connections: int = CONNECTIONS) -> httpcore.AsyncConnectionPool:
        """Connections that go nowhere else, for whoever asks too often for a client: of an address that is ``http``
        they look themselves whether it is ``inside``."""
        return httpcore.AsyncConnectionPool(
            ssl_context=ssl,
            max_connections=connections,
            keepalive_expiry=30.0,
            network_backend=_GuardedBackend(self),
        )

    async def _check_request(self, request: httpx.Request) -> None:
        """Called for every request, those that follow redirects included."""
        self.check(str(request.url))
        if request.url.scheme == "http":
            await self.resolve(request.url.host, request.url.port or 80, inside=True)


def _is_public(address: IP) -> bool:
    """Whether an address is one of the internet's: of IPv6, only what is given out as that (RFC 4291, 2.4), so that no
    other way to write an IPv4 address (compatible, translated, a network's own NAT64) leads inside."""
    if any(address in network for network in NOT_PUBLIC):
        return False
    given_out = isinstance(address, ipaddress.IPv4Address) or address in GLOBAL_UNICAST or address in NAT64
    return given_out and address.is_global and not address.is_multicast


def _meanings(address: IP) -> list[IP]:
    """``address``, and the IPv4 address that it stands for where it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address in NAT64:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    return [address] if inner is None else [address, inner]


class _GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects to what was resolved and checked, not to what a name means at the next question."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound, self._inner = outbound, httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (as httpcore calls it)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failed: Exception | None = None
        for address in await self._outbound.resolve(host, port):
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed or httpcore.ConnectError("no address")

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 (as httpcore calls it)
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise AddressNotAllowed("Sockets of this machine are not fetched from.")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@asynccontextmanager
async def answering(
    client: httpx.AsyncClient,
    url: str,
    *,
    seconds: float,
    headers: Mapping[str, str] | None = None,
    taken: Container[int] = GIVEN,
    follow_redirects: bool = True,
) -> AsyncIterator[httpx.Response]:
    """The answer of ``url`` to GET, its body not read yet, for a block that lasts at most ``seconds``.

    Raises:
        AddressNotAllowed, AddressUnreachable, AnswerTooSlow
        AnswerRefused: its status is none of those ``taken``.
    """
    shown = without_query(url)
    try:
        async with asyncio.timeout(seconds):
            async with client.stream(
                "GET", url, headers=dict(headers or {}), follow_redirects=follow_redirects
            ) as answer:
                if answer.status_code not in taken:
                    words = f"{shown} answers HTTP {answer.status_code}."
                    raise AnswerRefused(words, answered=answer.status_code)
                yield answer
    except (TimeoutError, httpx.TimeoutException):
        raise AnswerTooSlow(f"{shown} takes too long to answer.") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise AddressUnreachable(f"{shown} does not answer ({type(error).__name__}).") from None


async def fetch(
    client: httpx.AsyncClient,
    url: str,
    *,
    most_bytes: int,
    seconds: float = 30.0,
    headers: Mapping[str, str] | None = None,
    kinds: Iterable[str] = (),
    follow_redirects: bool = True,
) -> Answer:
    """What ``url`` answers, whole.

    Args:
        most_bytes: more is not read.
        seconds: until all of it has come.
        kinds: patterns of media types, such as ``video/*``, one of which it must be; none: any.
        follow_redirects: else one is an answer that is refused: for ``headers`` that are secrets.

    Raises:
        AddressNotAllowed, AddressUnreachable, AnswerTooSlow, AnswerRefused: as `answering`
        AnswerTooLarge, AnswerOfAnotherKind
    """
    async with answering(client, url, seconds=seconds, headers=headers, follow_redirects=follow_redirects) as answer:
        said = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        patterns = list(kinds)
        if patterns and said and not any(fnmatchcase(said, pattern) for pattern in patterns):
            raise AnswerOfAnotherKind(f"{without_query(url)} answers {said}, not {' or '.join(patterns)}.")
        content = bytearray()
        async for piece in answer.aiter_bytes():
            content += piece
            if len(content) > most_bytes:
                raise AnswerTooLarge(f"{without_query(url)} answers more than {_size(most_bytes)}.")
        return Answer(str(answer.url), answer.status_code, answer.headers, bytes(content))


def _size(count: int) -> str:
    return f"{count >> 20} MiB" if count >= 1 << 20 else f"{count >> 10} KiB"


def without_query(url: str) -> str:
    """``url`` as it may be shown and logged: queries hold signatures."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
