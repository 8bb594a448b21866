"""What the demo's staff did before anybody looked is done once, by the rules that hold for everybody."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from groundswell.demo.complaints import fill_decisions
from groundswell.demo.staff import VIEWS, pay_month, save_views
from groundswell.earnings import books, pools
from groundswell.earnings.tables import Payout
from groundswell.platform.database import Database
from groundswell.trust.tables import Decision
from tests.earnings.world import build, this_month
from tests.media.film import make
from tests.moments.clipping import FILM, add_title, clipped
from tests.support import App


async def test_a_month_is_paid_once_and_small_amounts_are_carried_over(database: Database) -> None:
    world = await build(database)
    for name in ("noor", "kofi"):
        await world.creator(name)
        await world.moment(name, f"kiss of {name}")
    for visitor in range(9):
        await world.happen("kiss of noor", "play", f"v{visitor}")
    await world.happen("kiss of kofi", "play", "v1")
    async with database.transaction() as session:
        pool = await pools.fund(
            session, period=this_month(), basis="plays", amount_minor=5000, currency="EUR", created_by="fay"
        )
    await pools.run(database, pool.id)
    for _ in range(2):
        await pay_month(database, this_month())
    async with database.transaction() as session:
        paid = (await session.scalars(select(Payout))).all()
        assert [(payout.amount_minor, payout.paid_by) for payout in paid] == [(4500, "fay")]
        assert (await books.trial_balance(session)).balanced


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(FILM, tmp_path_factory.mktemp("films") / "numbers")


async def test_one_moment_is_down_one_is_back_and_views_are_saved_however_often_it_is_begun(
    app: App, film: Path
) -> None:
    await add_title(app.runtime, film)
    back, down = [await clipped(app, start_us=start, end_us=start + 6_000_000) for start in (0, 6_000_000)]
    for _ in range(2):
        await fill_decisions(app.runtime)
        await save_views(app.runtime)
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Decision)) == 2
    assert (await app.http.get(f"/m/{down['code']}")).status_code == 410
    assert (await app.http.get(f"/m/{back['code']}")).status_code == 200
    mira = app.signed_in("mira", "marketer")
    listed = (await app.http.get("/console/views", headers=mira)).text
    for name, address in VIEWS:
        assert name in listed
        assert (await app.http.get(address, headers=mira)).status_code == 200
