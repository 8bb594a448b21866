"""Which font draws which letters. The Noto families that come with the package (as wheels of their own, emoji in colour
within it) cover what subtitles are written in; fonts installed on the machine are asked after them."""

from __future__ import annotations

import importlib.util
import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from PIL import ImageFont

PACKAGES = ("manimgx_fonts", "manimgx_fonts_cjk")
FOLDERS = (
    "/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts", "/Library/Fonts",
    "/System/Library/Fonts", "C:/Windows/Fonts",
)  # fmt: skip
BOLD = 700
COLOUR = Path(__file__).with_name("NotoColorEmoji.ttf")
"""Made when the package is built; a checkout in which nothing was built draws emoji in outline."""
EMOJI = "NotoEmoji"
FACES = {"ja": 0, "ko": 1, "zh-hans": 2, "zh-hant": 3}
"""Where in a collection of Noto Sans CJK a language's shapes are."""
SCRIPTS = {
    "Latin": "Aä", "Greek": "Ωά", "Cyrillic": "Жї", "Arabic": "عپ", "Hebrew": "אש", "Devanagari": "कि", "Bengali": "বা",
    "Gurmukhi": "ਪੰ", "Gujarati": "ગુ", "Tamil": "தமி", "Telugu": "తె", "Kannada": "ಕನ", "Malayalam": "മല",
    "Sinhala": "සිං",
    "Thai": "ไทย", "Lao": "ລາວ", "Khmer": "ខ្មែ", "Myanmar": "မြန်", "Georgian": "ქარ", "Armenian": "Հայ",
    "Ethiopic": "አማ",
    "Japanese": "あア漢", "Chinese": "汉漢", "Korean": "한글", "Emoji": "😀❤",
}  # fmt: skip


@dataclass(frozen=True)
class Face:
    """A font file, and which of a collection's faces."""

    path: str
    index: int = 0

    @property
    def name(self) -> str:
        return os.path.basename(self.path)

    @property
    def is_colour(self) -> bool:
        return self.path == os.fspath(COLOUR)

    def covers(self, text: str) -> bool:
        """Whether there is a glyph for every character that needs one."""
        have = _characters(self)
        return all(ord(c) in have or is_ignorable(c) for c in text)


@cache
def _characters(face: Face) -> frozenset[int]:
    import uharfbuzz  # what a clip without words does not need is not loaded

    return frozenset(uharfbuzz.Face(uharfbuzz.Blob.from_file_path(face.path), face.index).unicodes)


def is_ignorable(character: str) -> bool:
    """Joiners, variation selectors, marks of direction: what draws nothing by itself."""
    return unicodedata.category(character) in ("Cf", "Cc") or "\ufe00" <= character <= "\ufe0f"


@cache
def packaged() -> tuple[Path, ...]:
    """The font files that come with the package."""
    found: list[Path] = []
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        for folder in (spec.submodule_search_locations or []) if spec is not None else []:
            found += sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in (".ttf", ".otf", ".ttc"))
    return tuple(p for p in found if "Italic" not in p.name)


@cache
def _installed() -> tuple[Path, ...]:
    files = (p for folder in FOLDERS for p in sorted(Path(folder).expanduser().rglob("*")))
    kinds = (".ttf", ".otf", ".ttc")
    return tuple(p for p in files if p.suffix.lower() in kinds and "Bold" in p.name)


@lru_cache(maxsize=8)
def faces(language: str = "") -> tuple[Face, ...]:
    """Every face, in the order in which they are asked for a glyph: plain Noto Sans first."""
    return tuple(_ordered(language))


def _ordered(language: str) -> Iterator[Face]:
    plain = [p for p in packaged() if not p.name.startswith(EMOJI)]
    plain.sort(key=lambda p: (not p.name.startswith("NotoSans["), "CJK" in p.name, p.name))
    for path in plain:
        yield Face(os.fspath(path), _cjk_face(language) if path.suffix == ".ttc" else 0)
    if COLOUR.is_file():
        yield Face(os.fspath(COLOUR))
    yield from (Face(os.fspath(p)) for p in packaged() if p.name.startswith(EMOJI))
    yield from (Face(os.fspath(p)) for p in _installed())


def _cjk_face(language: str) -> int:
    tag = language.lower()
    if tag.startswith("zh"):
        return FACES["zh-hant" if any(part in tag for part in ("hant", "tw", "hk", "mo")) else "zh-hans"]
    return FACES.get(tag.split("-")[0], FACES["zh-hans"])


def language_of(text: str) -> str:
    """The language whose shapes Chinese characters are to have: told by the kana or Hangul beside them."""
    if any("\u3041" <= c <= "\u30ff" for c in text):
        return "ja"
    return "ko" if any("\uac00" <= c <= "\ud7a3" for c in text) else "zh-hans"


def face_for(cluster: str, before: Face | None, language: str) -> Face | None:
    """The face that draws a grapheme: the one before it if that can, else the first that can; None if none can."""
    emoji = is_emoji(cluster)
    if before is not None and emoji == (before.is_colour or before.name.startswith(EMOJI)) and before.covers(cluster):
        return before
    candidates = faces(language)
    if emoji:
        candidates = tuple(sorted(candidates, key=lambda f: (not f.is_colour, not f.name.startswith(EMOJI))))
    return next((face for face in candidates if face.covers(cluster)), None)


def is_emoji(cluster: str) -> bool:
    """Whether a grapheme is a picture: by its code points, or by the selector that asks for one."""
    return "\ufe0f" in cluster or any(0x1F000 <= ord(c) <= 0x1FAFF or 0x2600 <= ord(c) <= 0x27BF for c in cluster[:1])


@lru_cache(maxsize=256)
def sized(face: Face, size: int) -> ImageFont.FreeTypeFont:
    """A face at a size, bold where it can be varied."""
    font = ImageFont.truetype(face.path, size, index=face.index)
    try:
        axes = font.get_variation_axes()
    except OSError:
        return font
    weights = [BOLD if axis["name"] in (b"Weight", "Weight") else axis["default"] for axis in axes]
    font.set_variation_by_axes([float(weight or 0) for weight in weights])
    return font


def missing(text: str) -> tuple[str, ...]:
    """The names of the scripts in a text that no font can draw."""
    from .layout import clusters

    bad = {unicodedata.name(c[0], "?").split(" ")[0].title() for c in clusters(text) if _undrawn(c)}
    return tuple(sorted(bad))


def _undrawn(cluster: str) -> bool:
    return not cluster.isspace() and face_for(cluster, None, "") is None


def colour_emoji() -> bool:
    """Whether emoji are drawn in colour: a font for that is here. Else they are drawn in outline."""
    face = face_for("\U0001f600", None, "")
    return face is not None and face.is_colour


def missing_scripts() -> tuple[str, ...]:
    """Of the scripts that subtitles are usually in, those for which there is no font here."""
    return tuple(name for name, sample in SCRIPTS.items() if missing(sample))
