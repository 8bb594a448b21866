"""Write the font in which emoji are drawn in colour: the one that the web's package carries, unpacked for HarfBuzz.

The package is ``@fontsource/noto-color-emoji`` (SIL Open Font License). Pictures for browsers (the ``SVG`` table, twice
as large as the rest) are left out.
"""

from pathlib import Path

from fontTools.ttLib import TTFont

ROOT = Path(__file__).parents[1]
PACKED = ROOT / "node_modules/@fontsource/noto-color-emoji/files/noto-color-emoji-emoji-400-normal.woff"
UNPACKED = ROOT / "src/groundswell/media/subtitles/NotoColorEmoji.ttf"

with TTFont(PACKED, recalcTimestamp=False) as font:
    font.flavor = None
    del font["SVG "]
    font.save(UNPACKED)
