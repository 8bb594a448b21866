"""The search page: lines with what was looked for marked, titles, people; something to read for whatever is typed."""

from tests.catalog.rows import add_title
from tests.discovery.search.test_search import say
from tests.earnings.world import build
from tests.support import App


async def test_one_box_for_lines_titles_and_people(app: App) -> None:
    world = await build(app.runtime.database)
    await world.creator("lightkeeper")
    async with app.runtime.database.transaction() as session:
        fog = await add_title(session, "light-house")
        await say(session, fog, "en", "Keep the <light> burning, Noor.", "Nobody did.")
        await say(session, fog, "de", "Halt das Licht am Brennen.")
    page = (await app.http.get("/search", params={"q": "light"})).text
    assert "<mark>light</mark>" in page
    assert "&lt;" in page, "escaped"
    assert "Light-House" in page, "by its name"
    assert 'href="/creators/lightkeeper"' in page
    assert 'href="/search"' in page, "in the bar"
    german = (await app.http.get("/search", params={"q": "licht", "lang": "de"})).text
    assert "<mark>Licht</mark>" in german
    assert "Was gesagt wird" in german
    said = {"": "Half a sentence", "😀": "no word in that", "x": "One letter", "zzz qqq": "Nobody says that"}
    for typed, words in said.items():
        assert words in (await app.http.get("/search", params={"q": typed, "lang": "en"})).text, typed
    for typed in ("the " * 2_500, "a\0b", "' OR 1=1 --"):
        assert (await app.http.get("/search", params={"q": typed, "title": "unknown"})).status_code == 200
    inside = (await app.http.get("/search", params={"q": "nobody", "title": "light-house"})).text
    assert "In Light-House" in inside
    assert (await app.http.get("/search", params={"q": "the", "cursor": "x"})).status_code == 400
