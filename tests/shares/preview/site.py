"""A real HTTP server whose pages break what a test wants broken."""

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from PIL import Image


@dataclass
class Answer:
    body: bytes = b""
    media_type: str = "text/html; charset=utf-8"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    ranges: bool = False


class Handler(BaseHTTPRequestHandler):
    site: "Site"

    def do_GET(self) -> None:
        self.site.asked.append((self.path, dict(self.headers)))
        answer = self.site.pages.get(self.path.partition("?")[0], Answer(b"no", status=404))
        time.sleep(answer.delay_s)
        body, status, headers = answer.body, answer.status, dict(answer.headers)
        wanted = self.headers.get("Range", "")
        if answer.ranges and wanted.startswith("bytes=0-"):
            part = body[: int(wanted.removeprefix("bytes=0-") or len(body) - 1) + 1]
            headers["Content-Range"] = f"bytes 0-{len(part) - 1}/{len(body)}"
            body, status = part, 206
        try:
            self.send_response(status)
            for name, value in (
                {"Content-Type": answer.media_type, "Content-Length": str(len(body))} | headers
            ).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            pass  # whoever asked has had enough

    def log_message(self, *words: Any) -> None:
        pass


class Site:
    """Pages by path, at ``url``; ``asked`` is what came."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.pages: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []


@contextmanager
def running() -> Iterator[Site]:
    handler = type("OneSite", (Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.site = site = Site(server.server_address[1])  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def picture(width: int = 1200, height: int = 630, kind: str = "JPEG", pad: int = 0) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), (40, 60, 90)).save(out, kind)
    return out.getvalue() + bytes(pad)


def film(size: int = 2000, *, index_first: bool = True) -> bytes:
    boxes = b"....ftypisom" + (b"....moov....mdat" if index_first else b"....mdat....moov")
    return boxes + bytes(max(0, size - len(boxes)))


def page(site: Site, *, before: str = "", **changes: str | None) -> bytes:
    """A page with every tag that any place wants; ``changes`` by tag (``og_title=None`` leaves it out)."""
    tags = {
        "og:title": "The storm",
        "og:description": "A moment at 1:12",
        "og:url": f"{site.url}/page",
        "og:type": "video.other",
        "og:site_name": "Lumen",
        "og:image": f"{site.url}/poster.jpg",
        "og:image:width": "1200",
        "og:image:height": "630",
        "og:video": f"{site.url}/clip.mp4",
        "twitter:card": "summary_large_image",
        "oembed": f"{site.url}/oembed",
        "title": "The storm · Lumen",
    }
    for name, text in changes.items():
        tags[name.replace("__", ":")] = text  # type: ignore[assignment]
    metas = [f'<meta property="{n}" content="{t}">' for n, t in tags.items() if ":" in n and t is not None]
    link = f'<link rel="alternate" type="application/json+oembed" href="{tags["oembed"]}">' if tags["oembed"] else ""
    title = f"<title>{tags['title']}</title>" if tags["title"] else ""
    return f"<!doctype html><html><head>{before}{title}{''.join(metas)}{link}</head><body>x</body></html>".encode()


def whole(site: Site) -> None:
    """A site that breaks nothing."""
    site.pages |= {
        "/page": Answer(page(site)),
        "/poster.jpg": Answer(picture(), "image/jpeg"),
        "/clip.mp4": Answer(film(), "video/mp4", ranges=True),
        "/oembed": Answer(
            b'{"type":"video","version":"1.0","title":"The storm","html":"<iframe src=\\"/e\\"></iframe>",'
            b'"width":500,"height":281,"provider_name":"Lumen"}',
            "application/json",
        ),
    }
