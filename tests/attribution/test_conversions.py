"""A conversion is recorded once, credited to the touches that led to it, or refused with the reason."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError

from groundswell.accounts.access import viewer_of
from groundswell.accounts.tables import Viewer
from groundswell.accounts.tokens import Claims
from groundswell.attribution.eligibility import TOUCHES_MAX
from groundswell.attribution.markov_training import learn
from groundswell.attribution.models import MODELS
from groundswell.attribution.tables import Conversion, Credit, Touch
from groundswell.creators.tables import Creator
from groundswell.events.event import Event
from groundswell.events.log.event_log import record
from groundswell.events.tables import LoggedEvent, Reverdict
from groundswell.events.visits.touch_tokens import read_touch_token, touch_token
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import random_code, uuid7
from tests.events.places import Shared, make_shared, viewer
from tests.support import App


@pytest.fixture
async def shared(app: App) -> Shared:
    return await make_shared(app.runtime.database, app.runtime.settings)


@pytest.fixture
async def service(app: App) -> dict[str, str]:
    return await app.service_key("conversions:write")


@pytest.fixture(scope="module")
async def sold(shared_app: App) -> dict[str, str]:
    """The headers of a service that has reported a sign-up and a sale, for what is refused after them."""
    await make_shared(shared_app.runtime.database, shared_app.runtime.settings)
    service = await shared_app.service_key("conversions:write")
    for body in (
        conversion("sign_up", ago(days=2), id="sign-up"),
        conversion("subscription", ago(days=2), 1000, id="sale"),
    ):
        assert (await report(shared_app, service, body)).status_code == 201
    return service


async def visit(
    app: App,
    shared: Shared,
    at: datetime,
    *,
    previous: str | None = None,
    verdict: str = "human",
    visitor: str | None = None,
) -> str:
    """A click on the share, and its touch token."""
    event = Event(
        kind="click",
        at=at,
        id=uuid7(),
        share_id=shared.share.id,
        moment_id=shared.moment.id,
        title_id=shared.title.id,
        channel=shared.share.channel if visitor else None,
        visitor=visitor,
        verdict=verdict,
        inputs={"previous": previous} if previous else None,
    )
    async with app.runtime.database.transaction() as session:
        await record(session, event)
    return touch_token(app.runtime.settings.secret, event.at, event.id)


def ago(**time: float) -> datetime:
    return utc_now() - timedelta(**time)


def conversion(kind: str, at: datetime | None = None, minor: int | None = None, **fields: Any) -> dict[str, Any]:
    body = {"id": f"{kind}-1", "kind": kind, "viewer": "newcomer", "at": (at or ago(minutes=1)).isoformat()}
    return body | ({"amount": {"minor": minor, "currency": "EUR"}} if minor is not None else {}) | fields


async def report(app: App, service: dict[str, str], body: dict[str, Any]) -> httpx.Response:
    return await app.http.post("/v1/conversions", json=body, headers=service)


async def rows(app: App, table: type[Any]) -> Sequence[Any]:
    async with app.runtime.database.transaction() as session:
        return (await session.scalars(select(table))).all()


async def test_a_visit_leads_to_a_sign_up_and_a_sale(app: App, shared: Shared, service: dict[str, str]) -> None:
    token = await visit(app, shared, ago(hours=2))
    signed_up = await report(app, service, conversion("sign_up", touch=token))
    assert signed_up.status_code == 201
    assert {credit["model"] for credit in signed_up.json()["credits"]} == set(MODELS)
    sale = await report(app, service, conversion("subscription", ago(seconds=1), 1299))
    credits = sale.json()["credits"]
    assert all(credit["share_id"] == str(shared.share.id) for credit in credits)
    assert all((credit["weight_ppm"], credit["amount_minor"]) == (1_000_000, 1299) for credit in credits)
    (touch,) = await rows(app, Touch)
    assert (touch.matched_by, touch.share_id) == ("token", shared.share.id)
    events = {event.kind: event for event in await rows(app, LoggedEvent)}
    assert (events["subscription"].share_id, events["subscription"].title_id) == (shared.share.id, shared.title.id)
    assert (events["subscription"].amount_minor, events["subscription"].currency) == (1299, "EUR")
    assert {credit.sharer_id for credit in await rows(app, Credit)} == {shared.moment.viewer_id}


async def test_earlier_visits_of_the_browser_earn_too(app: App, shared: Shared, service: dict[str, str]) -> None:
    second = await make_shared(app.runtime.database, app.runtime.settings, subject="vera", channel="qr")
    first = await visit(app, shared, ago(days=3))
    token = await visit(app, second, ago(days=1), previous=first)
    await report(app, service, conversion("sign_up", touch=token))
    sale = await report(app, service, conversion("subscription", ago(seconds=1), 999))
    by_model = {
        model: [
            (c["share_id"], c["weight_ppm"], c["amount_minor"]) for c in sale.json()["credits"] if c["model"] == model
        ]
        for model in ("first", "last", "linear")
    }
    one, two = str(shared.share.id), str(second.share.id)
    assert by_model["first"] == [(one, 1_000_000, 999)]
    assert by_model["last"] == [(two, 1_000_000, 999)]
    assert by_model["linear"] == [(one, 500_000, 499), (two, 500_000, 500)]
    assert {touch.share_id: touch.matched_by for touch in await rows(app, Touch)} == {
        shared.share.id: "cookie",
        second.share.id: "token",
    }


async def test_a_typed_code_is_a_touch_of_its_creator(app: App, shared: Shared, service: dict[str, str]) -> None:
    creator_id = await creator(app, "noor", "NOOR10")
    token = await visit(app, shared, ago(days=2))
    answer = await report(app, service, conversion("sign_up", touch=token, code=" noor10"))
    by_model: dict[str, list[tuple[str, int]]] = {}
    for credit in answer.json()["credits"]:
        by_model.setdefault(credit["model"], []).append((credit["channel"], credit["weight_ppm"]))
        assert credit["sharer_id"] == str(creator_id)
        assert (credit["share_id"] is None) == (credit["channel"] == "code") == (credit["moment_id"] is None)
    assert by_model["last"] == [("code", 1_000_000)]
    assert by_model["first"] == [("x", 1_000_000)]
    assert by_model["linear"] == by_model["shapley"] == [("x", 500_000), ("code", 500_000)]
    assert [touch.matched_by for touch in await rows(app, Touch)] == ["token", "code"]
    assert (await report(app, service, conversion("sign_up", touch=token, code=" noor10"))).status_code in {200, 409}
    own = await report(app, service, conversion("sign_up", id="own", viewer="noor", code="NOOR10"))
    assert own.json()["credits"] == []


async def test_who_is_called_alike_by_another_issuer_is_somebody_else(
    app: App, shared: Shared, service: dict[str, str]
) -> None:
    async with app.runtime.database.transaction() as session:
        await viewer_of(session, Claims("staff", "newcomer", "Newcomer", frozenset(), None, False))
    token = await visit(app, shared, ago(hours=2))
    await report(app, service, conversion("sign_up", touch=token))
    assert (await report(app, service, conversion("subscription", minor=1000))).status_code == 201
    async with app.runtime.database.transaction() as session:
        issuers = select(Viewer.issuer).join(Conversion, Conversion.viewer_id == Viewer.id)
        assert (await session.scalars(issuers)).all() == ["groundswell-demo"] * 2


async def test_a_visit_that_is_a_robots_and_somebody_elses_is_nobodys_touch(
    app: App, shared: Shared, service: dict[str, str]
) -> None:
    """Either is enough."""
    robots = await visit(app, shared, ago(hours=3), verdict="robot")
    first = await visit(app, shared, ago(hours=2))
    for name, token in (("one", first), ("two", first), ("three", robots)):
        await report(app, service, conversion("sign_up", ago(hours=1), id=name, viewer=name, touch=token))
    async with app.runtime.database.transaction() as session:
        whose = select(Viewer.subject).join(Touch, Touch.viewer_id == Viewer.id)
        assert (await session.scalars(whose)).all() == ["one"]
        said = select(Viewer.subject, LoggedEvent.verdict_reason).join(Viewer, Viewer.id == LoggedEvent.viewer_id)
        rows = await session.execute(said.where(LoggedEvent.kind == "sign_up"))
        reasons = {row.subject: row.verdict_reason for row in rows}
    assert reasons == {"one": None, "two": "token_sharing", "three": "token_of_no_person"}, "whether they are new here"


async def creator(app: App, subject: str, code: str) -> UUID:
    async with app.runtime.database.transaction() as session:
        owner = await viewer(session, subject)
        session.add(Creator(id=uuid7(), viewer_id=owner.id, handle=subject, code=code, display_name=subject))
    return owner.id


async def test_an_install_names_the_visit_it_came_from(app: App, shared: Shared, service: dict[str, str]) -> None:
    token = await visit(app, shared, ago(hours=3))
    said = f"utm_source=google-play&utm_medium=organic&gs={token}"
    answer = await report(app, service, conversion("sign_up", install_referrer=said))
    assert {credit["share_id"] for credit in answer.json()["credits"]} == {str(shared.share.id)}
    (touch,) = await rows(app, Touch)
    assert touch.matched_by == "referrer"
    organic = conversion("sign_up", id="s2", viewer="other", install_referrer="utm_source=google-play")
    assert (await report(app, service, organic)).json()["credits"] == []


async def test_churn_is_reported_once_for_a_day(app: App, shared: Shared, service: dict[str, str]) -> None:
    await report(app, service, conversion("sign_up", touch=await visit(app, shared, ago(hours=1))))
    await report(app, service, conversion("subscription", minor=1000))
    found = conversion("churn", utc_now(), day=30, original="subscription-1")
    assert [(await report(app, service, found)).status_code for _ in range(2)] == [201, 200]
    assert (await report(app, service, found | {"day": 90})).json()["code"] == "conversion_conflict"
    assert [event.kind for event in await rows(app, LoggedEvent)].count("churn") == 1


async def judged_robot(app: App, token: str) -> None:
    """A later verdict on the visit of a touch token: a robot's."""
    touched = read_touch_token(app.runtime.settings.secret, token)
    assert touched is not None
    row = {"at": touched.at, "event_id": touched.id, "kind": "robot", "reason": "ring", "rule": "behaviour-1"}
    async with app.runtime.database.transaction() as session:
        session.add(Reverdict(**row, traffic="sivt"))


