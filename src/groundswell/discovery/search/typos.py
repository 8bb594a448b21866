"""Words that are nearly the one typed: symmetric deletions (SymSpell, W. Garbe 2012) of their first letters. Pure.

Two words within *n* edits of each other have a form in common when at most *n* letters are deleted from each. A word is
kept under the forms of its first ``PREFIX`` letters; whoever asks makes those of theirs, and measures the distance to
what is found. An edit is a letter too many, missing, another one, or two that have changed places (Damerau's distance,
no part of a word edited twice).
"""

from collections.abc import Iterable
from itertools import combinations

PREFIX = 7
ONE_FROM, TWO_FROM = 5, 9
"""Letters from which one edit, or two, are forgiven, of the longer of two words: a letter may be what is missing."""

SHORTEST_KEPT = ONE_FROM - 1
LONGEST_KEPT = 40


def edits_of(length: int) -> int:
    """How many edits are forgiven between two words, the longer of which has so many letters."""
    return 0 if length < ONE_FROM else 1 if length < TWO_FROM else 2


def keys_kept(word: str) -> set[str]:
    """The forms under which a word of the vocabulary is kept: enough for whatever typed word may be within reach."""
    return _deletions(word, 1 if len(word) < TWO_FROM - 2 else 2)


def keys_asked(word: str) -> set[str]:
    """The forms under which what is near a typed word is looked for: of the longest word that it may be, of which as
    many letters may be missing as edits are forgiven."""
    return _deletions(word, max(most for most in range(3) if most <= edits_of(len(word) + most)))


def worth_keeping(word: str) -> bool:
    """Whether a typed word could be a slip of this one."""
    return SHORTEST_KEPT <= len(word) <= LONGEST_KEPT and word.isalpha()


def nearest(word: str, known: Iterable[str], limit: int) -> list[str]:
    """Those of ``known`` within reach of ``word``, the nearest first; ``limit`` at most."""
    far = []
    for each in set(known):
        edits = edits_of(max(len(word), len(each)))
        if (apart := distance(word, each, edits)) <= edits:
            far.append((apart, each))
    return [each for _, each in sorted(far)][:limit]


def distance(a: str, b: str, most: int) -> int:
    """Edits between two words; ``most`` + 1 where there are more than ``most``."""
    if abs(len(a) - len(b)) > most:
        return most + 1
    a, b = _differing(a, b)
    if len(a) <= 1 and len(b) <= 1:
        return min(max(len(a), len(b)), most + 1)
    if most < 2:
        return 1 if most == 1 and len(a) == 2 and a == b[::-1] else most + 1
    return _edits(a, b, most)


def _differing(a: str, b: str) -> tuple[str, str]:
    """What is left of two words without what they begin and end with alike."""
    shorter, start, end = min(len(a), len(b)), 0, 0
    while start < shorter and a[start] == b[start]:
        start += 1
    while end < shorter - start and a[-1 - end] == b[-1 - end]:
        end += 1
    return a[start : len(a) - end], b[start : len(b) - end]


def _edits(a: str, b: str, most: int) -> int:
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        before, above, row = row, before, [i]
        for j, other in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if above and j > 1 and letter == b[j - 2] and a[i - 2] == other:
                cost = min(cost, above[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)


def _deletions(word: str, most: int) -> set[str]:
    head = word[:PREFIX]
    kept = {head}
    for deleted in range(1, min(most, len(head) - 1) + 1):
        kept |= {"".join(letters) for letters in combinations(head, len(head) - deleted)}
    return kept
