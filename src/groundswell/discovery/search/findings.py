"""What is found for whoever asks: only what may be played to them and spoils nothing, then the nearest first."""

import base64
import binascii
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.directory import titles_named
from groundswell.catalog.spoilers import spoiled_titles
from groundswell.catalog.tables import Title
from groundswell.catalog.titles import label_of
from groundswell.catalog.watch_address import watch_address
from groundswell.discovery.ranking import Gate
from groundswell.discovery.schemas import SceneTitle
from groundswell.moments.availability import Audience
from groundswell.moments.tables import Moment
from groundswell.platform.clock import US_PER_SECOND, utc_now
from groundswell.platform.database import PreparedStatement, among
from groundswell.platform.pages import CursorInvalid
from groundswell.platform.settings import Settings
from groundswell.trust.decisions import active_among

from .hybrid_lines import index_of
from .known_titles import KnownTitle, KnownTitles, kind_of
from .line_index import Hit, Likeness, LineIndex, Utterance, Within
from .marks import mark, parts_of
from .query import Query
from .schemas import CrowdScene, LikenessWord, LineFound, SearchResults
from .stems import base_of
from .unfound import Misses

CANDIDATES = 300
"""Sentences that are looked at; those after them are on no page."""

ROUNDS = 8
"""How often is looked again where titles that may not be played took up places."""

TITLES_SHOWN = 12
PLACE = ">H"
LIKENESS: Mapping[Likeness, LikenessWord] = {
    Likeness.PHRASE: "phrase",
    Likeness.STEMS: "forms",
    Likeness.ALL: "words",
    Likeness.SLIP: "slip",
    Likeness.SLIPS_ALL: "slip",
    Likeness.MEANT: "meaning",
}

CROWD = PreparedStatement(
    """
    SELECT h.n, s.id, s.best_moment_id, s.moments, s.slow_log
    FROM unnest(%(titles)s::uuid[], %(starts)s::bigint[], %(ends)s::bigint[])
        WITH ORDINALITY AS h (title_id, start_us, end_us, n)
    CROSS JOIN LATERAL (
        SELECT id, best_moment_id, moments, slow_log FROM scenes
        WHERE scenes.title_id = h.title_id AND scenes.start_us < h.end_us AND scenes.end_us > h.start_us
            AND scenes.people >= %(people)s AND scenes.networks >= %(networks)s
            AND CASE WHEN %(review)s THEN EXISTS (
                    SELECT FROM scene_standings t WHERE t.scene_id = scenes.id AND t.state = 'released'
                ) ELSE NOT EXISTS (
                    SELECT FROM scene_standings t WHERE t.scene_id = scenes.id AND t.state = 'held'
                ) END
        ORDER BY slow_log DESC LIMIT 1
    ) s
    """
)


@dataclass(frozen=True)
class Asker:
    """Who searches: how far they have seen decides what spoils; ``language`` (BCP 47) comes first among equals."""

    audience: Audience
    language: str | None = None


@dataclass(frozen=True)
class Narrowed:
    """Where is searched: one title, or one series; in one language (BCP 47)."""

    title_id: UUID | None = None
    series_id: UUID | None = None
    language: str | None = None


class Crowd(NamedTuple):
    """The scene at a hit: ``slow_log`` is how warm it is."""

    id: UUID
    best_moment_id: UUID
    moments: int
    slow_log: float


class Placed(NamedTuple):
    """A hit with the day its title was released and the scene that the crowd keeps clipping there."""

    hit: Hit
    released_on: date | None
    crowd: Crowd | None


@dataclass(frozen=True)
class Search:
    """What every search has at hand: what finds lines here, what of which titles may be played, and where what is not
    found is noted."""

    settings: Settings
    misses: Misses
    titles: KnownTitles

    @property
    def index(self) -> LineIndex:
        return index_of(self.settings)


def encode_offset(offset: int) -> str:
    return base64.urlsafe_b64encode(struct.pack(PLACE, offset)).decode().rstrip("=")


def decode_offset(cursor: str | None) -> int:
    """After how many a page begins.

    Raises:
        CursorInvalid: not a cursor of this list.
    """
    if cursor is None:
        return 0
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        (offset,) = struct.unpack(PLACE, base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, UnicodeEncodeError, struct.error):
        raise CursorInvalid() from None
    if not 0 < offset <= CANDIDATES:
        raise CursorInvalid()
    return int(offset)


