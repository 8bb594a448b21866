"""Addresses of titles and series."""

import re
import unicodedata

from groundswell.platform.ids import random_code
from groundswell.platform.problems import Problem

LONGEST = 80
_SLUG = re.compile(rf"[a-z0-9](?:[a-z0-9-]{{0,{LONGEST - 2}}}[a-z0-9])?")
_FOLDED = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "đ": "d", "ł": "l", "þ": "th", "ð": "d"})


class TextRefused(Problem):
    status, code, title = 422, "title_text_refused", "What was said about the title cannot be."


def slug_of(name: str) -> str:
    """An address made from a name: ``The Lighthouse: Sea`` → ``the-lighthouse-sea``.

    A name with no Latin letter or digit gets a random one.
    """
    letters = unicodedata.normalize("NFKD", name.lower().translate(_FOLDED))
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    slug = re.sub(r"[^a-z0-9]+", "-", bare).strip("-")[:LONGEST].rstrip("-")
    return slug or f"title-{random_code(8).lower()}"


def checked_slug(slug: str) -> str:
    """``slug`` itself.

    Raises:
        TextRefused: it has other characters than a-z, 0-9 and inner hyphens, is too long, or reads as an id.
    """
    if _SLUG.fullmatch(slug) is None or re.fullmatch("[0-9a-f]{32}", slug.replace("-", "")):
        raise TextRefused(f"{slug!r} cannot be an address: use a-z, 0-9 and hyphens, at most {LONGEST} characters.")
    return slug
