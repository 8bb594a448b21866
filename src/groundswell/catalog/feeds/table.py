"""A catalogue as CSV: a title a row, a column a member of its entry. Pure.

Lists are divided by ``;``. What has members of its own is said by flat columns: ``poster``, ``backdrop``,
``watch_web``, ``watch_ios``, ``watch_android``, ``watch_tv``, and one licence by ``territories``, ``opens_at`` and
``closes_at``. Names and synopses in other languages are ``name:de``, ``synopsis:de``. An empty cell says nothing.
"""

import csv
from collections.abc import Iterator
from typing import Any, TextIO

from groundswell.catalog.bulk import ReadLine, said_line

PLAIN = frozenset({"external_id", "name", "synopsis", "slug", "series", "rating", "released_on", "accent"})
NUMBERS = frozenset({"season", "episode"})
TRUTHS = frozenset({"kids", "live"})
LISTS = frozenset({"genres", "languages", "audio_languages", "subtitle_languages"})
NESTED = {
    **{name: ("artwork", name) for name in ("poster", "backdrop")},
    **{f"watch_{device}": ("watch", device) for device in ("web", "ios", "android", "tv")},
}
LICENCE = frozenset({"territories", "opens_at", "closes_at"})
SAID = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
COLUMNS = PLAIN | NUMBERS | TRUTHS | LISTS | NESTED.keys() | LICENCE


class FeedUnreadable(ValueError):
    """Why nothing of a feed can be read, for a person."""


def rows(file: TextIO) -> Iterator[ReadLine]:
    """The rows of a CSV file with a header.

    Raises:
        FeedUnreadable: it has no header, or a column that there is not.
    """
    reader = csv.reader(file, strict=True)
    try:
        header = [name.strip() for name in next(reader)]
    except (StopIteration, csv.Error, UnicodeDecodeError):
        raise FeedUnreadable("It has no header that says what its columns are.") from None
    if "external_id" not in header or len(set(header)) < len(header):
        raise FeedUnreadable("Its header names each column once, and one of them is external_id.")
    if unknown := [name for name in header if not _known(name)]:
        raise FeedUnreadable(f"There is no column {unknown[0][:60]!r}; there are {', '.join(sorted(COLUMNS))}.")
    yield from _rows(reader, header)


def _rows(reader: Any, header: list[str]) -> Iterator[ReadLine]:
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield ReadLine(reader.line_num, refusal=("row_unreadable", f"It is no row of CSV: {error}."))
            continue
        if not any(cells):
            continue
        if len(cells) != len(header):
            words = f"It has {len(cells)} cells, and the header {len(header)}."
            yield ReadLine(reader.line_num, refusal=("row_unreadable", words))
            continue
        yield said_line(reader.line_num, entry_of(dict(zip(header, cells, strict=True))))


def _known(name: str) -> bool:
    kind, _, language = name.partition(":")
    return name in COLUMNS or (kind in {"name", "synopsis"} and bool(language))


def entry_of(row: dict[str, str]) -> dict[str, Any]:
    """What a row says, in the members of an entry."""
    said: dict[str, Any] = {}
    licence: dict[str, Any] = {}
    for name, cell in row.items():
        value = cell.strip()
        if not value:
            continue
        if name in LICENCE:
            licence[name] = _list(value) if name == "territories" else value
        elif name in NESTED:
            place, member = NESTED[name]
            said.setdefault(place, {})[member] = value
        elif ":" in name:
            kind, _, language = name.partition(":")
            said.setdefault({"name": "names", "synopsis": "synopses"}[kind], {})[language] = value
        else:
            said[name] = _cell(name, value)
    return said | ({"licences": [licence]} if licence else {})


def _cell(name: str, value: str) -> Any:
    if name in LISTS:
        return _list(value)
    if name in TRUTHS:
        return SAID.get(value.lower(), value)
    return int(value) if name in NUMBERS and value.isdecimal() and value.isascii() and len(value) < 10 else value


def _list(value: str) -> list[str]:
    return [part.strip() for part in value.split(";") if part.strip()]
