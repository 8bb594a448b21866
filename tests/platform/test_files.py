"""Byte ranges and conditional requests, spoken over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groundswell.platform import problems
from groundswell.platform.files import ranged_response
from groundswell.platform.storage import CHUNK, ObjectStore

CONTENT = bytes(range(256)) * (2 * CHUNK // 256) + b"the end"
SIZE = len(CONTENT)


@pytest.fixture
async def store(tmp_path: Path) -> ObjectStore:
    store = ObjectStore(tmp_path.as_uri(), tmp_path / "cache")
    await store.put_bytes("film", CONTENT)
    return store


@pytest.fixture
async def http(store: ObjectStore) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    problems.install(app)

    @app.api_route("/{key}", methods=["GET", "HEAD"])
    async def file(key: str, request: Request, name: str | None = None, forever: bool = False) -> Response:
        return await ranged_response(store, key, request, "video/mp4", filename=name, immutable=forever)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


async def test_the_whole_file(http: httpx.AsyncClient) -> None:
    answer = await http.get("/film")
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-length"] == str(SIZE)
    assert answer.headers["content-type"] == "video/mp4"


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, SIZE),
        ("bytes=1000-2000", 1000, 2001),
        (f"bytes={CHUNK - 5}-{CHUNK + 5}", CHUNK - 5, CHUNK + 6),
        ("bytes=-7", SIZE - 7, SIZE),
        (f"bytes=-{SIZE * 9}", 0, SIZE),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE),
        (f"bytes=5-{SIZE * 9}", 5, SIZE),
        ("BYTES = 3 - 4 ", 3, 5),
    ],
)
async def test_one_range(http: httpx.AsyncClient, asked: str, start: int, end: int) -> None:
    answer = await http.get("/film", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, CONTENT[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{SIZE}"
    assert answer.headers["content-length"] == str(end - start)


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE + 5}", f"bytes={10**17}-", "bytes=-0"])
async def test_past_the_end_is_refused_with_the_size(http: httpx.AsyncClient, asked: str) -> None:
    answer = await http.get("/film", headers={"Range": asked})
    assert (answer.status_code, answer.json()["code"]) == (416, "range_not_satisfiable")
    assert answer.headers["content-range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=9-3",
        "bytes=-",
        "bytes=",
        "bytes",
        "lines=1-2",
        "bytes=a-b",
        "bytes=1-2,5-6",
        "bytes=" + ",".join(["0-"] * 500),
        "bytes=" + "9" * 5000 + "-",
        "bytes=--5",
        "bytes=1.5-3",
    ],
)
async def test_ranges_that_make_no_sense_or_are_many_get_the_whole_file(http: httpx.AsyncClient, asked: str) -> None:
    answer = await http.get("/film", headers={"Range": asked})
    assert (answer.status_code, len(answer.content)) == (200, SIZE)


@pytest.mark.slow
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(asked=st.text("0123456789-,= bytes", max_size=20))
async def test_no_range_breaks_it(http: httpx.AsyncClient, asked: str) -> None:
    answer = await http.get("/film", headers={"Range": f"bytes={asked}"})
    assert answer.status_code in {200, 206, 416}
    if answer.status_code == 206:
        span, size = answer.headers["content-range"].removeprefix("bytes ").split("/")
        first, last = map(int, span.split("-"))
        assert (answer.content, int(size)) == (CONTENT[first : last + 1], SIZE)


async def test_head_says_the_same_without_the_bytes(http: httpx.AsyncClient) -> None:
    head, get = await http.head("/film", headers={"Range": "bytes=0-3"}), await http.get("/film")
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "etag", "last-modified", "accept-ranges", "content-type"):
        assert head.headers[name] == get.headers[name]


async def test_a_client_that_has_it_is_not_sent_it_again(http: httpx.AsyncClient) -> None:
    first = await http.get("/film")
    tag, date = first.headers["etag"], first.headers["last-modified"]
    for headers in (
        {"If-None-Match": tag},
        {"If-None-Match": f'"other", W/{tag}'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": date},
    ):
        answer = await http.get("/film", headers=headers)
        assert (answer.status_code, answer.content) == (304, b""), headers
        assert answer.headers["etag"] == tag
    for headers in ({"If-None-Match": '"other"', "If-Modified-Since": date}, {"If-Modified-Since": "yesterday"}):
        assert (await http.get("/film", headers=headers)).status_code == 200


async def test_resuming_a_file_that_was_replaced_begins_anew(http: httpx.AsyncClient, store: ObjectStore) -> None:
    first = await http.get("/film")
    tag, date = first.headers["etag"], first.headers["last-modified"]
    for proof in (tag, date):
        answer = await http.get("/film", headers={"Range": "bytes=4-6", "If-Range": proof})
        assert (answer.status_code, answer.content) == (206, CONTENT[4:7])
    await store.put_bytes("film", b"another film")
    for proof in (tag, f"W/{tag}", "Thu, 01 Jan 1970 00:00:00 GMT", "nonsense"):
        answer = await http.get("/film", headers={"Range": "bytes=4-6", "If-Range": proof})
        assert (answer.status_code, answer.content) == (200, b"another film")


async def test_preconditions(http: httpx.AsyncClient) -> None:
    tag = (await http.get("/film")).headers["etag"]
    assert (await http.get("/film", headers={"If-Match": tag})).status_code == 200
    assert (await http.get("/film", headers={"If-Match": "*"})).status_code == 200
    for headers in ({"If-Match": '"other"'}, {"If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"}):
        answer = await http.get("/film", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")


async def test_saving_and_caching(http: httpx.AsyncClient) -> None:
    answer = await http.head("/film", params={"name": 'Ä "moment"\r\n.mp4', "forever": True})
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''%C3%84%20%22moment%22%0D%0A.mp4"
    assert "immutable" in answer.headers["cache-control"]
    assert (await http.head("/film")).headers["cache-control"] == "no-cache"


async def test_a_missing_file_is_not_found(http: httpx.AsyncClient) -> None:
    answer = await http.get("/nothing", headers={"Range": "bytes=0-1"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_an_empty_file_has_no_range(http: httpx.AsyncClient, store: ObjectStore) -> None:
    await store.put_bytes("empty", b"")
    assert (await http.get("/empty")).content == b""
    assert (await http.get("/empty", headers={"Range": "bytes=0-"})).status_code == 416
