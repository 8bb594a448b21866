"""Web push: to a real receiver that verifies who sends and decrypts; once, also across kill -9."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import func, insert, select, update

from groundswell.notifications.jobs import queue_due
from groundswell.notifications.push import push_all_due
from groundswell.notifications.tables import Notification, PushDelivery, PushSubscription
from groundswell.notifications.vapid import public_key
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from groundswell.platform.settings import Settings
from groundswell.trust.tables import Decision
from tests.attribution.test_conversions import ago
from tests.notifications.people import call, handle_of, id_of, inbox, read_all, say, world
from tests.programs import begin
from tests.push_receiver import PushReceiver, receiving_pushes
from tests.support import App


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"outbound_networks": ["127.0.0.0/8"], "webhook_timeout_s": 60})


@pytest.fixture
async def receiver() -> AsyncIterator[PushReceiver]:
    async with receiving_pushes() as receiver:
        yield receiver


async def subscribe(app: App, who: str, receiver: PushReceiver, path: str = "/push/1") -> str:
    answer = await call(app, "POST", "/v1/notifications/push-subscriptions", who, **receiver.subscription(path))
    assert answer.status_code == 201, answer.text
    id: str = answer.json()["id"]
    return id


async def push_now(app: App) -> None:
    """Push what waits, as if all its pauses were over."""
    async with app.runtime.database.transaction() as session:
        await session.execute(update(PushDelivery).values(due_at=ago(seconds=1)))
        await queue_due(session)
    await app.run_jobs()


async def waiting(app: App) -> int:
    async with app.runtime.database.transaction() as session:
        return await session.scalar(select(func.count()).select_from(PushDelivery)) or 0


@pytest.mark.slow
async def test_what_happens_is_pushed_once_and_the_rest_is_gathered(app: App, receiver: PushReceiver) -> None:
    shared = await world(app)
    app.runtime.settings.comment_rate_per_minute = 1000
    await subscribe(app, "noor", receiver)
    for number in range(5):
        await say(app, shared, "ada", f"Word {number}.")
    assert await waiting(app) == 1, "one for all of it"
    await push_now(app)
    assert [(each["title"], each["body"], each["url"]) for each in receiver.told] == [
        (
            "Ada commented on your moment from A film",
            "Word 4.",
            f"{app.runtime.settings.base_url}/m/{shared.moment.code}#comments",
        )
    ]
    assert len(receiver.headers[0]["topic"]) <= 32
    await say(app, shared, "ben", "Later.")
    async with app.runtime.database.transaction() as session:
        due = (await session.scalars(select(PushDelivery.due_at))).one()
    assert due > utc_now() + timedelta(minutes=55), "not again within the hour"
    await read_all(app, "noor")
    await push_now(app)
    assert (len(receiver.told), await waiting(app)) == (1, 0), "what was read is not pushed"
    await call(app, "PATCH", "/v1/notifications/choices", "noor", switches={"comment": {"push": False}})
    await say(app, shared, "ada", "Unheard.")
    assert await waiting(app) == 0
    assert (await inbox(app, "noor"))["unread"] == 1


@pytest.mark.slow
async def test_blocked_meanwhile_quiet_now_or_gone_for_good(app: App, receiver: PushReceiver) -> None:
    shared = await world(app)
    await subscribe(app, "noor", receiver)
    await say(app, shared, "ben", "Hm.")
    await call(app, "POST", "/v1/barriers", "noor", handle=await handle_of(app, "ben"), kind="block")
    await push_now(app)
    assert (receiver.told, await waiting(app)) == ([], 0)
    now = utc_now()
    quiet = {"begin": f"{(now - timedelta(hours=1)):%H:%M}", "end": f"{(now + timedelta(hours=1)):%H:%M}"}
    changed = await call(app, "PATCH", "/v1/notifications/choices", "noor", quiet=quiet, time_zone="UTC")
    assert changed.json()["quiet"] == quiet
    await say(app, shared, "ada", "Shh.")
    await push_now(app)
    assert (receiver.told, await waiting(app)) == ([], 1), "it waits for the end of them"
    await call(app, "PATCH", "/v1/notifications/choices", "noor", no_quiet=True)
    receiver.answer = 500
    await push_now(app)
    async with app.runtime.database.transaction() as session:
        delivery = (await session.scalars(select(PushDelivery))).one()
        assert (delivery.attempts, delivery.due_at > utc_now()) == (1, True)
    receiver.answer = 410
    await push_now(app)
    assert (await call(app, "GET", "/v1/notifications/push-subscriptions", "noor")).json() == []
    assert await waiting(app) == 0


@pytest.mark.slow
async def test_where_nothing_is_pushed_and_whose_a_browser_is(app: App, receiver: PushReceiver) -> None:
    shared = await world(app)
    good = receiver.subscription()
    path = "/v1/notifications/push-subscriptions"

    async def code(**changed: object) -> str:
        answer = await call(app, "POST", path, "ada", **(good | changed))
        assert answer.status_code < 500 or answer.status_code == 502, answer.text
        told: str = answer.json().get("code", "")
        return told

    for address in (
        "http://10.1.2.3/push", "http://[::ffff:169.254.169.254]/", "file:///etc/passwd", "https://u:p@1.1.1.1/",
        app.runtime.settings.base_url + "/v1/me",
    ):  # fmt: skip
        assert await code(endpoint=address) == "address_not_allowed", address
    keys = good["keys"]
    assert await code(keys=keys | {"auth": "A" * 20}) == "push_keys_invalid"
    assert await code(keys=keys | {"p256dh": "B" * 87}) == "push_keys_invalid"
    assert await code(key="other") == "push_keys_invalid"
    first = await subscribe(app, "ada", receiver)
    assert (await call(app, "DELETE", f"{path}/{first}", "ben")).json()["code"] == "push_subscription_unknown"
    second = await subscribe(app, "ben", receiver)
    assert (await call(app, "GET", path, "ada")).json() == [], "the browser is ben's now"
    assert (await call(app, "DELETE", f"{path}/{second}", "ben")).status_code == 204
    for number in range(12):
        await subscribe(app, "noor", receiver, f"/push/{number}")
    assert len((await call(app, "GET", path, "noor")).json()) == 10
    async with app.runtime.database.transaction() as session:
        await session.execute(update(PushSubscription).values(vapid_key="gone"))
    await say(app, shared, "ada", "Hello.")
    await push_now(app)
    assert (receiver.told, await waiting(app)) == ([], 0), "we cannot sign for those any more"


async def test_a_secret_that_was_replaced_still_signs(app: App, receiver: PushReceiver) -> None:
    shared, settings = await world(app), app.runtime.settings
    await subscribe(app, "noor", receiver)
    before = public_key(settings)
    changed = settings.model_copy(
        update={"secret_key": SecretStr("n" * 40), "secret_key_previous": [SecretStr(settings.secret.decode())]}
    )
    changed.__dict__.pop("secret", None)
    assert public_key(changed) != before
    await say(app, shared, "ada", "Still here.")
    await push_all_due(app.runtime.database, changed, 10)
    assert [each["body"] for each in receiver.told] == ["Still here."]
    assert f"k={before}" in receiver.headers[0]["authorization"]


KILLED = """
import asyncio, sys
from groundswell.accounts.providers import separation_of
from groundswell.notifications.push import push_all_due
from groundswell.platform.database import Database
from groundswell.platform.settings import Settings
from groundswell.web import features