@pytest.mark.slow
async def test_markov_learns_from_those_who_came_and_those_who_left(
    app: App, shared: Shared, service: dict[str, str]
) -> None:
    second = await make_shared(app.runtime.database, app.runtime.settings, subject="vera", channel="qr")
    first = await visit(app, shared, ago(days=3))
    token = await visit(app, second, ago(days=1), previous=first)
    await report(app, service, conversion("sign_up", touch=token))
    await report(
        app, service, conversion("sign_up", id="s2", viewer="v2", touch=await visit(app, second, ago(hours=1)))
    )
    for _ in range(3):
        await visit(app, shared, ago(hours=5), visitor=random_code())
    for number, viewer_name in enumerate((None, "v3")):  # robots, as is found out later: one left, one signed up
        robot = await visit(app, shared, ago(hours=4), visitor=random_code())
        if viewer_name:
            await report(app, service, conversion("sign_up", id=f"r{number}", viewer=viewer_name, touch=robot))
        await judged_robot(app, robot)
    async with app.runtime.database.transaction() as session:
        learned = await learn(session, utc_now())
    assert learned is not None
    # x > qr > converted, qr > converted, three times x > lost: without x only the fifth that begins at qr converts.
    assert learned.effects == {"x": 500_000, "qr": 1_000_000}
    assert learned.paths == 5
    sale = await report(app, service, conversion("subscription", ago(seconds=1), 900))
    given = [(c["channel"], c["amount_minor"]) for c in sale.json()["credits"] if c["model"] == "markov"]
    assert given == [("x", 300), ("qr", 600)]


