"""Finding titles and describing them."""

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.media import REASONS, Cue, sentences
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings

from .entitlement import title_address
from .providers import TitleView, clip_rights
from .schemas import (
    LineOut,
    NotPackagedOut,
    SentenceOut,
    SeriesOut,
    ShotOut,
    SourceOut,
    SuggestionOut,
    TitleDetail,
    TitleSummary,
)
from .streams.sources import is_elsewhere
from .tables import Line, Series, Shot, Source, Title


class TitleUnknown(Problem):
    status, code, title = 404, "title_unknown", "There is no such title."


class SeriesUnknown(Problem):
    status, code, title = 404, "series_unknown", "There is no such series."


class TitleNotReady(Problem):
    status, code, title = 409, "title_not_ready", "This title has no media yet."


def as_uuid(reference: str) -> UUID | None:
    """``reference`` as an id, when it is one."""
    try:
        return UUID(reference)
    except ValueError:
        return None


async def find_title(session: AsyncSession, reference: str | UUID) -> Title:
    """A title by slug, by the service's own id for it, or by ours. No title's slug is another's id (``entries.py``).

    Raises:
        TitleUnknown: there is none.
    """
    by_id = reference if isinstance(reference, UUID) else as_uuid(reference)
    named = or_(Title.slug == reference, Title.external_id == reference)
    found_by_id = None if by_id is None else await session.get(Title, by_id)
    found = found_by_id or (None if isinstance(reference, UUID) else await session.scalar(select(Title).where(named)))
    if found is None:
        raise TitleUnknown(f"There is no title {reference!s}.")
    return found


async def find_series(session: AsyncSession, reference: str) -> Series:
    """A series by slug or id.

    Raises:
        SeriesUnknown: there is none.
    """
    by_id = as_uuid(reference)
    query = select(Series).filter_by(id=by_id) if by_id else select(Series).filter_by(slug=reference)
    found = await session.scalar(query)
    if found is None:
        raise SeriesUnknown(f"There is no series {reference}.")
    return found


async def ready_source(session: AsyncSession, title: Title) -> Source:
    """The version of ``title`` that clips are cut from.

    Raises:
        TitleNotReady: none has been imported.
    """
    source = None if title.current_source_id is None else await session.get(Source, title.current_source_id)
    if source is None or source.status != "ready" or source.duration_us is None:
        raise TitleNotReady(f"The title {title.slug} has no media yet.")
    return source


async def list_titles(
    session: AsyncSession, *, after: UUID | None = None, limit: int = 50, series: UUID | None = None
) -> Sequence[tuple[Title, Source, Series | None]]:
    """Titles that have media, newest first; or the episodes of a series, in their order."""
    query = (
        select(Title, Source, Series)
        .join(Source, Source.id == Title.current_source_id)
        .outerjoin(Series, Series.id == Title.series_id)
        .where(Title.withdrawn_at.is_(None))
        .order_by(Title.id.desc())
        .limit(limit)
    )
    if series is not None:
        query = query.where(Title.series_id == series)
    if after is not None:
        query = query.where(Title.id < after)
    return [(title, source, of) for title, source, of in await session.execute(query)]


def label_of(title: Title) -> str | None:
    """Where an episode stands: ``S1E2``; None for a film."""
    return None if title.season is None else f"S{title.season}E{title.episode}"


def summary(title: Title, source: Source, series: Series | None) -> TitleSummary:
    """A title as it stands in a list."""
    return TitleSummary(
        id=title.id,
        slug=title.slug,
        name=title.name,
        synopsis=title.synopsis,
        series=None if series is None else SeriesOut.model_validate(series),
        season=title.season,
        episode=title.episode,
        label=label_of(title),
        released_on=title.released_on,
        rating=title.rating,
        accent=title.accent,
        duration_us=source.duration_us or 0,
        poster_url=f"/titles/{title.slug}/poster.jpg",
        backdrop_url=f"/titles/{title.slug}/backdrop.jpg",
    )


S = TypeVar("S", bound="Spanned")


class Spanned(Protocol):
    """What has a place in a title."""

    start_us: int
    end_us: int


def shown_in(view: TitleView, items: Iterable[S]) -> list[S]:
    """Those that lie in what ``view`` shows."""
    return [item for item in items if view.shows(item.start_us, item.end_us)]


