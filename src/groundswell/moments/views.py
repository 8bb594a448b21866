"""Moments as the API shows them. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.catalog.tables import Series, Title
from groundswell.catalog.titles import label_of
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings

from .availability import Audience, why_unavailable
from .recipes import WIDE
from .renditions import recipe_of
from .schemas import Media, MomentOut, MomentTitle, Person, Progress, Reason
from .tables import Moment, Rendition


@dataclass(frozen=True)
class Surroundings:
    """The rows around some moments: by id, renditions by recipe hash."""

    titles: dict[UUID, Title]
    series: dict[UUID, Series]
    viewers: dict[UUID, Viewer]
    renditions: dict[str, Rendition]


async def surroundings(session: AsyncSession, moments: Sequence[Moment]) -> Surroundings:
    titles = (await session.scalars(select(Title).where(Title.id.in_({m.title_id for m in moments})))).all()
    series_ids = {title.series_id for title in titles if title.series_id is not None}
    series = (await session.scalars(select(Series).where(Series.id.in_(series_ids)))).all()
    viewers = (await session.scalars(select(Viewer).where(Viewer.id.in_({m.viewer_id for m in moments})))).all()
    hashes = {recipe_of(moment, WIDE).hash for moment in moments}
    renditions = (await session.scalars(select(Rendition).where(Rendition.recipe_hash.in_(hashes)))).all()
    return Surroundings(
        {title.id: title for title in titles},
        {each.id: each for each in series},
        {viewer.id: viewer for viewer in viewers},
        {rendition.recipe_hash: rendition for rendition in renditions},
    )


async def show_all(
    session: AsyncSession, settings: Settings, moments: Sequence[Moment], audience: Audience
) -> list[MomentOut]:
    """Several moments as ``audience`` may see them."""
    around = await surroundings(session, moments)
    shown = []
    for moment in moments:
        problem = await why_unavailable(session, moment, around.titles[moment.title_id], audience)
        shown.append(_moment(settings, moment, around, audience, problem))
    return shown


async def show(session: AsyncSession, settings: Settings, moment: Moment, audience: Audience) -> MomentOut:
    """One moment as ``audience`` may see it."""
    return (await show_all(session, settings, [moment], audience))[0]


def moment_url(settings: Settings, moment: Moment) -> str:
    """The moment's public address."""
    return f"{settings.base_url.rstrip('/')}/m/{moment.code}"


def _moment(
    settings: Settings, moment: Moment, around: Surroundings, audience: Audience, problem: Problem | None
) -> MomentOut:
    mine = audience.viewer_id == moment.viewer_id
    maker = around.viewers[moment.viewer_id]
    title = around.titles[moment.title_id]
    return MomentOut(
        id=moment.id,
        code=moment.code,
        url=moment_url(settings, moment),
        title=_title(title, None if title.series_id is None else around.series[title.series_id]),
        by=Person(name=maker.name, handle=maker.handle) if moment.credit_me else None,
        start_us=moment.start_us,
        end_us=moment.end_us,
        duration_us=moment.end_us - moment.start_us,
        caption=moment.caption,
        note=moment.note if mine else None,
        visibility=moment.visibility,
        spoiler=moment.spoiler,
        credit_me=moment.credit_me,
        created_at=moment.created_at,
        media=_media(moment, around.renditions.get(recipe_of(moment, WIDE).hash), shown=problem is None),
        available=problem is None,
        unavailable_reason=None if problem is None else Reason(code=problem.reason(), words=problem.detail),
    )


def _title(title: Title, series: Series | None) -> MomentTitle:
    return MomentTitle(
        id=title.id,
        slug=title.slug,
        name=title.name,
        series=None if series is None else series.name,
        label=label_of(title),
        poster_url=f"/titles/{title.slug}/poster.jpg",
        backdrop_url=f"/titles/{title.slug}/backdrop.jpg",
    )


def _media(moment: Moment, rendition: Rendition | None, *, shown: bool) -> Media:
    progress = progress_of(rendition)
    there = shown and progress.status != "failed"
    return Media(
        **progress.model_dump(),
        mp4_url=f"/m/{moment.code}/wide.mp4" if there else None,
        poster_url=f"/m/{moment.code}/poster.jpg" if shown else None,
        preview_url=f"/m/{moment.code}/preview.mp4" if there else None,
        captions_url=f"/m/{moment.code}/captions.vtt" if shown else None,
    )


def progress_of(rendition: Rendition | None) -> Progress:
    """How far a rendition is; one that nobody has asked for is as good as queued."""
    if rendition is None:
        return Progress(status="queued", progress=0.0)
    return Progress(
        status=rendition.status,
        progress=rendition.progress / 1000,
        failure_code=rendition.failure_code,
        failure_words=rendition.failure_words,
    )
