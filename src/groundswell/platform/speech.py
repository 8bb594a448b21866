"""How what is mailed and pushed is said in the languages of those who get it."""

from collections.abc import Callable
from dataclasses import dataclass

from .providers import Question


def _as_written(text: str) -> str:
    return text


def _one_of(singular: str, plural: str, count: int) -> str:
    return singular if count == 1 else plural


@dataclass(frozen=True)
class Speech:
    """How things are said in a language (BCP 47): as GNU gettext says them. English says what is written."""

    language: str = "en"
    direction: str = "ltr"
    gettext: Callable[[str], str] = _as_written
    ngettext: Callable[[str, str, int], str] = _one_of


def marked(text: str) -> str:
    """``text`` as it stands, for the catalogues' script to find."""
    return text


ENGLISH = Speech()
speech_of: Question[[str], Speech] = Question(ENGLISH)
"""language tag → how it is spoken; the nearest there is. Answered by the feature that keeps the catalogues."""
