"""Feeds synced into a real catalogue: files and a real server; twice, in part, cut short, two at once."""

import asyncio
import json
import re
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import select

from groundswell.catalog.feeds.source import fetched, format_of, without_secrets
from groundswell.catalog.feeds.sync import FeedOptions, SyncRunning, TooManyGone, latest_syncs, sync
from groundswell.catalog.feeds.table import FeedUnreadable
from groundswell.catalog.tables import CatalogSync, Title
from groundswell.platform.database import Database
from groundswell.platform.locks import Lock, giving_back, taking
from groundswell.platform.outbound import (
    AddressNotAllowed,
    AddressUnreachable,
    AnswerRefused,
    AnswerTooLarge,
    Outbound,
)
from groundswell.platform.settings import Settings


def write(path: Path, *said: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(each) + "\n" for each in said))
    return path


def titles(number: int) -> list[dict[str, Any]]:
    return [{"external_id": f"t{n}", "name": f"Title {n}", "rating": "12"} for n in range(number)]


async def here(database: Database) -> dict[str, bool]:
    """External ids, and whether each is in the catalogue now."""
    async with database.transaction() as session:
        return {title.external_id: title.withdrawn_at is None for title in await session.scalars(select(Title))}


OUTBOUND = Outbound(Settings(outbound_networks=["127.0.0.1/32"]))
"""May fetch from the servers of these tests."""


async def synced(database: Database, path: Path | str, **more: Any) -> dict[str, int]:
    report = await sync(database, OUTBOUND, FeedOptions("main", str(path), **more))
    return {name: count for name, count in report.counts.items() if count}


async def test_a_feed_is_synced_and_the_same_again_changes_nothing(database: Database, tmp_path: Path) -> None:
    feed = write(tmp_path / "feed.ndjson", *titles(5), {"external_id": "bad"}, {"external_id": "t9", "name": "Nine"})
    assert await synced(database, feed) == {"created": 6, "refused": 1}
    assert await synced(database, feed) == {"unchanged": 6, "refused": 1}
    async with database.transaction() as session:
        latest, first = await latest_syncs(session, 5)
    assert (first.created, first.refused, first.problem, first.source) == (6, 1, None, str(feed))
    assert (latest.unchanged, latest.created) == (6, 0)
    assert first.refusals is not None
    assert [(each["line"], each["code"]) for each in first.refusals] == [(6, "invalid")]
    assert first.ended_at is not None


async def test_a_feed_half_of_which_is_broken_is_written_and_its_first_refusals_are_kept(
    database: Database, tmp_path: Path
) -> None:
    feed = tmp_path / "feed.ndjson"
    broken = [
        '{"external_id": "b1"',
        "null",
        '{"external_id": "b2", "name": 7}',
        '{"external_id": "../x", "name": "X"}',
    ]
    lines = [json.dumps(title) for title in titles(1_500)]
    feed.write_text("".join(f"{line}\n{broken[n % len(broken)]}\n" for n, line in enumerate(lines)))
    assert await synced(database, feed) == {"created": 1_500, "refused": 1_500}
    assert await here(database) == {f"t{n}": True for n in range(1_500)}
    async with database.transaction() as session:
        latest = (await latest_syncs(session, 1))[0]
    assert len(latest.refusals) == 100
    assert all(line["code"] for line in latest.refusals)
    assert [line["line"] for line in latest.refusals] == list(range(2, 202, 2))


async def test_what_is_gone_is_withdrawn_only_where_asked_for_and_comes_back(
    database: Database, tmp_path: Path
) -> None:
    feed = write(tmp_path / "feed.ndjson", *titles(20))
    other = write(tmp_path / "other.ndjson", {"external_id": "mine", "name": "Of another feed"})
    await synced(database, feed)
    await sync(database, OUTBOUND, FeedOptions("other", str(other)))
    write(feed, *titles(19))
    assert await synced(database, feed) == {"unchanged": 19}
    assert (await here(database))["t19"]
    assert await synced(database, feed, withdraw_missing=True) == {"unchanged": 19, "withdrawn": 1}
    now = await here(database)
    assert (now["t19"], now["t0"], now["mine"]) == (False, True, True)
    write(feed, *titles(20))
    assert await synced(database, feed, withdraw_missing=True) == {"unchanged": 19, "changed": 1}
    assert (await here(database))["t19"]


