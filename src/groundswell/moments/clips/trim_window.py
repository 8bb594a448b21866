"""What a moment's maker may look at while trimming it: a little of the title around what is chosen, and never the film.

Every window is kept. All that one viewer has had of a title through windows and clips together is bounded, so that
nobody puts a title together out of windows; the parts that rights keep back are in none; and only so many new ones a
minute are given. A window that would be too much is narrowed before it is refused.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.catalog.providers import TitleView, clip_rights, title_view
from groundswell.catalog.tables import Source, Title
from groundswell.catalog.titles import ready_source
from groundswell.moments.spans import cover, covered
from groundswell.moments.tables import Moment, TrimWindow
from groundswell.platform.clock import US_PER_SECOND, utc_now
from groundswell.platform.ids import uuid7
from groundswell.platform.locks import Lock, lock
from groundswell.platform.problems import Problem, TooManyRequests
from groundswell.trust.intervals import IntervalUnion, Span

from .lifecycle import placed, spans_of

MARGINS_US = tuple(seconds * US_PER_SECOND for seconds in (15, 8, 4, 2, 0))
"""How much is shown on either side of what is chosen: the widest that is still allowed."""

LEAST_US = 60 * US_PER_SECOND
PER_MINUTE = 30


class WindowRefused(Problem):
    status, code, title = 403, "window_refused", "You have looked at as much of this title as one may here."


class RangeHeldBack(Problem):
    status, code, title = 403, "range_held_back", "Part of this is kept back; choose another part of the title."


@dataclass(frozen=True)
class Allowance:
    """What may be looked at of a title: ``viewer_us`` by one viewer, ``title_us`` by all, ever, clips included."""

    viewer_us: int
    title_us: int


def allowance(viewer_total_us: int, title_total_us: int, duration_us: int) -> Allowance:
    """Twice what one may clip, at least a minute, at most half of the title; and by all what all may clip. Pure."""
    return Allowance(min(duration_us // 2, max(2 * viewer_total_us, LEAST_US)), title_total_us)


def widened(start_us: int, end_us: int, margin_us: int, duration_us: int, view: TitleView) -> Span:
    """[start, end) with ``margin_us`` on either side, but nothing that ``view`` withholds and nothing past the title.

    What is between must be shown by ``view``. Pure.
    """
    before = max((end for _, end in view.withheld if end <= start_us), default=0)
    after = min((start for start, _ in view.withheld if start >= end_us), default=duration_us)
    return max(before, start_us - margin_us), min(after, duration_us, end_us + margin_us)


async def open_window(
    session: AsyncSession, viewer: Viewer, moment: Moment, start_us: int, end_us: int, territory: str | None
) -> TrimWindow:
    """The window around [start, end) of the title of ``moment``, which is the viewer's own.

    Raises:
        StartNotBeforeEnd, PastTheEnd: the times make no clip of this title.
        ClipRefused, RangeHeldBack: rights keep the title, or this part of it, back.
        WindowRefused: it would be more than one may look at.
        TooManyRequests: too many new windows within a minute.
    """
    title = await session.get_one(Title, moment.title_id)
    source = await session.get_one(Source, moment.source_id)
    start_us, end_us = placed(start_us, end_us, source)
    view = await title_view(session, title, await ready_source(session, title), viewer, territory, "clip")
    if view.refusal is not None:
        raise view.refusal
    if not view.shows(start_us, end_us):
        raise RangeHeldBack()
    await lock(session, Lock.TRIMMING, title.id)
    span = await _widest(session, viewer, title, source, (start_us, end_us), view)
    return await _kept(session, viewer, moment, span)


async def _widest(
    session: AsyncSession, viewer: Viewer, title: Title, source: Source, chosen: Span, view: TitleView
) -> Span:
    duration_us = source.duration_us or 0
    rights = await clip_rights(session, title, source, viewer)
    bound = allowance(rights.viewer_total_us if rights else 0, rights.title_total_us if rights else 0, duration_us)
    mine, everybodys = await _had(session, viewer, title)
    for margin_us in MARGINS_US:
        start_us, end_us = placed(*widened(*chosen, margin_us, duration_us, view), source)
        new, new_of_all = mine.added(start_us, end_us), everybodys.added(start_us, end_us)
        fits = mine.total_us + new <= bound.viewer_us and everybodys.total_us + new_of_all <= bound.title_us
        if fits or not new:
            return start_us, end_us
    raise WindowRefused()


async def _had(session: AsyncSession, viewer: Viewer, title: Title) -> tuple[IntervalUnion, IntervalUnion]:
    """What the viewer, and what everybody, has had of ``title`` through clips and windows."""
    clips = await spans_of(session, title.id, viewer.id)
    theirs = select(TrimWindow.start_us, TrimWindow.end_us).filter_by(title_id=title.id, viewer_id=viewer.id)
    mine = [(start, end) for start, end in await session.execute(theirs.distinct())]
    everybodys = await covered(session, title.id, "clip", "window")
    return IntervalUnion([*clips.by_viewer, *mine]), IntervalUnion(everybodys)


async def _kept(session: AsyncSession, viewer: Viewer, moment: Moment, span: Span) -> TrimWindow:
    known = await session.scalar(select(TrimWindow).filter_by(moment_id=moment.id, start_us=span[0], end_us=span[1]))
    if known is not None:
        return known
    now = utc_now()
    latest = select(TrimWindow.id).where(
        TrimWindow.viewer_id == viewer.id, TrimWindow.created_at > now - timedelta(minutes=1)
    )
    if len((await session.scalars(latest.limit(PER_MINUTE))).all()) == PER_MINUTE:
        raise TooManyRequests(headers={"Retry-After": "60"})
    window = TrimWindow(
        id=uuid7(),
        moment_id=moment.id,
        viewer_id=viewer.id,
        title_id=moment.title_id,
        start_us=span[0],
        end_us=span[1],
        created_at=now,
    )
    session.add(window)
    await session.flush()
    await cover(session, moment.title_id, "window", *span)
    return window
