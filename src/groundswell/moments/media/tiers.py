"""How a moment can be played and saved at present. Pure but for ``facts_of``.

Four tiers, each of which replaces the last when it is ready: **virtual** (at once: HLS of the title's own segments,
played from the exact frame on), **exact** (a second later: HLS and MP4 that hold the clip's frames alone, by smart
cut), **rendered** (seconds later: the profiles in which every frame is encoded). **none**: there is nothing to play
yet.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.tables import Source
from groundswell.media import PROFILES
from groundswell.moments.recipes import COPY, HLS, LIGHT, POSTER, PREVIEW, WIDE, Recipe
from groundswell.moments.tables import Moment, Rendition
from groundswell.platform.database import among
from groundswell.platform.jobs import SOON, WAITING_VIEWER, WHENEVER

Tier = Literal["none", "virtual", "exact", "rendered"]


@dataclass(frozen=True)
class SourceFacts:
    """What a version of a title lets us make of it. ``package_key``, or why there is none: see ``catalog.packages``
    (with both, HLS of it is exact or there is none); ``copies_play``: browsers play what is copied out of it."""

    id: UUID
    package_key: str | None = None
    package_refusal: str | None = None
    copies_play: bool = False

    @property
    def at_once(self) -> bool:
        """Whether its own segments, played from the exact frame on, show a clip."""
        return self.package_key is not None and self.package_refusal is None

    @property
    def exact_mp4(self) -> str:
        """The profile of the first MP4 that every browser plays."""
        return COPY if self.copies_play else WIDE

    def urgency(self, profile: str) -> int:
        """The priority with which a profile is made while somebody watches."""
        return WAITING_VIEWER if profile in {self.exact_mp4, HLS} else SOON

    def wanted(self) -> list[tuple[str, int]]:
        """What a new moment needs, and how urgently: somebody has just saved it and watches."""
        first = [self.exact_mp4, *([HLS] if self.package_key else [])]
        later = [(POSTER, SOON), (LIGHT, SOON), *([(WIDE, SOON)] if WIDE not in first else []), (PREVIEW, WHENEVER)]
        return [(profile, self.urgency(profile)) for profile in first] + later


@dataclass(frozen=True)
class Playable:
    """What of a moment is there. ``mp4`` is the profile to play or save as MP4, and ``rendition`` its state: ready, or
    on its way (None: nobody has asked). ``light``: there is one for slow connections too."""

    tier: Tier
    hls: bool
    mp4: str
    rendition: Rendition | None
    light: bool


def recipe_of(moment: Moment, profile: str) -> Recipe:
    """What determines the media of ``moment`` in ``profile``: of one that has a longest length, the beginning."""
    longest = PROFILES[profile].longest_us if profile in PROFILES else None
    end_us = moment.end_us if longest is None else min(moment.end_us, moment.start_us + longest)
    fills = profile in PROFILES and PROFILES[profile].framing == "fill"
    framing = tuple((us, at) for us, at in moment.framing or []) if fills else ()
    return Recipe(moment.source_id, moment.start_us, end_us, profile, framing=framing)


def recipes_of(moment: Moment, facts: SourceFacts) -> dict[str, Recipe]:
    """The recipes, by profile, that decide how ``moment`` is played."""
    left_out = {HLS} if facts.package_key is None else set()
    left_out |= set() if facts.copies_play else {COPY}
    return {profile: recipe_of(moment, profile) for profile in (COPY, WIDE, LIGHT, HLS) if profile not in left_out}


def playable(facts: SourceFacts, renditions: Mapping[str, Rendition | None]) -> Playable:
    """The best there is, from the renditions (by profile) that exist."""
    ready = {profile for profile, row in renditions.items() if row is not None and row.status == "ready"}
    mp4 = _mp4(facts, renditions, ready)
    tier: Tier = "virtual" if facts.at_once else "none"
    if ready & {HLS, COPY}:
        tier = "exact"
    if WIDE in ready:
        tier = "rendered"
    hls = facts.at_once or (facts.package_key is not None and HLS in ready)
    return Playable(tier, hls, mp4, renditions.get(mp4), LIGHT in ready)


def _mp4(facts: SourceFacts, renditions: Mapping[str, Rendition | None], ready: set[str]) -> str:
    if WIDE in ready or not facts.copies_play:
        return WIDE
    copy = renditions.get(COPY)
    return WIDE if copy is not None and copy.status == "failed" else COPY


async def facts_of(session: AsyncSession, sources: Iterable[UUID]) -> dict[UUID, SourceFacts]:
    """What the versions of titles allow, by id."""
    columns = Source.id, Source.package_key, Source.package_refusal, Source.copies_play
    rows = await session.execute(select(*columns).where(among(Source.id, set(sources))))
    return {row.id: SourceFacts(*row) for row in rows}


async def renditions_of(session: AsyncSession, recipes: Sequence[Recipe]) -> dict[str, Rendition]:
    """The renditions there are, by recipe hash."""
    rows = await session.scalars(select(Rendition).where(among(Rendition.recipe_hash, {r.hash for r in recipes})))
    return {row.recipe_hash: row for row in rows}
