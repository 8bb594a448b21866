"""A packaged title over HTTP: what a player reads."""

import re
from pathlib import Path
from uuid import UUID

import av
import pytest

from tests.support import App

pytestmark = pytest.mark.usefixtures("media_cache")

BASE = "/v1/titles/harbour-lights/hls"


@pytest.mark.slow
async def test_players_are_led_from_the_title_to_every_byte(app: App, title_id: UUID, tmp_path: Path) -> None:
    app.serve_titles()
    watching = app.as_told(titles=["*"])
    hls_url = (await app.http.get("/v1/titles/harbour-lights")).json()["hls_url"]
    main = await app.http.get(hls_url, headers=watching)
    assert main.headers["content-type"].startswith("application/vnd.apple.mpegurl")
    assert main.headers["cache-control"] == "private, no-cache"
    assert re.search(r'CODECS="avc1\.\w+,mp4a\.40\.2",RESOLUTION=192x108', main.text)
    named = [*re.findall(r'URI="([^"]+)"', main.text), main.text.splitlines()[-1]]
    assert named == ["audio0.m3u8", "video.m3u8"]
    playlist = await app.http.get(f"{BASE}/video.m3u8", headers=watching)
    assert playlist.text.endswith("#EXT-X-ENDLIST\n")
    content = b""
    for size, offset in re.findall(r'BYTERANGE[:=]"?(\d+)@(\d+)', playlist.text):
        span = {"Range": f"bytes={offset}-{int(offset) + int(size) - 1}"}
        piece = await app.http.get(f"{BASE}/video.mp4", headers=watching | span)
        assert (piece.status_code, piece.headers["content-type"]) == (206, "video/mp4")
        content += piece.content
    (tmp_path / "video.mp4").write_bytes(content)
    with av.open(str(tmp_path / "video.mp4")) as video:
        assert sum(1 for _ in video.decode(video=0)) == 144


async def test_only_members_watch_a_title(app: App, title_id: UUID) -> None:
    app.serve_titles()
    for name in ("main.m3u8", "video.m3u8", "video.mp4", "audio0.mp4"):
        answer = await app.http.get(f"{BASE}/{name}")
        assert (answer.status_code, answer.json()["code"]) == (401, "token_missing")


async def test_nothing_else_of_the_store_can_be_named(app: App, title_id: UUID) -> None:
    app.serve_titles()
    for name in ("none.m3u8", "none.mp4", "package.mp4", "..%2F..%2Fmedia.mp4", "%2e%2e%2fmedia.mp4"):
        answer = await app.http.get(f"{BASE}/{name}", headers=app.as_told(titles=["*"]))
        assert answer.status_code == 404
