"""What is found for whoever asks: only what may be played to them and spoils nothing, then the nearest first."""

import base64
import binascii
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.directory import titles_named
from groundswell.catalog.spoilers import spoiled_titles
from groundswell.catalog.tables import Source, Title
from groundswell.catalog.titles import label_of
from groundswell.catalog.watch_address import watch_address
from groundswell.discovery.ranking import Gate
from groundswell.discovery.schemas import SceneTitle
from groundswell.moments.availability import Audience
from groundswell.moments.tables import Moment
from groundswell.platform.clock import US_PER_SECOND, utc_now
from groundswell.platform.database import among
from groundswell.platform.pages import CursorInvalid
from groundswell.platform.settings import Settings
from groundswell.trust.decisions import active_among, kept_from_all
from groundswell.trust.policy import PolicyRequest, decide
from groundswell.trust.rulebook import FACTS, facts_in, rulebook
from groundswell.trust.rules import TitleFacts

from .line_index import Hit, Likeness, Utterance, Within
from .marks import mark, parts_of
from .query import Query
from .schemas import CrowdScene, LikenessWord, LineFound, SearchResults
from .unfound import Misses
from .upkeep import INDEX

CANDIDATES = 300
"""Sentences that are looked at; those after them are on no page."""

ROUNDS = 8
"""How often is looked again where titles that may not be played took up places."""

OF_A_PART = {"range_blocked", "ending_held", "release_unknown"}
"""Why a part of a title may not be played, while others may."""

THERE = (
    select(*FACTS)
    .join(Source, Source.id == Title.current_source_id)
    .where(Title.id == any_(bindparam("titles", type_=ARRAY(Uuid))), Title.withdrawn_at.is_(None))
    .where(Source.status == "ready", ~kept_from_all("title", Title.id))
)
"""The titles that are there, and that no decision keeps from all. Made once, as every search asks it."""

TITLES_SHOWN = 12
PLACE = ">H"
LIKENESS: Mapping[Likeness, LikenessWord] = {
    Likeness.PHRASE: "phrase",
    Likeness.STEMS: "forms",
    Likeness.ALL: "words",
    Likeness.SLIP: "slip",
    Likeness.SLIPS_ALL: "slip",
}