async def search(
    session: AsyncSession,
    by: Search,
    typed: str,
    asker: Asker,
    narrowed: Narrowed,
    *,
    cursor: str | None = None,
    limit: int = 24,
) -> SearchResults:
    """A page of what was found for ``typed``; nothing at all is noted.

    Raises:
        CursorInvalid: ``cursor`` was not made here.
    """
    typed = typed.replace("\0", " ")
    offset, query = decode_offset(cursor), Query.read(typed)
    placed = await placed_lines(session, by, query, asker, narrowed)
    forms = await _forms(session, by, query, placed)
    shown: list[LineFound] = []
    at = offset
    while at < len(placed) and len(shown) < limit:
        chunk = placed[at : at + limit - len(shown)]
        shown += await _shown(session, by, query, forms, chunk)
        at += len(chunk)
    first = offset == 0 and query.hint is None and narrowed == Narrowed(language=narrowed.language)
    words = [word.text for word in query.words]
    spaced = [word.text for word in query.words if not word.unspaced] or [typed.strip()[:100]]
    titles = await titles_named(session, spaced, TITLES_SHOWN) if first else []
    if first and words and not shown and not titles:
        by.misses.note(typed, asker.audience.viewer_id)
    return SearchResults(
        words=words,
        cut=query.cut,
        hint=query.hint,
        items=shown,
        titles=titles,
        next=encode_offset(at) if at < len(placed) else None,
    )


async def placed_lines(
    session: AsyncSession, by: Search, query: Query, asker: Asker, narrowed: Narrowed
) -> list[Placed]:
    """All that may be shown, the nearest first; of what is the same time of a title in several languages, one."""
    if query.hint is not None:
        return []
    viewer_id = asker.audience.viewer_id
    unseen = {} if viewer_id is None else await spoiled_titles(session, viewer_id)
    within = Within(await _titles(session, narrowed), narrowed.language, unseen=unseen)
    found = await _found(session, by, query, within, asker.audience)
    crowds = await _crowds(session, Gate.of(by.settings), [hit for hit, _ in found])
    placed = [Placed(hit, title.released_on, crowds.get(n)) for n, (hit, title) in enumerate(found)]
    placed.sort(key=_nearness(asker.language))
    return _once(placed)


async def _titles(session: AsyncSession, narrowed: Narrowed) -> list[UUID] | None:
    if narrowed.title_id is not None:
        return [narrowed.title_id]
    if narrowed.series_id is None:
        return None
    return list(await session.scalars(select(Title.id).filter_by(series_id=narrowed.series_id)))


def _nearness(language: str | None) -> Callable[[Placed], tuple[Any, ...]]:
    """By what lines are ordered for whoever reads ``language``."""
    wanted = None if language is None else base_of(language)
    others: dict[str, bool] = {}

    def key(each: Placed) -> tuple[Any, ...]:
        hit, released_on, crowd = each
        other = others.get(hit.language)
        if other is None:
            other = others[hit.language] = wanted is not None and base_of(hit.language) != wanted
        released = released_on.toordinal() if released_on else 0
        warmth = -crowd.slow_log if crowd else 0.0
        return hit.likeness, hit.order, other, warmth, -released, hit.title_id.int, hit.start_us

    return key


def _once(placed: Sequence[Placed]) -> list[Placed]:
    """Without what is said at the time of something nearer in another language."""
    taken: dict[UUID, list[Hit]] = {}
    kept = []
    for each in placed:
        hit = each.hit
        others = taken.setdefault(hit.title_id, [])
        if not any(o.language != hit.language and o.start_us < hit.end_us and hit.start_us < o.end_us for o in others):
            others.append(hit)
            kept.append(each)
    return kept


async def _found(
    session: AsyncSession, by: Search, query: Query, within: Within, audience: Audience
) -> list[tuple[Hit, KnownTitle]]:
    """What fits and may be played: where titles that may not be take up the places of others, once more without
    them."""
    refused: set[UUID] = set()
    for _ in range(ROUNDS):
        hits = await by.index.find(session, query, replace(within, without=refused), CANDIDATES)
        found, away = await _playable(session, by.titles, hits, audience)
        refused |= away
        if not away or len(hits) < CANDIDATES:
            break
    return found


