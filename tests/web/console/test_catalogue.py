"""The console's catalogue, as somebody reads it who has never seen it."""

from pathlib import Path

import pytest

from groundswell.catalog.feeds.sync import FeedOptions, sync
from tests.support import App
from tests.trust.test_catalogue_health import fill
from tests.web.console.test_shell import text_of


@pytest.fixture
def ravi(app: App) -> dict[str, str]:
    return app.signed_in("ravi", "rights")


async def read(app: App, who: dict[str, str], query: str = "") -> str:
    answer = await app.http.get(f"/console/catalogue{query}", headers=who)
    assert answer.status_code == 200, answer.text
    return text_of(answer)


async def test_it_says_per_title_what_cannot_bind_and_what_to_do(app: App, ravi: dict[str, str]) -> None:
    await fill(app.runtime.database)
    told = await read(app, ravi)
    assert "Nobody says whether it is live: nothing of it is shared" in told
    assert "No release date: its ending is held back" in told
    assert "PUT /v1/titles/lacking" in told
    assert "groundswell import FILE --external-id tt1" in told
    assert "Withdrawn" in told
    assert "none: it is withdrawn" in told


async def test_it_is_narrowed_and_searched_and_nothing_else(app: App, ravi: dict[str, str]) -> None:
    await fill(app.runtime.database)
    narrowed = await read(app, ravi, "?shown=media")
    assert "tt1" in narrowed
    assert "PUT /v1/titles/lacking" not in narrowed
    assert "No title matches" in await read(app, ravi, "?search=nowhere")
    for query in ("?shown=everything", "?colour=red", "?cursor=nonsense"):
        refused = await app.http.get(f"/console/catalogue{query}", headers=ravi)
        assert refused.status_code in {400, 422}, query


async def test_an_empty_catalogue_says_how_to_begin(app: App, ravi: dict[str, str]) -> None:
    told = await read(app, ravi)
    assert "PUT /v1/titles with a key of the scope catalog" in told
    assert "No sync yet" in told


async def test_syncs_stand_there_with_what_they_refused(app: App, ravi: dict[str, str], tmp_path: Path) -> None:
    feed = tmp_path / "feed.ndjson"
    feed.write_text('{"external_id": "a", "name": "A"}\n{"external_id": "b"}\n')
    await sync(app.runtime.database, app.runtime.outbound, FeedOptions("studio", str(feed)))
    told = await read(app, ravi)
    assert "studio" in told
    assert "line 2: name: Field required" in told
    assert "sync:studio" in told


async def test_marketers_do_not_see_it(app: App) -> None:
    refused = await app.http.get("/console/catalogue", headers=app.signed_in("mira", "marketer"))
    assert refused.status_code == 403
