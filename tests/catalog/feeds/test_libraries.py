"""The catalogues of Jellyfin and Plex, by recorded answers of their APIs, served over real HTTP.

The recordings (``recorded/``) have the shape and the fields of the published descriptions: Jellyfin 10.11's OpenAPI
(``BaseItemDtoQueryResult`` of ``GET /Items``, https://api.jellyfin.org) and Plex Media Server's (``MediaContainer`` of
``GET /library/sections`` and ``/library/sections/{key}/all``, https://developer.plex.tv/pms). No server was
recorded: what is in them was written by hand, and read without a loss by the models that are generated from both
descriptions (jellyfin-sdk of 10.10 and 10.11, plex-api-client).
"""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from sqlalchemy import select

from groundswell.catalog.feeds import jellyfin, plex
from groundswell.catalog.feeds.library import languages
from groundswell.catalog.feeds.source import format_of
from groundswell.catalog.feeds.sync import FeedOptions, SyncReport, latest_syncs, sync
from groundswell.catalog.feeds.table import FeedUnreadable
from groundswell.catalog.tables import CatalogEntry, Title
from groundswell.platform.database import Database
from groundswell.platform.outbound import AddressNotAllowed, AnswerRefused, Outbound
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings
from tests.stream_server import StreamServer, stream_server

OUTBOUND = Outbound(Settings(outbound_networks=["127.0.0.1/32"]))
RECORDED = Path(__file__).parent / "recorded"
Answers = Callable[[dict[str, list[str]]], Any]


def recorded(name: str) -> Any:
    return json.loads((RECORDED / f"{name}.json").read_text())


def answer(server: StreamServer, path: str, said: Answers) -> None:
    """Have ``path`` answered with what ``said`` makes of the query; as both servers do, to who says who asks."""

    def handle(handler: Any, path: str) -> bool:
        assert isinstance(handler, BaseHTTPRequestHandler)
        known = handler.headers.get("Authorization") == 'MediaBrowser Token="s3cret"'
        if not known and handler.headers.get("X-Plex-Token") != "s3cret":
            handler.send(401, b"", {})  # type: ignore[attr-defined]
            return True
        body = json.dumps(said(parse_qs(handler.path.partition("?")[2]))).encode()
        handler.send(200, body, {"Content-Type": "application/json"})  # type: ignore[attr-defined]
        return True

    server.answers[path] = handle


def window(items: list[Any], query: dict[str, list[str]], start: str, size: str) -> list[Any]:
    first = int(query[start][0])
    return items[first : first + int(query[size][0])]


def jellyfin_items(said: dict[str, Any]) -> Answers:
    def page(query: dict[str, list[str]]) -> Any:
        assert query["includeItemTypes"] == ["Movie,Episode"]
        return said | {"Items": window(said["Items"], query, "startIndex", "limit")}

    return page


def plex_items(name: str, kind: str) -> Answers:
    def page(query: dict[str, list[str]]) -> Any:
        assert query["type"] == [kind]
        said = recorded(name)["MediaContainer"]
        some = window(said["Metadata"], query, "X-Plex-Container-Start", "X-Plex-Container-Size")
        return {"MediaContainer": said | {"Metadata": some, "size": len(some)}}

    return page


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StreamServer]:
    """Both servers at one address, in pages of two."""
    monkeypatch.setattr(jellyfin, "PAGE", 2)
    monkeypatch.setattr(plex, "PAGE", 1)
    with stream_server() as server:
        answer(server, "/Items", jellyfin_items(recorded("jellyfin_items")))
        answer(server, "/library/sections", lambda query: recorded("plex_sections"))
        answer(server, "/library/sections/1/all", plex_items("plex_films", "1"))
        answer(server, "/library/sections/2/all", plex_items("plex_episodes", "4"))
        yield server


async def synced(database: Database, server: StreamServer, kind: str, **more: Any) -> SyncReport:
    wanted = {"source": server.home, "format": kind, "token": "s3cret"} | more
    return await sync(database, OUTBOUND, FeedOptions("main", **wanted))


async def entries(database: Database) -> dict[str, dict[str, Any]]:
    """What was said, by external id."""
    query = select(Title.external_id, CatalogEntry.entry).join(CatalogEntry, CatalogEntry.title_id == Title.id)
    async with database.transaction() as session:
        return {row.external_id: row.entry for row in await session.execute(query)}


