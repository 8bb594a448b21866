"""Which language a page speaks, and how things are said in it.

Pages and components share one catalogue, ``locale/<language>.po``: what is said in English is the key. Templates say
things with ``_()`` and ``ngettext()``; what is said in Python is ``marked()`` where it stands and translated where it
is shown. ``scripts/messages.py`` finds what is said, keeps the catalogues complete, and writes the components'
dictionaries.
"""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from http.cookies import CookieError, SimpleCookie
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

LOCALES = Path(__file__).parent / "locale"
LANGUAGES = {"en": "English", "de": "Deutsch", "es": "Español", "ar": "العربية", "ja": "日本語"}
"""By tag (BCP 47): what each calls itself."""
RIGHT_TO_LEFT = frozenset({"ar"})
DEFAULT = "en"
COOKIE = "gs_lang"
"""Holds what somebody chose with ``?lang=``."""
COOKIE_AGE_S = 365 * 86_400

_spoken: ContextVar[str] = ContextVar("language", default=DEFAULT)


def spoken() -> str:
    """The language of the page that is being made."""
    return _spoken.get()


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Say everything in ``language`` for as long as the block lasts."""
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def direction(language: str) -> str:
    """How its text runs, as HTML's ``dir`` says it."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def known(tag: str | None) -> str | None:
    """The language of ours that a tag (``de-AT``) asks for."""
    base = (tag or "").strip().partition("-")[0].partition("_")[0].lower()
    return base if base in LANGUAGES else None


def language_of(query: Mapping[str, str], cookies: Mapping[str, str], account: str | None, accepted: str) -> str:
    """What somebody reads: as the address says (``?lang=``), as they chose before, as their account says, as their
    browser says (Accept-Language), in this order."""
    asked = known(query.get("lang")) or known(cookies.get(COOKIE)) or known(account)
    return asked or preferred(accepted)


def chosen_in(cookie_header: str) -> dict[str, str]:
    """The choice that a Cookie header holds."""
    if COOKIE not in cookie_header:
        return {}
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(cookie_header).items()}
    except CookieError:
        return {}


@lru_cache(maxsize=1024)
def preferred(accepted: str) -> str:
    """The language of ours that an Accept-Language header (RFC 9110, 12.5.4) likes best."""
    ranges = [each.partition(";") for each in accepted[:500].split(",")]
    ranked = sorted(ranges, key=lambda each: -_weight(each[2]))
    liked = (known(tag) for tag, _, weight in ranked if _weight(weight) > 0)
    return next((language for language in liked if language), DEFAULT)


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0


@lru_cache
def catalogue(language: str) -> NullTranslations:
    """What is said in ``language``; English says what is written."""
    path = LOCALES / f"{language}.po"
    if not path.exists():
        return NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)


def marked(text: str) -> str:
    """``text`` as it stands: what is said elsewhere, by ``gettext``, for ``scripts/messages.py`` to find."""
    return text


def gettext(text: str) -> str:
    """``text`` in the language of the page."""
    return catalogue(spoken()).gettext(text)


def ngettext(singular: str, plural: str, count: int) -> str:
    """The one that goes with ``count``, in the language of the page."""
    return catalogue(spoken()).ngettext(singular, plural, count)
