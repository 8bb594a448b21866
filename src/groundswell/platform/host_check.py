"""For which hosts requests are answered: our own names, and addresses given as numbers.

A name that is not ours is somebody else's page pointed at us (DNS rebinding), or nonsense that no later parser should
have to read. Probes ask by whatever name they have, so health is answered under any.
"""

import re
from urllib.parse import urlsplit

from starlette.types import Scope

from .problems import Problem
from .settings import Settings

ANY = "*"
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})

_HOST = re.compile(rb"(\[[0-9a-fA-F:.]{2,45}\]|[0-9A-Za-z._-]{1,253})(?::\d{1,5})?")
_NUMBERS = re.compile(r"\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:.]+\]")


class HostUnknown(Problem):
    status, code, title = 400, "host_unknown", "This service does not answer under that name."


class HostCheck:
    """Tells whether a request is for us, by its Host header. What was found good once is remembered."""

    MOST = 1000

    def __init__(self, settings: Settings) -> None:
        own = (urlsplit(url).hostname for url in (settings.base_url, settings.links_url or settings.base_url))
        named = {host.lower() for host in settings.hosts}
        self.known = LOOPBACK | {name for name in own if name} | named
        self._good: set[bytes] = set()

    def passes(self, scope: Scope) -> bool:
        """Whether an HTTP request may be answered. One that has no Host (HTTP/1.0) may, one that has two may not."""
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if not hosts or scope["path"] in PROBES:
            return True
        return len(hosts) == 1 and (hosts[0] in self._good or self._is_good(hosts[0]))

    def _is_good(self, host: bytes) -> bool:
        found = _HOST.fullmatch(host)
        if found is None:
            return False
        name = found[1].decode().lower()
        good = name in self.known or ANY in self.known or _NUMBERS.fullmatch(name) is not None
        if good and len(self._good) < self.MOST:
            self._good.add(host)
        return good
