"""One transaction a request, and a POST that is repeated with its key is done once."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel
from sqlalchemy import text
from starlette.routing import Match

from groundswell.platform import problems
from groundswell.platform.database import Database
from groundswell.platform.problems import Conflict
from groundswell.platform.routing import ChangesHeard, DbSession, Principals, TransactionalRoute
from groundswell.platform.services import Services, install, services_of
from groundswell.platform.settings import Settings

router = APIRouter(route_class=TransactionalRoute)


class Amount(BaseModel):
    amount: int


@router.post("/deposits", status_code=201)
async def deposit(body: Amount, session: DbSession) -> dict[str, int]:
    await session.execute(text("INSERT INTO deposits VALUES (:amount)"), body.model_dump())
    await asyncio.sleep(0.05)
    if body.amount < 0:
        raise Conflict("no overdraft")
    return {"total": await session.scalar(text("SELECT sum(amount)::int FROM deposits"))}


@pytest.fixture
def heard() -> list[int]:
    """What had been deposited each time that a change was waited for."""
    return []


@pytest.fixture
async def http(database: Database, heard: list[int]) -> AsyncIterator[httpx.AsyncClient]:
    async def principal_of(request: Request) -> str:
        return request.headers.get("x-who", "somebody")

    async def changes_heard() -> None:
        heard.append(await total(database))

    app = FastAPI()
    problems.install(app)
    app.include_router(router)
    services = Services(Settings())
    for service in (database, Principals(principal_of), ChangesHeard(changes_heard)):
        services.add(service)
    install(app, services)
    async with database.transaction() as session:
        await session.execute(text("CREATE TABLE deposits (amount int)"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


async def total(database: Database) -> int:
    async with database.transaction() as session:
        return int(await session.scalar(text("SELECT coalesce(sum(amount), 0) FROM deposits")) or 0)


async def test_what_was_answered_is_stored_and_what_was_refused_is_not(
    http: httpx.AsyncClient, database: Database, heard: list[int]
) -> None:
    assert (await http.post("/deposits", json={"amount": 5})).json() == {"total": 5}
    assert heard == [5], "what is remembered is brought up to date after the commit and before the answer"
    refused = await http.post("/deposits", json={"amount": -9})
    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    assert await total(database) == 5
    assert heard == [5]


async def test_a_repeated_key_gets_the_first_answer_and_does_nothing(
    http: httpx.AsyncClient, database: Database
) -> None:
    key = {"Idempotency-Key": "k-1"}
    first = await http.post("/deposits", json={"amount": 5}, headers=key)
    again = await http.post("/deposits", json={"amount": 5}, headers=key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert await total(database) == 5


async def test_a_key_with_another_body_is_refused(http: httpx.AsyncClient, database: Database) -> None:
    key = {"Idempotency-Key": "k-1"}
    await http.post("/deposits", json={"amount": 5}, headers=key)
    other = await http.post("/deposits", json={"amount": 6}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert await total(database) == 5


async def test_a_key_belongs_to_whoever_chose_it(http: httpx.AsyncClient, database: Database) -> None:
    for who in ("ada", "bob"):
        await http.post("/deposits", json={"amount": 5}, headers={"Idempotency-Key": "k-1", "X-Who": who})
    assert await total(database) == 10


async def test_a_refused_request_may_be_tried_again_with_its_key(http: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "k-1"}
    assert (await http.post("/deposits", json={"amount": -5}, headers=key)).status_code == 409
    assert (await http.post("/deposits", json={"amount": 5}, headers=key)).status_code == 201


async def test_simultaneous_repeats_are_done_once(http: httpx.AsyncClient, database: Database) -> None:
    key = {"Idempotency-Key": "k-1"}
    answers = await asyncio.gather(*(http.post("/deposits", json={"amount": 5}, headers=key) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {201}
    assert await total(database) == 5


async def test_an_endless_key_is_refused(http: httpx.AsyncClient) -> None:
    answer = await http.post("/deposits", json={"amount": 5}, headers={"Idempotency-Key": "x" * 256})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_invalid_bodies_name_their_fields(http: httpx.AsyncClient) -> None:
    answer = await http.post("/deposits", json={"amount": "lots"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert answer.json()["fields"][0]["field"] == "amount"


async def test_a_database_that_is_away_is_a_503_with_a_reason(http: httpx.AsyncClient, database: Database) -> None:
    app = http._transport.app  # type: ignore[attr-defined]
    away = Database("postgresql://nobody@127.0.0.1:1/none")
    services_of(app).add(away)
    answer = await http.post("/deposits", json={"amount": 5})
    assert (answer.status_code, answer.json()["code"]) == (503, "temporarily_unavailable")
    assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("path", "asked", "below", "found"),
    [
        ("/v1/things/{id}", "/v1/things/7", "", True),
        ("/v1/things/{id}", "/v1/thing", "", False),
        ("/v1/things/{id}", "/here/v1/things/7", "/here", True),
        ("/v1/things/{id}", "/v1/things/7", "/here", True),
        ("/v1/things/{id}", "/here/v1/things/7", "", False),
        ("/{name}/things", "/any/things", "", True),
        ("/v1/things", "/v1/things/", "", False),
    ],
)
def test_a_route_is_found_by_its_path_wherever_the_application_stands(
    path: str, asked: str, below: str, found: bool
) -> None:
    route = TransactionalRoute(path, lambda: None)
    scope = {"type": "http", "method": "GET", "path": asked, "root_path": below, "path_params": {}}
    plain = APIRoute(path, lambda: None).matches(dict(scope))
    assert route.matches(dict(scope))[0] == plain[0] == (Match.FULL if found else Match.NONE)
