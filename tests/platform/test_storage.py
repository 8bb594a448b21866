"""Objects by key, in a folder and in a store that is not a folder."""

from pathlib import Path

import pytest

from groundswell.platform.settings import Settings
from groundswell.platform.storage import CHUNK, ObjectStore, open_store


@pytest.fixture(params=["folder", "remote"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    """A local folder; and obstore's in-memory store, which goes the way that S3 goes."""
    url = (tmp_path / "objects").as_uri() if request.param == "folder" else "memory:///"
    return ObjectStore(url, tmp_path / "cache")


async def test_what_was_put_is_there(store: ObjectStore, tmp_path: Path) -> None:
    content = bytes(range(256)) * 10_000
    (tmp_path / "film").write_bytes(content)
    await store.put_file("films/a.mp4", tmp_path / "film")
    assert await store.exists("films/a.mp4")
    assert await store.size("films/a.mp4") == len(content)
    assert await store.get_bytes("films/a.mp4") == content


async def test_a_stretch_comes_in_pieces_that_fit_in_memory(store: ObjectStore) -> None:
    content = bytes(range(256)) * 10_000
    await store.put_bytes("a", content)
    pieces = [piece async for piece in store.read("a", 100, len(content) - 7)]
    assert b"".join(pieces) == content[100:-7]
    assert max(map(len, pieces)) <= CHUNK
    assert len(pieces) > 1


async def test_libraries_get_a_file_with_the_bytes_and_the_suffix(store: ObjectStore) -> None:
    await store.put_bytes("films/a.mp4", b"film")
    for _ in range(2):
        path = await store.local_path("films/a.mp4")
        assert (path.read_bytes(), path.suffix) == (b"film", ".mp4")


async def test_what_is_missing_is_missing(store: ObjectStore) -> None:
    assert not await store.exists("nothing")
    for ask in (store.size, store.get_bytes, store.local_path):
        with pytest.raises(FileNotFoundError):
            await ask("nothing")


async def test_deleting_is_done_once_and_may_be_repeated(store: ObjectStore) -> None:
    await store.put_bytes("a", b"1")
    await store.delete("a")
    await store.delete("a")
    assert not await store.exists("a")


async def test_a_key_cannot_leave_the_store(store: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        await store.put_bytes("../escaped", b"1")
    assert not (tmp_path / "escaped").exists()


async def test_objects_live_in_the_data_folder_by_default(tmp_path: Path) -> None:
    await open_store(Settings(data_dir=tmp_path / "data")).put_bytes("a/b", b"1")
    assert (tmp_path / "data/objects/a/b").read_bytes() == b"1"
