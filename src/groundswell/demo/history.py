"""Writes the imagined audience's history: people, moments, shares and events as rows; conversions as reports.

Safe to be killed anywhere and begun again: ids follow from the seed, the rows and the mark that they are there are one
transaction, and a conversion reported twice counts once.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import Table, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.catalog.tables import Line, Source, Title
from groundswell.creators.tables import Creator
from groundswell.events.event import Event, Kind
from groundswell.events.ingest.parser import WATCHED, WATCHED_LEAST_MS
from groundswell.events.log.event_log import record
from groundswell.events.traffic.client import NETWORK
from groundswell.events.traffic.verdicts import UNFURLED, judge
from groundswell.events.traffic.visitors import visitor_hash
from groundswell.events.visits.touch_tokens import touch_token
from groundswell.events.visits.visit import PREVIOUS
from groundswell.moments.spans import cover_anew
from groundswell.moments.tables import ClippedSpan, Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.ids import random_code
from groundswell.platform.runtime import Runtime
from groundswell.shares.tables import Share

from .audience import (
    SEED,
    AudienceFilm,
    AudienceMember,
    History,
    PlannedConversion,
    PlannedEvent,
    PlannedMoment,
    PlannedShare,
    imagine,
)
from .membership import CURRENCY, PRICE_MINOR
from .people import PERSONAS
from .prior_touches import earlier_clicks
from .tables import AudienceMark

PASSED_ROUND = 2
"""How many sign up with somebody else's token."""
REACH = {"noor": 3.2, "ada": 1.1}
BIOS = (
    "Clips the quiet bits.",
    "One scene a day, every day.",
    "I only post the shots that made me pause.",
    "Mostly trains. Some lighthouses.",
    "Dialogue first. Spoilers never.",
)
TERRITORIES = ("DE", "DE", "DE", "AT", "CH", "FR", "GB", "US")
TOGETHER = 2000
SIGNED_IN = 3
"""Of how many plays one is a member's who is signed in."""

NETWORKS = 60
"""From which the audience comes."""


@dataclass(frozen=True)
class Places:
    """The rows that the plan's films stand for."""

    titles: dict[str, UUID]
    sources: dict[str, UUID]


async def write_history(
    runtime: Runtime, http: httpx.AsyncClient, key: str, on_progress: Callable[[float], None]
) -> tuple[History, datetime]:
    """Write the history once; returns what was imagined, and until when.

    Args:
        http: a client of this service's API.
        key: a service key with ``conversions:write``.
    """
    async with runtime.database.transaction() as session:
        films, places = await _films(session)
        mark = await session.get(AudienceMark, SEED)
        until = mark.until if mark else utc_now() - timedelta(minutes=5)
        history = imagine(films, _cast(until), until)
        if mark is None:
            await _write_rows(session, runtime, history, places)
            session.add(AudienceMark(seed=SEED, until=until))
    on_progress(0.4)
    await _report_conversions(runtime, http, key, history, lambda part: on_progress(0.4 + 0.6 * part))
    return history, until


def _cast(until: datetime) -> list[AudienceMember]:
    joined = until - timedelta(days=400)
    return [
        AudienceMember(
            persona.subject, persona.name, REACH.get(persona.subject, 0.4), joined, persona.subject == "noor"
        )
        for persona in PERSONAS
        if persona.subject in REACH
    ]


async def _films(session: AsyncSession) -> tuple[list[AudienceFilm], Places]:
    """The titles that can be clipped, with their lines."""
    query = select(Title, Source).join(Source, Source.id == Title.current_source_id).order_by(Title.slug)
    films, places = [], Places({}, {})
    for title, source in (await session.execute(query)).all():
        lines = await session.scalars(select(Line).filter_by(title_id=title.id).order_by(Line.number))
        cues = [(line.start_us, line.end_us, line.text) for line in lines]
        if cues and source.duration_us:
            films.append(AudienceFilm(title.slug, source.duration_us, cues))
            places.titles[title.slug], places.sources[title.slug] = title.id, source.id
    return films, places


def identity(kind: str, number: int | str, at: datetime) -> UUID:
    """An id that follows from what it names: in time order, like those of ``uuid7``."""
    digest = int.from_bytes(hashlib.sha256(f"demo:{kind}:{number}".encode()).digest()[:10], "big")
    milliseconds = int(at.timestamp() * 1000)
    value = milliseconds << 80 | 0x7 << 76 | (digest >> 68) << 64 | 0b10 << 62 | digest & (1 << 62) - 1
    return UUID(int=value)


def viewer_id(person: AudienceMember) -> UUID:
    return identity("viewer", person.subject, person.joined_at)


def moment_id(moment: PlannedMoment) -> UUID:
    return identity("moment", moment.number, moment.at)


def share_id(share: PlannedShare) -> UUID:
    return identity("share", share.number, share.at)


