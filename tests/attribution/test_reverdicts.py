"""Visits are judged again by newer rules and by behaviour: new rows, never edits; and they stop earning."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from procrastinate.periodic import PeriodicDeferrer
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from groundswell.attribution import reverdicts
from groundswell.attribution.invalid_traffic import ACCOUNTS
from groundswell.attribution.reverdicts import rejudge
from groundswell.events.event import Event
from groundswell.events.log.event_log import record
from groundswell.events.tables import JudgedEvent, LoggedEvent, Reverdict, VisitorSalt
from groundswell.events.traffic.verdicts import RULE
from groundswell.events.traffic.visitors import origin
from groundswell.events.visits.touch_tokens import touch_token
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.ids import uuid7
from tests.attribution.test_conversions import ago, conversion, report
from tests.events.places import Shared, make_shared
from tests.support import App

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"


async def click(app: App, shared: Shared, user_agent: str, rule: str = "1+old", **fields: Any) -> Event:
    event = Event(
        kind="click",
        share_id=shared.share.id,
        moment_id=shared.moment.id,
        title_id=shared.title.id,
        verdict_rule=rule,
        **{
            "id": uuid7(),
            "at": ago(hours=1),
            "verdict": "human",
            "verdict_reason": "nothing_says_otherwise",
            "inputs": {"ua": user_agent},
            **fields,
        },
    )
    async with app.runtime.database.transaction() as session:
        await record(session, event)
    return event


async def judged(app: App) -> int:
    return await rejudge(app.runtime.database, ago(days=2), utc_now())


async def verdicts(app: App) -> dict[object, tuple[str, str, str, str | None]]:
    async with app.runtime.database.transaction() as session:
        return {v.event_id: (v.kind, v.reason, v.rule, v.traffic) for v in await session.scalars(select(Reverdict))}


@pytest.fixture
async def shared(app: App) -> Shared:
    return await make_shared(app.runtime.database, app.runtime.settings)


async def test_a_newer_rule_gives_new_rows_and_leaves_the_old(app: App, shared: Shared) -> None:
    curl = await click(app, shared, "curl/8.1")
    preview = await click(app, shared, "WhatsApp/2.23.20.0")
    await click(app, shared, PHONE)
    await click(app, shared, "curl/8.1", RULE)
    assert await judged(app) == 2
    assert await verdicts(app) == {
        curl.id: ("robot", "http-library:^curl", RULE, "givt"),
        preview.id: ("unfurl", "fetches_for:whatsapp", RULE, None),
    }
    assert await judged(app) == 0
    async with app.runtime.database.transaction() as session:
        assert set(await session.scalars(select(LoggedEvent.verdict).filter_by(kind="click"))) == {"human"}
    with pytest.raises(IntegrityError, match="only ever appended"):
        async with app.runtime.database.transaction() as session:
            await session.execute(text("UPDATE verdicts SET kind = 'human'"))


async def test_of_one_instant_there_may_be_more_visits_than_are_judged_at_once(
    app: App, database_url: str, shared: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reverdicts, "AT_ONCE", 2)
    at = ago(hours=1)
    ids = {(await click(app, shared, "curl/8.1", at=at, id=UUID(int=n))).id for n in range(9, 0, -1)}
    async with app.runtime.database.transaction() as session:  # no plan brings the order by chance
        plain = "EXECUTE format('ALTER DATABASE %I SET enable_indexscan = off', current_database())"
        await session.execute(text(f"DO $$ BEGIN {plain}; END $$"))
    database = Database(database_url)
    assert await rejudge(database, ago(days=2), utc_now()) == 9
    await database.close()
    assert set(await verdicts(app)) == ids


async def test_a_verdict_that_a_newer_rule_takes_back_is_current_again(app: App, shared: Shared) -> None:
    """What an older rule took for a robot's, and the present one does not, is a person's; not what behaviour showed."""
    visits = {name: await click(app, shared, PHONE, visitor=name) for name in ("mistaken", "ring")}
    async with app.runtime.database.transaction() as session:
        for name, rule in ("mistaken", "1+older"), ("ring", "behaviour-1"):
            row = {"at": visits[name].at, "event_id": visits[name].id, "created_at": ago(minutes=5)}
            session.add(Reverdict(**row, kind="robot", reason="ring", rule=rule, traffic="sivt"))
    assert await judged(app) == 1
    async with app.runtime.database.transaction() as session:
        current = {event.visitor: event.verdict for event in await session.scalars(select(JudgedEvent))}
    assert current == {"mistaken": "human", "ring": "robot"}
    assert await judged(app) == 0


@pytest.mark.parametrize(
    ("kind", "reason", "rule"),
    [
        ("robot", "staff", "1+old"),
        ("robot", "datacentre", "1+old"),
        ("robot", "address_limit:over 120 an hour", "limits-1"),
        ("robot", "network_limit:over 2000 an hour", "limits-1"),
        ("unfurl", "reported_by_service", "1+old"),
    ],
)
async def test_what_no_request_shows_by_itself_stands_whatever_the_rule(
    app: App, shared: Shared, kind: str, reason: str, rule: str
) -> None:
    """That it was staff, a data centre or beyond a limit is not kept with a visit: the name says nothing against it."""
    await click(app, shared, PHONE, rule, verdict=kind, verdict_reason=reason)
    assert await judged(app) == 0
    assert await verdicts(app) == {}


async def test_behaviour_is_judged_and_stops_earning(app: App, shared: Shared) -> None:
    begin = ago(hours=1)
    burst = [
        await click(app, shared, PHONE, RULE, visitor="v", at=begin + timedelta(seconds=n / 10)) for n in range(31)
    ]
    calm = await click(app, shared, PHONE, RULE, visitor="w")
    assert await judged(app) == 31
    found = await verdicts(app)
    assert set(found) == {event.id for event in burst}
    assert {(kind, traffic) for kind, _, _, traffic in found.values()} == {("robot", "sivt")}
    service = await app.service_key("conversions:write")
    for number, (event, earns) in enumerate([(burst[0], False), (calm, True)]):
        token = touch_token(app.runtime.settings.secret, event.at, event.id)
        body = conversion("sign_up", id=f"s{number}", viewer=f"v{number}", touch=token)
        assert bool((await report(app, service, body)).json()["credits"]) is earns


async def test_phones_behind_a_carrier_that_the_operator_named_are_not_one_device(app: App, shared: Shared) -> None:
    """They are one visitor, as one make of phone at one address is."""
    noon = ago(days=1).replace(hour=12)  # within one day, which has no salt yet
    async with app.runtime.database.transaction() as session:
        session.add(VisitorSalt(day=noon.date(), salt=b"of that day"))
    household, network = origin(b"of that day", "100.64.0.7")
    inputs = {"ua": PHONE, "household": household, "network": network}
    for n in range(ACCOUNTS + 9):
        at = noon + timedelta(seconds=97 * n)
        await click(app, shared, PHONE, RULE, visitor="phone", at=at, inputs=inputs, viewer_id=uuid7())
    database = app.runtime.database
    assert await rejudge(database, ago(days=2), utc_now(), ["100.64.0.0/22"]) == 0
    assert await rejudge(database, ago(days=2), utc_now(), ["198.51.100.0/24"]) > 0, "another carrier's"


@pytest.mark.slow
async def test_it_is_a_job_and_so_is_learning(app: App, shared: Shared) -> None:
    curl = await click(app, shared, "curl/8.1")
    due = {task.task.name for task in app.runtime.jobs.periodic_registry.periodic_tasks.values()}
    assert due >= {"attribution.rejudge", "attribution.learn"}
    deferrer = PeriodicDeferrer(app.runtime.jobs.periodic_registry)
    now = utc_now().timestamp()
    await deferrer.defer_jobs([(task, int(now)) for task in deferrer.registry.periodic_tasks.values()])
    await deferrer.defer_jobs([(task, int(now)) for task in deferrer.registry.periodic_tasks.values()])
    async with app.runtime.database.transaction() as session:
        waiting = await session.execute(text("SELECT task_name, count(*) FROM procrastinate_jobs GROUP BY 1"))
        assert {name: number for name, number in waiting if name in due} == dict.fromkeys(due, 1)
    await app.run_jobs()
    assert set(await verdicts(app)) == {curl.id}