async def test_what_was_long_ago_a_robot_or_after_the_fact_earns_nothing(
    app: App, shared: Shared, service: dict[str, str]
) -> None:
    for number, token in enumerate(
        [
            await visit(app, shared, ago(days=31)),
            await visit(app, shared, ago(hours=1), verdict="robot"),
            await visit(app, shared, ago(seconds=1)),
            touch_token(app.runtime.settings.secret, ago(hours=1), uuid7()),
        ]
    ):
        body = conversion("sign_up", ago(seconds=30), id=f"s{number}", viewer=f"viewer-{number}", touch=token)
        answer = await report(app, service, body)
        assert (answer.status_code, answer.json()["credits"]) == (201, [])


async def test_nobody_earns_by_their_own_share(app: App, shared: Shared, service: dict[str, str]) -> None:
    token = await visit(app, shared, ago(hours=1))
    answer = await report(app, service, conversion("subscription", minor=500, viewer="noor", touch=token))
    assert answer.json()["credits"] == []


@pytest.mark.slow
async def test_a_repeat_is_harmless_other_content_is_refused(app: App, shared: Shared, service: dict[str, str]) -> None:
    token = await visit(app, shared, ago(hours=1))
    await report(app, service, conversion("sign_up"))
    body = conversion("subscription", minor=500, touch=token)
    answers = await asyncio.gather(*[report(app, service, body) for _ in range(4)])
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({answer.text for answer in answers}) == 1
    for change in (
        {"amount": {"minor": 501, "currency": "EUR"}},
        {"amount": {"minor": 500, "currency": "USD"}},
        {"at": ago(days=1).isoformat()},
        {"kind": "renewal"},
        {"viewer": "noor"},
        {"touch": None},
    ):
        other = await report(app, service, body | change)
        assert (other.status_code, other.json()["code"]) == (409, "conversion_conflict")
    assert len(await rows(app, Conversion)) == 2
    assert sum(event.kind == "subscription" for event in await rows(app, LoggedEvent)) == 1


