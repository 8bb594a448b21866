"""Which spans of titles are clipped: by moments that live, and by all there ever were."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Select, delete, func, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.platform.database import among
from groundswell.trust.intervals import Span

from .tables import ClippedSpan, CoveredRange, Moment, TrimWindow

Spans = dict[UUID, list[Span]]
Kind = Literal["clip", "window"]

PAGE = 2_000


@dataclass(frozen=True)
class LiveMoment:
    """A live moment as a change of rights touches it."""

    code: str
    caption: str
    title_id: UUID
    start_us: int
    end_us: int
    maker: str
    maker_id: UUID


async def live_moments(session: AsyncSession, title_ids: Iterable[UUID]) -> AsyncIterator[LiveMoment]:
    """The live moments of titles, in the order of title and time."""
    place = Moment.title_id, Moment.start_us, Moment.id
    query = (
        select(
            Moment.id,
            Moment.code,
            Moment.caption,
            Moment.title_id,
            Moment.start_us,
            Moment.end_us,
            Viewer.name,
            Viewer.id,
        )
        .join(Viewer, Viewer.id == Moment.viewer_id)
        .where(Moment.deleted_at.is_(None), among(Moment.title_id, set(title_ids)))
        .order_by(*place)
        .limit(PAGE)
    )
    rows = (await session.execute(query)).all()
    while rows:
        for row in rows:
            yield LiveMoment(*row[1:])
        last = rows[-1]
        after = tuple_(*place) > tuple_(last.title_id, last.start_us, last.id)
        rows = [] if len(rows) < PAGE else (await session.execute(query.where(after))).all()


async def live_counts(session: AsyncSession, title_ids: Iterable[UUID]) -> dict[UUID, int]:
    """How many live moments each title has; those that have none are not in it."""
    query = select(Moment.title_id, func.count()).where(Moment.deleted_at.is_(None))
    rows = await session.execute(query.where(among(Moment.title_id, set(title_ids))).group_by(Moment.title_id))
    return {title: count for title, count in rows}  # noqa: C416 - rows are no pairs


async def live_spans(session: AsyncSession, title_ids: Iterable[UUID]) -> Spans:
    """What live moments cover of each title: disjoint spans, ascending."""
    return await _spans(session, _united(Moment, Moment.deleted_at.is_(None), title_ids))


async def clipped_spans(session: AsyncSession, title_ids: Iterable[UUID]) -> Spans:
    """What was ever clipped of each title: disjoint spans, ascending."""
    columns = CoveredRange.title_id, CoveredRange.start_us, CoveredRange.end_us
    query = select(*columns).where(CoveredRange.kind == "clip", among(CoveredRange.title_id, set(title_ids)))
    return await _spans(session, query.order_by(CoveredRange.title_id, CoveredRange.start_us))


async def covered(session: AsyncSession, title_id: UUID, *kinds: Kind) -> list[Span]:
    """What all clips, all windows, or both, that there ever were cover of a title."""
    query = select(CoveredRange.start_us, CoveredRange.end_us).filter_by(title_id=title_id)
    return [(start, end) for start, end in await session.execute(query.where(among(CoveredRange.kind, kinds)))]


async def cover(session: AsyncSession, title_id: UUID, kind: Kind, start_us: int, end_us: int) -> None:
    """Add [start, end) to what is covered of a title, whose lock of that kind the caller holds."""
    touching = delete(CoveredRange).where(CoveredRange.start_us <= end_us, CoveredRange.end_us >= start_us)
    touching = touching.where(CoveredRange.title_id == title_id, CoveredRange.kind == kind)
    gone = (await session.execute(touching.returning(CoveredRange.start_us, CoveredRange.end_us))).all()
    whole = {
        "start_us": min([start_us, *(row.start_us for row in gone)]),
        "end_us": max([end_us, *(row.end_us for row in gone)]),
    }
    await session.execute(insert(CoveredRange).values(title_id=title_id, kind=kind, **whole))


async def cover_anew(session: AsyncSession, title_ids: Iterable[UUID]) -> None:
    """Count what is covered of titles from every span there is, after many were written at once."""
    ids = set(title_ids)
    await session.execute(delete(CoveredRange).where(among(CoveredRange.title_id, ids)))
    kinds: tuple[tuple[Kind, Any], ...] = (("clip", ClippedSpan), ("window", TrimWindow))
    for kind, table in kinds:
        united = _united(table, True, ids)
        for title_id, spans in (await _spans(session, united)).items():
            rows = [{"title_id": title_id, "kind": kind, "start_us": start, "end_us": end} for start, end in spans]
            await session.execute(insert(CoveredRange), rows)


def _united(table: Any, condition: Any, title_ids: Iterable[UUID]) -> Select[UUID, int, int]:
    """The union of a table's spans by title, made by the database."""
    union = func.range_agg(func.int8range(table.start_us, table.end_us))
    spans = select(table.title_id, func.unnest(union).label("span"))
    united = spans.where(condition, among(table.title_id, set(title_ids))).group_by(table.title_id).subquery()
    columns = united.c.title_id, func.lower(united.c.span), func.upper(united.c.span)
    return select(*columns).order_by(united.c.title_id, func.lower(united.c.span))


async def _spans(session: AsyncSession, query: Select[UUID, int, int]) -> Spans:
    spans: Spans = defaultdict(list)
    for title, start, end in await session.execute(query):
        spans[title].append((start, end))
    return spans
