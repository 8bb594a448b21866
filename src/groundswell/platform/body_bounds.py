"""How long a request's body may be: asked before anything of it is read, by whomever it was sent.

A declared length that is over the bound is refused at once; one that was not declared, or is a lie, as soon as that
shows. Nothing here decompresses, so no body grows after it was measured.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope

from .problems import Problem

KIB, MIB = 1024, 1024 * 1024

E = TypeVar("E", bound=Callable[..., Any])


class BodyTooLarge(Problem):
    status, code, title = 413, "body_too_large", "The request's body is longer than this address takes."


class EncodingUnsupported(Problem):
    status, code, title = 415, "encoding_unsupported", "Bodies are taken as they are; send it without Content-Encoding."


def body_at_most(size: int) -> Callable[[E], E]:
    """Let an endpoint's body be up to ``size`` bytes, in place of the setting."""

    def note(endpoint: E) -> E:
        endpoint.body_max = size  # type: ignore[attr-defined]
        return endpoint

    return note


class BodyBounds:
    """The bound of each address.

    Args:
        usual: bytes, where a route says nothing.
        routes: those that may say something (``body_at_most``).
    """

    def __init__(self, usual: int, routes: Iterable[APIRoute] = ()) -> None:
        self.usual = usual
        self.own: list[tuple[re.Pattern[str], int]] = [
            (route.path_regex, route.endpoint.body_max) for route in routes if hasattr(route.endpoint, "body_max")
        ]

    def of(self, path: str) -> int:
        """Bytes that a body sent to ``path`` may have."""
        return next((size for pattern, size in self.own if pattern.match(path)), self.usual)

    def held(self, scope: Scope, receive: Receive) -> Receive:
        """``receive`` that ends a body which is too long.

        Raises:
            BodyTooLarge: it says so itself.
            EncodingUnsupported: it is compressed.
        """
        said = {name: value for name, value in scope["headers"] if name in _OF_BODIES}
        if not said:
            return receive
        if said.get(b"content-encoding", b"identity").strip().lower() not in (b"identity", b""):
            raise EncodingUnsupported()
        most = self.of(scope["path"])
        length = said.get(b"content-length", b"0")
        if length.isdigit() and int(length) > most:
            raise too_large(most)
        return counted(receive, most)


_OF_BODIES = frozenset({b"content-length", b"transfer-encoding", b"content-encoding"})


def counted(receive: Receive, most: int) -> Receive:
    """``receive`` that raises once more than ``most`` bytes have come: as ``HTTPException``, which parsers of bodies
    pass on."""
    size = 0

    async def receive_counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > most:
            raise HTTPException(BodyTooLarge.status, too_large(most).detail)
        return message

    return receive_counted


def too_large(most: int) -> BodyTooLarge:
    said = f"{most // MIB} MiB" if most >= MIB else f"{most // KIB} KiB" if most >= KIB else f"{most} bytes"
    return BodyTooLarge(f"The body is over {said}, which is the most that this address takes.")
