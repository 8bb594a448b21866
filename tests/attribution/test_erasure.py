"""An erased viewer cannot be found any more, and every number still adds up."""

from sqlalchemy import func, select, text

from groundswell.accounts.tables import Viewer
from groundswell.attribution.tables import Conversion, Credit
from tests.attribution.test_conversions import ago, conversion, report, visit
from tests.events.places import make_shared
from tests.support import App


async def test_keys_go_and_numbers_stay(app: App) -> None:
    shared = await make_shared(app.runtime.database, app.runtime.settings)
    service = await app.service_key("conversions:write", "viewers:erase")
    await report(app, service, conversion("sign_up", touch=await visit(app, shared, ago(hours=1))))
    await report(app, service, conversion("subscription", minor=999, id="order-of-ann"))

    async def sums() -> list[object]:
        async with app.runtime.database.transaction() as session:
            totals = [select(func.sum(Credit.amount_minor)), select(func.count()).select_from(Conversion)]
            totals += [select(func.count()).select_from(text("events"))]
            return [await session.scalar(total) for total in totals]

    before = await sums()
    assert (await app.http.delete("/v1/viewers/newcomer", headers=service)).status_code == 204
    assert await sums() == before
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(Viewer).filter_by(subject="newcomer")) is None
        ids = set(await session.scalars(select(Conversion.external_id)))
        assert {id.partition(":")[0] for id in ids} == {"erased"}
        assert set(await session.scalars(select(Conversion.touch))) == {None}
    again = await app.http.delete("/v1/viewers/newcomer", headers=service)
    assert (again.status_code, again.json()["code"]) == (404, "viewer_not_known")
    late = await report(app, service, conversion("renewal", minor=999, id="order-2"))
    assert late.json()["code"] == "viewer_unknown"


async def test_only_a_key_with_the_scope_may_erase(app: App) -> None:
    other = await app.service_key("conversions:write")
    assert (await app.http.delete("/v1/viewers/newcomer", headers=other)).json()["code"] == "scope_missing"