def root_of(share: PlannedShare) -> PlannedShare:
    while share.parent is not None:
        share = share.parent
    return share


async def _write_rows(session: AsyncSession, runtime: Runtime, history: History, places: Places) -> None:
    known = await _known_viewers(session, runtime, history.people)

    def who(person: AudienceMember) -> UUID:
        return known.get(person.subject, viewer_id(person))

    new = [person for person in history.people if person.subject not in known]
    await _insert(session, Viewer.__table__, [_viewer(runtime, person) for person in new])
    creators = [person for person in history.people if person.creator]
    have = set((await session.scalars(select(Creator.viewer_id))).all())
    rows = [_creator(n, person, who(person)) for n, person in enumerate(creators) if who(person) not in have]
    await _insert(session, Creator.__table__, rows)
    moments = [_moment(moment, places, who) for moment in history.moments]
    await _insert(session, Moment.__table__, moments)
    await _insert(session, ClippedSpan.__table__, [_span(moment) for moment in moments])
    await cover_anew(session, {moment["title_id"] for moment in moments})
    await _insert(session, Share.__table__, [_share(share, who) for share in history.shares])
    events = [_clip_event(moment, places, who) for moment in history.moments]
    events += [_share_event(share, places, who) for share in history.shares]
    before, members = earlier_clicks(history), members_who_play(history)
    secret = runtime.settings.secret
    for event in history.events:
        earlier, member = before.get(event.number), members.get(event.number)
        previous = touch_token(secret, earlier.at, visit_id(earlier)) if earlier else None
        events.append(_visit_event(event, places, previous, who(member) if member else None))
    for begin in range(0, len(events), TOGETHER):
        await record(session, *events[begin : begin + TOGETHER])


async def _insert(session: AsyncSession, table: Any, rows: list[dict[str, Any]]) -> None:
    assert isinstance(table, Table)
    if rows:
        await session.execute(insert(table), rows)


async def _known_viewers(session: AsyncSession, runtime: Runtime, people: list[AudienceMember]) -> dict[str, UUID]:
    """Those who signed in before the history was written."""
    query = select(Viewer.subject, Viewer.id).where(
        Viewer.issuer == runtime.settings.jwt_issuer, among(Viewer.subject, [person.subject for person in people])
    )
    rows = await session.execute(query)
    return {row.subject: row.id for row in rows}


def _viewer(runtime: Runtime, person: AudienceMember) -> dict[str, Any]:
    base = person.name.lower().replace(" ", ".")
    handle = person.subject if person.subject in REACH else f"{base}.{random_code(4).lower()}"
    return {
        "id": viewer_id(person),
        "issuer": runtime.settings.jwt_issuer,
        "subject": person.subject,
        "name": person.name,
        "handle": handle,
        "territory": TERRITORIES[sum(person.subject.encode()) % len(TERRITORIES)],
        "kids": False,
        "created_at": person.joined_at,
    }


def _creator(number: int, person: AudienceMember, viewer: UUID) -> dict[str, Any]:
    handle = person.subject if person.subject in REACH else f"{person.name.split()[0].lower()}{number}"
    return {
        "id": identity("creator", person.subject, person.joined_at),
        "viewer_id": viewer,
        "handle": handle,
        "display_name": person.name,
        "bio": BIOS[number % len(BIOS)],
        "code": f"{handle.upper()}10",
    }


def _moment(moment: PlannedMoment, places: Places, who: Callable[[AudienceMember], UUID]) -> dict[str, Any]:
    return {
        "id": moment_id(moment),
        "code": random_code(),
        "viewer_id": who(moment.person),
        "title_id": places.titles[moment.film.slug],
        "source_id": places.sources[moment.film.slug],
        "start_us": moment.start_us,
        "end_us": moment.end_us,
        "caption": moment.caption,
        "visibility": "public" if moment.public else "unlisted",
        "spoiler": False,
        "credit_me": True,
        "note": "",
        "created_at": moment.at,
    }


def _span(moment: dict[str, Any]) -> dict[str, Any]:
    """What a moment counts towards the caps."""
    same = ("viewer_id", "title_id", "start_us", "end_us", "created_at")
    id = identity("span", str(moment["id"]), moment["created_at"])
    return {"id": id, "moment_id": moment["id"]} | {name: moment[name] for name in same}


def _share(share: PlannedShare, who: Callable[[AudienceMember], UUID]) -> dict[str, Any]:
    return {
        "id": share_id(share),
        "code": random_code(),
        "moment_id": moment_id(share.moment),
        "viewer_id": who(share.person) if share.person else None,
        "channel": share.channel.name,
        "parent_id": share_id(share.parent) if share.parent else None,
        "root_id": share_id(root_of(share)),
        "generation": share.generation,
        "created_at": share.at,
    }