async def _playable(
    session: AsyncSession, titles: KnownTitles, hits: Sequence[Hit], audience: Audience
) -> tuple[list[tuple[Hit, KnownTitle]], set[UUID]]:
    """Those that the title's rights let whoever asks play, and no decision keeps from all; and the titles of which
    nothing may be."""
    ids, kind, now = {hit.title_id for hit in hits}, kind_of(audience), utc_now()
    known = await titles.find(session, ids)
    allowed = {id: title.allowed(kind, now) for id, title in known.items()}
    away = {id for id in ids if id not in allowed or not allowed[id].verdict.allowed}
    found = [
        (hit, known[hit.title_id])
        for hit in hits
        if hit.title_id not in away and allowed[hit.title_id].allows(hit.start_us, hit.end_us)
    ]
    return found, away


async def _crowds(session: AsyncSession, gate: Gate, hits: Sequence[Hit]) -> dict[int, Crowd]:
    """The warmest scene at each hit that has one, by the hit's number."""
    given = {
        "titles": [hit.title_id for hit in hits],
        "starts": [hit.start_us for hit in hits],
        "ends": [hit.end_us for hit in hits],
    }
    gates = {"people": gate.people, "networks": gate.networks, "review": gate.review}
    return {n - 1: Crowd(*crowd) for n, *crowd in await CROWD.rows(session, **given, **gates)} if hits else {}


async def _forms(session: AsyncSession, by: Search, query: Query, placed: Sequence[Placed]) -> list[frozenset[str]]:
    if any(each.hit.likeness >= Likeness.SLIP for each in placed):
        return await by.index.forms(session, query)
    return [frozenset([word.text]) for word in query.words]


async def _shown(
    session: AsyncSession, by: Search, query: Query, forms: list[frozenset[str]], chunk: Sequence[Placed]
) -> list[LineFound]:
    texts = await by.index.texts(session, [each.hit for each in chunk])
    pages = await _pages(session, [each.crowd for each in chunk if each.crowd])
    wanted = select(Title).where(among(Title.id, {each.hit.title_id for each in chunk}))
    titles = {title.id: title for title in await session.scalars(wanted)}
    found = [
        _line(by.settings, query, forms, each, titles[each.hit.title_id], texts[each.hit], pages) for each in chunk
    ]
    return [each for each in found if each is not None]


async def _pages(session: AsyncSession, crowds: Sequence[Crowd]) -> dict[UUID, str]:
    """The pages of scenes' best moments that are up."""
    ids = [crowd.best_moment_id for crowd in crowds]
    query = select(Moment.id, Moment.code).where(
        among(Moment.id, ids), Moment.visibility == "public", Moment.deleted_at.is_(None), ~Moment.spoiler
    )
    hidden = await active_among(session, "moment", ids) if ids else {}
    rows = (await session.execute(query)).all() if ids else ()
    return {row.id: f"/m/{row.code}" for row in rows if row.id not in hidden}


def _line(
    settings: Settings,
    query: Query,
    forms: list[frozenset[str]],
    each: Placed,
    title: Title,
    said: Sequence[Utterance],
    pages: Mapping[UUID, str],
) -> LineFound | None:
    """A hit as it is shown: with what is said next where the phrase runs on into it; None where it only runs in, for
    then what is said next is a hit itself."""
    hit, crowd = each.hit, each.crowd
    own = mark(said[0].text, query, forms, hit.language)
    if not own.words and hit.likeness != Likeness.MEANT:
        return None
    spoken, spans, end_us = said[0].text, own.spans, said[0].end_us
    if len(own.words) < len(query.words) and len(said) > 1:
        after = mark(said[1].text, query, forms, hit.language)
        if after.words - own.words:
            at = len(spoken) + 1
            spoken, end_us = f"{spoken} {said[1].text}", said[1].end_us
            spans = [*spans, *((start + at, end + at) for start, end in after.spans)]
    page = pages.get(crowd.best_moment_id) if crowd else None
    return LineFound(
        title=SceneTitle(id=title.id, slug=title.slug, name=title.name),
        label=label_of(title),
        language=hit.language,
        start_us=hit.start_us,
        end_us=end_us,
        parts=parts_of(spoken, spans),
        likeness=LIKENESS[hit.likeness],
        watch_url=watch_address(settings, title, hit.start_us // US_PER_SECOND),
        scene=CrowdScene(id=crowd.id, url=page, moments=crowd.moments) if crowd and page else None,
    )
