"""What keys are called."""

from uuid import uuid4

import pytest
from sqlalchemy import update

from groundswell.insights.reports.labels import labels
from groundswell.moments.tables import Moment
from groundswell.platform.database import Database
from groundswell.platform.settings import Settings
from tests.events.places import Shared, make_shared


@pytest.fixture
async def shared(database: Database, settings: Settings) -> Shared:
    return await make_shared(database, settings, subject="noor")


async def called(database: Database, dimension: str, *keys: str | None) -> dict[str, str]:
    async with database.transaction() as session:
        return await labels(session, dimension, keys)


async def test_things_are_called_by_their_names(database: Database, shared: Shared) -> None:
    title, noor, moment = str(shared.title.id), str(shared.moment.viewer_id), str(shared.moment.id)
    assert await called(database, "title", title) == {title: "A film"}
    assert await called(database, "maker", noor) == await called(database, "sharer", noor) == {noor: "Noor"}
    assert await called(database, "moment", moment) == {moment: "Without words (A film 1:12)"}
    assert await called(database, "scene", moment) == {moment: "A film at 1:12"}
    async with database.transaction() as session:
        await session.execute(update(Moment).filter_by(id=shared.moment.id).values(caption="The kiss"))
    assert await called(database, "moment", moment) == {moment: "The kiss (A film 1:12)"}
    assert await called(database, "scene", moment) == {moment: "A film at 1:12: The kiss"}


async def test_words_for_channels_and_generations(database: Database) -> None:
    assert await called(database, "channel", "whatsapp", "pigeon") == {"whatsapp": "WhatsApp"}
    assert await called(database, "generation", "0", "2") == {"0": "0: first shares", "2": "2: re-shared 2×"}


@pytest.mark.parametrize("dimension", ["title", "maker", "sharer", "moment", "scene"])
async def test_what_has_no_better_name_is_left_out(database: Database, shared: Shared, dimension: str) -> None:
    assert await called(database, dimension, str(uuid4()), "nonsense", "", None) == {}
    assert await called(database, dimension) == {}


async def test_days_and_the_like_name_themselves(database: Database) -> None:
    assert await called(database, "day", "2026-05-04") == await called(database, "colour", "red") == {}
