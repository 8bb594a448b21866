"""Which requests are for us: under our own names, or addresses given as numbers, with a head that can be read in one
way alone.

A name that is not ours is somebody else's page pointed at us (DNS rebinding), or nonsense that no later parser should
have to read. Probes ask by whatever name they have, so health is answered under any.

A header that may come once and comes twice is read by one program as the first and by another as the last; what lies
between the two is how requests are smuggled past a proxy (RFC 9110 §5.3). So such a request is answered by nobody.
"""

import re
from urllib.parse import urlsplit

from starlette.types import Scope

from .problems import Problem
from .settings import Settings

ANY = "*"
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})

ONCE = frozenset({
    b"authorization", b"content-encoding", b"content-length", b"content-type", b"expect", b"host", b"idempotency-key",
    b"if-modified-since", b"if-range", b"origin", b"range", b"sec-fetch-site", b"transfer-encoding",
})  # fmt: skip
"""Headers that a request has once at most."""

_HOST = re.compile(rb"(\[[0-9a-fA-F:.]{2,45}\]|[0-9A-Za-z._-]{1,253})(?::\d{1,5})?")
_NUMBERS = re.compile(r"\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:.]+\]")


class HostUnknown(Problem):
    status, code, title = 400, "host_unknown", "This service does not answer under that name."


class HeaderRepeated(Problem):
    status, code, title = 400, "header_repeated", "A header that may come once comes twice."


class HostCheck:
    """Tells whether a request is for us, by its head. What host was found good once is remembered."""

    MOST = 1000

    def __init__(self, settings: Settings) -> None:
        own = (urlsplit(url).hostname for url in (settings.base_url, settings.links_url or settings.base_url))
        named = {host.lower() for host in settings.hosts}
        self.known = LOOPBACK | {name for name in own if name} | named
        self._good: set[bytes] = set()

    def passes(self, scope: Scope) -> bool:
        """Whether an HTTP request may be answered. One that has no Host (HTTP/1.0) may, one that has two may not."""
        return self.refusal(scope) is None

    def refusal(self, scope: Scope) -> Problem | None:
        """Why an HTTP request is not answered; None where it may be."""
        once = [name for name, _ in scope["headers"] if name in ONCE]
        if len(once) != len(set(once)):
            return HeaderRepeated()
        if b"host" not in once or scope["path"] in PROBES:
            return None
        host = next(value for name, value in scope["headers"] if name == b"host")
        return None if host in self._good or self._is_good(host) else HostUnknown()

    def is_known(self, host: bytes) -> bool:
        """Whether a host was found good before."""
        return host in self._good

    def _is_good(self, host: bytes) -> bool:
        found = _HOST.fullmatch(host)
        if found is None:
            return False
        name = found[1].decode().lower()
        good = name in self.known or ANY in self.known or _NUMBERS.fullmatch(name) is not None
        if good and len(self._good) < self.MOST:
            self._good.add(host)
        return good
