"""Reading a service's media from a server that misbehaves: each way has its reason, and nothing half-read is kept."""

import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from groundswell.catalog.streams import reader as reading
from groundswell.catalog.streams.reader import MediaReader
from groundswell.media import MediaError
from groundswell.media.streams.ladder import StreamRange
from groundswell.platform.outbound import AddressUnreachable, AnswerRefused, AnswerTooSlow, Outbound
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings
from tests.stream_server import StreamServer, _Handler, stream_server

MEDIA = bytes(range(256)) * 8


@pytest.fixture
def server() -> Iterator[StreamServer]:
    with stream_server() as server:
        server.files["/a.ts"] = MEDIA
        yield server


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[MediaReader]:
    settings = Settings(data_dir=tmp_path, outbound_networks=["127.0.0.1/32"])
    outbound = Outbound(settings)
    yield MediaReader(settings, outbound, tmp_path / "cache")
    await outbound.close()


def says(server: StreamServer, status: int, body: bytes, **headers: str) -> None:
    """Have the segment answered so."""

    def handle(handler: _Handler, path: str) -> bool:
        handler.send(status, body, {name.replace("_", "-"): said for name, said in headers.items()})
        handler.close_connection = True
        return True

    server.answers["/a.ts"] = handle


def kept(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


RANGED = {"offset": 100, "size": 50}
MISBEHAVIOURS: list[tuple[str, dict[str, int], int, bytes, dict[str, str], str]] = [
    ("ranges ignored", RANGED, 200, MEDIA, {}, "no_ranges"),
    ("whole said to be the range", RANGED, 200, MEDIA[100:150], {}, "no_ranges"),
    ("another range", RANGED, 206, MEDIA[:50], {"Content_Range": "bytes 0-49/2048"}, "no_ranges"),
    ("no range said", RANGED, 206, MEDIA[100:150], {}, "no_ranges"),
    ("too few bytes of it", RANGED, 206, MEDIA[100:120], {"Content_Range": "bytes 100-149/2048"}, "wrong_size"),
    ("no such bytes any more", RANGED, 416, b"", {}, "stream_changed"),
    ("nothing", {}, 200, b"", {}, "wrong_size"),
    ("gone", {}, 404, b"", {}, "segment_missing"),
    ("no longer signed", {}, 403, b"", {}, "segment_missing"),
    ("elsewhere, within the network", {}, 302, b"", {"Location": "http://127.0.0.2:1/a.ts"}, "other_host"),
    ("a file of this machine", {}, 302, b"", {"Location": "file:///etc/passwd"}, "other_host"),
]


@pytest.mark.parametrize(
    ("part", "status", "body", "headers", "code"),
    [case[1:] for case in MISBEHAVIOURS],
    ids=[case[0] for case in MISBEHAVIOURS],
)
async def test_a_segment_that_is_not_what_was_asked_for_is_refused_with_its_reason(
    server: StreamServer,
    reader: MediaReader,
    tmp_path: Path,
    part: dict[str, int],
    status: int,
    body: bytes,
    headers: dict[str, str],
    code: str,
) -> None:
    says(server, status, body, **headers)
    with pytest.raises(MediaError) as refused:
        await reader.kept(StreamRange(url=f"{server.home}/a.ts", **part))
    assert refused.value.code == code
    assert kept(tmp_path) == []
    del server.answers["/a.ts"]
    path = await reader.kept(StreamRange(url=f"{server.home}/a.ts", **part))
    assert path.read_bytes() == (MEDIA[100:150] if part else MEDIA)


async def test_a_file_that_changed_since_it_was_indexed_is_not_cut_from(
    server: StreamServer, reader: MediaReader
) -> None:
    part = StreamRange(url=f"{server.home}/a.ts", **RANGED)
    assert await reader.read(part, total=len(MEDIA)) == MEDIA[100:150]
    with pytest.raises(MediaError, match="another size"):
        await reader.read(part, total=len(MEDIA) + 1)
    says(server, 206, MEDIA[100:150], Content_Range=f"bytes 100-149/{len(MEDIA)}", ETag='"new"')
    assert await reader.read(part, total=len(MEDIA), etag='"new"') == MEDIA[100:150]
    with pytest.raises(MediaError, match="not the file that was indexed"):
        await reader.read(part, total=len(MEDIA), etag='"old"')


async def test_what_is_not_to_be_had_now_may_be_tried_again(
    server: StreamServer, reader: MediaReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = StreamRange(url=f"{server.home}/a.ts")
    says(server, 500, b"")
    with pytest.raises(AnswerRefused):
        await reader.kept(part)
    says(server, 200, MEDIA[:10], Content_Length=str(len(MEDIA)))
    with pytest.raises((AddressUnreachable, MediaError)) as broken:
        await reader.kept(part)
    assert isinstance(broken.value, Problem) or broken.value.code == "wrong_size"
    ended = threading.Event()

    def hang(handler: _Handler, path: str) -> bool:
        ended.wait(60)
        return True

    server.answers["/a.ts"] = hang
    monkeypatch.setattr(reading, "SEGMENT_S", 0.3)
    with pytest.raises(AnswerTooSlow):
        await reader.kept(part)
    ended.set()
    assert kept(tmp_path) == []


async def test_a_playlist_or_segment_without_end_is_read_so_far_and_no_further(
    server: StreamServer, reader: MediaReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PLAYLIST_MAX", 1 << 16)
    monkeypatch.setattr(reading, "SEGMENT_MAX", 1 << 16)
    sent = 0

    def endless(handler: _Handler, path: str) -> bool:
        nonlocal sent
        handler.send_response(200)
        handler.end_headers()
        handler.close_connection = True
        try:
            while sent < 1 << 28:
                sent += handler.wfile.write(b"#" * (1 << 14))
        except OSError:
            pass
        return True

    server.answers["/a.ts"] = endless
    with pytest.raises(MediaError) as playlist:
        await reader.text(f"{server.home}/a.ts")
    with pytest.raises(MediaError) as segment:
        await reader.kept(StreamRange(url=f"{server.home}/a.ts"))
    assert (playlist.value.code, segment.value.code) == ("bad_playlist", "wrong_size")
    assert sent < 1 << 28
    assert kept(tmp_path) == []
