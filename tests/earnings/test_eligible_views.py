"""What a pool counts: the edges of its month, whose it is, and each thing by itself."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.attribution.credits import credit_touches
from groundswell.attribution.models import DEFAULT_MODEL, MODELS_VERSION
from groundswell.attribution.tables import Conversion, Touch
from groundswell.earnings import eligible_views
from groundswell.earnings.eligible_views import WITHOUT_MOMENT
from groundswell.earnings.rules import period_bounds, period_of
from groundswell.earnings.tables import Pool
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.ids import uuid7
from groundswell.platform.positions import EMPTY_SNAPSHOT

from .world import World, build, early_this_month

LAST_MONTH = period_of(early_this_month().replace(day=1) - timedelta(days=1))
BEGIN, END = period_bounds(LAST_MONTH)
TICK = timedelta(microseconds=1)


@pytest.fixture
async def world(database: Database) -> World:
    world = await build(database)
    for subject, name in (("noor", "kiss"), ("kofi", "rain")):
        await world.creator(subject)
        await world.moment(subject, name)
    return world


async def counting(session: AsyncSession, basis: str, currency: str = "EUR") -> Pool:
    """A pool of last month that counts now, and follows none."""
    snapshot = await session.scalar(text("SELECT pg_current_snapshot()::text"))
    return Pool(
        id=uuid7(),
        period=LAST_MONTH,
        basis=basis,
        currency=currency,
        snapshot=snapshot,
        after_snapshot=EMPTY_SNAPSHOT,
        counted_at=utc_now(),
        carried={},
        tax_ppm=0,
    )


async def weights(world: World, basis: str, currency: str = "EUR") -> dict[str, int]:
    """What each creator's moments weigh in all."""
    async with world.database.transaction() as session:
        found = await eligible_views.weights(session, await counting(session, basis, currency))
    names = {id: subject for subject, id in world.creators.items()}
    return {names[creator]: sum(moments.values()) for creator, moments in found.items()}


async def sell(
    world: World, subject: str, name: str | None, at: datetime, minor: int = 999, currency: str = "EUR", code: str = ""
) -> UUID:
    """A subscription of ``subject`` by way of the moment ``name``, or of the code of the creator ``code``."""
    viewer = await world.viewer(subject)
    share = await world.share(name) if name else None
    sharer = world.viewers[code] if code else None
    async with world.database.transaction() as session:
        session.add(
            Touch(
                id=uuid7(), viewer_id=viewer, event_id=uuid4(), at=at - timedelta(hours=1), share_id=share,
                sharer_id=sharer, matched_by="code" if code else "login",
            )
        )  # fmt: skip
        sale = Conversion(
            id=uuid7(), external_id=str(uuid4()), kind="subscription", viewer_id=viewer, at=at, amount_minor=minor,
            currency=currency,
        )  # fmt: skip
        session.add(sale)
        await session.flush()
        await credit_touches(session, sale, 30)
    return sale.id


async def test_a_month_is_from_its_first_instant_to_before_the_next(world: World) -> None:
    for n, at in enumerate((BEGIN - TICK, BEGIN, END - TICK, END)):
        await world.happen("kiss", "play", f"v{n}", at=at)
        await sell(world, f"buyer-{n}", "kiss", at)
    assert await weights(world, "plays") == {"noor": 2}
    assert await weights(world, "conversions") == {"noor": 2_000_000}
    assert await weights(world, "revenue") == {"noor": 1998}


async def test_a_day_is_a_day_in_utc(world: World) -> None:
    midnight = BEGIN + timedelta(days=3)
    for at in (midnight - TICK, midnight, midnight + timedelta(hours=23), midnight + timedelta(days=1)):
        await world.happen("kiss", "play", "one visitor", at=at)
    assert await weights(world, "plays") == {"noor": 3}


