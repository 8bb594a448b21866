"""A campaign's numbers: what belongs to it, divided by the rule that it was made under."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from groundswell.attribution.campaign_credit import credit_of
from groundswell.attribution.campaigns import find_campaign
from groundswell.attribution.credits import credits_of
from groundswell.attribution.markov_training import learn
from groundswell.attribution.tables import Conversion, Credit
from groundswell.creators.tables import Creator
from groundswell.events.lake.sealer import seal_now
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from tests.attribution.test_conversions import ago, conversion, report, visit
from tests.campaigns.test_lifecycle import PATH, mira, wish
from tests.events.places import Shared, make_share, make_shared
from tests.insights.reports.test_loop import happen
from tests.support import App

pytestmark = pytest.mark.usefixtures("still_server")

__all__ = ["mira"]  # fixtures


@pytest.fixture
async def service(app: App) -> dict[str, str]:
    return await app.service_key("conversions:write", "reports:read")


@pytest.fixture
async def noor(app: App) -> Shared:
    """A share of Noor's moment."""
    return await _of_creator(app, "noor")


@pytest.fixture
async def vera(app: App) -> Shared:
    """A share of Vera's, of another title."""
    return await _of_creator(app, "vera")


async def _of_creator(app: App, handle: str) -> Shared:
    shared = await make_shared(app.runtime.database, app.runtime.settings, subject=handle)
    async with app.runtime.database.transaction() as session:
        row = {"viewer_id": shared.moment.viewer_id, "handle": handle, "code": f"{handle.upper()}10", "bio": ""}
        session.add(Creator(id=uuid7(), display_name=handle.title(), **row))
    return shared


async def made(app: App, mira: dict[str, str], **fields: Any) -> str:
    answer = await app.http.post(PATH, json=wish(**fields), headers=mira)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["key"])


async def results(app: App, mira: dict[str, str], key: str, by: str = "title") -> dict[str, Any]:
    await seal_now(app.runtime)
    answer = await app.http.get(f"{PATH}/{key}/results?by={by}", headers=mira)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def counts(told: dict[str, Any]) -> dict[str, float]:
    return {step["step"]: step["count"] for step in told["steps"] if step["count"]}


def net(told: dict[str, Any]) -> list[tuple[str, int]]:
    return [(each["currency"], each["net_minor"]) for each in told["revenue"]]


async def joined(
    app: App, service: dict[str, str], first: Shared, second: Shared, earlier: datetime, later: datetime
) -> None:
    """A newcomer who visited by way of ``first``, then ``second``, then joined and paid 10.01."""
    one = await visit(app, first, earlier, visitor="n")
    two = await visit(app, second, later, visitor="n", previous=one)
    up = await report(app, service, conversion("sign_up", later + timedelta(minutes=1), touch=two))
    assert up.status_code == 201, up.text
    paid = await report(app, service, conversion("subscription", later + timedelta(minutes=2), 1001))
    assert paid.status_code == 201, paid.text


@pytest.mark.slow
async def test_only_what_belongs_to_it_is_counted(app: App, mira: dict[str, str], noor: Shared, vera: Shared) -> None:
    for shared, territory in ((noor, "DE"), (vera, "DE"), (noor, "AT"), (noor, None)):
        await happen(app, shared, "click", visitor=f"{shared.title.slug}{territory}", territory=territory)
    await happen(app, noor, "click", visitor="early", territory="DE", at=ago(days=8))
    await happen(app, noor, "play", visitor="p", territory="DE")
    for key, fields in {
        "all": {},
        "title": {"titles": [noor.title.slug]},
        "creator": {"creators": ["vera"]},
        "place": {"territories": ["DE"]},
        "both": {"titles": [noor.title.slug], "territories": ["AT", "DE"]},
        "neither": {"titles": [noor.title.slug], "creators": ["vera"]},
    }.items():
        await made(app, mira, key=key, **fields)
    clicks = {
        key: counts(await results(app, mira, key)).get("click", 0)
        for key in ("all", "title", "creator", "place", "both", "neither")
    }
    assert clicks == {"all": 4, "title": 3, "creator": 1, "place": 2, "both": 2, "neither": 0}
    by = await results(app, mira, "place", by="maker")
    assert {row["label"]: row["counts"] for row in by["rows"]} == {
        "Noor": {"click": 1, "play": 1},
        "Vera": {"click": 1},
    }