CROWD = text(
    """
    SELECT h.n, s.id, s.best_moment_id, s.moments, s.slow_log
    FROM unnest(CAST(:titles AS uuid[]), CAST(:starts AS bigint[]), CAST(:ends AS bigint[]))
        WITH ORDINALITY AS h (title_id, start_us, end_us, n)
    CROSS JOIN LATERAL (
        SELECT id, best_moment_id, moments, slow_log FROM scenes
        WHERE scenes.title_id = h.title_id AND scenes.start_us < h.end_us AND scenes.end_us > h.start_us
            AND scenes.people >= :people AND scenes.networks >= :networks
            AND CASE WHEN :review THEN EXISTS (
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
    settings: Settings,
    misses: Misses,
    typed: str,
    asker: Asker,
    narrowed: Narrowed,
    *,
    cursor: str | None = None,
    limit: int = 24,
) -> SearchResults:
    """A page of what was found for ``typed``; nothing at all is noted in ``misses``.

    Raises:
        CursorInvalid: ``cursor`` was not made here.
    """
    typed = typed.replace("\0", " ")
    offset, query = decode_offset(cursor), Query.read(typed)
    placed = await placed_lines(session, settings, query, asker, narrowed)
    forms = await _forms(session, query, placed)
    shown: list[LineFound] = []
    at = offset
    while at < len(placed) and len(shown) < limit:
        chunk = placed[at : at + limit - len(shown)]
        shown += await _shown(session, settings, query, forms, chunk)
        at += len(chunk)
    first = offset == 0 and query.hint is None and narrowed == Narrowed(language=narrowed.language)
    words = [word.text for word in query.words]
    spaced = [word.text for word in query.words if not word.unspaced] or [typed.strip()[:100]]
    titles = await titles_named(session, spaced, TITLES_SHOWN) if first else []
    if first and words and not shown and not titles:
        misses.note(typed, asker.audience.viewer_id)
    return SearchResults(
        words=words,
        cut=query.cut,
        hint=query.hint,
        items=shown,
        titles=titles,
        next=encode_offset(at) if at < len(placed) else None,
    )


async def placed_lines(
    session: AsyncSession, settings: Settings, query: Query, asker: Asker, narrowed: Narrowed
) -> list[Placed]:
    """All that may be shown, the nearest first; of what is the same time of a title in several languages, one."""
    viewer_id = asker.audience.viewer_id
    unseen = {} if viewer_id is None or query.hint else await spoiled_titles(session, viewer_id)
    within = Within(await _titles(session, narrowed), narrowed.language, unseen=unseen)
    found = await _found(session, query, within, asker.audience)
    crowds = await _crowds(session, Gate.of(settings), [hit for hit, _ in found])
    placed = [Placed(hit, facts.released_on, crowds.get(n)) for n, (hit, facts) in enumerate(found)]
    placed.sort(key=lambda each: _nearness(each, asker.language))
    return _once(placed)


async def _titles(session: AsyncSession, narrowed: Narrowed) -> list[UUID] | None:
    if narrowed.title_id is not None:
        return [narrowed.title_id]
    if narrowed.series_id is None:
        return None
    return list(await session.scalars(select(Title.id).filter_by(series_id=narrowed.series_id)))


def _nearness(each: Placed, language: str | None) -> tuple[int, bool, float, int, UUID, int]:
    hit, released_on, crowd = each
    other = language is not None and hit.language.partition("-")[0] != language.partition("-")[0]
    released = released_on.toordinal() if released_on else 0
    warmth = -crowd.slow_log if crowd else 0.0
    return hit.likeness, other, warmth, -released, hit.title_id, hit.start_us


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
    session: AsyncSession, query: Query, within: Within, audience: Audience
) -> list[tuple[Hit, TitleFacts]]:
    """What fits and may be played: where titles that may not be take up the places of others, once more without
    them."""
    refused: set[UUID] = set()
    for _ in range(ROUNDS):
        hits = await INDEX.find(session, query, replace(within, without=refused), CANDIDATES)
        found, away = await _playable(session, hits, audience)
        refused |= away
        if not away or len(hits) < CANDIDATES:
            break
    return found


async def _playable(
    session: AsyncSession, hits: Sequence[Hit], audience: Audience
) -> tuple[list[tuple[Hit, TitleFacts]], set[UUID]]:
    """Those that the title's rights let whoever asks play, and no decision keeps from all; and the titles of which
    nothing may be."""
    away = {hit.title_id for hit in hits}
    facts = {row.id: facts_in(row) for row in await session.execute(THERE, {"titles": list(away)})} if hits else {}
    book, now = await rulebook(session, *facts.values()), utc_now()
    found = []
    for hit in hits:
        title = facts.get(hit.title_id)
        if title is not None:
            verdict = decide(book, _play(title, hit, audience, now), "play")
            if verdict.allowed:
                found.append((hit, title))
            if verdict.allowed or verdict.code in OF_A_PART:
                away.discard(hit.title_id)
    return found, away


def _play(title: TitleFacts, hit: Hit, audience: Audience, now: datetime) -> PolicyRequest:
    return PolicyRequest(
        title,
        hit.start_us,
        hit.end_us,
        now,
        audience.territory,
        kids=audience.kids,
        ad_tier=audience.ad_tier,
        member=audience.viewer_id is not None,
    )


async def _crowds(session: AsyncSession, gate: Gate, hits: Sequence[Hit]) -> dict[int, Crowd]:
    """The warmest scene at each hit that has one, by the hit's number."""
    given = {
        "titles": [hit.title_id for hit in hits],
        "starts": [hit.start_us for hit in hits],
        "ends": [hit.end_us for hit in hits],
    }
    gates = {"people": gate.people, "networks": gate.networks, "review": gate.review}
    return {n - 1: Crowd(*crowd) for n, *crowd in await session.execute(CROWD, given | gates)} if hits else {}


async def _forms(session: AsyncSession, query: Query, placed: Sequence[Placed]) -> list[frozenset[str]]:
    if any(each.hit.likeness >= Likeness.SLIP for each in placed):
        return await INDEX.forms(session, query)
    return [frozenset([word.text]) for word in query.words]


async def _shown(
    session: AsyncSession, settings: Settings, query: Query, forms: list[frozenset[str]], chunk: Sequence[Placed]
) -> list[LineFound]:
    texts = await INDEX.texts(session, [each.hit for each in chunk])
    pages = await _pages(session, [each.crowd for each in chunk if each.crowd])
    wanted = select(Title).where(among(Title.id, {each.hit.title_id for each in chunk}))
    titles = {title.id: title for title in await session.scalars(wanted)}
    found = [_line(settings, query, forms, each, titles[each.hit.title_id], texts[each.hit], pages) for each in chunk]
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
    if not own.words:
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
