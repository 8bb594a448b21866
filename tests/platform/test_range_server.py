"""Parts of objects: as files of their own over HTTP, and as sparse files on this machine."""

from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from groundswell.platform import problems
from groundswell.platform.files import ranged_response
from groundswell.platform.storage import ObjectStore


@pytest.fixture(params=["near", "far"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    url = (tmp_path / "objects").as_uri() if request.param == "near" else "memory:///"
    store = ObjectStore(url, tmp_path / "cache")
    await store.put_bytes("folder/letters", b"abcdefghijklmnopqrstuvwxyz")
    return store


async def test_a_part_is_served_as_if_it_were_all_there_is(store: ObjectStore) -> None:
    app = FastAPI()
    problems.install(app)

    @app.get("/{offset}/{size}")
    async def read(offset: int, size: int, request: Request) -> Response:
        return await ranged_response(store, "folder/letters", request, "text/plain", part=(offset, size))

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        part = await http.get("/3/4")
        assert (part.text, part.headers["content-length"]) == ("defg", "4")
        inner = await http.get("/3/4", headers={"Range": "bytes=1-100"})
        assert (inner.status_code, inner.text, inner.headers["content-range"]) == (206, "efg", "bytes 1-3/4")
        assert (await http.get("/3/4", headers={"Range": "bytes=4-"})).status_code == 416
        other = (await http.get("/4/4")).headers["etag"]
        assert part.headers["etag"] != other
        assert (await http.get("/3/4", headers={"If-None-Match": part.headers["etag"]})).status_code == 304
        assert (await http.get("/20/7")).status_code == 404


async def test_parts_lie_where_they_do_in_the_whole(store: ObjectStore, tmp_path: Path) -> None:
    folder = await store.local_parts({"folder/letters": [(0, 2), (10, 5)]}, tmp_path / "parts")
    content = (folder / "letters").read_bytes()
    assert (content[:2], content[10:15]) == (b"ab", b"klmno")
    with pytest.raises(FileNotFoundError):
        await store.local_parts({"folder/none": [(0, 2)]}, tmp_path / "none")
