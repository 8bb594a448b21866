"""Where links lead: many are looked up together, and each leads where looking at it alone would have led."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text, update

from groundswell.catalog.tables import RightsRule, Series, Title
from groundswell.events.visits.destinations import AT_THE_SERVICE, Destination, Destinations
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.ids import uuid7
from groundswell.platform.notified_cache import NotifiedCache, listening
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings
from groundswell.platform.standing_query import StandingQuery
from groundswell.shares.links import resolve
from groundswell.shares.tables import Share
from groundswell.trust.tables import Decision
from tests.events.places import Shared, make_share, make_shared


@contextmanager
def counted(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The statements that are sent within the block, by sessions and by themselves."""
    sent: list[str] = []
    rows = StandingQuery.rows

    async def noting(self: StandingQuery, values: Any) -> Any:
        sent.append(self._text)
        return await rows(self, values)

    def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", hear)
    monkeypatch.setattr(StandingQuery, "rows", noting)
    try:
        yield sent
    finally:
        monkeypatch.undo()
        event.remove(database.engine.sync_engine, "before_cursor_execute", hear)


@pytest.fixture
async def destinations(database: Database, settings: Settings) -> AsyncIterator[Destinations]:
    destinations = Destinations(database, settings, NotifiedCache[Destination]())
    yield destinations
    await destinations.close()


async def outcome(destinations: Destinations, token: str) -> str:
    try:
        return (await destinations.find(token, utc_now())).start
    except Problem as refusal:
        return refusal.reason()


