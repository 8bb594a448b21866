"""Webhooks: what happened is told, signed, in the order of each subject, at least once, over real HTTP."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Literal
from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from standardwebhooks.webhooks import WebhookVerificationError

from groundswell.attribution.reverdicts import note
from groundswell.discovery.ranking import Gate
from groundswell.discovery.refresh import refresh
from groundswell.discovery.trending import alerts, forecasts
from groundswell.events.tables import LoggedEvent
from groundswell.events.traffic.verdicts import Verdict
from groundswell.moments.signals import MomentChanged, MomentCreated
from groundswell.platform import signals
from groundswell.platform.ids import uuid7
from groundswell.platform.settings import Settings
from groundswell.webhooks import first_clicks
from groundswell.webhooks.delivery import deliver
from groundswell.webhooks.endpoints import forget_old
from groundswell.webhooks.jobs import queue_due
from groundswell.webhooks.kinds import KIND_INFO, KINDS
from groundswell.webhooks.tables import ClickMark, WebhookDelivery, WebhookEndpoint, WebhookMessage
from tests.attribution.test_conversions import ago, conversion, report, visit
from tests.earnings.test_payouts import earned, pay
from tests.earnings.world import build
from tests.events.places import Shared, make_share, make_shared
from tests.programs import begin
from tests.support import App
from tests.webhook_receiver import Receiver, receiving


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"outbound_networks": ["127.0.0.0/8"], "webhook_timeout_s": 60})


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


async def hook(app: App, receiver: Receiver, *kinds: str) -> dict[str, Any]:
    """An endpoint for the receiver, with its secret."""
    body = {"name": "Ours", "address": receiver.address, "kinds": list(kinds)}
    answer = await app.http.post("/v1/webhooks", json=body, headers=await app.service_key("webhooks"))
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    made: dict[str, Any] = answer.json()
    return made


async def deliver_all(app: App) -> None:
    async with app.runtime.database.transaction() as session:
        await queue_due(session)
    await app.run_jobs()


async def write(app: App, many: int, subjects: int = 1) -> list[str]:
    """Messages as the outbox writes them, for the one endpoint there is; their ids in order."""
    ids = [str(uuid7()) for _ in range(many)]
    async with app.runtime.database.transaction() as session:
        for number, id in enumerate(ids):
            message = WebhookMessage(
                id=UUID(id), kind="moment.changed", subject=f"s{number % subjects}", at=ago(), data={"n": number},
                people={},
            )  # fmt: skip
            session.add(message)
        await session.flush()
        await session.execute(
            text(
                "INSERT INTO webhook_deliveries (endpoint_id, message_id, subject, due_at)"
                " SELECT e.id, m.id, m.subject, now() FROM webhook_endpoints e, webhook_messages m"
                " WHERE m.id = ANY(:ids) ORDER BY m.data->'n'"
            ),
            {"ids": [UUID(id) for id in ids]},
        )
    return ids


async def make_due(app: App) -> None:
    """Let the pauses of the schedule, and the receiver's rest, be over."""
    async with app.runtime.database.transaction() as session:
        await session.execute(update(WebhookDelivery).filter_by(status="waiting").values(due_at=ago()))
        await session.execute(update(WebhookEndpoint).values(rests_until=None))


async def rows(app: App) -> list[WebhookDelivery]:
    async with app.runtime.database.transaction() as session:
        return list((await session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id))).all())