features.load("tables")
assert separation_of._function is not None, "blocks hold in a process that only pushes"
settings = Settings(data_dir=sys.argv[2], secret_key=sys.argv[3], outbound_networks=["127.0.0.0/8"])
asyncio.run(push_all_due(Database(sys.argv[1]), settings, 60))
"""


@pytest.mark.slow
async def test_kill_9_in_the_middle_loses_nothing_and_shows_nothing_twice(app: App, receiver: PushReceiver) -> None:
    """Killed while messages are on their way: all come, and what comes again has the same id."""
    settings, many = app.runtime.settings, 120
    await world(app)
    ada = await id_of(app, "ada")
    await subscribe(app, "ada", receiver)
    now = utc_now()
    async with app.runtime.database.transaction() as session:
        subscription = (await session.scalars(select(PushSubscription.id))).one()
        made = [
            {"id": uuid7(), "subject_kind": "licence", "subject_id": uuid7(), "action": "hide", "reason_code": "other",
             "explanation": f"Reason {number}.", "decided_by": "rule", "appeal": ""}
            for number in range(many)
        ]  # fmt: skip
        await session.execute(insert(Decision), made)
        rows = [
            {"id": uuid7(), "viewer_id": ada, "kind": "decision", "subject_id": each["id"], "place": uuid7(),
             "since": now, "at": now}
            for each in made
        ]  # fmt: skip
        await session.execute(insert(Notification), rows)
        due = [{"id": uuid7(), "notification_id": row["id"], "subscription_id": subscription, "due_at": now}
               for row in rows]  # fmt: skip
        await session.execute(insert(PushDelivery), due)
    receiver.takes_s = 0.05
    arguments = [settings.database_url, str(settings.data_dir), settings.secret.decode()]
    process = begin(KILLED, *map(str, arguments))
    while len(receiver.told) < 70:
        assert process.poll() is None
        await asyncio.sleep(0.01)
    process.kill()
    await asyncio.to_thread(process.wait)
    receiver.takes_s = 0
    assert 0 < await waiting(app) < many
    async with app.runtime.database.transaction() as session:
        await session.execute(update(PushDelivery).values(due_at=ago(seconds=1)))  # the lease is over
    await push_all_due(app.runtime.database, settings, 60)
    assert (len(receiver.distinct()), await waiting(app)) == (many, 0)
    assert {each["body"] for each in receiver.told} == {f"Reason {number}." for number in range(many)}
    assert len(receiver.told) <= many + 64, "a batch at most comes twice"
