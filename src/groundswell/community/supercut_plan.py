"""What of a collection goes into its supercut, and what is left out, with the reason."""

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.titles import label_of
from groundswell.moments.availability import Audience, is_open
from groundswell.moments.media.tiers import recipe_of
from groundswell.moments.recipes import WIDE, Recipe
from groundswell.moments.showable import MomentRow, refusals, with_source
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.settings import Settings
from groundswell.trust.policy import PolicyRequest, Purpose, fits_one_clip
from groundswell.trust.rulebook import facts_of, rulebook

from .collection_tables import Collection
from .collections import parts_of

EDITION = 1
"""Part of every hash. Raise it when something else is made of the same."""
PURPOSES: tuple[Purpose, ...] = ("play", "share")
"""What must be allowed of a part. Saving the clip is judged when somebody wants to."""


@dataclass(frozen=True)
class PlannedPart:
    """A moment that goes into a supercut, and what its media is made of."""

    moment: Moment
    recipe: Recipe
    name: str


@dataclass(frozen=True)
class OmittedPart:
    """A part of the collection that does not, by its place (from 0): a reason code, and the title, where whoever asks
    may know of the moment."""

    place: int
    title: str
    reason: str

    def to_document(self) -> dict[str, Any]:
        return {"place": self.place, "title": self.title, "reason": self.reason}


@dataclass(frozen=True)
class SupercutPlan:
    """What goes into a supercut, in order, and what does not."""

    parts: tuple[PlannedPart, ...]
    left_out: tuple[OmittedPart, ...]

    def hash(self, collection: Collection) -> str:
        """SHA-256 over everything the bytes depend on, in hexadecimal: one collection's are its own."""
        made_of = [[part.recipe.hash, part.name] for part in self.parts]
        parts = (EDITION, collection.id, collection.code, json.dumps([collection.name, made_of]))
        return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


def name_of(row: MomentRow) -> str:
    """A part's chapter: its title, and which episode."""
    label = label_of(row.title)
    return f"{row.title.name} · {label}" if label else row.title.name


async def planned(session: AsyncSession, settings: Settings, collection: Collection, asker: Audience) -> SupercutPlan:
    """The plan, as rights, decisions and makers' wishes are now where ``asker`` is.

    A part must be public, playable and shareable without its subtitles, which are not in it. All of one title together
    is no longer than one clip of it may be; all of it, than ``supercut_longest_s``. What is not known is not allowed.
    """
    parts, now = await parts_of(session, collection.id), utc_now()
    rows = {row.moment.id: row for row in await with_source(session, [part.moment_id for part in parts])}
    refused = await refusals(session, list(rows.values()), asker, PURPOSES, captions=False)
    lengths = _Lengths(settings.supercut_longest_s * 1_000_000)
    book = await rulebook(session, *(facts_of(row.title, row.source) for row in rows.values()))
    taken, left_out = list[PlannedPart](), list[OmittedPart]()
    for place, part in enumerate(parts):
        row = rows.get(part.moment_id)
        reason = "title_not_ready" if row is None else _unfit(row.moment) or refused.get(row.moment.id)
        if row is not None and reason is None:
            reason = lengths.refuse(row, lambda row, us: fits_one_clip(book, _so_much(row, us, asker, now)).code)
        if row is not None and reason is None:
            taken.append(PlannedPart(row.moment, recipe_of(row.moment, WIDE), name_of(row)))
        elif reason is not None:
            known = row is not None and is_open(row.moment, asker)
            left_out.append(OmittedPart(place, name_of(row) if known and row is not None else "", reason))
    return SupercutPlan(tuple(taken), tuple(left_out))


def _unfit(moment: Moment) -> str | None:
    if moment.deleted_at is not None:
        return "moment_deleted"
    return None if moment.visibility == "public" else "moment_private"


class _Lengths:
    """How much there is by now: of each title, and in all."""

    def __init__(self, longest_us: int) -> None:
        self._left_us = longest_us
        self._of_title: dict[UUID, int] = defaultdict(int)

    def refuse(self, row: MomentRow, judge: Any) -> str | None:
        """Add a moment, or say why it is too much."""
        length = row.moment.end_us - row.moment.start_us
        if length > self._left_us:
            return "supercut_too_long"
        code: str = judge(row, self._of_title[row.title.id] + length)
        if code != "allowed":
            return code
        self._left_us -= length
        self._of_title[row.title.id] += length
        return None


def _so_much(row: MomentRow, length_us: int, asker: Audience, at: datetime) -> PolicyRequest:
    return PolicyRequest(facts_of(row.title, row.source), 0, length_us, at, asker.territory)
