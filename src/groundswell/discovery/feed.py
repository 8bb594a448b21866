"""Discover: scenes by the rate of votes, of which only what may be shown now is shown."""

import base64
import binascii
import math
import struct
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.accounts.tables import Viewer
from groundswell.catalog.made import titles_made
from groundswell.catalog.spoilers import seen_by, spoils
from groundswell.catalog.tables import Source, Title
from groundswell.moments.availability import VISITOR, Audience
from groundswell.moments.showable import MomentRow, showable
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.pages import CursorInvalid

from .ranking import Gate, ranked
from .rate import rate as rate_of
from .rate import usual
from .rises import trend
from .schemas import COUNTS, BestMoment, Discover, SceneOut, SceneTitle
from .tables import SceneLocal, SceneRow, SceneVote
from .threshold import Ranked
from .trending.tables import SceneStanding

SceneCandidate = Row[SceneRow, Moment, Title, Source, Viewer]


class ListPlace(NamedTuple):
    """Where a page begins: after the scene ``id``, which came at ``rate``, in the order of the instant ``now_s``."""

    now_s: float
    rate: float
    id: UUID


@dataclass(frozen=True)
class Only:
    """To which scenes a list is narrowed: those whose title, quote, or whose best moment's words or maker's name hold
    ``words`` (in any case), and whose best moment was clipped at ``since`` or later; of titles of a ``genre`` or made
    in a ``language`` (BCP 47); those that ``people`` (of a viewer's choice) clipped in public and by name. Of a
    ``territory`` (ISO 3166-1 alpha-2), the order is by the votes from there."""

    words: str = ""
    since: datetime | None = None
    territory: str | None = None
    genre: str | None = None
    language: str | None = None
    people: frozenset[UUID] | None = None


EVERYTHING = Only()
PLACE = ">dd16s"
DAY_S = 86_400
FEATURED = 6
"""Scenes that stand above a list at most."""


def encode_place(place: ListPlace) -> str:
    packed = struct.pack(PLACE, place.now_s, place.rate, place.id.bytes)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def decode_place(cursor: str | None) -> ListPlace | None:
    """After what a page begins.

    Raises:
        CursorInvalid: not a cursor of ours.
    """
    if cursor is None:
        return None
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        now_s, rate, id = struct.unpack(PLACE, base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, UnicodeEncodeError, struct.error):
        raise CursorInvalid() from None
    if not (math.isfinite(rate) and 0 <= now_s <= utc_now().timestamp() + 1):
        raise CursorInvalid()
    return ListPlace(now_s, rate, UUID(bytes=id))


async def discover(
    session: AsyncSession,
    *,
    gate: Gate,
    cursor: str | None = None,
    limit: int = 24,
    title_id: UUID | None = None,
    audience: Audience = VISITOR,
    only: Only = EVERYTHING,
) -> Discover:
    """A page of scenes, those first for which votes come fastest. Pages of one list have the order of the instant at
    which the first was made.

    Args:
        gate: what a scene must have passed to be listed.
        title_id: only of this title.
        audience: who asks; rights differ by where they are, and by profile and plan.
        only: which scenes.

    Raises:
        CursorInvalid: ``cursor`` was not made here.
    """
    place = decode_place(cursor)
    now_s = place.now_s if place is not None else utc_now().timestamp()
    scenes = ranked(session, lambda query: gate.passed(_narrowed(query, title_id, only)), now_s, only.territory)
    shown: list[tuple[Ranked, SceneCandidate]] = []
    async for chunk in _chunks(_after(scenes, place), limit + 1):
        shown += await scenes_showable(session, await candidates_among(session, chunk), audience)
        if len(shown) > limit:
            break
    more, shown = len(shown) > limit, shown[:limit]
    local = await _local(session, only.territory, [each.id for each, _ in shown])
    return Discover(
        items=[scene_out(row, each.rate, now_s, local.get(each.id)) for each, row in shown],
        next=encode_place(ListPlace(now_s, *shown[-1][0])) if more else None,
        counts=COUNTS,
        as_of=await session.scalar(select(func.max(SceneRow.refreshed_at))),
    )


async def featured(session: AsyncSession, audience: Audience, title_id: UUID | None = None) -> list[SceneOut]:
    """The scenes that staff feature and that may be shown to whoever asks, those featured last first; they need not
    have passed the gate."""
    query = select(SceneRow).join(SceneStanding, SceneStanding.scene_id == SceneRow.id)
    query = query.where(SceneStanding.featured_at.is_not(None), SceneStanding.state != "held")
    if title_id is not None:
        query = query.where(SceneRow.title_id == title_id)
    now_s = utc_now().timestamp()
    rows = (await session.scalars(query.order_by(SceneStanding.featured_at.desc()).limit(FEATURED))).all()
    found = [Ranked(_rate(row, now_s), row.id) for row in rows]
    shown = await scenes_showable(session, await candidates_among(session, found), audience)
    return [scene_out(row, each.rate, now_s) for each, row in shown]


async def veil(session: AsyncSession, caller: Caller | None, scenes: Sequence[SceneOut]) -> None:
    """Take out of scenes the words that would spoil something for whoever asks."""
    found = await session.scalars(select(Title).where(among(Title.id, {scene.title.id for scene in scenes})))
    titles = {title.id: title for title in found}
    seen = await seen_by(session, caller, titles.values())
    for scene in scenes:
        if spoils(seen, titles[scene.title.id], scene.best.start_us, marked=scene.best.spoiler):
            scene.spoils, scene.quote, scene.best.caption = True, None, ""