async def test_a_jellyfin_s_films_and_episodes_are_the_catalogue(database: Database, server: StreamServer) -> None:
    report = await synced(database, server, "jellyfin")
    assert (report.counts["created"], [line.external_id for line in report.refusals]) == (
        2,
        ["5e1b3c0d7a9f4b2e8c6d1f0a9b8c7d6e"],
    )
    said = await entries(database)
    fog, storm = said["f27caa37e5142225cceded48f6553502"], said["0b1fa29e34f44d4dbbc8ba0b1b1e5b53"]
    assert (fog["name"], fog["rating"], fog["released_on"]) == ("The Fog", "FSK-16", "1980-02-08")
    assert (fog["audio_languages"], fog["subtitle_languages"]) == (["en", "de"], ["de"])
    assert fog["genres"] == ["Horror", "Thriller"]
    address = f"{server.home}/Videos/f27caa37e5142225cceded48f6553502/stream.mp4"
    query = "static=true&mediaSourceId=f27caa37e5142225cceded48f6553502"
    assert fog["sources"] == [{"url": f"{address}?{query}", "form": "mp4"}]
    assert (storm["series"], storm["season"], storm["episode"]) == ("Night Ferry", 1, 2)
    assert not storm.get("sources"), "an MKV would have to be converted"
    assert fog.get("live") is None, "nobody says"
    again = await synced(database, server, "jellyfin", not_live=True)
    assert again.counts["changed"] == 2
    assert (await entries(database))["f27caa37e5142225cceded48f6553502"]["live"] is False


async def test_a_plex_s_libraries_are_the_catalogue_and_the_same_again_is_known(
    database: Database, server: StreamServer
) -> None:
    report = await synced(database, server, "plex", not_live=True)
    assert (report.counts["created"], report.counts["refused"]) == (3, 0)
    said = await entries(database)
    assert (said["1201"]["rating"], said["1201"]["released_on"]) == ("de/16", "1980-02-08")
    assert said["1201"]["sources"] == [{"url": f"{server.home}/library/parts/101/1700000000/file.mp4", "form": "mp4"}]
    assert not said["1202"].get("sources"), "one title in two files"
    assert (said["2217"]["series"], said["2217"]["season"], said["2217"]["episode"]) == ("Night Ferry", 1, 2)
    assert not (await synced(database, server, "plex", not_live=True)).fresh
    async with database.transaction() as session:
        latest = (await latest_syncs(session, 1))[0]
    assert (latest.source, latest.problem) == (server.home, None)
    gone = recorded("plex_sections")
    gone["MediaContainer"]["Directory"].pop(1)
    answer(server, "/library/sections", lambda query: gone)
    report = await synced(database, server, "plex", not_live=True, withdraw_missing=True, gone_at_most_percent=50)
    assert (report.counts["unchanged"], report.counts["withdrawn"]) == (2, 1)


BAD: list[tuple[str, Any, type[Problem] | type[FeedUnreadable], str]] = [
    ("changed meanwhile", {"TotalRecordCount": 7}, FeedUnreadable, "Run it again"),
    ("no number", {"TotalRecordCount": "many"}, FeedUnreadable, "how many titles"),
    ("too many", {"TotalRecordCount": 10**9}, FeedUnreadable, "asked for at most"),
    ("no list", {"Items": "none"}, FeedUnreadable, "Run it again"),
]


