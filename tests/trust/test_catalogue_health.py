"""How titles stand: what their rules lack, what cannot be cut."""

from typing import Any

import pytest

from groundswell.catalog.entries import withdraw
from groundswell.catalog.listing import listed, totals
from groundswell.catalog.rights import put_rule
from groundswell.catalog.schemas import RightsRuleIn
from groundswell.catalog.tables import Title
from groundswell.platform.database import Database
from groundswell.trust.catalogue_health import PAGE, health_of, unwell
from tests.catalog.rows import add_series, add_title


async def fill(database: Database) -> None:
    async with database.transaction() as session:
        series = await add_series(session)
        whole = await add_title(session, "whole", series=series, season=1, episode=1)
        whole.rating, whole.live = "12", False
        await add_title(session, "lacking", released_on=None)
        failed = await add_title(session, "failed", status="failed", failure_code="unreadable")
        failed.rating, failed.live = "12", False
        session.add(Title(slug="bare", name="Bare 100%", external_id="tt1"))
        gone = await add_title(session, "gone", released_on=None)
        await session.flush()
        await withdraw(session, gone.external_id, "key:test")
        await put_rule(session, RightsRuleIn(scope="all", live=False), "test")


async def test_each_title_says_what_it_lacks(database: Database) -> None:
    await fill(database)
    async with database.transaction() as session:
        found = {each.listed.title.slug: each for each in await health_of(session, await listed(session, 50))}
        named = {each.listed.title.slug async for each in unwell(session)}
    assert found["whole"].well
    assert {each.code for each in found["lacking"].unbound} == {"release_unknown", "live_unknown"}
    assert {each.rule is None for each in found["lacking"].unbound} == {True, False}
    assert found["lacking"].media is None
    assert found["failed"].media
    assert found["bare"].media == "It has no media yet."
    assert (found["gone"].unbound, found["gone"].media) == ((), None), "of what was withdrawn nothing is missing"
    assert named == {"lacking", "failed", "bare"}


async def test_the_catalogue_is_counted_and_searched(database: Database) -> None:
    await fill(database)
    async with database.transaction() as session:
        assert await totals(session) == (4, 2, 2, 2, 1, 1)

        async def slugs(**asked: Any) -> set[str]:
            return {each.title.slug for each in await listed(session, 50, **asked)}

        assert await slugs(shown="facts") == {"bare", "lacking"}
        assert await slugs(shown="media") == {"bare"}
        assert await slugs(shown="withdrawn") == {"gone"}
        assert await slugs(search="LIGHTHOUSE") == {"whole"}
        assert await slugs(search="tt1") == {"bare"}
        assert await slugs(search="0%") == {"bare"}
        assert await slugs(search="%") == {"bare"}, "a sign of LIKE is a sign"
        assert await slugs(search="\0") == {"gone", "bare", "failed", "lacking", "whole"}


async def test_every_title_is_looked_at_however_many_there_are(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groundswell.trust.catalogue_health.PAGE", 2)
    assert PAGE > 2
    async with database.transaction() as session:
        for n in range(5):
            session.add(Title(slug=f"t{n}", name=f"Title {n}"))
    async with database.transaction() as session:
        assert sorted([each.listed.title.slug async for each in unwell(session)]) == ["t0", "t1", "t2", "t3", "t4"]