def _clip_event(moment: PlannedMoment, places: Places, who: Callable[[AudienceMember], UUID]) -> Event:
    return Event(
        kind="clip",
        at=moment.at,
        id=identity("clip", moment.number, moment.at),
        moment_id=moment_id(moment),
        title_id=places.titles[moment.film.slug],
        viewer_id=who(moment.person),
    )


def _share_event(share: PlannedShare, places: Places, who: Callable[[AudienceMember], UUID]) -> Event:
    return Event(
        kind="share",
        at=share.at,
        id=identity("shared", share.number, share.at),
        share_id=share_id(share),
        moment_id=moment_id(share.moment),
        title_id=places.titles[share.moment.film.slug],
        viewer_id=who(share.person) if share.person else None,
        channel=share.channel.name,
    )


def visit_id(event: PlannedEvent) -> UUID:
    return identity("visit", event.number, event.at)


def members_who_play(history: History) -> dict[int, AudienceMember]:
    """By number of the play, who was signed in: of those who did not join by it, one in ``SIGNED_IN`` is a member
    already, who is not the clip's maker."""
    joined = {conversion.click.visitor for conversion in history.conversions}
    members = [person for person in history.people if person.subject.startswith("viewer-")]
    found = {}
    for event in history.events:
        member = members[event.number * 7 % len(members)] if members else None
        at_home = event.kind == "play" and event.visitor not in joined and event.number % SIGNED_IN == 0
        if at_home and member is not None and member is not event.share.moment.person:
            found[event.number] = member
    return found


def _visit_event(event: PlannedEvent, places: Places, previous: str | None, member: UUID | None) -> Event:
    """A visit with the verdict that the service itself reaches on its user agent; ``previous`` names the browser's
    visit before, as its cookie would, ``member`` who was signed in."""
    verdict = UNFURLED if event.kind == "unfurl" else judge(event.user_agent, {})
    kind: Kind = "unfurl" if event.kind == "unfurl" else "play" if event.kind == "play" else "click"
    salt = event.at.date().isoformat().encode()
    return Event(
        kind=kind,
        at=event.at,
        id=visit_id(event),
        share_id=share_id(event.share),
        moment_id=moment_id(event.share.moment),
        title_id=places.titles[event.share.moment.film.slug],
        visitor=visitor_hash(salt, event.visitor),
        viewer_id=member,
        channel=event.share.channel.name,
        territory=TERRITORIES[event.number % len(TERRITORIES)],
        verdict=verdict.kind,
        verdict_reason=verdict.reason,
        verdict_rule=verdict.rule,
        inputs={"ua": event.user_agent}
        | ({NETWORK: visitor_hash(salt, "network", str(event.number % NETWORKS))[:12]} if member else {})
        | ({PREVIOUS: previous} if previous else {})
        | ({WATCHED: WATCHED_LEAST_MS + event.number % 9_000} if kind == "play" else {}),
    )


async def _report_conversions(
    runtime: Runtime, http: httpx.AsyncClient, key: str, history: History, on_progress: Callable[[float], None]
) -> None:
    """Through the public API, in the order in which they happened."""
    headers = {"Authorization": f"Bearer {key}"}
    conversions = sorted(history.conversions, key=lambda conversion: (conversion.at, conversion.number))
    for done, conversion in enumerate(conversions):
        answer = await http.post("/v1/conversions", json=_report(runtime, conversion), headers=headers)
        if answer.is_error:
            raise RuntimeError(f"the conversion was refused: {answer.text}")
        on_progress((done + 1) / len(conversions))
    await _pass_a_token_round(runtime, http, headers, conversions)


async def _pass_a_token_round(
    runtime: Runtime, http: httpx.AsyncClient, headers: dict[str, str], conversions: list[PlannedConversion]
) -> None:
    """More people sign up with the token of one person's visit: a case for the fraud desk."""
    last = [conversion for conversion in conversions if conversion.kind == "sign_up"][-1]
    for number in range(PASSED_ROUND):
        again = {"id": f"demo-passed-{number}", "viewer": f"passed-{number}"}
        answer = await http.post("/v1/conversions", json=_report(runtime, last) | again, headers=headers)
        if answer.is_error:
            raise RuntimeError(f"the conversion was refused: {answer.text}")


def _report(runtime: Runtime, conversion: PlannedConversion) -> dict[str, Any]:
    report: dict[str, Any] = {
        "id": f"demo-{conversion.number}",
        "kind": conversion.kind,
        "viewer": conversion.person.subject,
        "at": conversion.at.isoformat(),
    }
    if conversion.kind in {"subscription", "refund"}:
        report["amount"] = {"minor": PRICE_MINOR, "currency": CURRENCY}
    if conversion.kind == "sign_up":
        click = conversion.click
        report["touch"] = touch_token(runtime.settings.secret, click.at, visit_id(click))
    if conversion.kind == "refund":
        report["original"] = f"demo-{conversion.original}"
    return report