@pytest.mark.slow
async def test_what_happened_is_told_once_signed_and_under_the_event_logs_id(app: App, receiver: Receiver) -> None:
    """The whole loop, from a clip to money taken back; a transaction that fails tells nothing."""
    database = app.runtime.database
    shared = await make_shared(database, app.runtime.settings)
    secret = (await hook(app, receiver))["secret"]
    await deliver_all(app)  # clicks are heard of from here on
    async with database.transaction() as session:
        await signals.send(session, MomentCreated(shared.moment))
    async with database.sessions() as session:
        await signals.send(session, MomentChanged(shared.moment))
        await session.rollback()
    service, touch = await app.service_key("conversions:write"), await visit(app, shared, ago(hours=2))
    await visit(app, shared, ago(hours=1))
    await visit(app, shared, ago(hours=3), verdict="robot")
    assert (await report(app, service, conversion("sign_up", touch=touch))).status_code == 201
    assert (await report(app, service, conversion("subscription", minor=999))).status_code == 201
    refund = conversion("refund", minor=999, original="subscription-1", at=ago())
    assert (await report(app, service, refund)).status_code == 201
    trust = app.signed_in("tess", "trust")
    body = {"subject": {"kind": "moment", "id": str(shared.moment.id)}, "action": "hide", "reason_code": "spoiler"}
    answer = await app.http.post("/v1/decisions", json=body | {"explanation": "It tells the end."}, headers=trust)
    assert answer.status_code == 201, answer.text
    body |= {"subject": {"kind": "title", "id": str(shared.title.id)}, "reason_code": "rights"}
    answer = await app.http.post("/v1/decisions", json=body | {"explanation": "Lost the rights."}, headers=trust)
    assert answer.status_code == 201, answer.text
    await deliver_all(app)
    assert sorted(receiver.kinds) == sorted(
        "moment.created share.first_click sign_up.credited subscription.credited subscription.reversed decision.taken "
        "moment.taken_down decision.taken title.unclippable "
        "notification.made notification.made notification.made".split()
    )
    by_kind = {told.document["type"]: told for told in receiver.told}
    for told in receiver.told:
        told.verify(secret)
        assert set(told.data) >= set(KIND_INFO[told.document["type"]].example) - {"because", "original_id", "viewer"}
    with pytest.raises(WebhookVerificationError):
        receiver.told[0].verify("whsec_" + "A" * 43 + "=")
    assert by_kind["sign_up.credited"].data["viewer"] == "newcomer"
    assert by_kind["subscription.reversed"].data["because"] == "refund"
    logged = ("moment.created", "share.first_click", "sign_up.credited", "subscription.credited")
    async with database.transaction() as session:
        known = {str(id): kind for id, kind in await session.execute(select(LoggedEvent.id, LoggedEvent.kind))}
    assert [known[by_kind[kind].id] for kind in logged] == ["clip", "click", "sign_up", "subscription"]
    await deliver_all(app)
    assert len(receiver.told) == 12


@pytest.mark.slow
async def test_a_tool_outside_is_told_of_a_report_and_decides_it(app: App, receiver: Receiver) -> None:
    """From a visitor's report to the tool's verdict, and what that decided; who reported, in which words, and what is
    severe stay with trust."""
    shared = await make_shared(app.runtime.database, app.runtime.settings)
    secret = (await hook(app, receiver, "report.taken", "decision.taken"))["secret"]
    reasons = {"ada": "spam", "ben": "child_abuse", "cleo": "hate"}
    for who, reason in reasons.items():
        body = {"moment": shared.moment.code, "reason_code": reason, "text": "zqwords of mine"}
        assert (await app.http.post("/v1/reports", json=body, headers=app.signed_in(who))).status_code == 201
    refused = await app.http.post("/v1/reports", json=body | {"reason_code": "dull"}, headers=app.signed_in("dora"))
    assert refused.status_code == 422
    await deliver_all(app)
    assert receiver.kinds == ["report.taken", "report.taken"]
    for told, reason in zip(receiver.told, ("spam", "hate"), strict=True):
        told.verify(secret)
        assert told.data.keys() >= KIND_INFO["report.taken"].example.keys()
        assert (told.data["reason_code"], told.data["subject_id"]) == (reason, str(shared.moment.id))
        assert "zqwords" not in str(told.document)
        assert "reporter" not in told.data

    tool, verdict = await app.service_key("moderation"), {"subject": {"kind": "moment", "id": told.data["subject_id"]}}
    verdict |= {"action": "hide", "reason_code": "hate", "explanation": "Slurs.", "tool": "Osprey", "rule": "Slurs"}
    answer = await app.http.post("/v1/verdicts", json=verdict, headers=tool)
    assert answer.json()["code"] == "verdict_severe", "people here have it in hand"
    other = await make_shared(app.runtime.database, app.runtime.settings)
    body = {"moment": other.moment.code, "reason_code": "hate"}
    assert (await app.http.post("/v1/reports", json=body, headers=app.signed_in("ada"))).status_code == 201
    verdict["subject"]["id"] = str(other.moment.id)
    answer = await app.http.post("/v1/verdicts", json=verdict, headers=tool)
    assert answer.status_code == 201, answer.text
    assert (await app.http.post("/v1/verdicts", json=verdict, headers=tool)).json()["code"] == "already_restricted"
    await deliver_all(app)
    assert receiver.kinds[2:] == ["report.taken", "decision.taken"]
    assert receiver.told[-1].data["reason_code"] == "hate"
    assert (await app.http.get(f"/m/{other.moment.code}")).status_code == 410
    await deliver_all(app)
    assert len(receiver.told) == 4


