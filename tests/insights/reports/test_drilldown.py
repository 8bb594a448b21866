"""The rows behind a number: for each dimension and key, those events and no others."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from groundswell.attribution.models import DEFAULT_MODEL, MODELS_VERSION
from groundswell.attribution.tables import Campaign
from groundswell.events.event import Event
from groundswell.events.log.event_log import record
from groundswell.events.tables import JudgedEvent
from groundswell.insights.reports.breakdown import UNKNOWN
from groundswell.insights.reports.dimensions import DIMENSIONS, DimensionUnknown, dimension_of
from groundswell.insights.reports.drilldown import conditions
from groundswell.insights.reports.event_rows import EventQuery, columns_of_events, counts, find_event, page_of_events
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.ids import uuid7
from groundswell.shares.tables import Share
from tests.events.places import Shared, make_share, make_shared, viewer
from tests.support import settings_at

NOON = (utc_now() - timedelta(days=3)).replace(hour=12, minute=0, second=0, microsecond=0)
MIDNIGHT = NOON.replace(hour=0)
TICK = timedelta(microseconds=1)


@dataclass
class Log:
    """Two films with a moment and shares each, and the events that are about them, by name."""

    database: Database
    one: Shared
    two: Shared
    again: Share
    nobodys: Share
    events: dict[str, UUID]

    async def told(self, where: Mapping[str, str]) -> set[str]:
        """The names of the events that are counted under ``where``."""
        async with self.database.transaction() as session:
            found = await conditions(session, JudgedEvent, where)
            ids = set(await session.scalars(select(JudgedEvent.id).where(*found)))
        return {name for name, id in self.events.items() if id in ids}


@pytest.fixture(scope="module")
async def log(shared_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Log:
    """Made once: all tests read it."""
    database, settings = shared_database, settings_at(shared_database.url, tmp_path_factory.mktemp("log"))
    one = await make_shared(database, settings, subject="noor", channel="x")
    two = await make_shared(database, settings, subject="kofi", channel="qr")
    async with database.transaction() as session:
        ada = await viewer(session, "ada")
    again, _ = await make_share(database, settings, one.moment, ada.id, parent=one.share)
    nobodys, _ = await make_share(database, settings, two.moment, None, channel="copy")
    log = Log(database, one, two, again, nobodys, {})

    async def happen(name: str, share: Share | None, of: Shared | None, at: datetime = NOON, **more: Any) -> None:
        place = {"moment_id": of.moment.id, "title_id": of.title.id} if of else {}
        event = Event(
            kind="click", id=uuid4(), at=at, share_id=share.id if share else None,
            channel=share.channel if share else None, verdict="human", **place, **more,
        )  # fmt: skip
        log.events[name] = event.id
        async with database.transaction() as session:
            await record(session, event)

    await happen("first", one.share, one, territory="DE", visitor="v")
    await happen("re-shared", again, one, territory="FR", visitor="v")
    await happen("other", two.share, two, at=MIDNIGHT, territory="DE")
    await happen("nobody's", nobodys, two, at=MIDNIGHT - TICK)
    await happen("no share", None, one, at=MIDNIGHT + timedelta(days=1) - TICK)
    await happen("nothing", None, None, at=MIDNIGHT + timedelta(days=1))
    return log


async def test_each_dimension_finds_its_own(log: Log) -> None:
    expected: list[tuple[str, str, set[str]]] = [
        ("channel", "x", {"first", "re-shared"}),
        ("channel", "qr", {"other"}),
        ("title", str(log.one.title.id), {"first", "re-shared", "no share"}),
        ("moment", str(log.two.moment.id), {"other", "nobody's"}),
        ("maker", str(log.one.moment.viewer_id), {"first", "re-shared", "no share"}),
        ("scene", str(log.two.moment.id), {"other", "nobody's"}),
        ("territory", "DE", {"first", "other"}),
        ("sharer", str(log.again.viewer_id), {"re-shared"}),
        ("sharer", str(log.one.share.viewer_id), {"first"}),
        ("generation", "0", {"first", "other", "nobody's"}),
        ("generation", "1", {"re-shared"}),
        ("day", f"{NOON:%Y-%m-%d}", {"first", "re-shared", "other", "no share"}),
        ("day", f"{NOON - timedelta(days=1):%Y-%m-%d}", {"nobody's"}),
        ("day", f"{NOON + timedelta(days=1):%Y-%m-%d}", {"nothing"}),
    ]
    for dimension, key, names in expected:
        assert await log.told({dimension: key}) == names, (dimension, key)
    async with log.database.transaction() as session:
        made = await session.scalar(select(Share.created_at).filter_by(id=log.one.share.id))
    assert made is not None
    monday = made.astimezone(UTC).date() - timedelta(days=made.astimezone(UTC).weekday())
    assert await log.told({"cohort": f"{monday}"}) == {"first", "re-shared", "other", "nobody's"}


async def test_what_is_not_known_is_found_as_that(log: Log) -> None:
    expected = {
        "channel": {"no share", "nothing"},
        "title": {"nothing"},
        "moment": {"nothing"},
        "maker": {"nothing"},
        "scene": {"nothing"},
        "territory": {"nobody's", "no share", "nothing"},
        "sharer": {"nobody's", "no share", "nothing"},
        "generation": {"no share", "nothing"},
        "cohort": {"no share", "nothing"},
    }
    for dimension, names in expected.items():
        assert await log.told({dimension: UNKNOWN}) == names, dimension
    assert set(expected) == set(DIMENSIONS) - {"day"}


@pytest.mark.parametrize(
    ("dimension", "key"),
    [
        *((name, key) for name in DIMENSIONS for key in (str(UUID(int=1)), "nonsense", "") if name != "channel"),
        ("channel", "carrier pigeon"),
        ("generation", "7"),
        ("generation", "-1"),
        ("generation", "1000000"),
        ("generation", "²"),
        ("day", "2026-13-01"),
        ("campaign", "none"),
    ],
)
async def test_a_key_that_names_nothing_finds_nothing(log: Log, dimension: str, key: str) -> None:
    assert await log.told({dimension: key}) == set()


async def test_several_dimensions_narrow_together(log: Log) -> None:
    assert await log.told({"title": str(log.one.title.id), "territory": "DE"}) == {"first"}
    assert await log.told({"channel": "x", "generation": "1"}) == {"re-shared"}
    assert await log.told({"channel": "qr", "title": str(log.one.title.id)}) == set()
    assert await log.told({}) == set(log.events)


async def test_a_campaigns_events_are_of_its_titles_creators_territories_and_time(log: Log) -> None:
    async def begun(key: str, **limits: Any) -> None:
        async with log.database.transaction() as session:
            shape = {"model": DEFAULT_MODEL, "model_version": MODELS_VERSION, "attribution_window_days": 30}
            times = {"begins_at": MIDNIGHT, "ends_at": MIDNIGHT + timedelta(days=1)}
            session.add(Campaign(id=uuid7(), key=key, name=key, terms="", **(shape | times | limits)))

    noor = log.one.moment.viewer_id
    await begun("all")
    await begun("titled", titles=[log.one.title.id])
    await begun("made", creators=[noor])
    await begun("there", territories=["DE"])
    await begun("every", titles=[log.one.title.id], creators=[noor], territories=["DE"])
    await begun("short", ends_at=NOON + timedelta(hours=9), ended_at=NOON)
    assert await log.told({"campaign": "all"}) == {"first", "re-shared", "other", "no share"}
    assert await log.told({"campaign": "titled"}) == {"first", "re-shared", "no share"}
    assert await log.told({"campaign": "made"}) == {"first", "re-shared", "no share"}
    assert await log.told({"campaign": "there"}) == {"first", "other"}
    assert await log.told({"campaign": "every"}) == {"first"}
    assert await log.told({"campaign": "short"}) == {"other"}


async def test_events_are_asked_for_by_time_kind_verdict_and_share(log: Log) -> None:
    begin, end = MIDNIGHT, MIDNIGHT + timedelta(days=1)

    async def asked(**more: Any) -> set[str]:
        query = EventQuery(**{"begin": begin, "end": end, **more})
        async with log.database.transaction() as session:
            ids = {row.id for row in await page_of_events(session, query, 99)}
            columns = await columns_of_events(session, query, ["id", "kind"], 99)
        assert {id for id, _ in columns} == ids
        assert {kind for _, kind in columns} <= {"click"}
        return {name for name, id in log.events.items() if id in ids}

    assert await asked() == {"first", "re-shared", "other", "no share"}
    assert await asked(kind="click", verdict="human") == {"first", "re-shared", "other", "no share"}
    assert await asked(kind="play") == set()
    assert await asked(verdict="robot") == set()
    assert await asked(shared=True) == {"first", "re-shared", "other"}
    assert await asked(share_id=log.again.id) == {"re-shared"}
    assert await asked(where={"territory": "DE"}) == {"first", "other"}
    assert await asked(end=begin) == set()


async def test_pages_of_events_are_newest_first_and_meet(log: Log) -> None:
    query = EventQuery(MIDNIGHT - timedelta(days=1), MIDNIGHT + timedelta(days=2))
    async with log.database.transaction() as session:
        every = await page_of_events(session, query, 99)
        first = await page_of_events(session, query, 4)
        rest = await page_of_events(session, query, 4, (first[-1].at, first[-1].id))
    assert [row.id for row in [*first, *rest]] == [row.id for row in every]
    assert [(row.at, row.id) for row in every] == sorted(((row.at, row.id) for row in every), reverse=True)
    assert len(every) == len(log.events)


async def test_a_visitor_is_counted_once_and_who_has_no_name_each_time(log: Log) -> None:
    async with log.database.transaction() as session:
        of_day = EventQuery(MIDNIGHT, MIDNIGHT + timedelta(days=1))
        assert await counts(session, of_day) == (4, 3)
        assert await counts(session, EventQuery(NOON, NOON + TICK)) == (2, 1)
        assert await counts(session, EventQuery(NOON + TICK, NOON + 2 * TICK)) == (0, 0)


async def test_one_event_is_found_where_it_is_kept(log: Log) -> None:
    async with log.database.transaction() as session:
        found = await find_event(session, log.events["first"], NOON)
        assert found is not None
        assert (found.logged.id, found.current, list(found.verdicts)) == (log.events["first"], "human", [])
        assert await find_event(session, log.events["first"], NOON + TICK) is None
        assert await find_event(session, uuid4(), NOON) is None


def test_a_dimension_is_one_of_those_there_are() -> None:
    assert dimension_of("cohort").needs == ("shares",)
    with pytest.raises(DimensionUnknown, match="no dimension colour"):
        dimension_of("colour")
