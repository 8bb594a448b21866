"""Cases of the fraud desk: one that is open for a rule and a person, whatever happens to it and when."""

import asyncio
from uuid import UUID

import pytest

from groundswell.trust import cases
from groundswell.trust.tables import Case
from tests.events.places import make_shared
from tests.support import App


@pytest.fixture
async def subject(app: App) -> UUID:
    return (await make_shared(app.runtime.database, app.runtime.settings)).moment.viewer_id


async def suspected(app: App, subject: UUID) -> UUID:
    async with app.runtime.database.transaction() as session:
        return await cases.suspect(session, "free_sales", subject, [])


async def test_suspicions_of_one_kind_at_once_are_one_case(app: App, subject: UUID) -> None:
    assert len(set(await asyncio.gather(*(suspected(app, subject) for _ in range(8))))) == 1


async def test_a_closed_case_is_not_opened_again_beside_a_newer_one(app: App, subject: UUID) -> None:
    first = await suspected(app, subject)
    async with app.runtime.database.transaction() as session:
        closing = (await cases.take(session, first, "clear", "nothing in it", "tess")).id
    newer = await suspected(app, subject)
    assert newer != first
    with pytest.raises(cases.StepStays):
        async with app.runtime.database.transaction() as session:
            await cases.undo(session, closing, "tess")
    async with app.runtime.database.transaction() as session:
        assert [(await session.get_one(Case, id)).status for id in (first, newer)] == ["cleared", "open"]
        second = (await cases.take(session, newer, "clear", "nor in this", "tess")).id
    async with app.runtime.database.transaction() as session:
        await cases.undo(session, second, "tess")
        assert (await session.get_one(Case, newer)).status == "open"


async def test_who_was_told_objects_so_often_until_they_are_told_more(app: App, subject: UUID) -> None:
    case = await suspected(app, subject)
    for _ in range(2):
        async with app.runtime.database.transaction() as session:
            await cases.take(session, case, "notice", "What we saw.", "tess")
        for _ in range(cases.OBJECTIONS_MOST):
            async with app.runtime.database.transaction() as session:
                await cases.appeal(session, case, subject, "Not me.", "noor")
        with pytest.raises(cases.ObjectionsFull):
            async with app.runtime.database.transaction() as session:
                await cases.appeal(session, case, subject, "Not me.", "noor")
