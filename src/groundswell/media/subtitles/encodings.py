"""Which encoding a text file without a mark is in: every candidate is tried, and what it makes of the text is scored.

A decoding is good when its letters are those of a language written in that encoding, and when words look like words: no
capital after a small letter, no sign amid letters, no two scripts in a word. The language, where it is known, leaves
only its own encodings; the letters used most tell apart those that map one alphabet onto itself.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
NAME = re.compile(
    rb"<\?xml[^>]*\bencoding\s*=\s*[\"']([\w.:-]+)|<meta[^>]*\bcharset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE
)
"""Where a text names its encoding."""
LETTERS = {
    "fr": "àâæçéèêëîïôœùûüÿ", "de": "äöüß", "es": "áéíñóúü¿¡ºª", "pt": "àáâãçéêíóôõúü", "it": "àèéìíîòóùú",
    "nl": "áéëïóöüèê", "sv": "åäöé", "da": "æøåé", "no": "æøåéèêóòô", "fi": "äöå", "is": "áðéíóúýþæö",
    "ca": "àçéèíïóòúü·",
    "en": "éèêïöôñç£", "pl": "ąćęłńóśźż", "cs": "áčďéěíňóřšťúůýž", "sk": "áäčďéíĺľňóôŕšťúýž", "hu": "áéíóöőúüű",
    "ro": "ăâîșțşţ", "hr": "čćđšž", "sl": "čšž", "sq": "çë", "tr": "çğıöşüâîûİ", "et": "äõöüšž", "lv": "āčēģīķļņšūž",
    "lt": "ąčęėįšųūž", "id": "é", "vi": "ăâđêôơưàảãáạèẻẽéẹìỉĩíịòỏõóọùủũúụỳỷỹýỵ\u0300\u0301\u0303\u0309\u0323₫",
    "ru": "", "uk": "", "bg": "", "sr": "", "mk": "", "be": "", "el": "", "he": "", "ar": "", "fa": "", "th": "",
    "ja": "", "zh": "", "ko": "",
}  # fmt: skip
LATIN = frozenset(language for language, letters in LETTERS.items() if letters)
CYRILLIC = {
    "ru": "абвгдеёжзийклмнопрстуфхцчшщъыьэюя", "uk": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя'",
    "bg": "абвгдежзийклмнопрстуфхцчшщъьюя",
    "sr": "абвгдђежзијклљмнњопрстћуфхцчџш", "mk": "абвгдѓежзѕијклљмнњопрстќуфхцчџш",
    "be": "абвгдеёжзійклмнопрстуўфхцчшыьэюя",
}  # fmt: skip
FREQUENT = {
    "ru": "оеаинтсрвл", "uk": "оаиніетрвс", "bg": "аоиентрсвл", "sr": "аоиенрстју", "mk": "аоиетнрсвд",
    "be": "анеіорсткл",
    "el": "αοειτσνηυρ", "he": "יוהלאתרמבנ", "ar": "اليمنوترهبع", "fa": "اینردهوتمب",
    "th": "านรกเอง่ม้ลยวีสั",
}  # fmt: skip
WESTERN, CENTRAL, BALTIC = ("cp1252", "cp850"), ("cp1250", "iso8859-2", "cp852"), ("cp1257", "iso8859-13")
SLAVIC = ("cp1251", "koi8-r", "iso8859-5", "cp866")
OF = {
    **dict.fromkeys(("fr", "de", "es", "pt", "it", "nl", "sv", "da", "no", "fi", "is", "ca", "en", "id"), WESTERN),
    **dict.fromkeys(("pl", "cs", "sk", "hu", "hr", "sl", "ro"), CENTRAL),
    **dict.fromkeys(("et", "lv", "lt"), BALTIC),
    **dict.fromkeys(("ru", "bg", "sr", "mk", "be"), SLAVIC),
    "sq": ("cp1252", "cp1250"), "tr": ("cp1254", "iso8859-9", "cp857"), "vi": ("cp1258",),
    "uk": ("cp1251", "koi8-u", "iso8859-5"),
    "el": ("cp1253", "iso8859-7"), "he": ("cp1255", "iso8859-8"), "ar": ("cp1256", "iso8859-6"), "fa": ("cp1256",),
    "th": ("cp874",), "ja": ("cp932", "euc_jp", "iso2022_jp"), "zh": ("gb18030", "big5hkscs"), "ko": ("cp949",),
}  # fmt: skip
HANZI = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家事成方"
    "這個們來為國說時會對發後過裡嗎麼沒還吗么没还什都好很想去知看她怎哪誰谁吧呢啊她們让讓给給從从開开關关點点"
)
USUAL_SIGNS = frozenset("’‘“”„‚«»‹›–—…•·♪°€£©®™§¿¡\u00a0\u2009。、！？「」『』（）：；，・～ー《》")
OLD = {"cp850": 0.2, "cp852": 0.2, "cp857": 0.2, "cp866": 0.1}
"""What is seldom met any more."""
MUCH_BETTER = 0.8
SURE = 0.15
"""By how much the best decoding has to be better than one that reads otherwise."""


@dataclass(frozen=True)
class Decoded:
    """A text with the encoding it was read in. ``doubtful``: another one would do nearly as well."""

    text: str
    encoding: str
    doubtful: bool = False


def decode(data: bytes, language: str | None = None) -> Decoded:
    """A file's text: by its mark, as UTF-16 or UTF-8, in the encoding that it names (XML and HTML do), else in the one
    in which it reads best. ``language`` is a BCP 47 tag."""
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return Decoded(data[len(mark) :].decode(encoding, errors="replace"), encoding)
    for encoding in _without_mark(data):
        try:
            return Decoded(data.decode(encoding), encoding)
        except UnicodeDecodeError:
            continue
    best = _best(data, (language or "").split("-")[0].split("_")[0].lower())
    return _named(data, best) or best


def _named(data: bytes, best: Decoded) -> Decoded | None:
    """In the encoding that the text names, unless it reads much better in another: then it names a wrong one."""
    found = NAME.search(data[:4096])
    try:
        name = codecs.lookup((found[1] or found[2]).decode()).name if found else ""
    except LookupError:
        return None
    encoding = "cp1252" if name == "iso8859-1" else name  # as browsers take it
    text = _read(data, encoding) if name else None
    if text is None or _likeness(best.text) > _likeness(text) + MUCH_BETTER:
        return None
    return Decoded(text, encoding)


def _likeness(text: str) -> float:
    """How much a text reads like one in any language."""
    return max(score(text, language) for language in OF)


def _without_mark(data: bytes) -> tuple[str, ...]:
    head = data[:4096]
    if head.count(0) * 4 > len(head):
        return ("utf-16-le", "utf-16-be") if head[1::2].count(0) > head[::2].count(0) else ("utf-16-be", "utf-16-le")
    return () if b"\x1b$" in head else ("utf-8",)


def _best(data: bytes, language: str) -> Decoded:
    known = language in OF
    scored = sorted(_scored(data, [language] if known else list(OF)), key=lambda each: -each[0])
    if known and (not scored or scored[0][0] < 0):  # the file may be in another language than was said
        others = sorted(_scored(data, list(OF)), key=lambda each: -each[0])
        if not scored or others[0][0] > scored[0][0] + MUCH_BETTER:
            scored = others
    if not scored:
        return Decoded(data.decode("cp1252", errors="replace"), "cp1252", doubtful=True)
    score, encoding, text = scored[0]
    rival = next((other for other, _, read in scored if read != text), None)
    return Decoded(text, encoding, score < 0 or (rival is not None and score - rival < SURE))


def _scored(data: bytes, languages: list[str]) -> Iterator[tuple[float, str, str]]:
    texts: dict[str, str | None] = {}
    for rank, language in enumerate(languages):
        for place, encoding in enumerate(OF[language]):
            if encoding not in texts:
                texts[encoding] = _read(data, encoding)
            text = texts[encoding]
            if text is not None:
                yield score(text, language) - 0.002 * place - 0.0001 * rank - OLD.get(encoding, 0.0), encoding, text


def _read(data: bytes, encoding: str) -> str | None:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    return unicodedata.normalize("NFC", text) if encoding == "cp1258" else text


def score(text: str, language: str) -> float:
    """How much a text reads like one in a language, by the characters beyond ASCII: 1 and more is like, below 0 not."""
    total, count, before = 0.0, 0, " "
    for character in text:
        if character >= "\x80":
            count += 1
            total += _worth(character, before, language)
        elif before.islower() and character.isupper() and before >= "\x80":
            total -= 1
        before = character
    return total / count if count else 0.0


def _worth(character: str, before: str, language: str) -> float:
    if character in USUAL_SIGNS:
        return 0.3 if not before.isalpha() or character in "’‘”»…–—·！？。、，：；」）" else 0
    if unicodedata.category(character)[0] not in "LM":  # letters and marks, whatever a mark's combining class
        return -3.0
    if before.islower() and character.isupper():
        return -2.0
    latin = character < "\u0250" or "\u1e00" <= character <= "\u1eff"
    if not latin and before.isascii() and before.isalpha():
        return -3.0
    if language in ("ja", "zh", "ko"):
        return _east_asian(character, language)
    small = character.lower()
    if small not in _alphabet(language):
        return -0.8 if latin and language in LATIN else -3.0
    return 1.0 if small in FREQUENT.get(language, small) else 0.4


def _east_asian(character: str, language: str) -> float:
    code = ord(character)
    kana, hangul = 0x3041 <= code <= 0x30FF, 0xAC00 <= code <= 0xD7A3
    if language == "ja":
        return 1.0 if kana else 0.1 if 0x4E00 <= code <= 0x9FFF else -2.0
    if language == "ko":
        if hangul:  # those of the old standard are what is written; the others come of other encodings
            return 1.0 if len(character.encode("euc_kr", "ignore")) == 2 else -2.0
        return -0.5 if 0x4E00 <= code <= 0x9FFF else -2.0
    return 1.5 if character in HANZI else 0.2 if 0x4E00 <= code <= 0x9FFF else -2.0


@cache
def _alphabet(language: str) -> frozenset[str]:
    spans = {
        "el": (0x370, 0x3FF), "he": (0x590, 0x5FF), "ar": (0x600, 0x6FF), "fa": (0x600, 0x6FF), "th": (0xE00, 0xE7F),
    }  # fmt: skip
    if language in spans:
        low, high = spans[language]
        return frozenset(chr(code) for code in range(low, high + 1))
    return frozenset((CYRILLIC.get(language) or LETTERS[language]).lower())
