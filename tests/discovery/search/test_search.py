"""Finding lines over HTTP: in step with the lines, by rights, without spoilers, in every script."""

from typing import Any

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.tables import Line, RightsRule, Title
from groundswell.catalog.title_rows import TitleText, record_text
from groundswell.discovery.search import findings, upkeep
from groundswell.discovery.search.findings import Search
from groundswell.discovery.search.tables import SpokenLanguage, SpokenSentence
from groundswell.media import Cue, Cues
from groundswell.platform.notified_cache import CacheListener
from groundswell.trust.decisions import decide
from tests.catalog.rows import S, add_series, add_title
from tests.support import App

ENGLISH = [
    "Nobody told me the lighthouse was burning.",
    "To be or not to be,",
    "that is the question.",
    "You were running for the last train again.",
    "♪ Row, row, row your boat ♪",
    "We will meet at the café. Bring everything.",
    "C:\\new\\table, he typed.",
]
CHINESE = ["我爱你，世界。", "再见了，朋友。"]
THAI = ["สวัสดีครับ ยินดีที่ได้รู้จัก"]


async def say(session: AsyncSession, title: Title, language: str, *texts: str) -> None:
    """Record lines as an import does, one each 10 s."""
    cues = Cues([Cue(n * 10 * S, n * 10 * S + 9 * S, text) for n, text in enumerate(texts)])
    says = TitleText(slug=title.slug, name=title.name, language=language, lines=cues)
    await record_text(session, title, says, 1000 * S)


@pytest.fixture
async def titles(app: App) -> dict[str, Title]:
    async with app.runtime.database.transaction() as session:
        series = await add_series(session)
        made = {"fog": await add_title(session, "fog")}
        for episode in (1, 2):
            slug = f"part-{episode}"
            made[slug] = await add_title(session, slug, series=series, season=1, episode=episode)
            await say(session, made[slug], "en", f"The keeper of part {episode} is gone.", "Nothing else.")
        await say(session, made["fog"], "en", *ENGLISH)
        await say(session, made["fog"], "zh-Hans", *CHINESE)
        await say(session, made["fog"], "th", *THAI)
    return made