@pytest.mark.slow
async def test_the_parts_of_a_conversion_sum_to_one_over_campaigns(
    app: App, mira: dict[str, str], service: dict[str, str], noor: Shared, vera: Shared
) -> None:
    """Two campaigns of one title each share what both brought, to the last cent; after a refund nobody has any."""
    for shared, key in ((noor, "noor"), (vera, "vera")):
        await made(app, mira, key=key, titles=[shared.title.slug], model="linear")
    await made(app, mira, key="whole", model="linear")
    await joined(app, service, noor, vera, ago(days=3), ago(days=1))
    told = {key: await results(app, mira, key) for key in ("noor", "vera", "whole")}
    assert [counts(told[key])["subscription"] for key in told] == [0.5, 0.5, 1]
    assert sum(net(told[key])[0][1] for key in ("noor", "vera")) == net(told["whole"])[0][1] == 1001
    for number, minor in enumerate((333, 668)):
        back = conversion("refund", ago(minutes=9 - number), minor, id=f"back-{number}", original="subscription-1")
        assert (await report(app, service, back)).status_code == 201
    assert [net(await results(app, mira, key)) for key in told] == [[("EUR", 0)]] * 3


@pytest.mark.slow
async def test_it_agrees_with_the_credit_given_under_the_same_rule(
    app: App, mira: dict[str, str], service: dict[str, str], noor: Shared, vera: Shared
) -> None:
    """Under the service's own window, dividing anew gives every row that was given, refunds included."""
    await joined(app, service, noor, vera, ago(days=3), ago(days=1))
    back = conversion("refund", ago(minutes=2), 334, id="back", original="subscription-1")
    assert (await report(app, service, back)).status_code == 201
    for model in ("first", "last", "linear", "position", "time_decay", "shapley", "markov"):
        key = await made(app, mira, key=model.replace("_", "-"), model=model)
        async with app.runtime.database.transaction() as session:
            again = await credit_of(session, await find_campaign(session, key), utc_now())
            ids = (await session.scalars(select(Conversion.id))).all()
            given = [each for id in ids for each in await credits_of(session, id) if each.model == model]
        assert sorted(map(_told, again)) == sorted(map(_told, given)), model
        assert len(again) >= 3


def _told(credit: Credit) -> tuple[object, ...]:
    where = (str(credit.conversion_id), str(credit.touch_id), str(credit.share_id), str(credit.title_id))
    return (*where, credit.kind, credit.model_version, credit.weight_ppm, credit.amount_minor or 0)


@pytest.mark.slow
async def test_only_touches_within_its_own_window_earn(
    app: App, mira: dict[str, str], service: dict[str, str], noor: Shared, vera: Shared
) -> None:
    """Under two days the first touch earns nothing, and the other all: its parts still sum to one."""
    await joined(app, service, noor, vera, ago(days=5), ago(days=1))
    for key, days in (("short", 2), ("long", 30)):
        await made(app, mira, key=key, model="linear", attribution_window_days=days)
    short, long = [await results(app, mira, key) for key in ("short", "long")]
    assert {row["key"]: row["counts"].get("subscription") for row in long["rows"]} == {
        str(noor.title.id): 0.5,
        str(vera.title.id): 0.5,
    }
    assert {row["key"]: row["counts"].get("subscription") for row in short["rows"]} == {
        str(noor.title.id): None,
        str(vera.title.id): 1,
    }
    assert net(short) == net(long) == [("EUR", 1001)]