async def test_a_thousand_links_at_once_are_a_few_statements(
    database: Database, settings: Settings, destinations: Destinations, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = await make_shared(database, settings)
    tokens = [(await make_share(database, settings, shared.moment, None))[1] for _ in range(40)]
    async with listening(database, destinations.memory, destinations.titles):
        with counted(database, monkeypatch) as sent:
            found = await asyncio.gather(*(destinations.find(token, utc_now()) for token in tokens * 25))
        assert {each.start for each in found} == {f"http://test/watch/{shared.title.slug}?t=72"}
        assert len({each.place.share_id for each in found}) == 40
        assert len(sent) <= 4
        _, fresh = await make_share(database, settings, shared.moment, None)
        with counted(database, monkeypatch) as sent:
            await destinations.find(fresh, utc_now())
        assert len(sent) == 1, "what its title says is known"
        with counted(database, monkeypatch) as sent:
            assert all(destinations.known(token, utc_now()) for token in tokens)
        assert sent == []


async def everything(database: Database, settings: Settings) -> dict[str, str]:
    """Links in every state: what they are called, and their tokens."""
    now = utc_now()
    states: dict[str, tuple[type[Any], dict[str, Any]]] = {
        "plain": (Share, {}),
        "revoked": (Share, {"revoked_at": now}),
        "expired": (Share, {"expires_at": now - timedelta(seconds=1)}),
        "expiring": (Share, {"expires_at": now + timedelta(hours=1)}),
        "deleted": (Moment, {"deleted_at": now}),
        "private": (Moment, {"visibility": "private"}),
        "unlisted": (Moment, {"visibility": "unlisted"}),
        "own page": (Share, {"channel": "page"}),
    }
    tokens = {}
    for name, (table, values) in states.items():
        shared = await make_shared(database, settings)
        tokens[name] = shared.token
        subject = shared.share if table is Share else shared.moment
        if values:
            async with database.transaction() as session:
                await session.execute(update(table).where(table.id == subject.id).values(values))
    for kind in ("share", "moment", "title"):
        for action in ("hide", "demote"):
            shared = await make_shared(database, settings)
            await decide(database, kind, getattr(shared, kind).id, action)
            tokens[f"{action} {kind}"] = shared.token
    rules: dict[str, dict[str, Any]] = {
        "forbidden": {"sharing": False},
        "blocked": {"blocked_ranges": [{"start_us": 80_000_000, "end_us": 81_000_000, "reason": "song"}]},
        "elsewhere": {"sharing": False, "territory": "FR"},
        "other channel": {"targets": ["whatsapp"]},
        "closing": {"closes_at": now + timedelta(hours=1)},
        "not yet": {"opens_at": now + timedelta(hours=1)},
    }
    for name, rule in rules.items():
        shared = await make_shared(database, settings)
        await forbid(database, shared, rule)
        tokens[name] = shared.token
    tokens |= await passed_on(database, settings)
    return tokens


async def decide(database: Database, kind: str, subject: Any, action: str) -> None:
    words = {"reason_code": "x", "explanation": "Because.", "decided_by": "rule", "appeal": ""}
    async with database.transaction() as session:
        session.add(Decision(id=uuid7(), subject_kind=kind, subject_id=subject, action=action, **words))


async def forbid(database: Database, shared: Shared, rule: dict[str, Any], scope: str = "title") -> None:
    async with database.transaction() as session:
        key = str(shared.title.id)
        if scope != "title":
            series = Series(id=uuid7(), slug=f"s-{shared.title.slug}", name="S")
            session.add(series)
            await session.flush()
            place = {"series_id": series.id, "season": 1, "episode": 1}
            await session.execute(update(Title).where(Title.id == shared.title.id).values(place))
            key = str(series.id) if scope == "series" else f"{series.id}/1"
        session.add(RightsRule(scope=scope, scope_key=key, updated_by="ravi", **rule))


async def passed_on(database: Database, settings: Settings) -> dict[str, str]:
    """Links of unlisted moments that were passed on, one from a link that was withdrawn; and rules of a series."""
    tokens = {}
    for name, revoked in (("passed on", None), ("passed on in time", utc_now())):
        shared = await make_shared(database, settings)
        _, tokens[name] = await make_share(database, settings, shared.moment, None, parent=shared.share)
        async with database.transaction() as session:
            await session.execute(update(Moment).where(Moment.id == shared.moment.id).values(visibility="unlisted"))
            await session.execute(update(Share).where(Share.id == shared.share.id).values(revoked_at=revoked))
    for scope in ("series", "season"):
        shared = await make_shared(database, settings)
        await forbid(database, shared, {"sharing": False}, scope)
        tokens[f"forbidden {scope}"] = shared.token
    return tokens


@pytest.mark.slow
async def test_they_lead_where_each_alone_would(
    database: Database, settings: Settings, destinations: Destinations
) -> None:
    tokens = await everything(database, settings)
    together = await asyncio.gather(*(outcome(destinations, token) for token in tokens.values()))
    expected = {}
    for name, token in tokens.items():
        try:
            async with database.transaction() as session:
                found = await resolve(session, settings, token, AT_THE_SERVICE)
            expected[name] = f"http://test/watch/{found.title.slug}?t=72"
        except Problem as refusal:
            expected[name] = refusal.reason()
    assert dict(zip(tokens, together, strict=True)) == expected
    refused = {name for name, said in expected.items() if not said.startswith("http")}
    assert {"revoked", "expired", "deleted", "private", "forbidden", "forbidden season", "passed on in time"} <= refused
    assert {"plain", "expiring", "unlisted", "demote moment", "elsewhere", "closing", "passed on"} <= set(
        tokens
    ) - refused


async def test_a_link_is_known_until_time_may_change_it(
    database: Database, settings: Settings, destinations: Destinations
) -> None:
    shared = await make_shared(database, settings)
    closes = utc_now() + timedelta(hours=2)
    await forbid(database, shared, {"closes_at": closes})
    async with database.transaction() as session:
        ends = utc_now() + timedelta(hours=1)
        await session.execute(update(Share).where(Share.id == shared.share.id).values(expires_at=ends))
    assert (await destinations.find(shared.token, utc_now())).holds_until == ends


async def test_a_change_of_rights_forgets_only_whom_it_concerns(
    database: Database, settings: Settings, destinations: Destinations
) -> None:
    one, other = await make_shared(database, settings), await make_shared(database, settings)
    await forbid(database, one, {"note": "a rule of its series"}, "series")
    async with listening(database, destinations.memory, destinations.titles) as listener:

        async def known() -> list[bool]:
            await listener.synchronize()
            return [destinations.known(each.token, utc_now()) is not None for each in (one, other)]

        async def look() -> None:
            for each in (one, other):
                await destinations.find(each.token, utc_now())

        await look()
        assert await known() == [True, True]
        async with database.transaction() as session:
            await session.execute(update(RightsRule).values(note="changed"))
        assert await known() == [False, True]
        await look()
        await forbid(database, other, {"sharing": False})
        assert await known() == [True, False]
        assert await outcome(destinations, other.token) == "sharing_off"
        async with database.transaction() as session:
            session.add(RightsRule(scope="all", scope_key="*", updated_by="ravi", note="everything"))
        assert await known() == [False, False]


async def test_a_link_that_is_new_goes_by_what_its_title_says_now(
    database: Database, settings: Settings, destinations: Destinations
) -> None:
    """Each link is asked for the first time, while its title, its moment or the rules have just changed."""
    shared = await make_shared(database, settings)

    async def fresh() -> str:
        await listener.synchronize()
        return await outcome(destinations, (await make_share(database, settings, shared.moment, None))[1])

    async def change(table: type[Any], id: Any, **values: Any) -> None:
        async with database.transaction() as session:
            await session.execute(update(table).where(table.id == id).values(values))

    async with listening(database, destinations.memory, destinations.titles) as listener:
        here = await fresh()
        await change(Title, shared.title.id, external_id="moved")
        assert await fresh() == "http://test/watch/moved?t=72" != here
        await change(Moment, shared.moment.id, start_us=10_000_000)
        assert await fresh() == "http://test/watch/moved?t=10"
        await change(Title, shared.title.id, withdrawn_at=utc_now())
        withdrawn = await fresh()
        assert not withdrawn.startswith("http")
        await change(Title, shared.title.id, withdrawn_at=None)
        assert await fresh() == "http://test/watch/moved?t=10"
        await forbid(database, shared, {"sharing": False})
        assert await fresh() == "sharing_off"
        async with database.transaction() as session:
            await session.execute(update(RightsRule).values(sharing=True))
        assert await fresh() == "http://test/watch/moved?t=10"
        await decide(database, "moment", shared.moment.id, "hide")
        assert await fresh() == "taken_down"


async def test_a_connection_that_was_lost_meanwhile_is_made_again(
    database: Database, settings: Settings, destinations: Destinations
) -> None:
    shared = await make_shared(database, settings)
    assert (await outcome(destinations, shared.token)).startswith("http")
    async with database.transaction() as session:
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%shares%'"
        await session.execute(text(ended + " AND pid <> pg_backend_pid() AND datname = current_database()"))
    assert (await outcome(destinations, shared.token)).startswith("http")


async def test_who_asks_in_the_very_turn_in_which_a_look_up_ends_is_looked_up_too(
    database: Database, settings: Settings, destinations: Destinations, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = await make_shared(database, settings)
    _, late = await make_share(database, settings, shared.moment, None)
    asked: list[asyncio.Future[Destination]] = []
    opened = Destinations._open

    def opening(self: Destinations, token: str, *rest: Any) -> Destination:
        asyncio.get_running_loop().call_soon(lambda: asked.append(self.ask(late)))
        monkeypatch.undo()
        return opened(self, token, *rest)

    monkeypatch.setattr(Destinations, "_open", opening)
    await destinations.find(shared.token, utc_now())
    while not asked:  # noqa: ASYNC110
        await asyncio.sleep(0)
    async with asyncio.timeout(10):
        assert (await asked[0]).start.startswith("http")