async def found(app: App, q: str, status: int = 200, caller: str | None = None, **params: Any) -> Any:
    headers = app.signed_in(caller) if caller else {}
    answer = await app.http.get("/v1/search", params={"q": q, **params}, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


def texts(answer: Any) -> list[str]:
    return ["".join(part["text"] for part in item["parts"]) for item in answer["items"]]


def marks(answer: Any) -> list[str]:
    return [part["text"] for part in answer["items"][0]["parts"] if part["found"]]


async def test_a_line_is_found_however_it_is_remembered(app: App, titles: dict[str, Title]) -> None:
    first = await found(app, "lighthouse was burning")
    (item,) = first["items"]
    assert (item["title"]["slug"], item["likeness"], item["start_us"], item["end_us"]) == ("fog", "phrase", 0, 9 * S)
    assert marks(first) == ["lighthouse", "was", "burning"]
    assert item["watch_url"].endswith("t=0")
    ways = {
        "lighthouse was bur": "forms",
        "running for the last trains": "forms",
        "train the last running": "words",
        "lighthuose was burning": "slip",
        "the CAFE bring everything": "phrase",
        "row your boat": "phrase",
    }
    for typed, likeness in ways.items():
        answer = await found(app, typed)
        assert [item["likeness"] for item in answer["items"][:1]] == [likeness], (typed, answer)
    assert texts(await found(app, "he typed")) == [ENGLISH[-1]], "what COPY must escape is what it was"
    assert texts(await found(app, '"run for the last train"')) == [], "in quotation marks, as it stands"


async def test_a_phrase_runs_on_over_lines_and_sentences(app: App, titles: dict[str, Title]) -> None:
    across_lines = await found(app, "not to be that is the question")
    assert texts(across_lines) == ["To be or not to be, that is the question."]
    across_sentences = await found(app, "the café bring everything")
    assert texts(across_sentences)[0] == "We will meet at the café. Bring everything."
    assert marks(across_sentences)[-2:] == ["Bring", "everything"]


async def test_scripts_without_spaces(app: App, titles: dict[str, Title]) -> None:
    for typed, said in (("爱你", CHINESE[0]), ("我爱你世界", CHINESE[0]), ("友", CHINESE[1]), ("ยินดี", THAI[0])):
        answer = await found(app, typed)
        assert said in texts(answer), typed
        assert "".join(marks(answer)), typed
    assert (await found(app, "爱你", language="zh-Hans"))["items"]
    assert not (await found(app, "爱你", language="en"))["items"]


async def test_whatever_is_typed_is_answered(app: App, titles: dict[str, Title]) -> None:
    for typed, hint in (("", "empty"), ("😀", "no_words"), ("'&|!:*<->()", "no_words"), ("a", "one_letter")):
        assert (await found(app, typed))["hint"] == hint, typed
    hostile = ["' OR 1=1 --", "a\u0000b c", "\\':* ~en~run", "NOT AND OR", "100%_"]
    for typed in ("x" * 10_000, "the " * 2_500, "我" * 500, *hostile):
        assert (await found(app, typed))["hint"] is None, typed[:20]
    assert (await found(app, "the", cursor="x", status=400))["code"] == "cursor_invalid"
    assert (await found(app, "the", title="unknown", status=404))["code"] == "title_unknown"


async def test_titles_are_found_by_name_and_pages_follow(app: App, titles: dict[str, Title]) -> None:
    assert [title["slug"] for title in (await found(app, "lighthouse"))["titles"]] == ["part-1", "part-2"]
    seen, cursor = [], None
    while True:
        page = await found(app, "the", limit=1, **({"cursor": cursor} if cursor else {}))
        seen += texts(page)
        if (cursor := page["next"]) is None:
            break
    assert len(seen) == len(set(seen)) >= 5
    assert texts(await found(app, "keeper", title="part-2")) == ["The keeper of part 2 is gone."]
    assert len(texts(await found(app, "keeper", series="lighthouse"))) == 2


async def heard(app: App) -> None:
    """Return when what was changed past the API has been heard of, as answers to requests that change wait for it."""
    await app.services.get(CacheListener).synchronize()


async def test_nothing_that_would_spoil_or_that_rights_keep_back(app: App, titles: dict[str, Title]) -> None:
    await app.http.put("/v1/progress", json={"title": "part-1", "position_us": 5 * S}, headers=app.signed_in("mira"))
    assert texts(await found(app, "keeper", caller="mira")) == ["The keeper of part 1 is gone."]
    assert texts(await found(app, "nothing else", caller="mira")) == [], "she has not come to it"
    assert len(texts(await found(app, "nothing else"))) == 2, "to a stranger it is an invitation"
    async with app.runtime.database.transaction() as session:
        blocked = [{"start_us": 0, "end_us": 15 * S, "reason": "x"}]
        rule = {"scope": "title", "scope_key": str(titles["fog"].id), "updated_by": "ravi"}
        session.add(RightsRule(**rule, blocked_ranges=blocked))
        await decide(
            session,
            kind="title",
            subject_id=titles["part-2"].id,
            action="hide",
            reason_code="x",
            explanation="Because.",
            decided_by="tess",
        )
    await heard(app)
    assert texts(await found(app, "lighthouse was burning")) == []
    assert texts(await found(app, "last train"))
    assert texts(await found(app, "keeper")) == ["The keeper of part 1 is gone."]
    async with app.runtime.database.transaction() as session:
        await session.execute(update(Title).where(Title.slug == "fog").values(withdrawn_at=titles["fog"].created_at))
    await heard(app)
    assert texts(await found(app, "last train")) == []


async def test_what_rights_say_of_a_title_is_kept_until_it_changes(app: App, titles: dict[str, Title]) -> None:
    """By the API, at once; a title that was searched before is looked up no more until then."""
    known = app.services.get(Search).titles
    ravi, at = app.signed_in("ravi", "rights"), titles["fog"].id
    assert texts(await found(app, "last train"))
    kept = known.known.get(at)
    assert kept is not None
    assert texts(await found(app, "last train"))
    assert known.known.get(at) is kept
    off = {"scope": "title", "title": "fog", "public_playback": False}
    assert (await app.http.put("/v1/rights", json=off, headers=ravi)).is_success
    assert texts(await found(app, "last train")) == [], "who is not signed in"
    assert texts(await found(app, "last train", caller="mira"))
    everywhere = {"scope": "all", "sharing": False}
    assert (await app.http.put("/v1/rights", json=everywhere, headers=ravi)).is_success
    assert texts(await found(app, "last train", caller="mira")) == []


async def test_a_slip_is_looked_for_where_nobody_says_the_word_first(app: App, titles: dict[str, Title]) -> None:
    """A word that is said is no slip, unless nothing is found with it."""
    async with app.runtime.database.transaction() as session:
        for slug, line in (("fog", "A stone house."), ("part-1", "A storm at sea."), ("part-2", "The stove is hot.")):
            await say(session, await session.get_one(Title, titles[slug].id), "en", line)
    assert texts(await found(app, "stnoe house")) == ["A stone house."]
    assert texts(await found(app, "stonm at sea")) == ["A storm at sea."]
    assert texts(await found(app, "store house")) == ["A stone house."]
    assert texts(await found(app, "the stone is hot")) == ["The stove is hot."]


async def test_what_may_not_be_played_takes_no_places(
    app: App, titles: dict[str, Title], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many lines of titles that are kept back fit as well."""
    monkeypatch.setattr(findings, "CANDIDATES", 3)
    async with app.runtime.database.transaction() as session:
        for n in range(4):
            kept_back = await add_title(session, f"kept-back-{n}")
            await say(session, kept_back, "en", *["The gull is back."] * 5)
            session.add(RightsRule(scope="title", scope_key=str(kept_back.id), updated_by="ravi", sharing=False))
    assert texts(await found(app, "gull")) == []
    async with app.runtime.database.transaction() as session:
        await say(session, await session.get_one(Title, titles["fog"].id), "en", "No gull here.")
    assert texts(await found(app, "gull")) == ["No gull here."]


async def test_what_is_searched_is_what_the_lines_are(app: App, titles: dict[str, Title]) -> None:
    """By the transaction that writes them; after older rules, or none, by the job: to the same rows."""
    database = app.runtime.database

    async def rows() -> list[Any]:
        columns = (SpokenSentence.title_id, SpokenSentence.language, SpokenSentence.number)
        query = select(*columns, SpokenSentence.text, SpokenSentence.words).order_by(*columns)
        async with database.transaction() as session:
            return [tuple(row) for row in await session.execute(query)]

    async with database.transaction() as session:
        fog = await session.get_one(Title, titles["fog"].id)
        await say(session, fog, "en", "The fog has lifted.")
        await say(session, fog, "de", "Der Nebel ist weg.")
    assert texts(await found(app, "lighthouse was burning")) == []
    assert texts(await found(app, "fog has lifted")) == ["The fog has lifted."]
    async with database.sessions() as session:
        await say(session, await session.get_one(Title, titles["fog"].id), "en", "Never said.")
        await session.rollback()
    assert texts(await found(app, "never said")) == []
    before = await rows()
    async with database.transaction() as session:
        await session.execute(delete(SpokenSentence).where(SpokenSentence.language == "en"))
        await session.execute(delete(SpokenLanguage).where(SpokenLanguage.language == "en"))
        await session.execute(update(SpokenLanguage).values(version=0))
        assert len(await upkeep.out_of_step(session, 100)) == len({row[:2] for row in before})
    async with database.transaction() as session:
        from groundswell.discovery.jobs import index_soon

        await index_soon(session)
    await app.run_jobs()
    assert await rows() == before
    async with database.transaction() as session:
        assert await upkeep.out_of_step(session, 100) == []
        assert await session.scalar(select(Line.text).where(Line.language == "de")) == "Der Nebel ist weg."
