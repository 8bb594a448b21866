"""Titles and their files, as clients meet them."""

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from groundswell.catalog.importer import import_title
from groundswell.catalog.tables import Line, Shot, Source, Title
from tests.catalog.films import film
from tests.catalog.rows import S, add_series, add_title
from tests.support import App


@pytest.mark.slow
async def test_a_title_comes_with_all_that_a_trimmer_needs(app: App, title_id: UUID) -> None:
    ada = app.signed_in()
    title = (await app.http.get("/v1/titles/harbour-lights", headers=ada)).json()
    assert title == (await app.http.get(f"/v1/titles/{title_id}", headers=ada)).json()
    assert (title["duration_us"], title["width"], title["height"]) == (6_000_000, 192, 108)
    assert title["frame_us"] == pytest.approx(1e6 / 24)
    assert (title["source"]["frame_rate_num"], title["source"]["frame_rate_den"]) == (24, 1)
    assert [line["text"] for line in title["lines"]] == ["Who goes there?", "Grüße aus dem Nebel."]
    assert (len(title["shots"]), title["languages"], title["label"]) == (3, ["en"], None)
    assert (title["rights"]["sharing"], title["rights"]["min_clip_us"]) == (True, 5_000_000)
    assert len((await app.http.get(title["waveform_url"], headers=ada)).json()["peaks"]) == 120
    for name in ("poster_url", "backdrop_url", "storyboard_url"):
        picture = await app.http.get(title[name], headers=ada)
        assert (picture.status_code, picture.headers["content-type"], picture.content[:2]) == (
            200,
            "image/jpeg",
            b"\xff\xd8",
        )
    places = await app.http.get(title["storyboard_vtt_url"], headers=ada)
    assert places.headers["content-type"].startswith("text/vtt")
    assert places.text.startswith("WEBVTT\n")
    assert "/titles/harbour-lights/storyboard.jpg#xywh=0,0,160,90" in places.text


