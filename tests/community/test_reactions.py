"""Reactions: one a person, anchored to a second, judged and voting as plays do."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from groundswell.community import reaction_lines
from groundswell.community.doors import Meeting
from groundswell.community.reaction_lines import ReactionLines
from groundswell.community.reaction_log import NewReaction, ReactionLog
from groundswell.community.reactions import line_of, new_reaction
from groundswell.community.tables import REACTIONS, Reaction
from groundswell.community.voters import Voter
from groundswell.discovery import refresh
from groundswell.discovery.tables import HeatVote
from groundswell.events.log.lookups import place
from groundswell.events.tables import JudgedEvent, Reverdict
from groundswell.events.traffic.client import see
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import Invalid
from tests.events.places import Shared, make_shared
from tests.support import App

PERSON = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"}
AT_US = 75_000_000


async def ticket(app: App, shared: Shared, **headers: str) -> str:
    """The ticket of a visit to the link, as the landing page carries it."""
    begun = await app.http.post("/v1/visits", json={"share": shared.token}, headers=PERSON | headers)
    assert begun.status_code == 201, begun.text
    return str(begun.json()["visit"])


async def react(app: App, shared: Shared, kind: str, **body: Any) -> httpx.Response:
    headers = PERSON | body.pop("headers", {})
    return await app.http.post(
        f"/v1/moments/{shared.moment.code}/reactions", json={"kind": kind, "at_us": AT_US} | body, headers=headers
    )


async def test_a_visitor_reacts_once_with_the_ticket_of_the_page(app: App) -> None:
    shared = await make_shared(app.runtime.database, app.runtime.settings)
    by = {"share": shared.token, "visit": await ticket(app, shared)}
    first = (await react(app, shared, "laugh", **by)).json()
    assert (first["total"], first["counts"]["laugh"], first["mine"]) == (1, 1, {"kind": "laugh", "at_us": AT_US})
    assert first["seconds"] == [{"at_us": AT_US, "kind": "laugh", "count": 1}]
    other = (await react(app, shared, "cry", at_us=AT_US + 999_999, **by)).json()
    assert (other["total"], other["counts"]["cry"], other["counts"]["laugh"]) == (1, 1, 0), "they changed their mind"
    newer = by | {"visit": await ticket(app, shared)}
    assert (await react(app, shared, "wow", **newer)).json()["total"] == 1, "a page loaded again is the same visitor"
    asked = {"share": shared.token, "visit": newer["visit"]}
    path = f"/v1/moments/{shared.moment.code}/reactions"
    assert (await app.http.get(path, params=asked, headers=PERSON)).json()["mine"]["kind"] == "wow"
    assert (await app.http.get(path)).json()["mine"] is None
    gone = (await app.http.delete(path, params=asked, headers=PERSON)).json()
    assert (gone["total"], gone["mine"]) == (0, None)
    async with app.runtime.database.transaction() as session:
        logged = (await session.scalars(select(JudgedEvent).filter_by(kind="react"))).all()
        assert [(each.verdict, each.share_id, each.viewer_id) for each in logged] == [("human", shared.share.id, None)]


@pytest.mark.slow
async def test_a_visitor_who_reacts_hundreds_of_times_at_once_is_counted_once(app: App) -> None:
    shared = await make_shared(app.runtime.database, app.runtime.settings)
    by = {"share": shared.token, "visit": await ticket(app, shared)}
    app.queue_all()
    answers: list[httpx.Response] = []
    for begin in range(0, 300, 50):
        kinds = [REACTIONS[number % len(REACTIONS)] for number in range(begin, begin + 50)]
        answers += await asyncio.gather(*(react(app, shared, kind, **by) for kind in kinds))
    assert {answer.status_code for answer in answers} <= {200, 201, 429}
    seen = await app.http.get(f"/v1/moments/{shared.moment.code}/reactions", params=by, headers=PERSON)
    assert seen.json()["total"] == 1
    async with app.runtime.database.transaction() as session:
        assert len(list(await session.scalars(select(Reaction)))) == 1
        logged = (await session.scalars(select(JudgedEvent).filter_by(kind="react"))).all()
        assert len(logged) == 1, "and has voted once"


async def test_what_is_refused(app: App) -> None:
    shared = await make_shared(app.runtime.database, app.runtime.settings)
    elsewhere = await make_shared(app.runtime.database, app.runtime.settings, subject="eve")
    theirs = await ticket(app, elsewhere)
    child = app.as_told("kid", kids=True)
    for body, status, code in [
        ({}, 422, "visit_missing"),
        ({"visit": "x" * 48}, 422, "visit_invalid"),
        ({"visit": theirs, "share": shared.token}, 422, "visit_invalid"),
        ({"visit": await ticket(app, shared), "share": elsewhere.token}, 404, "moment_unknown"),
        ({"headers": child}, 403, "kids_apart"),
        ({"headers": app.signed_in("ada"), "at_us": 1}, 422, "outside_moment"),
        ({"headers": app.signed_in("ada"), "kind": "hate"}, 422, "invalid"),
    ]:
        answer = await react(app, shared, body.pop("kind", "love"), **body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), body
    gone = await app.http.get(f"/v1/moments/{shared.moment.code}/reactions", headers=child)
    assert gone.json()["code"] == "kids_apart", "a child's profile does not see them either"
    async with app.runtime.database.transaction() as session:
        assert list(await session.scalars(select(Reaction))) == []


async def test_robots_and_what_is_judged_so_later_count_for_nothing(app: App) -> None:
    shared = await make_shared(app.runtime.database, app.runtime.settings)
    robot = {"User-Agent": "curl/8.5.0"}
    sent = {"share": shared.token, "visit": await ticket(app, shared, **robot), "headers": robot}
    assert (await react(app, shared, "love", **sent)).json()["total"] == 0
    assert (await react(app, shared, "love", headers=app.signed_in("ada"))).json()["total"] == 1
    maker = app.signed_in("noor")
    assert (await react(app, shared, "love", headers=maker)).json()["total"] == 2
    async with app.runtime.database.transaction() as session:
        await refresh.count(session)
        votes = (await session.execute(select(HeatVote.kind, HeatVote.event_id))).all()
        assert [kind for kind, _ in votes] == ["react"], "a robot's does not vote, nor does the maker's own"
        event = (await session.scalars(select(JudgedEvent).filter_by(id=votes[0].event_id))).one()
        late = {"kind": "robot", "reason": "rate:test", "rule": "test", "traffic": "sivt"}
        session.add(Reverdict(id=uuid7(), event_id=event.id, at=event.at, **late))
    assert (await app.http.get(f"/v1/moments/{shared.moment.code}/reactions")).json()["total"] == 1
    async with app.runtime.database.transaction() as session:
        await refresh.count(session)
        assert list(await session.scalars(select(HeatVote))) == []


async def test_who_asks_not_to_be_told_apart_reacts_once_a_visit(app: App) -> None:
    shared = await make_shared(app.runtime.database, app.runtime.settings)
    quiet = {"Sec-GPC": "1"}
    for total in (1, 2):
        by = {"share": shared.token, "visit": await ticket(app, shared, **quiet), "headers": quiet}
        assert (await react(app, shared, "wow", **by)).json()["total"] == total
        assert (await react(app, shared, "fire", **by)).json()["total"] == total


async def test_those_who_react_at_once_share_a_commit_and_one_that_cannot_be_stored_is_refused_alone(app: App) -> None:
    shared, database = await make_shared(app.runtime.database, app.runtime.settings), app.runtime.database
    seen = see({"user-agent": PERSON["User-Agent"]}, "192.0.2.1", b"salt")
    met = Meeting(shared.moment, shared.title, place(None, shared.moment.id, shared.title.id))

    def felt(name: str, kind: str, moment: UUID | None = None) -> NewReaction:
        voter = Voter(name, None, seen, utc_now(), uuid7())
        made = new_reaction(met, voter, kind, AT_US)
        return made if moment is None else made._replace(moment_id=moment, event=replace(made.event, moment_id=moment))

    async with ReactionLog(database).running() as log:
        asked = [felt(f"v{n % 9}", "love" if n < 9 else "cry") for n in range(18)] + [felt("lost", "wow", uuid7())]
        done = await asyncio.gather(*(log.take(each) for each in asked), return_exceptions=True)
    assert isinstance(done[-1], Invalid)
    assert sum(first is True for first in done) == 9, "one a person"
    async with database.transaction() as session:
        line = await line_of(session, shared.moment, None)
        logged = (await session.scalars(select(JudgedEvent.id).filter_by(kind="react"))).all()
    assert (line.counts["love"], line.counts["cry"], len(logged)) == (0, 9, 9), "the last of each counts"


async def test_a_line_that_takes_long_to_count_is_kept_for_a_while(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = await make_shared(app.runtime.database, app.runtime.settings)
    lines = ReactionLines(app.runtime.database)
    first, second = await asyncio.gather(lines.of(shared.moment), lines.of(shared.moment))
    assert first is second, "one count answers all who asked before it began"
    assert await lines.of(shared.moment) is not first, "a quick one is made for whoever asks next"
    for name, limit in {"KEPT_FROM": 0, "AGES": 1e6}.items():
        monkeypatch.setattr(reaction_lines, name, limit)
    kept = await lines.of(shared.moment)
    assert await lines.of(shared.moment) is kept
    mine = await lines.of(shared.moment, new=("wow", AT_US + 7))
    assert (mine.counts["wow"], mine.seconds) == (1, [(AT_US, "wow", 1)])


async def test_what_visitors_meet_around_is_forgotten_when_it_changes(app: App) -> None:
    shared = await make_shared(app.runtime.database, app.runtime.settings)
    path, asked = f"/v1/moments/{shared.moment.code}/reactions", {"share": shared.token}
    for _ in range(2):
        assert (await app.http.get(path, params=asked)).status_code == 200
    gone = await app.http.delete(f"/v1/moments/{shared.moment.code}", headers=app.signed_in("noor"))
    assert gone.status_code == 204
    assert (await app.http.get(path, params=asked)).json()["code"] == "moment_deleted"