async def test_a_creator_s_money_is_told_when_it_is_theirs_and_when_it_is_paid(app: App, receiver: Receiver) -> None:
    """A pool that is run, and its statement paid: both by the feature itself, in the order of the creator."""
    world = await build(app.runtime.database)
    await world.creator("noor")
    await world.moment("noor", "kiss")
    secret = (await hook(app, receiver, "statement.ready", "payout.made"))["secret"]
    statement = await earned(world, 5000, "v1")
    await pay(world, statement)
    await deliver_all(app)
    for told in receiver.told:
        told.verify(secret)
        assert told.data.keys() == KIND_INFO[told.document["type"]].example.keys()
        assert (told.data["amount_minor"], told.data["currency"]) == (5000, "EUR")
        assert (told.data["creator_id"], told.data["viewer"]) == (str(world.creators["noor"]), "noor")
    assert receiver.kinds == ["statement.ready", "payout.made"]
    assert receiver.told[0].data["statement_id"] == str(statement)
    await deliver_all(app)
    assert len(receiver.told) == 2


@pytest.mark.slow
async def test_a_first_click_is_a_person_s_by_the_current_verdict(app: App, receiver: Receiver) -> None:
    """Taken back before it was read: the next is the first. A person's after all once it was read: told then, once."""
    database = app.runtime.database
    robots = await make_shared(database, app.runtime.settings)
    persons = await make_shared(database, app.runtime.settings, subject="kofi")
    await hook(app, receiver, "share.first_click")
    await deliver_all(app)

    async def judge(shared: Shared, kind: Literal["human", "robot"]) -> str:
        """Judge the oldest click again; its id."""
        async with database.transaction() as session:
            query = select(LoggedEvent).filter_by(kind="click", share_id=shared.share.id)
            click = (await session.scalars(query.order_by(LoggedEvent.at).limit(1))).one()
            await note(session, {(click.at, click.id): Verdict(kind, "because", f"behaviour-{kind}")})
            return str(click.id)

    await visit(app, robots, ago(hours=3))
    taken_back = await judge(robots, "robot")
    await visit(app, robots, ago(hours=2))
    await visit(app, persons, ago(hours=3), verdict="robot")
    await deliver_all(app)
    await deliver_all(app)  # what the first has told
    assert [told.data["share_id"] for told in receiver.told] == [str(robots.share.id)]
    assert receiver.told[0].id != taken_back
    acquitted = await judge(persons, "human")
    assert await judge(robots, "human") == taken_back
    await visit(app, persons, ago(hours=1))
    await deliver_all(app)
    await deliver_all(app)  # what the first has told
    assert [told.id for told in receiver.told[1:]] == [acquitted]


