"""What somebody typed into the search box, as words to look for. Pure: only quotation marks are operators.

Whatever is typed is answered: a query that is too long is cut and says so, one without a word in it (signs, emoji, a
single letter) asks for nothing.
"""

from dataclasses import dataclass
from typing import Literal

from .words import Word, words_of

READ_MAX = 400
"""Characters that are read of a query."""

WORDS_MAX = 12
"""Words that are looked for, the first ones; of unspaced scripts, pairs."""

PREFIX_MIN = 2
"""Letters from which a word that is last is also the beginning of a longer one."""

QUOTES = '"“”„«»「」'

Hint = Literal["empty", "no_words", "one_letter"]


@dataclass(frozen=True)
class Query:
    """What was ``typed``, as far as it is read: its ``words`` in order, ``places`` where each stands among all that
    were typed; ``quoted``: as they stand, and nothing like them; ``open``: the last may be a beginning; ``cut``: more
    was typed than is looked for; ``hint``: why nothing is looked for."""

    words: tuple[Word, ...] = ()
    places: tuple[int, ...] = ()
    quoted: bool = False
    open: bool = False
    cut: bool = False
    hint: Hint | None = None
    typed: str = ""

    @classmethod
    def read(cls, typed: str) -> "Query":
        """The query that was typed."""
        text = typed[:READ_MAX].strip()
        if not text:
            return cls(hint="empty")
        every = list(words_of(text))
        found = [(word, n) for n, word in enumerate(every) if len(every) == 1 or not _ends_run(every, n)]
        words = tuple(word for word, _ in found[:WORDS_MAX])
        places = tuple(n for _, n in found[:WORDS_MAX])
        if not words:
            return cls(hint="no_words", typed=text)
        if len(words) == 1 and len(words[0].text) == 1 and not words[0].unspaced:
            return cls(words, places, hint="one_letter", typed=text)
        quoted = len(text) > 2 and text[0] in QUOTES and text[-1] in QUOTES
        cut = len(typed) > READ_MAX or len(found) > WORDS_MAX
        opens = not (quoted or cut or typed[-1:].isspace()) and _may_go_on(words[-1])
        return cls(words, places, quoted, opens, cut, typed=text)


def _may_go_on(last: Word) -> bool:
    return len(last.text) == 1 if last.unspaced else len(last.text) >= PREFIX_MIN


def _ends_run(words: list[Word], n: int) -> bool:
    """Whether a word is the single character that ends an unspaced run: what was typed need not end there."""
    return words[n].unspaced and len(words[n].text) == 1 and n > 0 and words[n - 1].unspaced
