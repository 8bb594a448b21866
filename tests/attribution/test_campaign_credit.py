"""A campaign's credit: what refunds take back of it, divided as the sale was; and the same however it is paged."""

from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID, uuid4

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text, update

from groundswell.accounts.tables import Viewer
from groundswell.attribution import campaign_credit
from groundswell.attribution.campaign_credit import credit_for, credit_of, newest_credit, taken_back, totals_of
from groundswell.attribution.credits import as_credit, divided
from groundswell.attribution.eligibility import EligibleTouch
from groundswell.attribution.models import MODELS, MODELS_VERSION
from groundswell.attribution.tables import Campaign, Conversion, Credit, Touch
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.ids import uuid7
from tests.earnings.world import World, build

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def sale(minor: int | None) -> Conversion:
    return Conversion(id=uuid4(), kind="subscription", at=NOON, amount_minor=minor, currency="EUR", viewer_id=uuid4())


def refund(minor: int, number: int) -> Conversion:
    at = NOON + timedelta(hours=number)
    return Conversion(id=uuid4(), kind="refund", at=at, amount_minor=minor, currency="EUR", viewer_id=uuid4())


def touches(count: int) -> list[EligibleTouch]:
    """So many touches, an hour apart, oldest first."""
    return [
        EligibleTouch(UUID(int=n), NOON - timedelta(hours=count - n), uuid4(), uuid4(), uuid4(), uuid4(), "x")
        for n in range(1, count + 1)
    ]


def given_for(conversion: Conversion, count: int, model: str = "linear") -> list[Credit]:
    rows = divided(conversion, touches(count), {}, {model: MODELS[model]})
    return [as_credit(row) for row in rows]


@example(7, 3, [1, 1, 1, 1], "position")
@settings(max_examples=100)
@given(
    st.integers(1, 10_000), st.integers(1, 6), st.lists(st.integers(1, 4000), max_size=5), st.sampled_from([*MODELS])
)
def test_parts_of_a_sale_given_back_leave_what_is_left_divided(
    minor: int, count: int, parts: list[int], model: str
) -> None:
    parts = [part for n, part in enumerate(parts) if sum(parts[: n + 1]) <= minor]
    credits = given_for(sale(minor), count, model)
    refunds = [refund(part, n) for n, part in enumerate(parts)]
    rows = taken_back(credits, refunds)
    assert [sum(row.amount_minor or 0 for row in rows if row.conversion_id == each.id) for each in refunds] == [
        -part for part in parts
    ]
    assert all((row.amount_minor or 0) <= 0 for row in rows)
    left = {
        credit.touch_id: (credit.amount_minor or 0)
        + sum(row.amount_minor or 0 for row in rows if row.touch_id == credit.touch_id)
        for credit in credits
    }
    assert all(amount >= 0 for amount in left.values())
    whole = minor - sum(parts)
    assert sum(left.values()) == whole
    for credit in credits:
        assert abs(left[credit.touch_id] - whole * (credit.amount_minor or 0) / minor) < 2


def test_a_full_refund_in_parts_leaves_nothing_with_anybody() -> None:
    credits = given_for(sale(1001), 3)
    rows = taken_back(credits, [refund(333, 1), refund(1, 2), refund(667, 3)])
    assert [row.amount_minor for row in credits] == [333, 334, 334]
    by_touch = [sum(row.amount_minor or 0 for row in rows if row.touch_id == each.touch_id) for each in credits]
    assert by_touch == [-333, -334, -334]
    assert [row.kind for row in rows] == ["refund"] * 9
    assert {row.at for row in rows} == {NOON + timedelta(hours=hours) for hours in (1, 2, 3)}
    assert [(row.model, row.weight_ppm, row.share_id) for row in rows[:3]] == [
        (each.model, each.weight_ppm, each.share_id) for each in credits
    ]


def test_nothing_is_taken_where_nothing_was_given_back() -> None:
    assert taken_back(given_for(sale(1001), 3), []) == []


BEGIN = utc_now() - timedelta(days=9)
BACKWARDS = count(1_000, -1)
"""Numbers for ids, so that the order of ids is not that in which rows were written."""


@pytest.fixture
async def world(database: Database) -> World:
    world = await build(database)
    await world.moment("noor", "kiss")
    await world.moment("vera", "rain")
    return world


async def campaign_of(world: World, *creators: str, territories: list[str] | None = None) -> Campaign:
    async with world.database.transaction() as session:
        campaign = Campaign(
            id=uuid7(), key="summer", name="Summer", begins_at=BEGIN, ends_at=BEGIN + timedelta(days=5), terms="-",
            creators=[world.viewers[name] for name in creators], territories=territories, model="linear",
            model_version=MODELS_VERSION, attribution_window_days=30,
        )  # fmt: skip
        session.add(campaign)
    return campaign


