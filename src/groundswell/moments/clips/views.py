"""Moments as the API shows them. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.catalog.tables import Series, Title
from groundswell.catalog.titles import label_of
from groundswell.moments.availability import Audience, why_unavailable
from groundswell.moments.media.tiers import Playable, SourceFacts, facts_of, playable, recipes_of, renditions_of
from groundswell.moments.recipes import LIGHT
from groundswell.moments.schemas import Framed, Media, MomentOut, MomentTitle, Person, Reason, RenderProgress
from groundswell.moments.tables import Moment, Rendition
from groundswell.platform.database import among
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings


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
    titles = (await session.scalars(select(Title).where(among(Title.id, {m.title_id for m in moments})))).all()
    series_ids = {title.series_id for title in titles if title.series_id is not None}
    series = (await session.scalars(select(Series).where(among(Series.id, series_ids)))).all()
    viewers = (await session.scalars(select(Viewer).where(among(Viewer.id, {m.viewer_id for m in moments})))).all()
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
    session: AsyncSession,
    settings: Settings,
    moments: Sequence[Moment],
    audience: Audience,
    *,
    token: str | None = None,
) -> list[MomentOut]:
    """Several moments as ``audience`` may see them; ``token`` is of the link by which they came."""
    around = await surroundings(session, moments)
    shown = []
    for moment in moments:
        problem = await why_unavailable(
            session, moment, around.titles[moment.title_id], audience, by_link=token is not None
        )
        shown.append(_moment(settings, moment, around, audience, problem, token))
    return shown


async def show(
    session: AsyncSession, settings: Settings, moment: Moment, audience: Audience, *, token: str | None = None
) -> MomentOut:
    """One moment as ``audience`` may see it."""
    return (await show_all(session, settings, [moment], audience, token=token))[0]


def media_home(moment: Moment, token: str | None) -> str:
    """Below which address the media of ``moment`` lie: the link's by which one came, or its own."""
    return f"/m/{moment.code}" if token is None else f"/s/{token}"


def moment_url(settings: Settings, moment: Moment) -> str:
    """The moment's public address."""
    return f"{settings.base_url.rstrip('/')}/m/{moment.code}"


def framing_of(moment: Moment) -> list[Framed] | None:
    """What its maker chose for its upright shapes."""
    return moment.framing and [Framed(start_us=us, focus=at) for us, at in moment.framing]


def _moment(
    settings: Settings,
    moment: Moment,
    around: Surroundings,
    audience: Audience,
    problem: Problem | None,
    token: str | None,
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
        framing=framing_of(moment),
        created_at=moment.created_at,
        media=media_of(media_home(moment, token), around.playable(moment), shown=problem is None),
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


def media_of(home: str, found: Playable, *, shown: bool) -> Media:
    """The media of a moment below ``home``, without addresses where it may not be ``shown``."""
    progress = progress_of(home, found)
    there = shown and progress.status != "failed"
    return Media(
        **progress.model_dump(exclude={"mp4_url", "light_url"}),
        hls_url=f"{home}/clip.m3u8" if shown and found.hls else None,
        mp4_url=progress.mp4_url if there else None,
        light_url=progress.light_url if shown else None,
        poster_url=f"{home}/poster.jpg" if shown else None,
        preview_url=f"{home}/preview.mp4" if there else None,
        captions_url=f"{home}/captions.vtt" if shown else None,
    )


def progress_of(home: str, found: Playable) -> RenderProgress:
    """How far it is; what nobody has asked for is as good as queued."""
    row = found.rendition
    return RenderProgress(
        tier=found.tier,
        status="queued" if row is None else row.status,
        progress=0.0 if row is None else row.progress / 1000,
        failure_code=None if row is None else row.failure_code,
        failure_words=None if row is None else row.failure_words,
        mp4_url=f"{home}/{found.mp4}.mp4",
        light_url=f"{home}/{LIGHT}.mp4" if found.light else None,
    )
