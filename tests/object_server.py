"""An object store over HTTP, as S3's clients speak to one (whole objects and ranges), that can be told to be slow."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

BUCKET = "films"


class ObjectServer(ThreadingHTTPServer):
    """Keeps objects in memory. While it is ``slow`` it answers nobody, or after ``late_s`` seconds; those who asked
    meanwhile are ``held``. While it is ``closed`` it lets nobody in."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, bytes] = {}
        self.held = 0
        self.closed = False
        self.late_s: float | None = None
        self._counting = threading.Lock()
        self._quick = threading.Event()
        self._quick.set()

    @property
    def settings(self) -> dict[str, str]:
        """What S3's clients are told in their environment."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.server_port}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "here",
            "AWS_SKIP_SIGNATURE": "true",
        }

    def slow(self, yes: bool = True) -> None:
        if yes:
            self._quick.clear()
        else:
            self._quick.set()

    def wait_for_turn(self) -> None:
        with self._counting:
            self.held += 1
        self._quick.wait(self.late_s)
        with self._counting:
            self.held -= 1


class _Handler(BaseHTTPRequestHandler):
    server: ObjectServer
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._send(body=False)

    def do_GET(self) -> None:
        self._send(body=True)

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.wait_for_turn()
        self.server.objects[self.path] = content
        self._answer(200, {"ETag": _tag(content)})

    def _send(self, *, body: bool) -> None:
        self.server.wait_for_turn()
        if self.server.closed:
            self._answer(403, {}, b"")
            return
        content = self.server.objects.get(self.path)
        if content is None:
            self._answer(404, {}, b"")
            return
        headers = {"ETag": _tag(content), "Last-Modified": formatdate(usegmt=True)}
        first, last = 0, len(content) - 1
        if (asked := self.headers.get("Range")) is not None:
            begin, _, end = asked.removeprefix("bytes=").partition("-")
            first, last = int(begin), min(last, int(end))
            headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
        self._answer(200 if asked is None else 206, headers, content[first : last + 1], body=body)

    def _answer(self, status: int, headers: dict[str, str], content: bytes = b"", *, body: bool = True) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


def _tag(content: bytes) -> str:
    return f'"{md5(content, usedforsecurity=False).hexdigest()}"'


@contextmanager
def object_server() -> Iterator[ObjectServer]:
    """A running one."""
    with ObjectServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.slow(False)
            server.shutdown()
            thread.join()
