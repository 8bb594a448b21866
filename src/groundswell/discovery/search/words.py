"""Text as words that compare: case, accents and width folded; scripts without spaces as overlapping pairs. Pure.

Chinese, Japanese, Korean, Thai, Lao, Khmer and Burmese are cut into bigrams, over spaces and punctuation, which are
where somebody thought to put them; the last character of a run stands alone at its end, so that one character is found
too (by the beginning of a bigram). All other scripts are cut at what is
neither letter, digit nor mark. An apostrophe within a word is left out: *don't* is *dont*.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from operator import add
from typing import NamedTuple

WORD_MAX = 40
"""Characters of a word that are compared; names of proteins are told apart by these too."""

_UNSPACED = (
    r"\u0e00-\u0eff"  # Thai, Lao
    r"\u1000-\u109f\u1780-\u17ff"  # Burmese, Khmer
    r"\u3005\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
    r"\U00020000-\U0003ffff"
    r"\uac00-\ud7af"
)
_MARKS = r"\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0df3\u200d"
_LETTER = rf"(?:(?![{_UNSPACED}])[^\W_]|[{_MARKS}])"
_RUN = re.compile(rf"[{_UNSPACED}]+|{_LETTER}+(?:['’]{_LETTER}+)*")
_PLAIN = re.compile(r"[a-z0-9]+(?:'[a-z0-9]+)*")
_IDEOGRAPHS = re.compile(r"[\u4e00-\u9fff \u3000-\u3002\uff01\uff0c\uff1a\uff1b\uff1f\u2026]+")
"""What most Chinese lines are made of: nothing in it to fold."""

_BETWEEN = re.compile(r"[^\u4e00-\u9fff]+")
_UNSPACED_RUN = re.compile(rf"[{_UNSPACED}]")
_LEFT_OUT = re.compile(r"[\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0640\u200d'’]")
_NO_LETTER = re.compile(rf"[^\w{_MARKS}]|_")
_PUNCTUATION = re.compile(r"[\u0e2f\u0e46\u0e4f\u0e5a\u0e5b\u104a-\u104f\u17d4-\u17da\u30fb]")
_OTHER_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"})


class Word(NamedTuple):
    """``text`` as it is compared; where it stands in what it was read from; whether it is a part of an unspaced run."""

    text: str
    start: int
    end: int
    unspaced: bool = False


def fold(text: str) -> str:
    """``text`` without case, accents, vowel points and differences of width."""
    if text.isascii():
        return text.lower().replace("'", "")
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", _LEFT_OUT.sub("", apart)).translate(_OTHER_LETTERS)


def words_of(text: str) -> Iterator[Word]:
    """The words of ``text`` in order, each with where it stands."""
    unspaced: list[tuple[str, int]] = []
    for run in _RUN.finditer(text):
        if _UNSPACED_RUN.match(run[0]):
            unspaced += [(character, run.start() + n) for n, character in enumerate(run[0])]
            continue
        yield from _pairs(unspaced)
        unspaced = []
        if folded := _NO_LETTER.sub("", fold(run[0]))[:WORD_MAX]:
            yield Word(folded, run.start(), run.end())
    yield from _pairs(unspaced)


def texts_of(text: str) -> list[str]:
    """The words of ``text`` as they are compared, without their places: what an index reads."""
    if text.isascii():
        words: list[str] = _PLAIN.findall(text.lower())
        if "'" not in text and (len(text) <= WORD_MAX or len(max(words, key=len, default="")) <= WORD_MAX):
            return words
        return [word.replace("'", "")[:WORD_MAX] for word in words]
    if _IDEOGRAPHS.fullmatch(text):
        characters = _BETWEEN.sub("", text)
        return [*map(add, characters, characters[1:]), *characters[-1:]]
    return [word.text for word in words_of(text)]


def _pairs(run: list[tuple[str, int]]) -> Iterator[Word]:
    """A bigram from each character of an unspaced run, each with its place; from the last, itself."""
    said = [(unicodedata.normalize("NFKC", each).casefold(), at) for each, at in run if not _PUNCTUATION.match(each)]
    for (text, at), (after, after_at) in pairwise(said):
        yield Word(text + after, at, after_at + 1, unspaced=True)
    for text, at in said[-1:]:
        yield Word(text, at, at + 1, unspaced=True)
