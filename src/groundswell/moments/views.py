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
from .schemas import Media, MomentOut, MomentTitle, Person, Progress, Reason
from .tables import Moment, Rendition
from .tiers import Playable, SourceFacts, facts_of, playable, recipes_of, renditions_of


@dataclass(frozen=True)
class Surroundings:
    """The rows around some moments: by id, renditions by recipe hash; ``facts`` by the id of a title's version."""

    titles: dict[UUID, Title]
    series: dict[UUID, Series]
    viewers: dict[UUID, Viewer]
    facts: dict[UUID, SourceFacts]
    renditions: dict[str, Rendition]

    def playable(self, moment: Moment) -> Playable:
        """How ``moment`` can be played at present."""
        facts = self.facts[moment.source_id]
        recipes = recipes_of(moment, facts)
        return playable(facts, {profile: self.renditions.get(recipe.hash) for profile, recipe in recipes.items()})


async def surroundings(session: AsyncSession, moments: Sequence[Moment]) -> Surroundings:
    titles = (await session.scalars(select(Title).where(Title.id.in_({m.title_id for m in moments})))).all()
    series_ids = {title.series_id for title in titles if title.series_id is not None}
    series = (await session.scalars(select(Series).where(Series.id.in_(series_ids)))).all()
    viewers = (await session.scalars(select(Viewer).where(Viewer.id.in_({m.viewer_id for m in moments})))).all()
    facts = await facts_of(session, [moment.source_id for moment in moments])
    recipes = [recipe for moment in moments for recipe in recipes_of(moment, facts[moment.source_id]).values()]
    return Surroundings(
        {title.id: title for title in titles},
        {each.id: each for each in series},
        {viewer.id: viewer for viewer in viewers},
        facts,
        await renditions_of(session, recipes),
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
        media=media_of(moment, around.playable(moment), shown=problem is None),
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


def media_of(moment: Moment, found: Playable, *, shown: bool) -> Media:
    """The media of ``moment``, without addresses where it may not be ``shown``."""
    progress = progress_of(moment, found)
    there = shown and progress.status != "failed"
    return Media(
        **progress.model_dump(exclude={"mp4_url"}),
        hls_url=f"/m/{moment.code}/clip.m3u8" if shown and found.hls else None,
        mp4_url=progress.mp4_url if there else None,
        poster_url=f"/m/{moment.code}/poster.jpg" if shown else None,
        preview_url=f"/m/{moment.code}/preview.mp4" if there else None,
        captions_url=f"/m/{moment.code}/captions.vtt" if shown else None,
    )


def progress_of(moment: Moment, found: Playable) -> Progress:
    """How far it is; what nobody has asked for is as good as queued."""
    row = found.rendition
    return Progress(
        tier=found.tier,
        status="queued" if row is None else row.status,
        progress=0.0 if row is None else row.progress / 1000,
        failure_code=None if row is None else row.failure_code,
        failure_words=None if row is None else row.failure_words,
        mp4_url=f"/m/{moment.code}/{found.mp4}.mp4",
    )