@pytest.mark.parametrize(("said", "error", "words"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
async def test_answers_that_do_not_belong_together_withdraw_nothing(
    database: Database, server: StreamServer, said: dict[str, Any], error: type[Exception], words: str
) -> None:
    answer(server, "/Items", lambda query: recorded("jellyfin_items") | {"Items": []} | said)
    with pytest.raises(error, match=words):
        await synced(database, server, "jellyfin", withdraw_missing=True, gone_at_most_percent=100)
    async with database.transaction() as session:
        assert words in str((await latest_syncs(session, 1))[0].problem)


async def test_who_asks_is_said_to_the_server_alone_and_shown_to_nobody(
    database: Database, server: StreamServer
) -> None:
    with pytest.raises(AnswerRefused) as refused:
        await synced(database, server, "jellyfin", token="wrong")
    assert refused.value.members["answered"] == 401
    assert "wrong" not in str(refused.value)
    assert "s3cret" not in repr(FeedOptions("main", server.home, "plex", token="s3cret"))

    def elsewhere(handler: Any, path: str) -> bool:
        handler.send(302, b"", {"Location": f"{server.home}/stolen"})
        return True

    server.answers["/library/sections"] = elsewhere
    with pytest.raises(AnswerRefused):
        await synced(database, server, "plex")
    assert "/stolen" not in [each.path for each in server.asked]


async def test_a_server_within_the_network_is_asked_only_where_that_is_said(
    database: Database, server: StreamServer
) -> None:
    for address in (server.home, "https://169.254.169.254", "https://user:word@media.example", "https://127.0.0.1"):
        with pytest.raises(AddressNotAllowed):
            await sync(database, Outbound(Settings()), FeedOptions("main", address, "jellyfin", token="s3cret"))
    assert server.asked == []
    for source in ("library.json", "https://media.example/?x=1"):
        with pytest.raises(FeedUnreadable, match="named by its address"):
            format_of(source, "plex")


SPARSE = {
    "Name": "Just added",
    "ServerId": "713dc3fe952b438fa70ed35e4ef0525a",
    "Id": "9a0c",
    "Type": "Movie",
    "IsFolder": False,
    "Container": None,
    "PremiereDate": None,
    "OfficialRating": None,
    "Genres": None,
    "ImageTags": {},
    "BackdropImageTags": [],
    "MediaSources": [
        {"Protocol": "File", "Id": "9a0c", "Path": "D:\\films\\New.M4V", "Type": "Default", "Container": None},
        {"Protocol": "Http", "Id": "9a0d", "Path": "https://elsewhere.example/x.mp4", "Container": "mp4"},
        {"Protocol": "File", "Id": "9a0e", "Path": "/films/new.mkv", "Type": "Grouping", "Container": "mkv"},
    ],
}
"""A film that was found and not looked at yet."""


async def test_what_a_library_does_not_say_of_a_film_stays_unknown(database: Database, server: StreamServer) -> None:
    answer(server, "/Items", jellyfin_items({"Items": [SPARSE], "TotalRecordCount": 1, "StartIndex": 0}))
    assert (await synced(database, server, "jellyfin")).counts["created"] == 1
    bare = {"ratingKey": "7", "key": "/library/metadata/7", "type": "movie", "title": "Bare", "addedAt": 1700000000}
    with_nothing = {"MediaContainer": {"size": 1, "totalSize": 1, "offset": 0, "Metadata": [bare]}}
    answer(server, "/library/sections/1/all", lambda query: with_nothing)
    empty = {"MediaContainer": {"size": 0, "totalSize": 0, "offset": 0, "allowSync": True}}
    answer(server, "/library/sections/2/all", lambda query: empty)
    report = await sync(database, OUTBOUND, FeedOptions("second", server.home, "plex", token="s3cret"))
    assert report.counts["created"] == 1
    said = await entries(database)
    url = f"{server.home}/Videos/9a0c/stream.m4v?static=true&mediaSourceId=9a0c"
    assert given(said["9a0c"]) == {"name": "Just added", "sources": [{"url": url, "form": "mp4"}]}
    assert given(said["7"]) == {"name": "Bare"}


def given(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if value and name != "external_id"}


HTML = b"<!doctype html><title>Jellyfin</title>"
UNLIKE: list[tuple[str, int, bytes, type[Exception]]] = [
    ("a page", 200, HTML, FeedUnreadable),
    ("a list", 200, b"[]", FeedUnreadable),
    ("cut off", 200, b'{"Items": [{"Id": "1"', FeedUnreadable),
    ("nothing", 200, b"", FeedUnreadable),
    ("another server's", 200, b'{"status": "ok"}', FeedUnreadable),
    ("XML", 200, b'<MediaContainer size="1"/>', FeedUnreadable),
    ("starting", 503, HTML, AnswerRefused),
    ("forbidden", 403, b"", AnswerRefused),
    ("no such path", 404, HTML, AnswerRefused),
    ("broken", 500, b"Error processing request.", AnswerRefused),
]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["jellyfin", "plex"])
@pytest.mark.parametrize(("status", "body", "error"), [case[1:] for case in UNLIKE], ids=[case[0] for case in UNLIKE])
async def test_what_is_no_answer_of_such_a_server_is_refused_with_its_reason(
    database: Database, server: StreamServer, kind: str, status: int, body: bytes, error: type[Exception]
) -> None:
    await synced(database, server, kind)
    before = await entries(database)

    def unlike(handler: Any, path: str) -> bool:
        handler.send(status, body, {"Content-Type": "text/html"})
        return True

    second = {"jellyfin": "/Items", "plex": "/library/sections/2/all"}[kind]
    server.answers[second] = unlike
    with pytest.raises(error):
        await synced(database, server, kind, withdraw_missing=True, gone_at_most_percent=100)
    assert await entries(database) == before
    async with database.transaction() as session:
        assert (await latest_syncs(session, 1))[0].problem


async def test_an_item_that_is_none_is_refused_and_nothing_is_withdrawn(
    database: Database, server: StreamServer
) -> None:
    await synced(database, server, "jellyfin")
    answer(server, "/Items", lambda query: {"Items": ["film"], "TotalRecordCount": 1})
    with pytest.raises(FeedUnreadable, match="Run it again"):
        await synced(database, server, "jellyfin", withdraw_missing=True, gone_at_most_percent=100)
    assert len(await entries(database)) == 2


def test_languages_are_said_as_pages_have_them() -> None:
    assert languages(["ger", "deu", "ENG", "und", None, 7, "chi", "x1", "longer"]) == ["de", "en", "zh"]