async def sold(world: World, subject: str, hours: float, *shares: UUID, code: str = "", territory: str = "DE") -> UUID:
    """A sale to somebody in a territory, so long after the campaign began, by way of the shares or of a code."""
    viewer, at = await world.viewer(subject), BEGIN + timedelta(hours=hours)
    led = [{"sharer_id": world.viewers[code]}] if code else [{"share_id": share} for share in shares]
    async with world.database.transaction() as session:
        await session.execute(update(Viewer).where(Viewer.id == viewer).values(territory=territory))
        for n, by in enumerate(led, 1):
            touched = {"event_id": uuid4(), "at": at - n * timedelta(minutes=1), "viewer_id": viewer}
            session.add(Touch(id=uuid7(), matched_by="code" if code else "login", **touched, **by))
        sale = Conversion(
            id=UUID(int=next(BACKWARDS)), external_id=str(uuid4()), kind="subscription", viewer_id=viewer, at=at,
            amount_minor=999, currency="EUR",
        )  # fmt: skip
        session.add(sale)
    return sale.id


async def given_back(world: World, subject: str, sale: UUID, minor: int, hours: float) -> UUID:
    async with world.database.transaction() as session:
        refund = Conversion(
            id=UUID(int=next(BACKWARDS)), external_id=str(uuid4()), kind="refund", viewer_id=world.viewers[subject],
            amount_minor=minor, at=BEGIN + timedelta(hours=hours), currency="EUR", original_id=sale,
        )  # fmt: skip
        session.add(refund)
    return refund.id


def told(credits: list[Credit]) -> list[tuple[object, ...]]:
    return [(each.conversion_id, each.touch_id, each.kind, each.weight_ppm, each.amount_minor) for each in credits]


@pytest.mark.slow
async def test_however_it_is_paged_the_credit_is_the_same(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one instant there are more sales than a page holds."""
    kiss, rain = await world.share("kiss"), await world.share("rain")
    campaign = await campaign_of(world, "noor")
    both = await sold(world, "v0", 24, kiss, rain)
    for n in range(1, 5):
        await sold(world, f"v{n}", 24, kiss)
    await sold(world, "w", 24, rain)
    await sold(world, "x", 30, code="noor")
    parts = [await given_back(world, "v0", both, 333, hours) for hours in (24, 40)]
    async with world.database.transaction() as session:
        now = utc_now()
        await session.execute(text("SET LOCAL enable_indexscan = off"))  # no plan brings the order by chance
        whole = await credit_of(session, campaign, now)
        assert [each.at for each in whole] == sorted(each.at for each in whole)
        mine = {each.conversion_id: each.amount_minor for each in whole}
        assert [mine[both], *(mine[part] for part in parts)] == [500, -167, -166]
        assert len(mine) == len(whole) == 8, "nothing of what vera alone brought"
        for size in (1, 2, 3, 1000):
            monkeypatch.setattr(campaign_credit, "AT_ONCE", size)
            assert told(await credit_of(session, campaign, now)) == told(whole)
            for kind in ("", "subscription", "refund"):
                of_kind = [each for each in whole if kind in {"", each.kind}]
                totals = await totals_of(session, campaign, now, kind)
                assert totals == (sum(each.weight_ppm for each in of_kind), len({e.conversion_id for e in of_kind}))
                pages: list[Credit] = []
                found, before = await newest_credit(session, campaign, now, size, kind=kind)
                while found:
                    pages += found
                    found, before = (
                        await newest_credit(session, campaign, now, size, kind=kind, before=before)
                        if before
                        else ([], None)
                    )
                order = sorted(of_kind, key=lambda each: (each.at, each.conversion_id, each.touch_id), reverse=True)
                assert told(pages) == told(order)


async def test_no_conversion_earns_a_campaign_credit_but_its_own(world: World) -> None:
    kiss = await world.share("kiss")
    campaign = await campaign_of(world, "noor", territories=["DE"])
    own = await sold(world, "here", 24, kiss)
    others = [
        await sold(world, "there", 24, kiss, territory="AT"),
        await sold(world, "here", -1),
    ]
    async with world.database.transaction() as session:
        assert [each.conversion_id for each in await credit_of(session, campaign, utc_now())] == [own]
        assert [each.conversion_id for each in await credit_for(session, campaign, [own, *others])] == [own]
        assert await credit_for(session, campaign, others) == []