async def test_the_first_play_of_a_day_stands_for_it(world: World) -> None:
    noon = BEGIN + timedelta(hours=12)
    later, robot, first = [
        (await world.happen("kiss", "play", "v", at=noon + timedelta(hours=n), verdict=verdict))[0]
        for n, verdict in ((5, "human"), (0, "robot"), (2, "human"))
    ]
    async with world.database.transaction() as session:
        pool = await counting(session, "plays")
        noor, kiss = world.creators["noor"], world.moments["kiss"]
        (view,) = await eligible_views.views(session, pool, noor, None, None, 9)
        assert (view.id, view.at, view.weight) == (first, noon + timedelta(hours=2), 1)
        asked = [await eligible_views.weight_of(session, pool, noor, kiss, id) for id in (first, later, robot)]
        assert asked == [1, 0, 0]
        assert await eligible_views.weight_of(session, pool, world.creators["kofi"], kiss, first) == 0
        assert await eligible_views.weight_of(session, pool, noor, world.moments["rain"], first) == 0
        assert await eligible_views.weight_of(session, pool, noor, None, first) == 0


async def test_views_are_told_page_by_page_and_by_moment(world: World) -> None:
    await world.moment("noor", "chase")
    await world.happen("kiss", "play", *"abcde", at=BEGIN)
    chased = await world.happen("chase", "play", "a", at=BEGIN)
    async with world.database.transaction() as session:
        pool, noor = await counting(session, "plays"), world.creators["noor"]
        every = [view.id for view in await eligible_views.views(session, pool, noor, None, None, 99)]
        assert every == sorted(every)
        assert len(every) == 6
        pages = [
            await eligible_views.views(session, pool, noor, None, after, 3) for after in (None, every[2], every[5])
        ]
        assert [[view.id for view in page] for page in pages] == [every[:3], every[3:], []]
        only = await eligible_views.views(session, pool, noor, world.moments["chase"], None, 99)
        assert [view.id for view in only] == chased
        assert await eligible_views.views(session, pool, noor, WITHOUT_MOMENT, None, 99) == []
        assert await eligible_views.views(session, pool, world.creators["kofi"], None, None, 99) == []


async def test_sales_by_a_code_are_the_creators_without_a_moment(world: World) -> None:
    sale = await sell(world, "ada", None, BEGIN, 500, code="noor")
    await sell(world, "noor", "rain", BEGIN)
    await sell(world, "kofi", "rain", BEGIN)  # their own
    async with world.database.transaction() as session:
        pool, noor = await counting(session, "revenue"), world.creators["noor"]
        assert (await eligible_views.weights(session, pool))[noor] == {(WITHOUT_MOMENT, LAST_MONTH): 500}
        (view,) = await eligible_views.views(session, pool, noor, WITHOUT_MOMENT, None, 9)
        assert (view.id, view.weight) == (sale, 500)
        assert await eligible_views.weight_of(session, pool, noor, None, sale) == 500
    assert await weights(world, "revenue") == {"noor": 500, "kofi": 999}


async def test_revenue_is_of_one_currency_and_conversions_of_any(world: World) -> None:
    await sell(world, "ada", "kiss", BEGIN, 1000, "USD")
    await sell(world, "bea", "rain", BEGIN, 700, "EUR")
    await sell(world, "cid", "rain", BEGIN, 0)
    assert await weights(world, "revenue") == {"kofi": 700}
    assert await weights(world, "revenue", "USD") == {"noor": 1000}
    assert await weights(world, "conversions") == {"noor": 1_000_000, "kofi": 1_000_000}


async def test_only_one_version_of_the_default_model_counts(world: World) -> None:
    sale = await sell(world, "ada", "kiss", BEGIN, 1000)
    async with world.database.transaction() as session:
        models = await session.execute(
            text("SELECT model, model_version, amount_minor FROM credits WHERE conversion_id = :id"), {"id": sale}
        )
        given = {(model, version): amount for model, version, amount in models}
    assert len(given) > 1
    assert given[DEFAULT_MODEL, MODELS_VERSION] == 1000
    assert await weights(world, "revenue") == {"noor": 1000}


async def test_what_was_not_watched_for_long_enough_or_by_nobody_known_is_none(world: World) -> None:
    from groundswell.events.event import Event
    from groundswell.events.log.event_log import record

    async with world.database.transaction() as session:
        for watched, visitor in ((4_999, "a"), (5_000, "b"), (9_000, None)):
            inputs = {"watched_ms": watched}
            where = {"moment_id": world.moments["kiss"], "title_id": world.title}
            await record(
                session,
                Event(kind="play", id=uuid4(), at=BEGIN, visitor=visitor, verdict="human", inputs=inputs, **where),
            )
    assert await weights(world, "plays") == {"noor": 1}
