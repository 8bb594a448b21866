"""A catalogue as MRSS (Media RSS 1.5.1, https://www.rssboard.org/media-rss): a title an item.

Its ``guid`` is the title's external id, its ``title`` or ``media:title`` the name, ``pubDate`` the release,
``media:rating`` the rating, ``dcterms:valid`` (``start=…; end=…``) and ``media:restriction`` of countries the licence.
A restriction that says where a title may *not* be shown cannot be said as a licence: such an item is refused. What MRSS
has no word for (whether it is live, series and season) stays unknown, unless the item says so in the elements
``series``, ``season``, ``episode`` and ``live`` of any namespace.
"""

import re
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from typing import IO, Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from groundswell.catalog.bulk import ReadLine, said_line

from .table import SAID, FeedUnreadable


class ItemRefused(ValueError):
    """Why an item cannot be said as an entry, for a person."""


def items(file: IO[bytes]) -> Iterator[ReadLine]:
    """The items of a feed, one after another; ``line`` counts them from 1.

    Raises:
        FeedUnreadable: it is no XML (any more), or has a document type or entities of its own.
    """
    number, root = 0, None
    try:
        for event, element in iterparse(file, events=("start", "end"), forbid_dtd=True):
            if root is None:
                root = element
            if event == "end" and _name(element) == "item":
                number += 1
                yield _line(number, element)
                element.clear()
                _forget(root)
    except ParseError as error:
        raise FeedUnreadable(f"After item {number} it is no XML: {error}.") from None
    except DefusedXmlException:
        raise FeedUnreadable("It has a document type or entities, which feeds do not need.") from None
    if number == 0 and (root is None or _name(root) not in {"rss", "RDF"}):
        raise FeedUnreadable("It is no RSS feed.")


def _forget(root: Element) -> None:
    """Items that were read are not kept, however many there are."""
    for channel in root:
        for item in [child for child in channel if _name(child) == "item" and len(child) == 0]:
            channel.remove(item)


def _line(number: int, item: Element) -> ReadLine:
    try:
        return said_line(number, entry_of(item))
    except ItemRefused as refused:
        return ReadLine(number, refusal=("item_refused", str(refused)))


def _name(element: Element) -> str:
    """The name of an element, without its namespace."""
    return str(element.tag).rpartition("}")[2]


def entry_of(item: Element) -> dict[str, Any]:
    """What an item says, in the members of an entry.

    Raises:
        ItemRefused: its restriction or a date cannot be said as one.
    """
    said: dict[str, Any] = {}
    licence: dict[str, Any] = {}
    for element in item.iter():
        read = READERS.get(_name(element))
        if read is not None:
            read(element, said, licence)
    if not said.get("name"):
        said.pop("name", None)
    return said | ({"licences": [licence]} if licence else {})


def _text(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _said_as(member: str) -> Callable[[Element, dict[str, Any], dict[str, Any]], None]:
    """Reads an element's text; the first that says something stays."""

    def read(element: Element, said: dict[str, Any], licence: dict[str, Any]) -> None:
        if text := _text(element):
            said.setdefault(member, text)

    return read


def _number(element: Element, said: dict[str, Any], licence: dict[str, Any]) -> None:
    text = _text(element)
    if text:
        said.setdefault(_name(element), int(text) if re.fullmatch("[0-9]{1,9}", text) else text)


def _live(element: Element, said: dict[str, Any], licence: dict[str, Any]) -> None:
    said["live"] = SAID.get(_text(element).lower(), _text(element))


def _listed(member: str, of: Callable[[Element], str]) -> Callable[[Element, dict[str, Any], dict[str, Any]], None]:
    """Reads one of several."""

    def read(element: Element, said: dict[str, Any], licence: dict[str, Any]) -> None:
        if (value := of(element)) and value not in said.setdefault(member, []):
            said[member].append(value)

    return read


def _released(element: Element, said: dict[str, Any], licence: dict[str, Any]) -> None:
    try:
        said["released_on"] = parsedate_to_datetime(_text(element)).date().isoformat()
    except ValueError:
        raise ItemRefused(f"pubDate: {_text(element)[:60]!r} is no date as RSS has it (RFC 822).") from None


def _rating(element: Element, said: dict[str, Any], licence: dict[str, Any]) -> None:
    """``urn:simple`` (adult or not) is a rating too: of those, the first stays."""
    if text := _text(element):
        said.setdefault("rating", text)


def _thumbnail(element: Element, said: dict[str, Any], licence: dict[str, Any]) -> None:
    if url := element.get("url"):
        said.setdefault("artwork", {}).setdefault("poster", url)


def _valid(element: Element, said: dict[str, Any], licence: dict[str, Any]) -> None:
    """A period in W3CDTF (http://dublincore.org/documents/dcmi-period/): ``start=…; end=…``."""
    parts = dict(part.split("=", 1) for part in _text(element).replace(" ", "").split(";") if "=" in part)
    if not parts.keys() & {"start", "end"}:
        raise ItemRefused("dcterms:valid has neither a start nor an end.")
    licence |= {ours: _instant(parts[theirs]) for ours, theirs in EDGES.items() if theirs in parts}


EDGES = {"opens_at": "start", "closes_at": "end"}


def _instant(text: str) -> str:
    """A day is its first instant, in UTC."""
    return f"{text}T00:00:00Z" if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else text


def _restriction(element: Element, said: dict[str, Any], licence: dict[str, Any]) -> None:
    kind, relationship = element.get("type"), element.get("relationship")
    if kind != "country" or relationship != "allow":
        raise ItemRefused(f"media:restriction: a licence cannot say {relationship} by {kind}; say where it is allowed.")
    allowed = set(_text(element).upper().split())
    licence["territories"] = sorted(allowed & set(licence.get("territories", allowed)))


READERS: dict[str, Callable[[Element, dict[str, Any], dict[str, Any]], None]] = {
    "guid": _said_as("external_id"),
    "title": _said_as("name"),
    "description": _said_as("synopsis"),
    "series": _said_as("series"),
    "season": _number,
    "episode": _number,
    "live": _live,
    "pubDate": _released,
    "rating": _rating,
    "category": _listed("genres", _text),
    "content": _listed("audio_languages", lambda element: element.get("lang", "")),
    "subTitle": _listed("subtitle_languages", lambda element: element.get("lang", "")),
    "thumbnail": _thumbnail,
    "valid": _valid,
    "restriction": _restriction,
}
