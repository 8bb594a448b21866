"""Discover: scenes by heat, of which only what may be shown now is shown."""

import base64
import binascii
import struct
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Row, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.catalog.tables import Source, Title
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.pages import CursorInvalid
from groundswell.trust.decisions import active_among
from groundswell.trust.policy import ClipRequest, decide
from groundswell.trust.rulebook import facts_of, rulebook

from . import heat
from .schemas import COUNTS, BestMoment, Discover, SceneOut, SceneTitle
from .tables import SceneRow

Candidate = Row[SceneRow, Moment, Title, Source, Viewer]
Place = tuple[float, UUID]


def encode_place(scene: SceneRow) -> str:
    return base64.urlsafe_b64encode(struct.pack(">d16s", scene.log_heat, scene.id.bytes)).decode()


def decode_place(cursor: str | None) -> Place | None:
    """After which heat and scene a page begins.

    Raises:
        CursorInvalid: not a cursor of ours.
    """
    if cursor is None:
        return None
    try:
        log, id = struct.unpack(">d16s", base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, UnicodeEncodeError, struct.error):
        raise CursorInvalid() from None
    if log != log:
        raise CursorInvalid()
    return log, UUID(bytes=id)


async def discover(
    session: AsyncSession,
    *,
    cursor: str | None = None,
    limit: int = 24,
    title_id: UUID | None = None,
    territory: str | None = None,
    member: bool = False,
) -> Discover:
    """A page of scenes, the hottest first.

    Args:
        title_id: only of this title.
        territory, member: who asks; rights may differ by both.

    Raises:
        CursorInvalid: ``cursor`` was not made here.
    """
    shown: list[Candidate] = []
    place, more = decode_place(cursor), True
    while more and len(shown) < limit:
        candidates = await _candidates(session, place, limit, title_id)
        more = len(candidates) == limit
        for row in await _showable(session, candidates, territory, member):
            shown.append(row)
        if candidates:
            place = (candidates[-1][0].log_heat, candidates[-1][0].id)
    more = more or len(shown) > limit
    shown = shown[:limit]
    return Discover(
        items=[_scene(row) for row in shown],
        next=encode_place(shown[-1][0]) if more and shown else None,
        counts=COUNTS,
        as_of=await session.scalar(select(func.max(SceneRow.refreshed_at))),
    )


async def _candidates(
    session: AsyncSession, place: Place | None, limit: int, title_id: UUID | None
) -> Sequence[Candidate]:
    query = (
        select(SceneRow, Moment, Title, Source, Viewer)
        .join(Moment, Moment.id == SceneRow.best_moment_id)
        .join(Title, Title.id == SceneRow.title_id)
        .join(Source, Source.id == Title.current_source_id)
        .join(Viewer, Viewer.id == Moment.viewer_id)
        .where(Moment.visibility == "public", Moment.deleted_at.is_(None))
        .order_by(SceneRow.log_heat.desc(), SceneRow.id)
        .limit(limit)
    )
    if title_id is not None:
        query = query.where(SceneRow.title_id == title_id)
    if place is not None:
        log, id = place
        query = query.where(or_(SceneRow.log_heat < log, and_(SceneRow.log_heat == log, SceneRow.id > id)))
    return (await session.execute(query)).all()


async def _showable(
    session: AsyncSession, rows: Sequence[Candidate], territory: str | None, member: bool
) -> list[Candidate]:
    """Those that neither a decision nor the title's rights keep from whoever asks."""
    hidden = await active_among(session, "moment", [moment.id for _, moment, *_ in rows])
    hidden |= await active_among(session, "title", [title.id for _, _, title, *_ in rows])
    hidden |= await active_among(session, "viewer", [moment.viewer_id for _, moment, *_ in rows])
    book = await rulebook(session)
    shown = []
    for row in rows:
        _, moment, title, source, _ = row
        request = ClipRequest(
            facts_of(title, source), moment.start_us, moment.end_us, utc_now(), territory, member=member
        )
        if hidden.keys().isdisjoint({moment.id, title.id, moment.viewer_id}) and decide(book, request, "play").allowed:
            shown.append(row)
    return shown


def _scene(row: Candidate) -> SceneOut:
    scene, moment, title, _, viewer = row
    now = utc_now().timestamp()
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
        heat=round(heat.level(scene.log_heat, now), 2),
        trend=heat.trend(scene.log_heat, scene.quick_log, now),
    )