async def test_a_feed_that_was_cut_short_withdraws_nothing(database: Database, tmp_path: Path) -> None:
    feed = write(tmp_path / "feed.ndjson", *titles(20))
    await synced(database, feed)
    write(feed, *titles(10))
    with pytest.raises(TooManyGone, match="10 of 20"):
        await synced(database, feed, withdraw_missing=True)
    assert all((await here(database)).values())
    assert await synced(database, feed, withdraw_missing=True, gone_at_most_percent=50) == {
        "unchanged": 10,
        "withdrawn": 10,
    }


async def test_xml_that_breaks_off_keeps_what_was_read_and_withdraws_nothing(
    database: Database, tmp_path: Path
) -> None:
    item = "<item><guid>{0}</guid><title>Title {0}</title></item>"
    feed = tmp_path / "feed.xml"
    feed.write_text("<rss><channel>" + "".join(item.format(f"t{n}") for n in range(3)) + "</channel></rss>")
    assert await synced(database, feed) == {"created": 3}
    feed.write_text("<rss><channel>" + item.format("t0") + "<item><guid>t1</guid>")
    with pytest.raises(FeedUnreadable, match="After item 1"):
        await synced(database, feed, withdraw_missing=True, gone_at_most_percent=100)
    assert all((await here(database)).values())
    async with database.transaction() as session:
        assert "After item 1" in str((await latest_syncs(session, 1))[0].problem)


async def test_two_of_a_name_do_not_run_at_once_and_others_do(database: Database, tmp_path: Path) -> None:
    feed = write(tmp_path / "feed.ndjson", *titles(3))
    async with await database.connect(autocommit=True) as connection:
        await connection.execute(*taking(Lock.CATALOGUE_SYNC, "main"))
        with pytest.raises(SyncRunning):
            await synced(database, feed)
        report = await sync(database, OUTBOUND, FeedOptions("another", str(feed)))
        assert report.counts["created"] == 3
        await connection.execute(*giving_back(Lock.CATALOGUE_SYNC, "main"))  # closing is noticed a moment later
    assert await synced(database, feed) == {"unchanged": 3}
    async with database.transaction() as session:
        assert len((await session.scalars(select(CatalogSync))).all()) == 2, "one that did not begin left nothing"


@pytest.mark.slow
async def test_one_that_is_cancelled_says_so_and_the_next_goes_on(database: Database, tmp_path: Path) -> None:
    feed = write(tmp_path / "feed.ndjson", *titles(2500))
    running: asyncio.Task[Any] | None = None

    def stop(lines: int) -> None:
        assert running is not None
        running.cancel()

    running = asyncio.create_task(sync(database, OUTBOUND, FeedOptions("main", str(feed)), stop))
    with pytest.raises(asyncio.CancelledError):
        await running
    assert len(await here(database)) == 1000
    async with database.transaction() as session:
        (cut,) = await latest_syncs(session, 5)
    assert (cut.problem, cut.created) == ("It was interrupted.", 1000)
    assert await synced(database, feed) == {"unchanged": 1000, "created": 1500}


async def test_a_fact_that_holds_for_the_whole_feed_is_said_once(database: Database, tmp_path: Path) -> None:
    feed = write(
        tmp_path / "f.ndjson", {"external_id": "a", "name": "A"}, {"external_id": "b", "name": "B", "live": True}
    )
    await synced(database, feed, not_live=True)
    async with database.transaction() as session:
        assert {title.external_id: title.live for title in await session.scalars(select(Title))} == {
            "a": False,
            "b": True,
        }


