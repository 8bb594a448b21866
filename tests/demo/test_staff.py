"""What the demo's staff did before anybody looked is done once, by the rules that hold for everybody."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from groundswell.demo.complaints import fill_decisions
from groundswell.demo.payday import pay_creators
from groundswell.demo.staff import VIEWS, save_views
from groundswell.earnings import pools, trial_balance
from groundswell.earnings.tables import Payout
from groundswell.payouts import bank_files
from groundswell.payouts.tables import PayoutItem
from groundswell.trust.tables import Decision
from tests.earnings.world import NOT_HELD, build, this_month
from tests.media.film import make
from tests.moments.clipping import FILM, add_title, clipped
from tests.support import App

FILM_OF_A_VIEW = "night-frequency-s1e2"


@pytest.mark.slow
async def test_a_run_pays_a_month_once_one_payment_comes_back_and_small_amounts_are_carried_over(
    app: App,
) -> None:
    database = app.runtime.database
    world = await build(database)
    names = ("noor", "kofi", "lena", "mat", "ola")
    for name in names:
        await world.creator(name)
        await world.moment(name, f"kiss of {name}")
    for name, plays in zip(names, (9, 8, 7, 6, 1), strict=True):
        await world.happen(f"kiss of {name}", "play", *[f"{name}{visitor}" for visitor in range(plays)])
    async with database.transaction() as session:
        stream: dict[str, Any] = {"period": this_month(), "basis": "plays", "currency": "EUR"}
        pool = await pools.fund(session, **stream, amount_minor=31_000, created_by="Lumen", terms=NOT_HELD)
    await pools.run(database, pool.id)
    for _ in range(2):
        await pay_creators(app.runtime)
    async with database.transaction() as session:
        paid = (await session.scalars(select(Payout).order_by(Payout.amount_minor))).all()
        assert [(payout.amount_minor, payout.returned_at is not None) for payout in paid] == [
            (7_000, True), (8_000, False), (9_000, False),
        ], "the last creator did not say where yet, and what ola is due is too small"  # fmt: skip
        states = (await session.scalars(select(PayoutItem.status))).all()
        assert sorted(states) == ["confirmed"] * 2 + ["returned"]
        assert [each.problem for each in await bank_files.exceptions(session, 9)] == ["reference_unknown"]
        assert (await trial_balance.trial_balance(session)).balanced


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(FILM, tmp_path_factory.mktemp("films") / "numbers")


@pytest.mark.slow
async def test_one_moment_is_down_one_is_back_and_views_are_saved_however_often_it_is_begun(
    app: App, film: Path
) -> None:
    await add_title(app.runtime, film, FILM_OF_A_VIEW)
    of = {"title": FILM_OF_A_VIEW, "visibility": "unlisted"}
    back, down = [await clipped(app, start=start, end=start + 6, **of) for start in (0, 6)]
    for _ in range(2):
        await fill_decisions(app.runtime)
        await save_views(app.runtime)
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Decision)) == 2
    maker = app.signed_in("ada")
    assert (await app.http.get(f"/m/{down['code']}", headers=maker)).status_code == 410
    assert (await app.http.get(f"/m/{back['code']}", headers=maker)).status_code == 200
    mira = app.signed_in("mira", "marketer")
    listed = (await app.http.get("/console/views", headers=mira)).text
    for name, address in VIEWS:
        assert name in listed
        assert (await app.http.get(address, headers=mira)).status_code == 200
