"""Conversions as rows: which, in which order, and what each is credited to; and how much could be matched at all."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.attribution.credits import credit_touches
from groundswell.attribution.models import PPM
from groundswell.attribution.tables import Conversion, Touch
from groundswell.insights.reports.conversions import one, recent
from groundswell.insights.reports.coverage import coverage
from groundswell.insights.reports.credit_rows import (
    CreditQuery,
    columns_of_credits,
    converted_names,
    find_conversion,
    page_of_credits,
    totals,
)
from groundswell.insights.reports.report_filter import DAYS_MAX, PeriodInvalid, Slice
from groundswell.platform.database import Database
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import NotFound
from groundswell.platform.settings import Settings
from groundswell.shares.tables import Share
from tests.events.places import Shared, make_share, make_shared, viewer

DAY = date(2026, 5, 4)
BEGIN = datetime(2026, 5, 4, tzinfo=UTC)
END = BEGIN + timedelta(days=1)
TICK = timedelta(microseconds=1)


@pytest.fixture
async def shared(database: Database, settings: Settings) -> Shared:
    return await make_shared(database, settings, subject="noor", channel="x")


async def convert(
    session: AsyncSession,
    at: datetime,
    *touches: tuple[Share, str],
    kind: str = "subscription",
    subject: str = "ada",
    minor: int | None = 999,
) -> UUID:
    """A conversion of ``subject``, after touches of shares (each with how it was matched), an hour apart."""
    who = await viewer(session, subject)
    for hours, (share, matched_by) in enumerate(reversed(touches), 1):
        touched = at - timedelta(hours=hours)
        session.add(
            Touch(viewer_id=who.id, event_id=uuid4(), at=touched, share_id=share.id, matched_by=matched_by)
        )  # fmt: skip
    currency = None if minor is None else "EUR"
    conversion = Conversion(
        id=uuid7(), external_id=str(uuid4()), kind=kind, viewer_id=who.id, at=at, amount_minor=minor, currency=currency
    )
    session.add(conversion)
    await session.flush()
    await credit_touches(session, conversion, 30)
    return conversion.id


async def test_conversions_of_a_period_are_its_whole_days_newest_first(database: Database) -> None:
    async with database.transaction() as session:
        ids = [
            await convert(session, at, subject=f"v{n}")
            for n, at in enumerate((BEGIN - TICK, BEGIN, BEGIN, END - TICK, END))
        ]
        found = await recent(session, Slice(DAY, DAY))
        assert [row.id for row in found] == [ids[3], *sorted(ids[1:3], reverse=True)]
        pages = [await recent(session, Slice(DAY, DAY), 2), await recent(session, Slice(DAY, DAY), 2, found[1].id)]
        assert [[row.id for row in page] for page in pages] == [[row.id for row in found[:2]], [found[2].id]]
        assert len(await recent(session, Slice(DAY - timedelta(days=1), DAY + timedelta(days=1)))) == 5


async def test_a_conversion_shows_the_share_that_the_last_touch_was_of(
    database: Database, settings: Settings, shared: Shared
) -> None:
    async with database.transaction() as session:
        ada = await viewer(session, "ada")
    again, _ = await make_share(database, settings, shared.moment, ada.id, channel="qr", parent=shared.share)
    async with database.transaction() as session:
        id = await convert(session, BEGIN, (shared.share, "cookie"), (again, "token"), subject="bea")
        row = await one(session, id)
        assert (row.share_id, row.channel, row.generation) == (again.id, "qr", 1)
        assert (row.title, row.title_id, row.certain) == ("A film", shared.title.id, True)
        assert (row.kind, row.at, row.amount_minor, row.currency, row.viewer) == (
            "subscription", BEGIN, 999, "EUR", "Bea",
        )  # fmt: skip
        probable = await one(session, await convert(session, BEGIN, (shared.share, "cookie"), subject="cid"))
        assert (probable.share_id, probable.generation, probable.certain) == (shared.share.id, 0, False)
        alone = await one(session, await convert(session, BEGIN, subject="dan", kind="sign_up", minor=None))
        nothing = (alone.share_id, alone.channel, alone.generation, alone.title, alone.title_id, alone.certain)
        assert nothing == (None,) * 6
        with pytest.raises(NotFound):
            await one(session, uuid4())


async def test_conversions_are_narrowed_to_a_title_or_a_channel(
    database: Database, settings: Settings, shared: Shared
) -> None:
    other = await make_shared(database, settings, subject="kofi", channel="qr")
    async with database.transaction() as session:
        first = await convert(session, BEGIN, (shared.share, "token"), subject="bea")
        second = await convert(session, BEGIN, (other.share, "token"), subject="cid")
        await convert(session, BEGIN, subject="dan")

        async def ids(**narrowed: object) -> list[UUID]:
            return [row.id for row in await recent(session, Slice(DAY, DAY, **narrowed))]  # type: ignore[arg-type]

        assert await ids(title_id=shared.title.id) == [first]
        assert await ids(channel="qr") == [second]
        assert await ids(title_id=shared.title.id, channel="qr") == []


async def test_how_surely_conversions_were_matched_is_told_by_kind(database: Database, shared: Shared) -> None:
    async with database.transaction() as session:
        for n, touches in enumerate(([], [], [(shared.share, "cookie")], [(shared.share, "login")])):
            await convert(session, BEGIN, *touches, subject=f"v{n}")
        both = [(shared.share, "token"), (shared.share, "cookie")]
        await convert(session, BEGIN, *both, subject="last", kind="sign_up", minor=None)
        for n, at in enumerate((BEGIN - TICK, END)):
            await convert(session, at, subject=f"away-{n}")
        told = [
            (row.kind, row.certain, row.probable, row.unmatched) for row in await coverage(session, Slice(DAY, DAY))
        ]
    assert sorted(told) == [("sign_up", 0, 1, 0), ("subscription", 1, 1, 2)], "as sure as its last touch"


async def test_credits_are_those_of_one_model_kind_and_time(
    database: Database, settings: Settings, shared: Shared
) -> None:
    other = await make_shared(database, settings, subject="kofi", channel="qr")
    async with database.transaction() as session:
        sale = await convert(session, BEGIN, (shared.share, "token"), (other.share, "token"), subject="bea")
        await convert(session, BEGIN, (shared.share, "token"), subject="cid", kind="sign_up", minor=None)
        await convert(session, END, (shared.share, "token"), subject="dan")

        async def told(model: str, kind: str = "", **where: str) -> list[tuple[str, int | None]]:
            asked = CreditQuery(BEGIN, END, model, kind, where)
            rows = await page_of_credits(session, asked, 99)
            assert [row[0].id for row in rows] == [
                id for (id,) in await columns_of_credits(session, asked, ["id"], 99)
            ], "a file has the same rows"
            weight, conversions = await totals(session, asked)
            assert weight == sum(row[0].weight_ppm for row in rows)
            assert conversions == len({row[0].conversion_id for row in rows})
            for credit, converted, title, touch, viewer_id in rows:
                assert (converted, title) == ("Bea" if credit.conversion_id == sale else "Cid", "A film")
                assert touch.id == credit.touch_id
                assert viewer_id == (await session.get_one(Conversion, credit.conversion_id)).viewer_id
            return sorted((row[0].channel, row[0].amount_minor) for row in rows)

        assert await told("last", "subscription") == [("qr", 999)]
        assert await told("first", "subscription") == [("x", 999)]
        assert await told("linear", "subscription") == [("qr", 500), ("x", 499)]
        assert await told("last", "sign_up") == [("x", None)]
        assert len(await told("last")) == 2, "of any kind"
        assert len(await told("last", "no kind")) == 2
        assert await told("linear", "subscription", channel="qr") == [("qr", 500)]
        assert await told("linear", "subscription", title=str(other.title.id)) == [("qr", 500)]
        assert await told("last", "refund") == []
        every = CreditQuery(BEGIN, END + TICK, "last")
        rows = await page_of_credits(session, every, 99)
        first = await page_of_credits(session, every, 1)
        rest = await page_of_credits(session, every, 99, (first[0][0].at, first[0][0].id))
        assert [row[0].id for row in [*first, *rest]] == [row[0].id for row in rows]
        assert await totals(session, every) == (3 * PPM, 3)
        assert await converted_names(session, {sale, uuid4()}) == {sale: "Bea"}
        found = await find_conversion(session, sale)
        assert found is not None
        assert (found.id, await find_conversion(session, uuid4())) == (sale, None)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (DAY, DAY - timedelta(days=1)),
        (date(1969, 12, 31), DAY),
        (DAY, date(2200, 1, 2)),
        (DAY, DAY + timedelta(days=DAYS_MAX)),
    ],
)
async def test_a_period_that_cannot_be_reported_is_refused(database: Database, first: date, last: date) -> None:
    async with database.transaction() as session:
        with pytest.raises(PeriodInvalid):
            await recent(session, Slice(first, last))
    Slice(DAY, DAY + timedelta(days=DAYS_MAX - 1)).check()
    Slice(DAY, DAY).check()
