"""A catalogue that a media server keeps, Jellyfin's or Plex's: asked for page by page over its documented API.

Their Python clients (jellyfin-apiclient-python, python-plexapi) open connections of their own, to wherever the server's
answers lead. Every request here goes by the guarded way out, so the few calls that are needed are made by hand.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
from babel.core import get_global

from groundswell.platform.outbound import fetch

from .table import FeedUnreadable

PAGE = 500
PAGE_MOST = 32 << 20
PAGE_S = 120.0
LARGEST = 1_000_000
"""More titles than that are not asked for: a server that goes on and on has an end here."""

Said = dict[str, Any]
UNNAMED = frozenset({"und", "mul", "zxx", "mis"})


@dataclass(frozen=True)
class LibraryServer:
    """A media server: where it is, and how it is asked.

    Args:
        home: its address, without a slash at the end.
        headers: what says who asks.
    """

    client: httpx.AsyncClient
    home: str
    headers: Mapping[str, str]

    async def get(self, path: str, **query: Any) -> Said:
        """What it answers.

        Raises:
            FeedUnreadable: it is no JSON object.
            AddressNotAllowed, AddressUnreachable, AnswerTooSlow, AnswerTooLarge, AnswerRefused: as `fetch`. A redirect
                is refused too: what says who asks goes to no other address.
        """
        url = f"{self.home}{path}" + (f"?{urlencode(query)}" if query else "")
        headers = {"Accept": "application/json", **self.headers}
        answer = await fetch(
            self.client, url, most_bytes=PAGE_MOST, seconds=PAGE_S, headers=headers, follow_redirects=False
        )
        try:
            said = json.loads(answer.content)
        except (ValueError, RecursionError):
            raise FeedUnreadable(f"{path} answers no JSON: is this the server's own address?") from None
        return member(said, path)


async def paged(
    page: Callable[[int], Awaitable[tuple[list[Any], int]]],
) -> AsyncIterator[Said]:
    """The items of all pages.

    Args:
        page: answers the items from a number on, and how many there are in all.

    Raises:
        FeedUnreadable: pages do not add up to what there was at first: it was changed meanwhile.
    """
    had, total = 0, None
    while total is None or had < total:
        items, there = await page(had)
        total = there if total is None else total
        had += len(items)
        if total > LARGEST:
            raise FeedUnreadable(f"It says that it has {total} titles; {LARGEST} are asked for at most.")
        if there != total or had > total or (not items and had < total):
            raise FeedUnreadable(f"It has {total} titles and then {max(there, had)}; was it changed? Run it again.")
        for item in items:
            yield member(item, "an item")


def member(said: Any, what: str) -> Said:
    """``said`` where it is an object.

    Raises:
        FeedUnreadable: it is none.
    """
    if not isinstance(said, dict):
        raise FeedUnreadable(f"{what} is no JSON object.")
    return said


def members(said: Any) -> list[Said]:
    """The objects of a list; what is none is left out."""
    return [each for each in said if isinstance(each, dict)] if isinstance(said, list) else []


def count(said: Any, what: str) -> int:
    """A number of things.

    Raises:
        FeedUnreadable: it is none.
    """
    if not isinstance(said, int) or isinstance(said, bool) or said < 0:
        raise FeedUnreadable(f"It does not say {what}.")
    return said


def languages(codes: list[Any]) -> list[str]:
    """Languages by ISO 639-2, as files have them, in BCP 47, each once; what names none is left out."""
    aliases = get_global("language_aliases")
    known = [code.lower() for code in codes if isinstance(code, str) and code.isascii() and code.isalpha()]
    named = [aliases.get(code, code) for code in known if len(code) in (2, 3) and code not in UNNAMED]
    return list(dict.fromkeys(name.replace("_", "-") for name in named))


def given(**said: Any) -> Said:
    """What is said, without what is not."""
    return {name: value for name, value in said.items() if value not in (None, "", [], {})}


def day(said: Any) -> str | None:
    """The day of an instant or a day in ISO 8601; None where it says none."""
    return said[:10] if isinstance(said, str) and len(said) >= 10 else None
