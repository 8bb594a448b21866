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

from groundswell.accounts.tables import Viewer
from groundswell.catalog.tables import Source, Title
from groundswell.moments.availability import VISITOR, Audience
from groundswell.moments.showable import MomentRow, showable
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.pages import CursorInvalid

from .ranking import Gate, ranked
from .rate import usual
from .rises import trend
from .schemas import COUNTS, BestMoment, Discover, SceneOut, SceneTitle
from .tables import SceneRow
from .threshold import Ranked

SceneCandidate = Row[SceneRow, Moment, Title, Source, Viewer]


class ListPlace(NamedTuple):
    """Where a page begins: after the scene ``id``, which came at ``rate``, in the order of the instant ``now_s``."""

    now_s: float
    rate: float
    id: UUID


@dataclass(frozen=True)
class Only:
    """To which scenes a list is narrowed: those whose title, quote, or whose best moment's words or maker's name hold
    ``words`` (in any case), and whose best moment was clipped at ``since`` or later."""

    words: str = ""
    since: datetime | None = None


EVERYTHING = Only()
PLACE = ">dd16s"
DAY_S = 86_400


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
    scenes = ranked(session, lambda query: gate.passed(_narrowed(query, title_id, only)), now_s)
    shown: list[tuple[Ranked, SceneCandidate]] = []
    async for chunk in _chunks(_after(scenes, place), limit + 1):
        shown += await scenes_showable(session, await candidates_among(session, chunk), audience)
        if len(shown) > limit:
            break
    more, shown = len(shown) > limit, shown[:limit]
    return Discover(
        items=[scene_out(row, each.rate, now_s) for each, row in shown],
        next=encode_place(ListPlace(now_s, *shown[-1][0])) if more else None,
        counts=COUNTS,
        as_of=await session.scalar(select(func.max(SceneRow.refreshed_at))),
    )


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


def scene_out(row: SceneCandidate, rate: float, now_s: float) -> SceneOut:
    scene, moment, title, _, viewer = row
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
        trend=trend(scene.middle_log, scene.slow_log, now_s),
        times_usual=_times_usual(scene, rate, now_s),
    )


def _times_usual(scene: SceneRow, rate: float, now_s: float) -> float | None:
    age_s = now_s - scene.begun_at.timestamp()
    return None if age_s < DAY_S else round(rate / usual(scene.slow_log, age_s, now_s), 1)
