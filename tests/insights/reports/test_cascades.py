"""Cascades of a period: those that began in it, whole, and how they spread."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from groundswell.events.event import Event
from groundswell.events.log.event_log import record
from groundswell.insights.reports import cascades
from groundswell.insights.reports.cascades import cascades_report
from groundswell.insights.reports.report_filter import Slice
from groundswell.platform.database import Database
from groundswell.platform.ids import random_code, uuid7
from groundswell.platform.settings import Settings
from groundswell.shares.channels import OWN_PAGE
from groundswell.shares.tables import Share
from tests.events.places import Shared, make_shared

DAY = date(2026, 5, 4)
BEGIN = datetime(2026, 5, 4, tzinfo=UTC)
END = BEGIN + timedelta(days=1)
TICK = timedelta(microseconds=1)


@dataclass
class Sharing:
    """Shares of one moment, made when it suits the test."""

    database: Database
    shared: Shared

    async def share(self, at: datetime, parent: Share | None = None, channel: str = "x", logged: bool = True) -> Share:
        id = uuid7()
        share = Share(
            id=id, code=random_code(), moment_id=self.shared.moment.id, channel=channel, created_at=at,
            parent_id=parent.id if parent else None, root_id=parent.root_id if parent else id,
            generation=parent.generation + 1 if parent else 0,
        )  # fmt: skip
        place = {"moment_id": self.shared.moment.id, "title_id": self.shared.title.id}
        event = Event(kind="share", id=uuid4(), at=at, share_id=id, channel=channel, **place)
        async with self.database.transaction() as session:
            session.add(share)
            if logged:
                await record(session, event)
        return share

    async def found(self, **narrowed: object) -> cascades.Cascades:
        async with self.database.transaction() as session:
            return await cascades_report(session, Slice(DAY, DAY, **narrowed))  # type: ignore[arg-type]


@pytest.fixture
async def sharing(database: Database, settings: Settings) -> Sharing:
    return Sharing(database, await make_shared(database, settings))


def sizes(found: cascades.Cascades) -> dict[UUID, int]:
    return {row.root_id: row.shares for row in found.largest}


async def test_a_cascade_is_of_the_day_on_which_it_began_and_whole(sharing: Sharing) -> None:
    await sharing.share(BEGIN - TICK)
    first, last = await sharing.share(BEGIN), await sharing.share(END - TICK)
    await sharing.share(END)
    await sharing.share(BEGIN + timedelta(days=9), first)
    found = await sharing.found()
    assert sizes(found) == {first.id: 2, last.id: 1}
    assert (found.roots, found.shares, found.passed_on) == (2, 3, 1)
    assert found.generations == [(0, 2), (1, 1)]


async def test_means_are_over_those_that_were_passed_on(sharing: Sharing) -> None:
    await sharing.share(BEGIN)
    star, chain = await sharing.share(BEGIN), await sharing.share(BEGIN)
    for _ in range(3):
        await sharing.share(BEGIN + TICK, star)
    link = chain
    for _ in range(3):
        link = await sharing.share(BEGIN + TICK, link)
    found = await sharing.found()
    by_root = {row.root_id: row for row in found.largest}
    assert (by_root[star.id].depth, by_root[chain.id].depth) == (1, 3)
    assert by_root[star.id].structural_virality == pytest.approx(1.5), "Wiener: 18 over 12 ordered pairs"
    assert by_root[chain.id].structural_virality == pytest.approx(20 / 12)
    assert found.structural_virality == pytest.approx((1.5 + 20 / 12) / 2)
    assert (by_root[star.id].broadcast, by_root[chain.id].broadcast) == (1.0, pytest.approx(1 / 3))
    assert found.broadcast == pytest.approx(2 / 3)
    assert found.generations == [(0, 3), (1, 4), (2, 1), (3, 1)]
    assert {row.label for row in found.largest} == {"Without words (A film 1:12)"}


async def test_nothing_began_on_a_quiet_day(sharing: Sharing) -> None:
    found = await sharing.found()
    assert (found.roots, found.shares, found.passed_on, found.generations, found.largest) == (0, 0, 0, [], [])
    assert (found.structural_virality, found.broadcast) == (None, None)


async def test_a_moments_own_page_begins_no_cascade(sharing: Sharing) -> None:
    await sharing.share(BEGIN, channel=OWN_PAGE)
    assert (await sharing.found()).roots == 0


async def test_cascades_are_narrowed_by_what_their_first_share_was(sharing: Sharing) -> None:
    first, other = await sharing.share(BEGIN), await sharing.share(BEGIN, channel="qr")
    await sharing.share(BEGIN, other)
    await sharing.share(BEGIN, channel="qr", logged=False)
    assert sizes(await sharing.found(channel="x")) == {first.id: 1}
    assert sizes(await sharing.found(channel="qr")) == {other.id: 2}
    assert (await sharing.found(title_id=uuid4())).roots == 0
    assert (await sharing.found(title_id=sharing.shared.title.id)).roots == 2


async def test_the_largest_come_first_and_no_more_than_can_be_looked_at(
    sharing: Sharing, monkeypatch: pytest.MonkeyPatch
) -> None:
    roots = [await sharing.share(BEGIN) for _ in range(4)]
    for parent in (roots[2], roots[2], roots[1]):
        await sharing.share(BEGIN, parent)
    monkeypatch.setattr(cascades, "LARGEST", 3)
    found = await sharing.found()
    assert [row.root_id for row in found.largest] == [roots[2].id, roots[1].id, roots[0].id], "then by id"
    assert found.roots == 4
