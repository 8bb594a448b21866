"""What people may write below a moment. Pure.

Text stays text: it is escaped wherever it is shown, and its HTML form goes through ``nh3`` besides. What is taken out
can only mislead or break: control characters, marks that turn the direction of what follows, invisible characters, and
towers of combining marks ("zalgo").
"""

import html
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

import nh3
from confusable_homoglyphs import confusables

from groundswell.platform.problems import Problem

LONGEST: Final = 1_000
MARKS_MAX: Final = 3
"""Combining marks on one letter; Thai, Hebrew and the Indic scripts need no more."""

LINKS_MAX: Final = 3
_TURNING = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)}
_INVISIBLE = {chr(code) for code in (0x200B, 0x2060, 0xFEFF, 0x00AD, 0x180E, 0x3164, 0xFFA0)}
_TAGS = range(0xE0000, 0xE0080)
"""Characters that say something to programs alone; flags of regions are written with some, and lose them."""

_MANY_NEWLINES = re.compile(r"\n{3,}")
_LINK = re.compile(r"\bhttps?://[^\s<>\"']+", re.IGNORECASE)
_TRAILING = ".,;:!?)]}…"


class CommentEmpty(Problem):
    status, code, title = 422, "comment_empty", "There is nothing written."


class CommentTooLong(Problem):
    status, code, title = 422, "comment_too_long", f"A comment has at most {LONGEST:,} characters."


class TooManyLinks(Problem):
    status, code, title = 422, "too_many_links", f"A comment has at most {LINKS_MAX} links."


def cleaned(text: str) -> str:
    """``text`` in Unicode form NFC, with nothing in it that cannot be seen, trimmed.

    Raises:
        CommentEmpty, CommentTooLong, TooManyLinks: as they say.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    kept = "".join(_without_towers(filter(_is_kept, unicodedata.normalize("NFC", text))))
    clean = _MANY_NEWLINES.sub("\n\n", kept).strip()
    if not clean or not any(unicodedata.category(each)[0] in "LNPS" for each in clean):
        raise CommentEmpty()
    if len(clean) > LONGEST:
        raise CommentTooLong(f"This has {len(clean):,} characters; there may be {LONGEST:,}.", limit=LONGEST)
    if len(links_in(clean)) > LINKS_MAX:
        raise TooManyLinks()
    return clean


def _is_kept(character: str) -> bool:
    if character == "\n":
        return True
    if character in _TURNING or character in _INVISIBLE or ord(character) in _TAGS:
        return False
    return unicodedata.category(character) not in {"Cc", "Cs", "Co", "Cn"}


def _without_towers(characters: Iterator[str]) -> Iterator[str]:
    marks = 0
    for character in characters:
        marks = marks + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        if marks <= MARKS_MAX:
            yield character


def links_in(text: str) -> list[str]:
    """The addresses in ``text``, in order."""
    return [found.rstrip(_TRAILING) for found in _LINK.findall(text)]


def as_html(text: str, *, links: bool) -> str:
    """``text`` as HTML that holds nothing but text, line ends and, where ``links`` live, addresses that lead there."""
    written, at = [], 0
    for found in _LINK.finditer(text) if links else ():
        address = found[0].rstrip(_TRAILING)
        written += [html.escape(text[at : found.start()]), _anchor(address)]
        at = found.start() + len(address)
    written.append(html.escape(text[at:]))
    return nh3.clean(
        "".join(written).replace("\n", "<br>"),
        tags={"a", "br"},
        attributes={"a": {"href"}},
        url_schemes={"http", "https"},
        link_rel="nofollow ugc noopener noreferrer",
    )


def _anchor(address: str) -> str:
    shown = html.escape(address)
    return shown if looks_alike(address) else f'<a href="{shown}">{shown}</a>'


def looks_alike(name: str) -> bool:
    """Whether a name mixes scripts so that it could be taken for another: "pаypal" with a Cyrillic а."""
    return bool(confusables.is_dangerous(name, preferred_aliases=["latin"]))


def told_again(text: str) -> str:
    """What two comments have in common that say the same: letters and digits, in one case."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(each for each in folded if unicodedata.category(each)[0] in "LN")[:200]
