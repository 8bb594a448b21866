"""What people are called on pages, by what records of what they did say."""

from uuid import UUID, uuid4

import pytest

from groundswell.accounts.actors import actor_names, actor_of
from groundswell.accounts.powers import POWERS, Power, roles_words
from groundswell.accounts.tables import Viewer
from groundswell.accounts.viewers import names_of, viewers_among
from groundswell.platform.database import Database
from groundswell.platform.ids import uuid7


@pytest.fixture
async def people(database: Database) -> dict[str, UUID]:
    ids = {"Ada": uuid7(), "": uuid7(), "Noor": uuid7()}
    async with database.transaction() as session:
        for name, id in ids.items():
            session.add(Viewer(id=id, issuer="service", subject=str(id), name=name, handle=f"h{id.hex}"))
    return ids


async def test_actors_are_named_and_what_is_no_viewer_names_itself(database: Database, people: dict[str, UUID]) -> None:
    ada, erased, stranger = actor_of(people["Ada"]), actor_of(people[""]), actor_of(uuid4())
    async with database.transaction() as session:
        assert await actor_names(session, [ada, erased, stranger, "rule", "key:7"]) == {
            ada: "Ada",
            erased: "somebody erased",
            stranger: stranger,
            "rule": "rule",
            "key:7": "key:7",
        }
        assert await actor_names(session, iter([ada])) == {ada: "Ada"}, "asked of an iterator too"


async def test_principals_are_named_and_others_name_themselves(database: Database, people: dict[str, UUID]) -> None:
    ada = f"viewer:{people['Ada']}"
    async with database.transaction() as session:
        assert await names_of(session, iter([ada, "rule", "viewer:none"])) == {
            ada: "Ada",
            "rule": "rule",
            "viewer:none": "viewer:none",
        }
        assert await names_of(session, []) == {}


async def test_viewers_are_found_by_id_once_each(database: Database, people: dict[str, UUID]) -> None:
    async with database.transaction() as session:
        found = await viewers_among(session, [people["Ada"], people["Ada"], people["Noor"], uuid4()])
    assert {id: viewer.name for id, viewer in found.items()} == {people["Ada"]: "Ada", people["Noor"]: "Noor"}


def test_roles_are_told_in_words() -> None:
    assert roles_words(POWERS["insights.view"]) == "finance or marketer"
    assert roles_words(POWERS["audit.read"]) == "admin"
    assert roles_words(Power(frozenset({"rights"}), frozenset(), "")) == "rights"
