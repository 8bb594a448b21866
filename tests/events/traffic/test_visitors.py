"""Telling visitors of a day apart: by a salt that is shared, and forgotten."""

import asyncio
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from groundswell.events.tables import VisitorSalt
from groundswell.events.traffic.visitors import KEEP, Visitors, household_of, network_of, origin, visitor_hash
from groundswell.platform.database import Database

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
DAY = timedelta(days=1)


async def test_all_processes_have_one_salt_a_day(database: Database) -> None:
    ours, theirs = Visitors(database), Visitors(database)
    salts = await asyncio.gather(*(each.prepare(NOON) for each in (ours, theirs) * 3))
    assert len(set(salts)) == 1
    assert len(salts[0]) == 16
    assert await ours.prepare(NOON.replace(hour=0)) == salts[0]
    assert await ours.prepare(NOON + DAY) != salts[0]
    async with database.transaction() as session:
        assert len((await session.scalars(select(VisitorSalt))).all()) == 2


async def test_a_day_is_in_utc(database: Database) -> None:
    from datetime import timezone

    visitors, tokyo = Visitors(database), timezone(timedelta(hours=9))
    assert await visitors.prepare(datetime(2026, 5, 5, 8, tzinfo=tokyo)) == await visitors.prepare(NOON)
    assert await visitors.prepare(datetime(2026, 5, 5, 9, tzinfo=tokyo)) != await visitors.prepare(NOON)


async def test_salts_are_remembered_for_two_days_and_then_forgotten(database: Database) -> None:
    visitors = Visitors(database)
    assert visitors.salt(NOON.date()) is None
    first = await visitors.prepare(NOON)
    assert visitors.salt(NOON.date()) == first
    await visitors.prepare(NOON + KEEP - DAY)
    assert visitors.salt(NOON.date()) == first
    await visitors.prepare(NOON + KEEP)
    assert visitors.salt(NOON.date()) is None, "not even in memory"
    assert await visitors.forget(NOON) == 0, "a day that has not ended is kept"
    assert await visitors.forget(NOON + DAY) == 1
    assert await visitors.forget(NOON + DAY) == 0
    assert await Visitors(database).prepare(NOON) != first


@pytest.mark.parametrize(
    ("address", "household", "network"),
    [
        ("203.0.113.9", "203.0.113.9/32", "203.0.113.0/24"),
        ("2001:db8:1:2:3::9", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("", "", ""),
        ("unix:", "unix:", "unix:"),
    ],
)
def test_a_household_is_an_address_or_its_block(address: str, household: str, network: str) -> None:
    assert (household_of(address), network_of(address)) == (household, network)


@given(st.ip_addresses().map(str))
def test_an_address_lies_in_its_household_and_that_in_its_network(address: str) -> None:
    household, network = ip_network(household_of(address)), ip_network(network_of(address))
    assert ip_address(address) in household
    assert household.subnet_of(network)  # type: ignore[arg-type]


def test_the_hashes_of_where_one_is_say_nothing_of_the_address_and_change_by_the_day() -> None:
    one, neighbour = origin(b"monday", "203.0.113.9"), origin(b"monday", "203.0.113.10")
    assert one[0] != neighbour[0]
    assert one[1] == neighbour[1]
    assert one[0] != one[1]
    assert origin(b"tuesday", "203.0.113.9") != one
    assert [len(part) for part in one] == [12, 12]
    assert one[0] == visitor_hash(b"monday", "household", "203.0.113.9/32")[:12]