@pytest.mark.slow
async def test_refunds_take_back_exactly_what_was_given(app: App, shared: Shared, service: dict[str, str]) -> None:
    token: str | None = None
    for days in (5, 4, 3):
        token = await visit(app, shared, ago(days=days), previous=token)
    await report(app, service, conversion("sign_up", touch=token))
    await report(app, service, conversion("subscription", minor=1000))
    await report(app, service, conversion("renewal", ago(seconds=1), 700))
    parts = [("renewal-1", 101), *(("subscription-1", minor) for minor in (333, 334, 333)), ("renewal-1", 599)]
    for number, (sale, minor) in enumerate(parts):
        body = conversion("refund", utc_now(), minor, id=f"r{number}", original=sale)
        answer = await report(app, service, body)
        assert answer.status_code == 201
        for model in ("last", "linear", "position"):
            taken = [c["amount_minor"] for c in answer.json()["credits"] if c["model"] == model]
            assert sum(taken) == -minor
    async with app.runtime.database.transaction() as session:
        net = select(func.sum(Credit.amount_minor)).where(Credit.amount_minor.is_not(None))
        left = await session.execute(net.group_by(Credit.model, Credit.touch_id))
        assert {int(amount) for (amount,) in left} == {0}
    too_much = conversion("refund", utc_now(), 1, id="r9", original="subscription-1")
    assert (await report(app, service, too_much)).json()["code"] == "refund_exceeds_sale"


async def test_a_cancellation_may_name_what_it_ends(app: App, shared: Shared, service: dict[str, str]) -> None:
    await report(app, service, conversion("sign_up", touch=await visit(app, shared, ago(hours=1))))
    await report(app, service, conversion("subscription", minor=1000))
    named = conversion("cancellation", utc_now(), original="subscription-1")
    assert (await report(app, service, named)).status_code == 201
    assert (await report(app, service, named)).status_code == 200
    assert (await report(app, service, conversion("cancellation", id="c2"))).status_code == 201
    full = conversion("refund", utc_now(), 1000, original="subscription-1")
    assert (await report(app, service, full)).status_code == 201


