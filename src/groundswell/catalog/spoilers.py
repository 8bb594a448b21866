"""Who should not see a moment yet: it is marked as a spoiler, or lies beyond where they are in the series."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, Uuid, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from groundswell.accounts.access import Caller
from groundswell.platform.database import PreparedStatement, among

from .tables import Progress, Title

Place = tuple[int, int]


@dataclass(frozen=True)
class ViewerProgress:
    """How far a viewer has got: microseconds by title, and the last episode they began by series."""

    positions: dict[UUID, int]
    reached: dict[UUID, Place]


NOTHING_KNOWN = ViewerProgress({}, {})


def spoils(seen: ViewerProgress, title: Title, start_us: int, *, marked: bool) -> bool:
    """Whether a moment that starts at ``start_us`` should be veiled.

    A marked one is, until the viewer has got there. An unmarked one is only for somebody in the middle of the series
    who has not: to a stranger it is an invitation.
    """
    if seen.positions.get(title.id, 0) >= start_us > 0:
        return False
    reached = None if title.series_id is None else seen.reached.get(title.series_id)
    if reached is None or title.season is None or title.episode is None:
        return marked
    place = (title.season, title.episode)
    return place >= reached if marked else place > reached or (place == reached and title.id in seen.positions)


def spoiled_from(seen: ViewerProgress, title: Title) -> int | None:
    """Where in ``title`` everything begins to spoil, in microseconds: the start from which ``spoils`` veils what nobody
    marked. None: nowhere."""
    reached = None if title.series_id is None else seen.reached.get(title.series_id)
    if reached is None or title.season is None or title.episode is None:
        return None
    place = (title.season, title.episode)
    if place > reached:
        return 0
    return seen.positions.get(title.id) if place == reached else None


async def seen_by(session: AsyncSession, caller: Caller | None, titles: Iterable[Title]) -> ViewerProgress:
    """How far the viewer has got in ``titles`` and the series that they belong to."""
    titles = list(titles)
    if caller is None or not titles:
        return NOTHING_KNOWN
    series = {title.series_id for title in titles if title.series_id is not None}
    query = (
        select(Title.id, Title.series_id, Title.season, Title.episode, Progress.position_us)
        .join(Progress, Progress.title_id == Title.id)
        .where(Progress.viewer_id == caller.id)
        .where(among(Title.id, {title.id for title in titles}) | among(Title.series_id, series))
    )
    positions: dict[UUID, int] = {}
    reached: dict[UUID, Place] = {}
    for id, series_id, season, episode, position_us in await session.execute(query):
        positions[id] = position_us
        if series_id is not None and season is not None and episode is not None:
            reached[series_id] = max(reached.get(series_id, (0, 0)), (season, episode))
    return ViewerProgress(positions, reached)


async def spoiled_titles(session: AsyncSession, viewer_id: UUID) -> dict[UUID, int]:
    """In every title of the series that a viewer is in the middle of: the microsecond after which what nobody marked
    spoils something (``spoils``); of what they have not come to, all (-1)."""
    rows = await IN_THE_MIDDLE_OF.rows(session, viewer=viewer_id)
    reached: dict[UUID, Place] = {}
    for _, series_id, season, episode, position_us in rows:
        if position_us is not None:
            reached[series_id] = max(reached.get(series_id, (0, 0)), (season, episode))
    unseen = {id: -1 for id, series_id, *place, _ in rows if tuple(place) > reached[series_id]}
    at = {id: position_us for id, series_id, *place, position_us in rows if tuple(place) == reached[series_id]}
    return unseen | at


def _in_the_middle_of() -> Select[UUID, UUID | None, int | None, int | None, int]:
    """Every title of the series of which a viewer has begun one, with where they are in it."""
    begun, viewer = aliased(Title), bindparam("viewer", None, type_=Uuid)
    in_it = select(begun.series_id).join(Progress, Progress.title_id == begun.id).where(Progress.viewer_id == viewer)
    return (
        select(Title.id, Title.series_id, Title.season, Title.episode, Progress.position_us)
        .outerjoin(Progress, (Progress.title_id == Title.id) & (Progress.viewer_id == viewer))
        .where(Title.series_id.in_(in_it.where(begun.series_id.is_not(None))))
    )


IN_THE_MIDDLE_OF = PreparedStatement(_in_the_middle_of())
