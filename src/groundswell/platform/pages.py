"""Opaque cursors for lists: newest first by id, so a page never shifts while rows are added."""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel

from .problems import Problem


class CursorInvalid(Problem):
    status, code, title = 400, "cursor_invalid", "This cursor was not made by this list."


T = TypeVar("T")

Limit = Annotated[int, Query(ge=1, le=100, description="Rows a page.")]
Cursor = Annotated[str | None, Query(description="`next` of the page before.")]


class Page(BaseModel, Generic[T]):
    """One page of a list; ``next`` is null on the last."""

    items: list[T]
    next: str | None = None


def encode_cursor(last: UUID) -> str:
    return base64.urlsafe_b64encode(last.bytes).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> UUID | None:
    """The id after which a page begins.

    Raises:
        CursorInvalid: not a cursor of ours.
    """
    if cursor is None:
        return None
    try:
        return UUID(bytes=base64.b64decode(cursor.encode("ascii") + b"==", altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, UnicodeEncodeError):
        raise CursorInvalid() from None


def next_cursor(rows: Sequence[Any], limit: int) -> str | None:
    """The cursor after ``rows`` when they fill the page (ask for ``limit``)."""
    return encode_cursor(rows[-1].id) if len(rows) == limit else None