async def test_two_refunds_at_once_cannot_exceed_the_sale(app: App, service: dict[str, str]) -> None:
    await report(app, service, conversion("sign_up"))
    await report(app, service, conversion("subscription", minor=1000))
    refunds = [conversion("refund", utc_now(), 600, id=f"r{n}", original="subscription-1") for n in range(3)]
    answers = await asyncio.gather(*[report(app, service, body) for body in refunds])
    assert sorted(answer.status_code for answer in answers) == [201, 422, 422]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (conversion("subscription", minor=1, viewer="stranger"), "viewer_unknown"),
        (conversion("subscription", utc_now() + timedelta(days=1), 1), "conversion_in_future"),
        (conversion("sign_up", datetime.fromisoformat("1970-01-01T00:00:00Z")), "conversion_too_old"),
        (conversion("subscription"), "amount_missing"),
        (conversion("subscription", amount={"minor": 1, "currency": "QQQ"}), "currency_unknown"),
        (conversion("subscription", amount={"minor": 1, "currency": "eur"}), "invalid"),
        (conversion("subscription", amount={"minor": -1, "currency": "EUR"}), "invalid"),
        (conversion("subscription", amount={"minor": 12.5, "currency": "EUR"}), "invalid"),
        (conversion("subscription", amount={"minor": 10**30, "currency": "EUR"}), "invalid"),
        (conversion("refund", minor=1), "refund_without_sale"),
        (conversion("refund", minor=1, original="nothing"), "refund_without_sale"),
        (conversion("refund", minor=1, original="sign-up"), "refund_without_sale"),
        (conversion("refund", ago(days=3), 1, original="sale"), "refund_before_sale"),
        (conversion("refund", minor=1001, original="sale"), "refund_exceeds_sale"),
        (conversion("refund", amount={"minor": 1, "currency": "USD"}, original="sale"), "currency_mismatch"),
        (conversion("refund", minor=1, original="sale", viewer="noor"), "refund_without_sale"),
        (conversion("renewal", minor=1, original="sale"), "original_unexpected"),
        (conversion("cancellation", original="nothing"), "original_unknown"),
        (conversion("cancellation", original="sign-up"), "original_unknown"),
        (conversion("sign_up", touch="forged"), "touch_forged"),
        (conversion("sign_up", touch="A" * 38), "touch_forged"),
        (conversion("sign_up", viewer="a\0b"), "invalid"),
        (conversion("sign_up", id="a\0b"), "invalid"),
        (conversion("churn", day=30), "original_unknown"),
        (conversion("churn", original="sale"), "day_unexpected"),
        (conversion("churn", original="sale", day=31), "invalid"),
        (conversion("renewal", minor=1, day=30), "day_unexpected"),
        (conversion("sign_up", code="NOBODY"), "code_unknown"),
        (conversion("sign_up", code="x" * 41), "invalid"),
        (conversion("sign_up", install_referrer="gs=forged"), "touch_forged"),
        (conversion("sign_up", install_referrer="x" * 2049), "invalid"),
        (conversion("resurrection"), "invalid"),
        (conversion("sign_up", extra=1), "invalid"),
    ],
)
async def test_a_refusal_says_why_and_leaves_nothing(
    shared_app: App, sold: dict[str, str], body: dict[str, Any], code: str
) -> None:
    before = len(await rows(shared_app, LoggedEvent))
    answer = await report(shared_app, sold, body)
    assert answer.json()["code"] == code
    assert answer.status_code in {409, 422}
    assert len(await rows(shared_app, Conversion)) == 2
    assert len(await rows(shared_app, LoggedEvent)) == before


async def test_only_a_key_with_the_scope_may_report(app: App) -> None:
    body = conversion("sign_up")
    assert (await app.http.post("/v1/conversions", json=body)).json()["code"] == "service_key_invalid"
    other = await app.service_key("events:write")
    assert (await report(app, other, body)).json()["code"] == "scope_missing"


async def test_a_visitor_with_very_many_visits_is_bounded(app: App, shared: Shared, service: dict[str, str]) -> None:
    token: str | None = None
    for seconds in range(60, 0, -1):
        token = await visit(app, shared, ago(minutes=seconds), previous=token)
    answer = await report(app, service, conversion("sign_up", utc_now(), touch=token))
    linear = [credit["weight_ppm"] for credit in answer.json()["credits"] if credit["model"] == "linear"]
    assert (len(linear), sum(linear)) == (20, 1_000_000)


async def test_credit_cannot_be_changed(app: App, shared: Shared, service: dict[str, str]) -> None:
    await report(app, service, conversion("sign_up", touch=await visit(app, shared, ago(hours=1))))
    with pytest.raises(IntegrityError, match="credit is never changed"):
        async with app.runtime.database.transaction() as session:
            await session.execute(update(Credit).values(weight_ppm=0))


@pytest.mark.slow
async def test_a_viewer_with_a_hundred_thousand_touches_is_bounded(
    app: App, shared: Shared, service: dict[str, str]
) -> None:
    await report(app, service, conversion("sign_up"))
    many = text(
        "INSERT INTO touches (id, viewer_id, event_id, at, share_id, matched_by) "
        "SELECT gen_random_uuid(), v.id, gen_random_uuid(), now() - n * interval '1 second', :share, 'token' "
        "FROM viewers v, generate_series(1, 100000) n WHERE v.subject = 'newcomer'"
    )
    async with app.runtime.database.transaction() as session:
        await session.execute(many, {"share": shared.share.id})
    answer = await report(app, service, conversion("subscription", utc_now(), 999))
    linear = [credit for credit in answer.json()["credits"] if credit["model"] == "linear"]
    assert len(linear) == TOUCHES_MAX
    assert (sum(c["weight_ppm"] for c in linear), sum(c["amount_minor"] for c in linear)) == (1_000_000, 999)
