"""Text as banks take it: the SEPA character set (EPC217-08), into which everything else is transliterated. Pure."""

import re

from text_unidecode import unidecode

NAME_MOST, TEXT_MOST = 70, 140
_OUTSIDE = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")
_WORDS = {"&": " + ", "@": "(at)", "_": "-", '"': "'", ";": ",", "=": "-"}


def bank_text(text: str, most: int) -> str:
    """``text`` in the letters of SEPA, at most ``most`` of them: ``Łukasz Żółć & Co`` becomes ``Lukasz Zolc + Co``.

    Text of which nothing is left comes out empty. It neither begins nor ends with a slash, nor has two in a row.
    """
    latin = unidecode(text)
    for character, words in _WORDS.items():
        latin = latin.replace(character, words)
    plain = re.sub(r"/{2,}", "/", re.sub(r"\s+", " ", _OUTSIDE.sub(" ", latin))).strip(" /")
    cut = plain[:most].strip(" /")
    return cut if re.search(r"[A-Za-z0-9]", cut) else ""
