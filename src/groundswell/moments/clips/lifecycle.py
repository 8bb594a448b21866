"""Making, changing and deleting moments."""

from dataclasses import dataclass
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.catalog.tables import Source, Title
from groundswell.catalog.titles import find_title, ready_source
from groundswell.moments.media.renditions import prepare
from groundswell.moments.signals import MomentChanged, MomentCreated, MomentDeleted
from groundswell.moments.spans import cover, covered
from groundswell.moments.tables import ClippedSpan, Moment
from groundswell.platform.clock import format_us, utc_now
from groundswell.platform.ids import random_code, uuid7
from groundswell.platform.locks import Lock, lock
from groundswell.platform.problems import Problem
from groundswell.platform.signals import send
from groundswell.trust.clip_checks import check_clip
from groundswell.trust.providers import ClipSpans, clip_spans

from .captions import cleaned
from .frame_grid import FrameGrid, snapped

PLAYERS_OVERSHOOT_US = 250_000
"""Browsers report times a little past the end of some files; that much is taken as the end."""


class StartNotBeforeEnd(Problem):
    status, code, title = 422, "start_not_before_end", "The start must come before the end."


class PastTheEnd(Problem):
    status, code, title = 422, "past_the_end", "The clip does not lie within the title."


@dataclass(frozen=True)
class ClipText:
    """What a viewer says with a clip."""

    caption: str = ""
    visibility: str = "unlisted"
    spoiler: bool = False
    credit_me: bool = True


async def make_moment(
    session: AsyncSession, viewer: Viewer, title_name: str, start_us: int, end_us: int, words: ClipText
) -> Moment:
    """A new moment of ``viewer``, its ends moved to the frame grid; its media is queued.

    Raises:
        TitleUnknown, TitleNotReady: there is nothing to clip from.
        StartNotBeforeEnd, PastTheEnd: the times make no clip.
        CaptionTooLong: the words are too many.
        ClipRefused: the title's rights do not allow it.
    """
    title = await find_title(session, title_name)
    caption = cleaned(words.caption)
    source = await ready_source(session, title)
    start_us, end_us = placed(start_us, end_us, source)
    await _one_at_a_time(session, title.id)
    await _check(session, viewer, title, start_us, end_us)
    moment = Moment(
        id=uuid7(),
        code=random_code(10),
        viewer_id=viewer.id,
        title_id=title.id,
        source_id=source.id,
        start_us=start_us,
        end_us=end_us,
        caption=caption,
        visibility=words.visibility,
        spoiler=words.spoiler,
        credit_me=words.credit_me,
        note="",
        created_at=utc_now(),
    )
    session.add(moment)
    await session.flush()
    await _note_span(session, moment)
    await prepare(session, moment)
    await send(session, MomentCreated(moment))
    return moment


async def change_moment(session: AsyncSession, viewer: Viewer, moment: Moment, changes: dict[str, Any]) -> None:
    """Change words, visibility or span. The links stay; they show the moment as it is now.

    Raises:
        as ``make_moment``; a span that does not change is not judged again.
    """
    for name in ("caption", "note"):
        if name in changes:
            changes[name] = cleaned(changes[name])
    if changes.get("framing") is not None:
        chosen = sorted(changes["framing"], key=itemgetter("start_us"))
        changes["framing"] = [[framed["start_us"], framed["focus"]] for framed in chosen] or None
    span = changes.pop("start_us", moment.start_us), changes.pop("end_us", moment.end_us)
    if span != (moment.start_us, moment.end_us):
        await _trim(session, viewer, moment, *span)
    for name, value in changes.items():
        setattr(moment, name, value)
    await session.flush()
    await send(session, MomentChanged(moment))


async def delete_moment(session: AsyncSession, moment: Moment) -> None:
    """Delete ``moment``: its row stays, so that its links can say so. Nothing of its media is served any more."""
    if moment.deleted_at is None:
        moment.deleted_at = utc_now()
        await session.flush()
        await send(session, MomentDeleted(moment))


def placed(start_us: int, end_us: int, source: Source) -> tuple[int, int]:
    """The span on the frame grid of ``source``.

    Raises:
        StartNotBeforeEnd, PastTheEnd: it makes no clip of this title.
    """
    if start_us >= end_us:
        raise StartNotBeforeEnd()
    grid = FrameGrid.of(source)
    if start_us >= grid.duration_us or end_us > grid.duration_us + PLAYERS_OVERSHOOT_US:
        raise PastTheEnd(f"The title is {format_us(grid.duration_us)} long.", duration_us=grid.duration_us)
    start_us, end_us = snapped(start_us, end_us, grid)
    if start_us >= end_us:
        raise PastTheEnd("There is no frame after the start.", duration_us=grid.duration_us)
    return start_us, end_us


async def _trim(session: AsyncSession, viewer: Viewer, moment: Moment, start_us: int, end_us: int) -> None:
    title = await session.get_one(Title, moment.title_id)
    source = await session.get_one(Source, moment.source_id)
    start_us, end_us = placed(start_us, end_us, source)
    await _one_at_a_time(session, title.id)
    await _check(session, viewer, title, start_us, end_us)
    moment.start_us, moment.end_us = start_us, end_us
    await session.flush()
    await _note_span(session, moment)
    await prepare(session, moment)


async def _one_at_a_time(session: AsyncSession, title_id: UUID) -> None:
    """Until this transaction ends, nobody else clips the title: what the caps count cannot change meanwhile."""
    await lock(session, Lock.CLIPPING, title_id)


async def _check(session: AsyncSession, viewer: Viewer, title: Title, start_us: int, end_us: int) -> None:
    spans = await spans_of(session, title.id, viewer.id)
    await check_clip(
        session,
        viewer=viewer,
        title=title,
        start_us=start_us,
        end_us=end_us,
        territory=viewer.territory,
        at=utc_now(),
        by_viewer=spans.by_viewer,
        by_title=spans.by_title,
    )


async def _note_span(session: AsyncSession, moment: Moment) -> None:
    of = {"moment_id": moment.id, "viewer_id": moment.viewer_id, "title_id": moment.title_id}
    span = {"start_us": moment.start_us, "end_us": moment.end_us}
    await session.execute(insert(ClippedSpan).values(id=uuid7(), **of, **span).on_conflict_do_nothing())
    await cover(session, moment.title_id, "clip", moment.start_us, moment.end_us)


@clip_spans.answer
async def spans_of(session: AsyncSession, title_id: UUID, viewer_id: UUID | None) -> ClipSpans:
    """What counts towards the caps of a title: all that the viewer, and all that anybody, has ever clipped of it."""
    theirs = select(ClippedSpan.start_us, ClippedSpan.end_us).filter_by(title_id=title_id, viewer_id=viewer_id)
    mine = [] if viewer_id is None else [(start, end) for start, end in await session.execute(theirs.distinct())]
    return ClipSpans(by_viewer=mine, by_title=await covered(session, title_id, "clip"))