async def test_many_first_clicks_are_told_by_and_by(
    app: App, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many came: no call takes all of them into memory, and what waits for delivery waits no longer."""
    monkeypatch.setattr(first_clicks, "AT_ONCE", 2)
    database = app.runtime.database
    clicked = [await make_shared(database, app.runtime.settings, subject=name) for name in ("ada", "kofi", "mei")]
    await hook(app, receiver, "share.first_click")
    await deliver_all(app)
    async with database.transaction() as session:
        await session.get(ClickMark, first_clicks.MARK, with_for_update=True)  # the server's own turn waits
        for each in clicked:
            await visit(app, each, ago(hours=1))
        assert [await first_clicks.tell_first_clicks(session) for _ in range(3)] == [2, 1, 0]


@pytest.mark.slow
async def test_an_endpoint_is_made_changed_tried_and_removed(app: App, receiver: Receiver) -> None:
    made = await hook(app, receiver, "scene.trending")
    key, at = await app.service_key("webhooks"), f"/v1/webhooks/{made['id']}"
    kinds = (await app.http.get("/v1/webhook-kinds", headers=key)).json()
    assert [each["kind"] for each in kinds] == list(KINDS)
    for kind in KINDS:
        assert (await app.http.post(f"{at}/examples", json={"kind": kind}, headers=key)).status_code == 202
    second = (await app.http.post(f"{at}/secret", headers=key)).json()["secret"]
    await deliver_all(app)
    assert sorted(receiver.kinds) == sorted(KINDS)
    for told in receiver.told:
        assert told.data["example"] is True
        told.verify(made["secret"])
        told.verify(second)
    async with app.runtime.database.transaction() as session:
        await session.execute(update(WebhookEndpoint).values(secret_before_until=ago()))
    log = (await app.http.get(f"{at}/deliveries?limit=2", headers=key)).json()
    rest = (await app.http.get(f"{at}/deliveries?before={log['next']}", headers=key)).json()
    assert len(rest["items"]) == len(KINDS) - 2
    assert {each["status"] for each in log["items"]} == {"delivered"}
    again = log["items"][0]
    answer = await app.http.post(f"{at}/deliveries/{again['id']}/replay", headers=key)
    assert answer.status_code == 202
    await deliver_all(app)
    assert receiver.told[-1].id == again["message_id"]
    with pytest.raises(WebhookVerificationError):
        receiver.told[-1].verify(made["secret"])
    changed = (await app.http.patch(at, json={"on": False, "name": "Theirs"}, headers=key)).json()
    assert (changed["status"], changed["name"], changed["kinds"]) == ("off", "Theirs", ["scene.trending"])
    assert "secret" not in changed
    listed = (await app.http.get("/v1/webhooks", headers=key)).json()
    assert [each["name"] for each in listed] == ["Theirs"]
    assert (await app.http.delete(at, headers=key)).status_code == 204
    for answer, code in (
        (await app.http.get(at, headers=key), "webhook_unknown"),
        (await app.http.post(f"{at}/deliveries/1/replay", headers=key), "webhook_unknown"),
        (await app.http.get("/v1/webhooks", headers=await app.service_key("catalog")), "scope_missing"),
        (await app.http.get("/v1/webhooks", headers=app.signed_in("mia", "marketer")), "service_key_invalid"),
    ):
        assert answer.json()["code"] == code
    async with app.runtime.database.transaction() as session:
        assert await forget_old(session, ago(days=-1), 100) == len(KINDS)


@pytest.mark.parametrize(
    "address",
    [
        "http://10.1.2.3/x",
        "https://user@play.example/",
        "ftp://play.example/x",
        "http://[::1]/",
        "https://169.254.169.254/",
    ],
)
async def test_addresses_within_our_own_network_are_told_nothing(app: App, address: str) -> None:
    """Refused when it is said, or when its host turns out to be where nobody may go."""
    key = await app.service_key("webhooks")
    answer = await app.http.post("/v1/webhooks", json={"name": "Bad", "address": address}, headers=key)
    if answer.status_code == 201:
        at = f"/v1/webhooks/{answer.json()['id']}"
        await app.http.post(f"{at}/examples", json={"kind": "payout.made"}, headers=key)
        await deliver_all(app)
        (row,) = await rows(app)
        assert (row.status, row.problem) == ("waiting", "address_not_allowed")
    else:
        assert (answer.status_code, answer.json()["code"]) == (422, "address_not_allowed")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        ({"answer": "500 Internal Server Error\r\n"}, "http_500"),
        ({"answer": "302 Found\r\nlocation: /hooks\r\n"}, "http_302"),
        ({"hang": True}, "timed_out"),
    ],
)
async def test_a_bad_receiver_is_tried_again_by_the_schedule_and_left_alone_meanwhile(
    app: App, receiver: Receiver, bad: dict[str, Any], problem: str
) -> None:
    await hook(app, receiver)
    ids = await write(app, 60, subjects=20)
    vars(receiver).update(bad)
    app.runtime.settings.webhook_timeout_s = 0.5 if receiver.hang else 60
    await deliver_all(app)
    tried = [row for row in await rows(app) if row.attempts]
    assert {row.problem for row in tried} == {problem}
    assert 5 <= len(tried) == len(receiver.told) <= 21  # those on their way when it was enough
    async with app.runtime.database.transaction() as session:
        endpoint = (await session.scalars(select(WebhookEndpoint))).one()
        assert endpoint.failures >= 5
        assert endpoint.rests_until is not None
    receiver.answer, receiver.hang = "200 OK\r\n", False
    app.runtime.settings.webhook_timeout_s = 60
    receiver.told.clear()
    await make_due(app)
    await deliver_all(app)
    assert {row.status for row in await rows(app)} == {"delivered"}
    assert sorted(told.id for told in receiver.told) == sorted(ids)
    for subject in range(20):
        mine = [told.data["n"] for told in receiver.told if told.data["n"] % 20 == subject]
        assert mine == sorted(mine)


@pytest.mark.slow
async def test_one_subject_waits_for_its_first_and_no_other_does(app: App, receiver: Receiver) -> None:
    """Until the schedule has ended: then it has failed, and the next has its turn. An answer without end is one."""
    await hook(app, receiver)
    ids = await write(app, 6, subjects=2)
    receiver.in_vain = {ids[0]}
    await deliver_all(app)
    assert [told.data["n"] for told in receiver.told if told.id != ids[0]] == [1, 3, 5]
    async with app.runtime.database.transaction() as session:
        await session.execute(update(WebhookDelivery).filter_by(message_id=UUID(ids[0])).values(attempts=9))
    await make_due(app)
    receiver.endless = True
    await deliver_all(app)
    assert [row.status for row in await rows(app)] == ["failed"] + ["delivered"] * 5
    assert [told.data["n"] for told in receiver.told][-2:] == [2, 4]


async def test_410_turns_it_off_and_drops_what_waits(app: App, receiver: Receiver) -> None:
    await hook(app, receiver)
    await write(app, 5)
    receiver.answer = "410 Gone\r\n"
    await deliver_all(app)
    assert {row.status for row in await rows(app)} == {"dropped"}
    (listed,) = (await app.http.get("/v1/webhooks", headers=await app.service_key("webhooks"))).json()
    assert (listed["status"], len(receiver.told)) == ("gone", 1)


KILLED = """
import asyncio, sys
from uuid import UUID
from groundswell.platform.database import Database
from groundswell.platform.settings import Settings
from groundswell.web import features
from groundswell.webhooks.delivery import deliver
features.load("tables")
settings = Settings(data_dir=sys.argv[2], secret_key=sys.argv[4], outbound_networks=["127.0.0.0/8"])
asyncio.run(deliver(Database(sys.argv[1]), settings, UUID(sys.argv[3]), 60))
"""


@pytest.mark.slow
async def test_kill_9_in_the_middle_loses_nothing_and_keeps_the_order(app: App, receiver: Receiver) -> None:
    settings = app.runtime.settings
    made = await hook(app, receiver)
    ids = await write(app, 600, subjects=7)
    receiver.takes_s = 0.005
    assert settings.database_url is not None
    arguments = [settings.database_url, str(settings.data_dir), made["id"], settings.secret.decode()]
    process = begin(KILLED, *arguments)
    while len(receiver.told) < 300:
        assert process.poll() is None
        await asyncio.sleep(0.01)
    assert not await deliver(app.runtime.database, settings, UUID(made["id"]), 60)  # one at a time
    process.kill()
    await asyncio.to_thread(process.wait)
    receiver.takes_s = 0
    while any(row.status == "waiting" for row in await rows(app)):
        await deliver(app.runtime.database, settings, UUID(made["id"]), 60)
    assert {told.id for told in receiver.told} == set(ids)
    assert len(receiver.told) < 600 + 300
    for subject in range(7):
        first = list(dict.fromkeys(told.data["n"] for told in receiver.told if told.data["n"] % 7 == subject))
        assert first == sorted(first)


async def test_no_endpoint_no_message(app: App) -> None:
    shared: Shared = await make_shared(app.runtime.database, app.runtime.settings)
    await make_share(app.runtime.database, app.runtime.settings, shared.moment, None)
    async with app.runtime.database.transaction() as session:
        await signals.send(session, MomentCreated(shared.moment))
    async with app.runtime.database.transaction() as session:
        assert (await session.scalars(select(WebhookMessage))).all() == []


@pytest.mark.slow
async def test_a_scene_that_rises_and_one_that_will_pass_an_alert_are_told(app: App, receiver: Receiver) -> None:
    """By the signals of votes that really came."""
    world, database = await build(app.runtime.database), app.runtime.database
    await world.moment("maker", "kiss")
    await hook(app, receiver, "scene.trending", "scene.forecast")
    body, staff = {"threshold": 20, "title": "night-train"}, app.signed_in("mira", "marketer")
    alert = await app.http.post("/v1/trend-alerts", json=body, headers=staff)
    assert alert.status_code == 201, alert.text
    minutes = 90.0
    for number in range(30):
        voter = await world.established(f"fan {number}")
        await world.happen("kiss", "play", f"v{number}", viewer=voter, at=ago(minutes=minutes * (1 - number / 30) + 1))
    for _ in range(2):
        async with database.transaction() as session:
            await refresh(session)
            await alerts.raise_due(session, await forecasts.keep(session, Gate(0, 0)))
    await deliver_all(app)
    assert receiver.kinds == ["scene.trending", "scene.forecast"]
    trending, forecast = (told.data for told in receiver.told)
    for told in receiver.told:
        assert set(told.data) == set(KIND_INFO[told.document["type"]].example)
    assert forecast["scene_id"] == trending["scene_id"]
    assert forecast["alert_id"] == alert.json()["id"]
    assert (forecast["threshold"], forecast["seen"]) == (20, 29)
    assert forecast["low"] <= forecast["expected"] <= forecast["high"]
    found = (await app.http.get(f"/v1/scenes/{forecast['scene_id']}/forecast", headers=staff)).json()
    assert (found["state"], found["seen"]) == ("forecast", 29)
    ended = await app.http.delete(f"/v1/trend-alerts/{alert.json()['id']}", headers=staff)
    assert ended.status_code == 204
    assert (await app.http.get("/v1/trend-alerts", headers=staff)).json()["items"] == []
