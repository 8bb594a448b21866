"""What crosses HTTP about search."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from groundswell.catalog.schemas import TitleSummary
from groundswell.discovery.schemas import SceneTitle

LikenessWord = Literal["phrase", "forms", "words", "slip", "meaning"]


class TextPart(BaseModel):
    """A part of what is said; ``found``: it is what was looked for."""

    text: str
    found: bool


class CrowdScene(BaseModel):
    """The scene that the crowd keeps clipping there: its lasting id, its best moment's page, and how many public
    moments it has."""

    id: UUID
    url: str
    moments: int


class LineFound(BaseModel):
    """Something said in a title, whole sentences from ``start_us`` to ``end_us``, that may be played to whoever asks
    and is no spoiler to them. ``language`` is a BCP 47 tag; ``likeness`` says how near it is to what was typed:
    the words as they stand, forms of them one after another, all of them, others for which they may be slips, or (where
    that is searched) something like it in other words.
    ``watch_url`` is where the service plays it."""

    title: SceneTitle
    label: str | None
    language: str
    start_us: int
    end_us: int
    parts: list[TextPart]
    likeness: LikenessWord
    watch_url: str
    scene: CrowdScene | None


class SearchResults(BaseModel):
    """What was found for ``words``, the nearest first. ``cut``: more was typed than was looked for; ``hint`` says why
    nothing was (``empty``, ``no_words``, ``one_letter``). ``titles`` are those whose names have the words, on the first
    page; ``next`` is null on the last page."""

    words: list[str]
    cut: bool
    hint: Literal["empty", "no_words", "one_letter"] | None
    items: list[LineFound]
    titles: list[TitleSummary]
    next: str | None
