"""People around the demo's moments: the imagined audience follows, reacts, comments, and asks to follow.

What they do follows from what they played, so it is the same at every start; it is written once, in one transaction.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.accounts.tables import Viewer
from groundswell.community import supercuts
from groundswell.community.collection_tables import Collaborator, Collection, CollectionPart
from groundswell.community.comment_tables import Comment
from groundswell.community.comment_text import told_again
from groundswell.community.supercut_tables import Supercut
from groundswell.community.supercuts import SupercutNeedsTwo
from groundswell.community.tables import REACTIONS, Follow, Reaction
from groundswell.community.voters import KIND
from groundswell.creators.tables import Creator
from groundswell.events.event import Event
from groundswell.events.log.event_log import record
from groundswell.events.tables import JudgedEvent
from groundswell.moments.availability import Audience
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.jobs import WHENEVER
from groundswell.platform.runtime import Runtime
from groundswell.trust.reports import report
from groundswell.trust.reviews import open_review

from .history import identity

ONE_IN = 3
"""Of how many who play one reacts."""

PEAKS = (0.32, 0.36, 0.4, 0.68, 0.7, 0.74, 0.9)
"""Where in a moment people feel most."""

LEANINGS = (0, 0, 1, 4, 2, 0, 5, 4, 2, 3)
"""Which of the reactions, by the last digit of who feels."""

SAID = (
    ("That cut gets me every single time.", "It is the half second of silence before it."),
    ("Can we talk about the light here?", "They drew every frame of it. EVERY frame.", "I paused to look. Twice."),
    ("I have missed my stop because of this.", "Worth it."),
    ("Wait for the sound.", ""),
    ("Sent this to my sister. She called me back crying.",),
    ("The way nobody says anything!", "Best line of the film is the one that is not there."),
    ("Who else came here from a link?", "Me. And I stayed."),
    ("More like this: https://example.org/quiet-films",),
    ("First! And it is good.",),
    ("Not sure I get it, but I watched it five times.", "Watch the one after it.", "Then this again."),
)
"""What people say, each with what others answer."""

COMPLAINTS = (("spoiler", "It says what is coming."), ("other", ""), ("spam", "I have read this five times today."))
"""What people report about comments."""

HELD = {7: "link", 8: "new_account"}
"""Which of them wait to be looked at, and why."""

FOLLOWED_IN = 4


async def fill_community(runtime: Runtime) -> None:
    """Write what people did, unless it is there."""
    async with runtime.database.transaction() as session:
        if await session.scalar(select(Reaction.reactor).limit(1)) is None:
            await _react(session)
            await _follow(session)
            await _say(session)
            await _collect(session)


COLLECTED = (
    ("ada", "Lights going out", "Every lamp that is switched off, in order.", "public"),
    ("noor", "For the rainy days", "", "unlisted"),
)


CODE = "LumenC"
"""How the codes of collections begin."""


async def _collect(session: AsyncSession) -> None:
    """Two people keep public moments in an order of theirs; Ada's is filled by Noor too, and both are passed on."""
    people = {each.subject: each.id for each in await session.scalars(select(Viewer).filter(Viewer.subject != ""))}
    public = select(Moment).filter_by(visibility="public", deleted_at=None).order_by(Moment.id.desc()).limit(10)
    moments = (await session.scalars(public)).all()
    for number, (who, name, about, visibility) in enumerate(COLLECTED):
        if who not in people:
            continue
        id, now = identity("collection", name, moments[0].created_at), utc_now()
        code = f"{CODE}{number + 1}"
        columns = {"id": id, "code": code, "viewer_id": people[who], "name": name, "about": about}
        await session.execute(insert(Collection).values(visibility=visibility, changed_at=now, **columns))
        for place, moment in enumerate(moments[number * 4 : number * 4 + 5]):
            part = {"collection_id": id, "moment_id": moment.id, "place": place, "added_by": people[who]}
            await session.execute(insert(CollectionPart).values(part))
        if who == "ada" and "noor" in people:
            guest = {"collection_id": id, "viewer_id": people["noor"], "state": "joined"}
            await session.execute(insert(Collaborator).values(guest))


async def ask_for_supercut(runtime: Runtime) -> None:
    """Ada has her collection made into one clip, when nobody waits for anything else."""
    who, *_ = COLLECTED[0]
    async with runtime.database.transaction() as session:
        viewer = await session.scalar(select(Viewer).filter_by(subject=who))
        if viewer is None or await session.scalar(select(Supercut.collection_id).limit(1)) is not None:
            return
        ada, by = Caller(viewer, frozenset()), Audience(viewer.id, viewer.territory)
        with suppress(SupercutNeedsTwo):
            await supercuts.ask(session, runtime.settings, ada, by, f"{CODE}1", WHENEVER)


