"""Stems of words by language: the Snowball algorithms (snowballstem.org), as PostgreSQL has them too."""

from functools import lru_cache

import snowballstemmer

ALGORITHMS = {
    "ar": "arabic",
    "ca": "catalan",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "ne": "nepali",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}
"""By the language's subtag of a BCP 47 tag."""

SHORTEST = 4
"""Letters of a word that has a stem of its own; shorter ones are what they are."""


def base_of(language: str) -> str:
    """The language's subtag: ``pt`` of ``pt-BR``."""
    return language.partition("-")[0].lower()


@lru_cache(maxsize=500_000)
def stem(base: str, word: str) -> str | None:
    """The stem of a folded word in the language ``base``; None where it is the word itself, or nobody knows."""
    if len(word) < SHORTEST or base not in ALGORITHMS:
        return None
    found: str = _stemmer(ALGORITHMS[base]).stemWord(word)
    return None if found == word else found


@lru_cache(maxsize=len(ALGORITHMS))
def _stemmer(algorithm: str) -> snowballstemmer.basestemmer.BaseStemmer:
    return snowballstemmer.stemmer(algorithm)
