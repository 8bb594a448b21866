"""What people may write about a moment. Pure.

Text is kept as text: ``<b>`` stays four characters, and pages escape it. What is taken out can only mislead or
break: control characters, marks that turn the direction of everything after them, and halves of characters.
"""

import re
import unicodedata

from groundswell.platform.problems import Problem

LONGEST = 500
_KEPT = {"\n"}
_BIDI_EMBEDDINGS = {chr(code) for code in range(0x202A, 0x202F)}
_MANY_NEWLINES = re.compile(r"\n{3,}")


class CaptionTooLong(Problem):
    status, code, title = 422, "caption_too_long", f"A caption or note has at most {LONGEST} characters."


def cleaned(text: str) -> str:
    """``text`` in Unicode form NFC, without control characters (line ends stay, as ``\\n``), trimmed.

    Joiners stay: emoji and several scripts are written with them.

    Raises:
        CaptionTooLong: more than ``LONGEST`` code points are left.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    kept = "".join(filter(_is_kept, text))
    clean = _MANY_NEWLINES.sub("\n\n", unicodedata.normalize("NFC", kept)).strip()
    if len(clean) > LONGEST:
        raise CaptionTooLong(f"This has {len(clean):,} characters; there may be {LONGEST}.", limit=LONGEST)
    return clean


def _is_kept(character: str) -> bool:
    if character in _KEPT:
        return True
    return unicodedata.category(character) not in {"Cc", "Cs"} and character not in _BIDI_EMBEDDINGS
