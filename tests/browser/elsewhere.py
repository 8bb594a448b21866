"""A page that is not ours: the how-to's own code, the packed components and a film, served on another port."""

import mimetypes
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from groundswell.demo.identity import IdentityProvider
from tests.built import ROOT

from .conftest import Lumen, serving

HOW_TO = (ROOT / "docs/how-to/add-the-clip-button.md").read_text()


def block(language: str, beginning: str = "") -> str:
    """The how-to's code in ``language`` that begins so."""
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", HOW_TO, re.DOTALL)
    return next(code for code in blocks if code.startswith(beginning))


def stream(film: Path, folder: Path) -> None:
    """``film`` as HLS, its packets copied."""
    folder.mkdir()
    options = {"hls_time": "4", "hls_list_size": "0"}
    with av.open(film) as source, av.open(folder / "main.m3u8", "w", format="hls", options=options) as target:
        video = source.streams.video[0]
        copy = target.add_stream_from_template(video)
        for packet in source.demux(video):
            if packet.dts is not None:
                packet.stream = copy
                target.mux(packet)


def write_site(lumen: Lumen, folder: Path, film: Path, package: Path) -> None:
    """The how-to's files, word for word but for the address of the API."""
    shutil.copytree(package / "dist", folder / "groundswell")
    shutil.copy(film, folder / "film.mp4")
    shutil.copy(ROOT / "node_modules/hls.js/dist/hls.mjs", folder / "hls.js")
    shutil.copy(ROOT / "node_modules/video.js/dist/video.min.js", folder / "video.js")
    shutil.copy(ROOT / "node_modules/shaka-player/dist/shaka-player.compiled.js", folder / "shaka.js")
    (folder / "film.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:59.000\nIs anybody there?\n")
    stream(film, folder / "film")
    page = block("html").replace("https://moments.example", lumen.url)
    (folder / "index.html").write_text(page)
    (folder / "hls.html").write_text(page.replace("/player.js", "/player-hls.js").replace(' src="/film.mp4"', ""))
    for language, direction in (("ar", "rtl"), ("de", "ltr"), ("es", "ltr"), ("ja", "ltr")):
        spoken = page.replace('lang="en"', f'lang="{language}" dir="{direction}"')
        (folder / f"{language}.html").write_text(spoken)
    (folder / "player.js").write_text(block("js", "// player.js"))
    (folder / "player-hls.js").write_text(block("js", "// player-hls.js"))
    for player in ("videojs", "shaka"):
        (folder / f"{player}.html").write_text(page.replace("/player.js", f"/player-{player}.js"))
        (folder / f"player-{player}.js").write_text(block("js", f"// player-{player}.js"))
    (folder / "token").write_text(IdentityProvider(lumen.settings).token("ada", "Ada"))


@contextmanager
def served(folder: Path, port: int, api: str) -> Iterator[str]:
    """``folder`` on ``port`` under the how-to's Content-Security-Policy, for as long as the block lasts."""
    policy = block("text", "default-src").strip().replace("https://moments.example", api)
    mimetypes.add_type("application/vnd.apple.mpegurl", ".m3u8")
    mimetypes.add_type("video/mp2t", ".ts")
    files = StaticFiles(directory=folder, html=True)

    async def site(scope: Scope, receive: Receive, send: Send) -> None:
        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"content-security-policy", policy.encode()))
            await send(message)

        await files(scope, receive, with_policy)

    with serving(site, port, lifespan="off"):
        yield f"http://127.0.0.1:{port}"