async def _react(session: AsyncSession) -> None:
    columns = JudgedEvent.at, JudgedEvent.id, JudgedEvent.share_id, JudgedEvent.visitor, JudgedEvent.viewer_id
    seen = (
        JudgedEvent.channel,
        JudgedEvent.inputs,
        JudgedEvent.moment_id,
        Moment.title_id,
        Moment.start_us,
        Moment.end_us,
    )
    plays = select(*columns, *seen).join(Moment, Moment.id == JudgedEvent.moment_id)
    plays = plays.where(JudgedEvent.kind == "play", JudgedEvent.verdict == "human", JudgedEvent.visitor.is_not(None))
    rows = (await session.execute(plays.order_by(JudgedEvent.at, JudgedEvent.id))).all()
    found = {(row.moment_id, row.viewer_id or row.visitor): row for row in rows if row.id.int % ONE_IN == 0}
    reactions, events = zip(*(_reaction(row) for row in found.values()), strict=True)
    await session.execute(insert(Reaction), reactions)
    await record(session, *events)


def _reaction(row: Row[Any]) -> tuple[dict[str, Any], Event]:
    moment_id, title_id, start_us, end_us = row.moment_id, row.title_id, row.start_us, row.end_us
    number, at = row.id.int, row.at + timedelta(seconds=9)
    peak = PEAKS[number // ONE_IN % len(PEAKS)]
    event = Event(
        kind=KIND,
        at=at,
        id=identity("reaction", str(row.id), at),
        share_id=row.share_id,
        moment_id=moment_id,
        title_id=title_id,
        visitor=row.visitor,
        viewer_id=row.viewer_id,
        channel=row.channel,
        verdict="human",
        verdict_reason="nothing_says_otherwise",
        verdict_rule="demo",
        inputs=row.inputs,
    )
    reaction = {
        "moment_id": moment_id,
        "reactor": str(row.viewer_id or row.visitor),
        "viewer_id": row.viewer_id,
        "kind": REACTIONS[LEANINGS[(number // 7 + moment_id.int) % len(LEANINGS)]],
        "at_us": start_us + round((end_us - start_us) * peak),
        "verdict": "human",
        "event_at": at,
        "event_id": event.id,
        "created_at": at,
    }
    return reaction, event


async def _follow(session: AsyncSession) -> None:
    """Everybody follows some of the creators; Ada follows more of them, and some want to follow her."""
    people = list(await session.scalars(select(Viewer.id).where(Viewer.name.contains(" ")).order_by(Viewer.id)))
    creators = list(await session.scalars(select(Creator.viewer_id).order_by(Creator.id)))
    ada = await session.scalar(select(Viewer.id).filter_by(subject="ada"))
    rows = list(_follows(people, creators, ada))
    if rows:
        await session.execute(insert(Follow), rows)


def _follows(people: Sequence[UUID], creators: Sequence[UUID], ada: UUID | None) -> Iterator[dict[str, Any]]:
    for number, person in enumerate(people):
        for place, creator in enumerate(creators):
            likes = person == ada or (person.int + place * place) % FOLLOWED_IN == 0
            if likes and person != creator:
                yield {"follower_id": person, "followed_id": creator, "state": "following"}
        if ada is not None and person not in {ada, *creators} and number % 20 < 1:
            yield {"follower_id": person, "followed_id": ada, "state": "requested"}


async def _say(session: AsyncSession) -> None:
    """Comments below the moments that were made last, by members who do not make clips; some wait to be looked at."""
    moments = select(Moment).filter_by(visibility="public", deleted_at=None).order_by(Moment.id.desc())
    people = list(await session.scalars(select(Viewer.id).where(Viewer.name.contains(" ")).order_by(Viewer.id)))
    rows: list[dict[str, Any]] = []
    for number, moment in enumerate(await session.scalars(moments)):
        for turn in range(1 + number % 4):
            rows += _thread(moment, number * 3 + turn, people)
    for row in rows:
        session.add(Comment(**row))
        await session.flush()
        if row["held_for"]:
            await open_review(session, "comment", row["id"], "held", row["held_for"])
    for row, (reason, words) in zip([row for row in rows if not row["held_for"]], COMPLAINTS, strict=False):
        about = {"moment_id": row["moment_id"], "comment_id": row["id"]}
        await report(session, reason_code=reason, text=words, reporter="visitor:demo", **about)


def _thread(moment: Moment, number: int, people: Sequence[UUID]) -> Iterator[dict[str, Any]]:
    which = number % len(SAID)
    parent = None
    for place, words in enumerate(SAID[which]):
        at = moment.created_at + timedelta(hours=3 + number % 5, minutes=17 * place + number % 50)
        id = identity("comment", f"{number}/{place}", at)
        if words:
            yield {
                "id": id,
                "moment_id": moment.id,
                "parent_id": parent,
                "viewer_id": people[(number * 13 + place * 7) % len(people)],
                "at_us": moment.start_us + round((moment.end_us - moment.start_us) * PEAKS[number % len(PEAKS)]),
                "text": words,
                "same_as": told_again(words),
                "held_for": HELD.get(which),
                "created_at": at,
            }
        parent = parent or id