@pytest.mark.slow
async def test_other_defaults_and_stored_credit_do_not_change_it(
    app: App, mira: dict[str, str], service: dict[str, str], noor: Shared, vera: Shared
) -> None:
    """The service's window shrinks to a day and is lost for what it credits; a campaign made before keeps its own."""
    await made(app, mira, key="fixed", titles=[noor.title.slug], model="first")
    settings = app.runtime.settings
    shorter = settings.model_copy(update={"attribution_window_days": 1})
    app.services.add(shorter)
    app.services.add(replace(app.runtime, settings=shorter))
    await joined(app, service, noor, vera, ago(days=5), ago(hours=1))
    told = await results(app, mira, "fixed")
    assert (counts(told)["subscription"], net(told)) == (1, [("EUR", 1001)])
    assert told["attribution_window_days"] == 30
    async with app.runtime.database.transaction() as session:
        stored = select(func.sum(Credit.weight_ppm)).where(Credit.title_id == noor.title.id, Credit.model == "first")
        assert await session.scalar(stored) is None


@pytest.mark.slow
async def test_what_is_learned_later_does_not_change_it(
    app: App, mira: dict[str, str], service: dict[str, str], noor: Shared
) -> None:
    """A markov campaign divides by what was known when it was made: nothing then, so equally."""
    elsewhere, _ = await make_share(app.runtime.database, app.runtime.settings, noor.moment, None, channel="whatsapp")
    other = replace(noor, share=elsewhere)
    await made(app, mira, key="before", model="markov")
    await joined(app, service, noor, other, ago(days=2), ago(days=1))
    before = await results(app, mira, "before", by="channel")
    async with app.runtime.database.transaction() as session:
        learned = await learn(session, utc_now())
        assert learned is not None
        await session.execute(text("UPDATE learned_effects SET effects = '{\"x\": 1000000}'"))
    await made(app, mira, key="after", model="markov")
    told = [
        {
            row["key"]: row["counts"]["subscription"]
            for row in (await results(app, mira, key, by="channel"))["rows"]
            if "subscription" in row["counts"]
        }
        for key in ("before", "after")
    ]
    assert told == [{"x": 0.5, "whatsapp": 0.5}, {"x": 1}]
    assert {row["key"] for row in before["rows"]} == {"x", "whatsapp"}


@pytest.mark.slow
async def test_a_visit_after_its_end_is_not_its_own_a_conversion_may_be(
    app: App, mira: dict[str, str], service: dict[str, str], noor: Shared, vera: Shared
) -> None:
    over = {"begins_at": ago(days=6).isoformat(), "ends_at": ago(days=3).isoformat()}
    await made(app, mira, key="over", model="linear", **over)
    await made(app, mira, key="brief", model="linear", attribution_window_days=1, **over)
    await joined(app, service, noor, vera, ago(days=4), ago(days=1))
    told = await results(app, mira, "over")
    assert counts(told) == {"click": 1, "sign_up": 0.5, "subscription": 0.5}
    assert counts(await results(app, mira, "brief")) == {"click": 1}


@pytest.mark.slow
async def test_a_creators_code_is_its_own_when_no_titles_are_named(
    app: App, mira: dict[str, str], service: dict[str, str], noor: Shared, vera: Shared
) -> None:
    await made(app, mira, key="code", creators=["noor"])
    await made(app, mira, key="other", creators=["vera"])
    await made(app, mira, key="title", creators=["noor"], titles=[noor.title.slug])
    await report(app, service, conversion("sign_up", code="noor10"))
    told = {key: counts(await results(app, mira, key)) for key in ("code", "other", "title")}
    assert told == {"code": {"sign_up": 1}, "other": {}, "title": {}}


@pytest.mark.slow
async def test_before_anything_is_sealed_and_by_what_there_is_not(app: App, mira: dict[str, str]) -> None:
    key = await made(app, mira)
    told = (await app.http.get(f"{PATH}/{key}/results", headers=mira)).json()
    assert (told["as_of"], told["rows"], told["revenue"]) == (None, [], [])
    wrong = await app.http.get(f"{PATH}/{key}/results?by=weather", headers=mira)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "dimension_unknown")