def peaks_in(view: TitleView, peaks: Sequence[int], duration_us: int) -> list[int]:
    """Loudness by equal steps over the title; 0 where ``view`` shows nothing."""
    step = duration_us / max(1, len(peaks))
    return [peak if view.shows(int(n * step), int((n + 1) * step)) else 0 for n, peak in enumerate(peaks)]


def about(title: Title, name: str, at_us: int | None) -> str:
    """The address of a file about ``title``, for a viewer who is at ``at_us``."""
    return f"/titles/{title.slug}/{name}" + ("" if at_us is None else f"?at_us={at_us}")


async def detail(
    session: AsyncSession,
    settings: Settings,
    title: Title,
    view: TitleView,
    viewer: Viewer | None = None,
    language: str | None = None,
    at_us: int | None = None,
) -> TitleDetail:
    """A title with all that a player and a trimmer need, for ``viewer`` or a visitor, as far as ``view`` goes.

    Raises:
        TitleNotReady: it has no media yet.
    """
    source = await ready_source(session, title)
    series = None if title.series_id is None else await session.get(Series, title.series_id)
    languages = await languages_of(session, title.id)
    shots = await session.scalars(select(Shot).filter_by(source_id=source.id).order_by(Shot.number))
    rate = (source.frame_rate_num, source.frame_rate_den)
    chosen = language or next(iter(languages), None)
    lines = [] if chosen is None else shown_in(view, await lines_of(session, title.id, chosen))
    pictured = view.refusal is None and source.storyboard_key is not None
    return TitleDetail(
        **summary(title, source, series).model_dump(),
        width=source.width or 0,
        height=source.height or 0,
        frame_us=1_000_000 * rate[1] / rate[0] if rate[0] and rate[1] else None,
        source=SourceOut(
            id=source.id,
            version=source.version,
            duration_us=source.duration_us or 0,
            width=source.width or 0,
            height=source.height or 0,
            frame_rate_num=rate[0],
            frame_rate_den=rate[1],
        ),
        hls_url=_hls_address(settings, title, source),
        not_packaged=_not_packaged(source),
        media_url=title_address(settings, title, "media.mp4"),
        storyboard_url=about(title, "storyboard.jpg", at_us) if pictured else None,
        storyboard_vtt_url=about(title, "storyboard.vtt", at_us) if pictured else None,
        waveform_url=None if view.refusal else "/v1" + about(title, "waveform", at_us),
        languages=languages,
        lines=lines,
        shots=shown_in(view, [ShotOut.model_validate(shot) for shot in shots]),
        sentences=sentences_of(lines),
        suggestions=shown_in(view, [SuggestionOut.model_validate(each) for each in title.suggestions or []]),
        rights=await clip_rights(session, title, source, viewer),
    )


def _hls_address(settings: Settings, title: Title, source: Source) -> str | None:
    """Where the whole title plays as HLS. One whose media stay with the service is played there
    (GROUNDSWELL_TITLE_MEDIA_URL)."""
    if source.package_key is None or is_elsewhere(source.storage_key):
        return None
    return title_address(settings, title, "hls/main.m3u8")


def _not_packaged(source: Source) -> NotPackagedOut | None:
    code = source.package_refusal
    return None if code is None else NotPackagedOut(code=code, words=REASONS.get(code, code))


def sentences_of(lines: Sequence[LineOut]) -> list[SentenceOut]:
    """The sentences that subtitle lines make up."""
    spoken = sentences([Cue(line.start_us, line.end_us, line.text) for line in lines])
    return [SentenceOut(start_us=each.start_us, end_us=each.end_us) for each in spoken]


async def languages_of(session: AsyncSession, title_id: UUID) -> list[str]:
    """The languages in which a title has lines, in alphabetical order."""
    query = select(Line.language).filter_by(title_id=title_id).distinct().order_by(Line.language)
    return list(await session.scalars(query))


async def lines_of(session: AsyncSession, title_id: UUID, language: str) -> list[LineOut]:
    """The lines of a title in one language, in order."""
    query = select(Line).filter_by(title_id=title_id, language=language).order_by(Line.number)
    return [LineOut.model_validate(line) for line in await session.scalars(query)]
