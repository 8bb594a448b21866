"""Refusing before reading: a request for which there is no room costs a look at its head, and no parser.

At ten times what can be served, nine of ten requests are refused, and what that costs is taken from the one that is
served. Parsing a head into a scope takes several times as long as it takes to see that it is a plain GET for a class
that is full. Only heads that can be read in one way are looked at here, and only while some are refused; everything
else, and whatever has room, is parsed and goes on as always. The answers are the same ones.
"""

import re
from http import HTTPStatus
from typing import cast

from starlette.applications import Starlette
from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from groundswell.platform.host_check import HostCheck
from groundswell.platform.problems import Overloaded

from . import pages
from .admission import Admission
from .languages import COOKIE
from .request_classes import RequestClass, is_link

LONGEST = 4096
"""Bytes of a head that is looked at here."""

_HEAD = re.compile(
    rb"GET (/[A-Za-z0-9._~/-]*)(\?[^ \r\n\0#]*)? HTTP/1\.1\r\n((?:[A-Za-z][A-Za-z-]*: ?[^\r\n\0]*\r\n)+)\r\n"
)
_LOOKED_AT = frozenset({b"accept-language", b"cookie", b"host"})
_MORE = frozenset({
    *(b"content-encoding", b"content-length", b"content-type", b"expect", b"te", b"trailer", b"transfer-encoding"),
    b"upgrade",
})  # fmt: skip
"""Fields of a request that is more than its head."""

_CHOSEN = re.compile(rb"[?&]lang=")
STATUS = STATUS_LINE[HTTPStatus(Overloaded.status)]
MOST = 500
"""Answers that are remembered: by class and language as it is asked for."""


class EarlyRefusals:
    """Refusals of one application, as bytes for the connection."""

    def __init__(self, app: Starlette, admission: Admission, hosts: HostCheck) -> None:
        self.app, self.admission, self.hosts = app, admission, hosts
        self._made: dict[tuple[int, bytes | None], bytes] = {}

    def of(self, head: bytes) -> bytes | None:
        """The answer to a request that is nothing but ``head``, where there is no room for it; else None. It lacks its
        first line (``STATUS``), and the headers that the server adds to every answer."""
        if len(head) > LONGEST or (found := _HEAD.fullmatch(head)) is None:
            return None
        path, said = found[1].decode(), _fields(found[3])
        if said is None or not self.hosts.is_known(said.get(b"host", b"")):
            return None
        if (is_link(path) and not self.admission.links.is_full()) or self._is_chosen(found[2] or b"", said):
            return None
        kind = self.admission.full(path)
        if kind is None:
            return None
        wants_page = not path.startswith("/v1/") and b"text/html" in found[3]
        return self._answer(kind, path, said.get(b"accept-language", b"") if wants_page else None)

    @staticmethod
    def _is_chosen(query: bytes, said: dict[bytes, bytes]) -> bool:
        """Whether somebody has chosen a language otherwise than by what their browser asks for."""
        return _CHOSEN.search(query) is not None or COOKIE.encode() in said.get(b"cookie", b"")

    def _answer(self, kind: RequestClass, path: str, accepted: bytes | None) -> bytes:
        """The answer for a class: a page in the language that is accepted, or a problem where that is None."""
        key = (kind.retry_after_s, accepted)
        if (made := self._made.get(key)) is not None:
            return made
        headers = [] if accepted is None else [(b"accept", b"text/html"), (b"accept-language", accepted)]
        scope = {
            "type": "http",
            "app": self.app,
            "method": "GET",
            "path": path,
            "query_string": b"",
            "headers": headers,
        }
        answer = pages.overloaded(kind, cast(Scope, scope))
        lines = [b"%b: %b\r\n" % (name, value) for name, value in answer.raw_headers]
        made = b"".join([*lines, b"\r\n", bytes(answer.body)])
        if len(self._made) < MOST:
            self._made[key] = made
        return made


def _fields(head: bytes) -> dict[bytes, bytes] | None:
    """The fields of a head that matter here; None where the request is more than its head, or is the last of its
    connection, or says one of them twice."""
    said: dict[bytes, bytes] = {}
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        name = name.lower()
        if name in _LOOKED_AT:
            if name in said:
                return None
            said[name] = value.strip(b" ")
        elif name in _MORE or (name == b"connection" and value.strip(b" ") != b"keep-alive"):
            return None
    return said