@pytest.mark.slow
async def test_the_whole_title_plays_for_those_who_are_entitled(app: App, title_id: UUID) -> None:
    app.serve_titles()
    url = "/v1/titles/harbour-lights/media.mp4"
    refused = await app.http.get(url)
    assert (refused.status_code, refused.json()["code"]) == (401, "token_missing")
    entitled = app.as_told(titles=["harbour-lights"])
    whole = await app.http.get(url, headers=entitled)
    assert (whole.status_code, whole.content[4:8], whole.headers["content-type"]) == (200, b"ftyp", "video/mp4")
    assert "private" in whole.headers["cache-control"]
    part = await app.http.get(url, headers={**entitled, "Range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp")
    head = await app.http.head(url, headers=entitled)
    assert (head.status_code, int(head.headers["content-length"])) == (200, len(whole.content))


async def test_titles_are_listed_newest_first_page_by_page(app: App) -> None:
    async with app.runtime.database.transaction() as session:
        for n in range(5):
            await add_title(session, f"film-{n}")
        session.add(Title(slug="unready", name="Not imported yet"))
    seen, cursor = [], None
    while True:
        page = (await app.http.get("/v1/titles", params={"limit": 2, **({"cursor": cursor} if cursor else {})})).json()
        seen += [title["slug"] for title in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert seen == [f"film-{n}" for n in reversed(range(5))]
    refused = await app.http.get("/v1/titles", params={"cursor": "nonsense"})
    assert (refused.status_code, refused.json()["code"]) == (400, "cursor_invalid")


async def test_the_episodes_of_a_series(app: App) -> None:
    async with app.runtime.database.transaction() as session:
        series = await add_series(session)
        await add_title(session, "film")
        for episode in (1, 2):
            await add_title(session, f"part-{episode}", series=series, season=1, episode=episode)
    listed = (await app.http.get("/v1/titles", params={"series": "lighthouse"})).json()["items"]
    assert [title["label"] for title in listed] == ["S1E2", "S1E1"]
    assert listed[0]["series"]["name"] == "Lighthouse"
    assert (await app.http.get("/v1/titles", params={"series": "none"})).json()["code"] == "series_unknown"


async def test_lines_come_in_the_language_asked_for(app: App) -> None:
    async with app.runtime.database.transaction() as session:
        title = await add_title(session)
        for language, text in (("en", "Hello"), ("de", "Hallo")):
            line = {"title_id": title.id, "language": language, "number": 1, "start_us": 0, "end_us": S}
            session.add(Line(**line, text=text))

    async def text(**params: str) -> list[str]:
        answer = await app.http.get("/v1/titles/fog/lines", params=params, headers=app.signed_in())
        return [line["text"] for line in answer.json()]

    assert await text() == ["Hallo"]
    assert await text(language="en") == ["Hello"]
    assert await text(language="fr") == []


async def test_a_title_whose_frame_rate_varies_has_no_frame_length(app: App) -> None:
    async with app.runtime.database.transaction() as session:
        title = await add_title(session)
        source = await session.get_one(Source, title.current_source_id)
        session.add(Shot(source_id=source.id, number=1, start_us=0, end_us=S))
        source.frame_rate_num = source.frame_rate_den = None
    answer = (await app.http.get("/v1/titles/fog")).json()
    assert (answer["frame_us"], answer["source"]["frame_rate_num"]) == (None, None)


async def test_what_is_unknown_or_not_ready_says_so(app: App) -> None:
    async with app.runtime.database.transaction() as session:
        session.add(Title(slug="unready", name="Not imported yet"))
    for path in ("", "/lines", "/waveform"):
        for reference in ("none", str(uuid4()), "a" * 3000):
            answer = await app.http.get(f"/v1/titles/{reference}{path}", headers=app.signed_in())
            assert (answer.status_code, answer.json()["code"]) == (404, "title_unknown")
        answer = await app.http.get(f"/v1/titles/%00{path}", headers=app.signed_in())
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    for path in ("", "/waveform"):
        answer = await app.http.get(f"/v1/titles/unready{path}", headers=app.signed_in())
        assert (answer.status_code, answer.json()["code"]) == (409, "title_not_ready")


async def test_pictures_that_are_missing_are_not_found(app: App) -> None:
    async with app.runtime.database.transaction() as session:
        await add_title(session, storyboard_key="gone.jpg")
    for name in ("poster.jpg", "backdrop.jpg", "storyboard.jpg", "storyboard.vtt"):
        answer = await app.http.get(f"/titles/fog/{name}", headers=app.signed_in())
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), name


@pytest.mark.slow
async def test_a_title_suggests_moments_and_says_where_sentences_end(app: App, tmp_path: Path) -> None:
    long = film(tmp_path / "long.mp4", shot_seconds=8)
    says = [(1, 3, "Who goes there?"), (3, 5, "It is only me."), (5, 7, "Then come in."), (9, 12, "It is cold")]
    lines = "".join(f"{n}\n00:00:{a:02},000 --> 00:00:{b:02},000\n{t}\n\n" for n, (a, b, t) in enumerate(says, 1))
    (tmp_path / "long.srt").write_text(lines)
    out: dict[str, Any] = {"name": "Long", "released_on": date(2020, 1, 1)}
    await import_title(app.runtime, long, **out, subtitles=tmp_path / "long.srt")
    title = (await app.http.get("/v1/titles/long", headers=app.signed_in())).json()
    ends = [sentence["end_us"] for sentence in title["sentences"]]
    assert ends[:3] == [3 * S, 5 * S, 7 * S]
    best = title["suggestions"][0]
    assert 0 <= best["start_us"] < best["end_us"] <= title["duration_us"]
    assert {suggestion["why"] for suggestion in title["suggestions"]} <= {"exchange", "peak"}
    (tmp_path / "mended.srt").write_text("1\n00:00:20,000 --> 00:00:22,000\nOnly this is said.\n")
    await import_title(app.runtime, long, **out, subtitles=tmp_path / "mended.srt")
    mended = (await app.http.get("/v1/titles/long", headers=app.signed_in())).json()
    assert [sentence["end_us"] for sentence in mended["sentences"]] == [22 * S]
    assert mended["suggestions"] != title["suggestions"]