def _rate(scene: SceneRow, now_s: float) -> float:
    logs = (scene.quick_log, scene.middle_log, scene.slow_log)
    return rate_of(logs, now_s - scene.begun_at.timestamp(), now_s)


async def _local(session: AsyncSession, territory: str | None, ids: Sequence[UUID]) -> dict[UUID, SceneLocal]:
    """The counters of scenes in one country."""
    if territory is None:
        return {}
    query = select(SceneLocal).where(SceneLocal.territory == territory, among(SceneLocal.scene_id, ids))
    return {row.scene_id: row for row in await session.scalars(query)}


async def _after(scenes: AsyncIterator[Ranked], place: ListPlace | None) -> AsyncIterator[Ranked]:
    async for each in scenes:
        if place is None or (-each.rate, each.id) > (-place.rate, place.id):
            yield each


async def _chunks(scenes: AsyncIterator[Ranked], size: int) -> AsyncIterator[list[Ranked]]:
    chunk: list[Ranked] = []
    async for each in scenes:
        chunk.append(each)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _narrowed(query: Select[Any], title_id: UUID | None, only: Only) -> Select[Any]:
    """A query for scenes, only those that are asked for."""
    if title_id is not None:
        query = query.where(SceneRow.title_id == title_id)
    if only.words or only.since is not None:
        query = query.join(Moment, Moment.id == SceneRow.best_moment_id)
    if only.words:
        query = query.join(Title, Title.id == SceneRow.title_id).join(Viewer, Viewer.id == Moment.viewer_id)
        named = and_(Moment.credit_me, Viewer.name.icontains(only.words, autoescape=True))
        spoken = [each.icontains(only.words, autoescape=True) for each in (SceneRow.quote, Moment.caption)]
        titled = Title.name.icontains(only.words, autoescape=True)
        query = query.where(or_(titled, and_(~Moment.spoiler, or_(*spoken)), named))
    if only.since is not None:
        query = query.where(Moment.created_at >= only.since)
    if only.genre or only.language:
        query = query.where(SceneRow.title_id.in_(titles_made(only.genre, only.language)))
    if only.people is not None:
        theirs = select(SceneVote.scene_id).join(Moment, Moment.id == SceneVote.moment_id)
        theirs = theirs.where(among(Moment.viewer_id, only.people), Moment.credit_me, SceneVote.public)
        query = query.where(SceneRow.id.in_(theirs))
    return query


async def candidates_among(session: AsyncSession, chunk: Sequence[Ranked]) -> list[tuple[Ranked, SceneCandidate]]:
    """The rows of scenes whose best moment is still up, in the order given."""
    query = (
        select(SceneRow, Moment, Title, Source, Viewer)
        .join(Moment, Moment.id == SceneRow.best_moment_id)
        .join(Title, Title.id == SceneRow.title_id)
        .join(Source, Source.id == Title.current_source_id)
        .join(Viewer, Viewer.id == Moment.viewer_id)
        .where(
            among(SceneRow.id, [each.id for each in chunk]),
            Moment.visibility == "public",
            Moment.deleted_at.is_(None),
        )
    )
    rows = {row[0].id: row for row in await session.execute(query)}
    return [(each, rows[each.id]) for each in chunk if each.id in rows]


async def scenes_showable(
    session: AsyncSession, found: Sequence[tuple[Ranked, SceneCandidate]], audience: Audience
) -> list[tuple[Ranked, SceneCandidate]]:
    """Those whose best moment may be shown to whoever asks."""
    rows = [MomentRow(moment, title, source) for _, (_, moment, title, source, _) in found]
    shown = await showable(session, rows, audience)
    return [(each, row) for each, row in found if row[1].id in shown]


def scene_out(row: SceneCandidate, rate: float, now_s: float, local: SceneLocal | None = None) -> SceneOut:
    """A scene as the API shows it; by its counters in one country, where ``local`` has them."""
    scene, moment, title, _, viewer = row
    counters = local or scene
    return SceneOut(
        id=scene.id,
        title=SceneTitle(id=title.id, slug=title.slug, name=title.name),
        start_us=scene.start_us,
        end_us=scene.end_us,
        best=BestMoment(
            id=moment.id,
            code=moment.code,
            url=f"/m/{moment.code}",
            caption=moment.caption,
            start_us=moment.start_us,
            end_us=moment.end_us,
            spoiler=moment.spoiler,
            by=viewer.name if moment.credit_me else None,
        ),
        moments=scene.moments,
        sharers=scene.sharers,
        clicks=scene.clicks,
        plays=scene.plays,
        quote=scene.quote,
        heat=round(rate, 2),
        trend=trend(counters.middle_log, counters.slow_log, now_s),
        times_usual=_times_usual(scene, counters.slow_log, rate, now_s),
    )


def _times_usual(scene: SceneRow, slow_log: float, rate: float, now_s: float) -> float | None:
    age_s = now_s - scene.begun_at.timestamp()
    return None if age_s < DAY_S else round(rate / usual(slow_log, age_s, now_s), 1)
