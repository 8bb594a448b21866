"""Which words of a sentence are what was looked for. Pure."""

from collections.abc import Sequence, Set
from typing import NamedTuple

from . import stems
from .query import Query
from .schemas import TextPart
from .words import Word, words_of

Span = tuple[int, int]


class Marked(NamedTuple):
    """Where in a text the words of a query stand, and which of its words are among them, by their number."""

    spans: list[Span]
    words: frozenset[int]


def mark(text: str, query: Query, forms: Sequence[Set[str]], language: str) -> Marked:
    """Find in ``text`` the words of ``query``, any of whose ``forms`` will do, and what has a stem in common with one.

    Args:
        forms: for each word of the query.
    """
    base = stems.base_of(language)
    roots = [frozenset(stems.stem(base, form) or form for form in each) for each in forms]
    spans: list[Span] = []
    seen: set[int] = set()
    for word in words_of(text):
        fitting = [n for n in range(len(forms)) if _fits(word, query, n, forms[n], roots[n], base)]
        if fitting:
            seen.update(fitting)
            spans.append((word.start, word.end))
    return Marked(_merged(spans), frozenset(seen))


def _fits(word: Word, query: Query, n: int, forms: Set[str], roots: Set[str], base: str) -> bool:
    if word.text in forms:
        return True
    if query.open and n == len(query.words) - 1 and word.text.startswith(query.words[n].text):
        return True
    return not (word.unspaced or query.quoted) and (stems.stem(base, word.text) or word.text) in roots


def _merged(spans: list[Span]) -> list[Span]:
    """Spans in order, those that overlap as one."""
    merged: list[Span] = []
    for start, end in spans:
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def parts_of(text: str, spans: Sequence[Span]) -> list[TextPart]:
    """``text`` cut where marks begin and end."""
    parts, at = [], 0
    for start, end in spans:
        parts += [TextPart(text=text[at:start], found=False), TextPart(text=text[start:end], found=True)]
        at = end
    parts.append(TextPart(text=text[at:], found=False))
    return [part for part in parts if part.text]
