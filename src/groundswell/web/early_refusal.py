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

_HEAD = re.compile(rb"GET (/[A-Za-z0-9._~/-]*)(\?[^ \n#]*)? HTTP/1\.1\r\n(?:[A-Za-z][A-Za-z-]*:.*\n)+\r\n")
"""A head, where no line of it ends otherwise than it should (``_is_plain``)."""

_MORE = re.compile(rb"\r\n(?:content-|transfer-encoding:|expect:|te:|trailer:|upgrade:)")
"""Fields of a request that is more than its head, in lower case."""

_CHOSEN = re.compile(rb"[?&]lang=")
_COOKIE = COOKIE.encode()
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
        first line (``STATUS``), and the headers that the server adds to every answer.

        Nine of ten requests are looked at here when ten times as much is asked as can be served, each between others
        that have emptied the processor's caches: what counts is how few steps are taken.
        """
        if len(head) > LONGEST or not _is_plain(head) or (found := _HEAD.fullmatch(head)) is None:
            return None
        fields = head.lower()
        if _MORE.search(fields) is not None or not self.hosts.is_known(_field(head, fields, b"\r\nhost:")):
            return None
        if b"\r\nconnection:" in fields and _field(head, fields, b"\r\nconnection:") != b"keep-alive":
            return None
        if _COOKIE in head or (found[2] is not None and _CHOSEN.search(found[2]) is not None):
            return None  # somebody has chosen a language otherwise than by what their browser asks for
        path = found[1].decode()
        if is_link(path) and not self.admission.links.is_full():
            return None
        accepted = None
        if b"text/html" in head and not path.startswith("/v1/"):
            accepted = _field(head, fields, b"\r\naccept-language:")
            if accepted is _TWICE:
                return None
        kind = self.admission.full(path)
        return None if kind is None else self._answer(kind, path, accepted)

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


def _is_plain(head: bytes) -> bool:
    """Whether every end of a line in ``head`` is a whole one, and nothing in it ends a text for some and not for
    others: counted, which takes a tenth of what it takes to let the pattern say so."""
    ends = head.count(b"\r\n")
    return ends == head.count(b"\n") == head.count(b"\r") and b"\0" not in head


_TWICE = b"\0"
"""What no field says."""


def _field(head: bytes, lower: bytes, name: bytes) -> bytes:
    """What a field of a head says; nothing where it is not there, ``_TWICE`` where it is there twice.

    Args:
        lower: the head in lower case.
        name: the field's, with the end of the line before it and its colon.
    """
    at = lower.find(name)
    if at < 0:
        return b""
    begin = at + len(name)
    if lower.find(name, begin) >= 0:
        return _TWICE
    return head[begin : head.index(b"\r", begin)].strip(b" ")