@contextmanager
def serving(bodies: dict[str, tuple[int, bytes, str]], host: str = "127.0.0.1") -> Iterator[tuple[str, list[str]]]:
    """A server of ``bodies`` (status, body or where it redirects to, etag) by path; yields its address and what it was
    asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body, etag = bodies[self.path.split("?")[0]]
            known = etag and self.headers.get("If-None-Match") == etag
            who = b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode()
            asked.append(("known" if known else "fetched") + (f" as {who}" if who else ""))
            self.send_response(304 if known else status)
            self.send_header("ETag", etag)
            if status == 302:
                self.send_header("Location", body.decode())
            self.send_header("Content-Length", "0" if known else str(len(body)))
            self.end_headers()
            if not known:
                self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer((host, 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


async def test_an_address_is_fetched_again_only_when_its_version_is_another(database: Database) -> None:
    body = b"".join(json.dumps(each).encode() + b"\n" for each in titles(3))
    bodies = {"/feed.ndjson": (200, body, '"one"')}
    with serving(bodies) as (home, asked):
        source = f"{home}/feed.ndjson?key=secret"
        assert await synced(database, source) == {"created": 3}
        assert not (await sync(database, OUTBOUND, FeedOptions("main", source))).fresh
        assert asked == ["fetched", "known"]
        bodies["/feed.ndjson"] = (200, body + b'{"external_id": "broken"}\n', '"two"')
        assert await synced(database, source) == {"unchanged": 3, "refused": 1}
        assert await synced(database, source) == {"unchanged": 3, "refused": 1}, "refused lines are tried again"
        assert asked[2:] == ["fetched", "fetched"]
        async with database.transaction() as session:
            assert {row.source for row in await latest_syncs(session, 9)} == {f"{home}/feed.ndjson"}, "without its key"


async def test_a_server_that_does_not_answer_it_is_named_without_its_secret(database: Database) -> None:
    with serving({"/gone.csv": (404, b"", "")}) as (home, _):
        with pytest.raises(AnswerRefused, match="HTTP 404") as refused:
            await synced(database, f"{home}/gone.csv?key=secret")
        assert "secret" not in str(refused.value)
    with pytest.raises(AddressUnreachable, match="ConnectError"):
        await synced(database, "http://127.0.0.1:9/feed.csv")


async def test_a_feed_that_is_too_large_is_given_up() -> None:
    with serving({"/feed.csv": (200, b"x" * 5000, "")}) as (home, _), pytest.raises(AnswerTooLarge, match="more than"):
        async with fetched(OUTBOUND, f"{home}/feed.csv", most=4000):
            pass


async def test_a_feed_that_leads_to_loopback_is_not_followed(database: Database) -> None:
    """The settings name where the feed is, and not the other address of this machine that it redirects to."""
    bodies = {"/feed.ndjson": (200, b'{"external_id": "a", "name": "A"}\n', "")}
    with serving(bodies, "127.0.0.2") as (inside, asked):
        with serving({"/feed.ndjson": (302, f"{inside}/feed.ndjson".encode(), "")}) as (home, _):
            for source in (f"{home}/feed.ndjson", f"{inside}/feed.ndjson"):
                with pytest.raises(AddressNotAllowed, match=re.escape("127.0.0.2")):
                    await synced(database, source)
        assert (asked, await here(database)) == ([], {})
        async with database.transaction() as session:
            assert all("127.0.0.2" in (row.problem or "") for row in await latest_syncs(session, 9))


async def test_a_name_and_password_in_an_address_go_in_a_header(database: Database) -> None:
    with serving({"/feed.ndjson": (200, b'{"external_id": "a", "name": "A"}\n', "")}) as (home, asked):
        assert await synced(database, home.replace("//", "//ada:p%40w@") + "/feed.ndjson") == {"created": 1}
    assert asked == ["fetched as ada:p@w"]


def test_how_a_feed_is_written_is_told_by_its_name() -> None:
    assert format_of("/data/feed.csv", None) == "csv"
    assert format_of("https://play.example/feed.XML?key=1", None) == "mrss"
    assert format_of("/data/feed", "ndjson") == "ndjson"
    with pytest.raises(FeedUnreadable, match="--format"):
        format_of("/data/feed", None)


def test_what_is_shown_of_an_address_has_no_secret() -> None:
    assert without_secrets("https://ada:pw@play.example:8443/f.csv?k=1#x") == "https://play.example:8443/f.csv"
    assert without_secrets("/data/f.csv") == "/data/f.csv"
