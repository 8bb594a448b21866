"""Sentences out of subtitle cues, so that a clip can begin and end where somebody has finished speaking.

Pure. A cue is a screenful, not a sentence: one may hold several, and one may run over several. A sentence ends at a
mark that ends sentences in its script (``Sentence_Terminal`` in Unicode, less the rare ones), at a change of speaker
(a dash that opens a row), or where the next cue is long in coming. Where a language does not write such marks (Thai,
much Japanese and Chinese subtitling), each cue counts as one. Within a cue, time is divided by length of text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .cues import Cue

LONG_PAUSE_US = 1_500_000
MARKED = 0.2
"""The share of cues that must end in a mark for the language to be one that writes them."""
ENDS = ".!?…‽。．｡！？؟۔।॥։።፧།။។៕"
CLOSERS = "\"'”’»›」』）)]】〉》♪ "
_TRAILS_OFF = re.compile(r"(\.\.\.?|…|[-–—])[\"'”’»\s]*$")
_ABBREVIATION = re.compile(r"(?:^|[\s(\"'“‘])(?:Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|vs|etc|Mt|Lt|Sgt|Capt|Col|Gen|No|[A-Z])\.$")
_SPEAKER = re.compile(r"^\s*(?:[-–—‐]|>>)\s*")
_NOISE = re.compile(r"\[[^\]]*\]|\([^)]*\)|（[^）]*）|♪[^♪]*♪?|♫[^♫]*♫?|^#.*#$")
_BREAK = re.compile(rf"(?<=[{re.escape(ENDS)}])([{re.escape(CLOSERS.strip())}]*)(\s+|(?<=[。．｡！？])(?=\S))")


@dataclass(frozen=True)
class Sentence:
    """What is said from ``start_us`` to ``end_us``. ``turn`` counts the speakers' turns where dashes tell, else 0."""

    start_us: int
    end_us: int
    text: str
    turn: int = 0


@dataclass(frozen=True)
class _Piece:
    start_us: int
    end_us: int
    text: str
    opens: bool
    """Whether another speaker begins here."""
    closes: bool


def sentences(lines: Sequence[Cue]) -> list[Sentence]:
    """The sentences of a title's cues, in order of time. Noises in brackets and songs between notes are left out."""
    pieces = [piece for line in sorted(lines, key=lambda n: (n.start_us, n.end_us)) for piece in _pieces(line)]
    marked = sum(ended(piece.text) for piece in pieces) >= MARKED * len(pieces)
    found: list[Sentence] = []
    held: list[_Piece] = []
    turn = 0
    for n, piece in enumerate(pieces):
        turn += piece.opens
        held.append(piece)
        following = pieces[n + 1] if n + 1 < len(pieces) else None
        if following is None or _parts(piece, following, marked):
            text = " ".join(part.text for part in held)
            found.append(Sentence(held[0].start_us, max(part.end_us for part in held), text, turn))
            held = []
    return found


def asides(lines: Sequence[Cue]) -> list[Sentence]:
    """What ``sentences`` leaves out, in order of time: noises in brackets and songs, each as long as its cue."""
    return [
        Sentence(line.start_us, line.end_us, " ".join(found[0].split()))
        for line in sorted(lines, key=lambda n: (n.start_us, n.end_us))
        for found in _NOISE.finditer(line.text)
        if any(character.isalnum() for character in found[0])
    ]


def sentence_ends(lines: Sequence[Cue]) -> list[int]:
    """When a sentence has been said, in rising microseconds: what a trimmer's handle snaps to."""
    return sorted({sentence.end_us for sentence in sentences(lines)})


def nearest(instants: Sequence[int], at_us: int, within_us: int) -> int:
    """The one of rising ``instants`` that is nearest to a time and not farther than ``within_us``, else the time."""
    n = bisect_right(instants, at_us)
    near = [t for t in instants[max(0, n - 1) : n + 1] if abs(t - at_us) <= within_us]
    return min(near, key=lambda t: (abs(t - at_us), t), default=at_us)


def ended(text: str) -> bool:
    """Whether a text ends with a mark that ends a sentence, quotes and brackets aside."""
    bare = text.rstrip(CLOSERS)
    return bool(bare) and bare[-1] in ENDS and not _ABBREVIATION.search(bare)


def _parts(piece: _Piece, following: _Piece, marked: bool) -> bool:
    """Whether a sentence ends between two pieces."""
    if following.opens or following.start_us - piece.end_us > LONG_PAUSE_US:
        return True
    if _TRAILS_OFF.search(piece.text) and (following.text[:1].islower() or following.text.startswith(("...", "…"))):
        return False
    return piece.closes or not marked or bool(_TRAILS_OFF.search(piece.text))


def _pieces(line: Cue) -> Iterator[_Piece]:
    """A cue cut at speakers and sentence marks, its time shared out by length of text."""
    texts = [(text, opens) for row in _turns(line.text) for text, opens in _broken(*row)]
    total = sum(len(text) for text, _ in texts)
    said = 0
    for text, opens in texts:
        start = line.start_us + (line.end_us - line.start_us) * said // total
        said += len(text)
        end = line.start_us + (line.end_us - line.start_us) * said // total
        yield _Piece(start, end, text, opens, ended(text))


def _turns(text: str) -> list[tuple[str, bool]]:
    """The text of each speaker in a cue, and whether a dash says that it is another's."""
    turns: list[tuple[str, bool]] = []
    for row in text.split("\n"):
        dash = _SPEAKER.match(row)
        said = _NOISE.sub(" ", row[dash.end() if dash else 0 :]).strip()
        if dash or not turns:
            turns.append((said, dash is not None))
        else:
            turns[-1] = (f"{turns[-1][0]} {said}".strip(), turns[-1][1])
    return [turn for turn in turns if any(c.isalnum() for c in turn[0])]


def _broken(text: str, opens: bool) -> Iterator[tuple[str, bool]]:
    """A turn cut after each mark that ends a sentence; not after abbreviations, nor before a small letter."""
    start = 0
    for found in _BREAK.finditer(text):
        said = text[start : found.start(2)].strip()
        if ended(said) and not text[found.end() : found.end() + 1].islower():
            yield said, opens
            start, opens = found.end(), False
    if text[start:].strip():
        yield text[start:].strip(), opens
