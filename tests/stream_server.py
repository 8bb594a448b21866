"""A streaming service's CDN: ladders made of a film by FFmpeg, on a server that can be told to misbehave."""

import contextlib
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import imageio_ffmpeg

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
TYPES = {"m3u8": "application/vnd.apple.mpegurl", "mpd": "application/dash+xml", "ts": "video/mp2t", "vtt": "text/vtt"}
Answer = Callable[["_Handler", str], bool]


@dataclass
class Asked:
    """One request: its path, and the bytes that were sent for it."""

    path: str
    query: str
    headers: dict[str, str]
    sent: int


class StreamServer(ThreadingHTTPServer):
    """Serves ``files`` by path. ``answers`` come first: one that returns True has answered."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.asked: list[Asked] = []
        self.answers: dict[str, Answer] = {}
        self.ranges = True

    @property
    def home(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def put(self, folder: Path, under: str) -> str:
        """Serve the files of a folder below ``/under/``; the address of that."""
        for file in folder.rglob("*"):
            if file.is_file():
                self.files[f"/{under}/{file.relative_to(folder)}"] = file.read_bytes()
        return f"{self.home}/{under}"

    @property
    def sent(self) -> int:
        return sum(each.sent for each in self.asked)


class _Handler(BaseHTTPRequestHandler):
    server: StreamServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        asked = Asked(path, query, dict(self.headers), 0)
        self.server.asked.append(asked)
        answer = self.server.answers.get(path)
        if answer is not None and answer(self, path):
            return
        data = self.server.files.get(path)
        if data is None:
            self.send(404, b"", {})
            return
        headers = {"Content-Type": TYPES.get(path.rpartition(".")[2], "video/mp4"), "Accept-Ranges": "bytes"}
        wanted = self.headers.get("Range", "")
        if not wanted.startswith("bytes=") or not self.server.ranges:
            asked.sent = len(data)
            self.send(200, data, headers)
            return
        first, last = wanted.removeprefix("bytes=").split("-")
        start, end = int(first), min(len(data), int(last or len(data) - 1) + 1)
        if start >= len(data):
            self.send(416, b"", {})
            return
        asked.sent = end - start
        self.send(206, data[start:end], {**headers, "Content-Range": f"bytes {start}-{end - 1}/{len(data)}"})

    def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


@contextmanager
def stream_server() -> Iterator[StreamServer]:
    with StreamServer() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@dataclass(frozen=True)
class LadderKind:
    """How a film becomes a ladder."""

    form: str = "hls"
    segments: str = "mpegts"
    each_s: float = 2.0
    single_file: bool = False
    separate_audio: bool = False
    timeline: bool = True
    more: tuple[str, ...] = field(default=())


def make_ladder(film: Path, folder: Path, kind: LadderKind) -> str:
    """Write a ladder of ``film`` to ``folder``; the name of its main playlist or manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    if kind.form == "dash":
        return _dash(film, folder, kind)
    ending = "ts" if kind.segments == "mpegts" else "m4s"
    options = ["-f", "hls", "-hls_time", str(kind.each_s), "-hls_playlist_type", "vod", "-hls_list_size", "0"]
    options += ["-hls_segment_type", kind.segments, "-master_pl_name", "main.m3u8"]
    options += ["-hls_fmp4_init_filename", "init%v.mp4" if kind.separate_audio else "init.mp4"]
    if kind.single_file:
        options += ["-hls_flags", "single_file"]
    name = "%v" if kind.separate_audio else "v"
    if not kind.single_file:
        options += ["-hls_segment_filename", str(folder / f"{name}-%d.{ending}")]
    if kind.separate_audio:
        options += ["-var_stream_map", "a:0,agroup:sound,name:a,default:yes,language:en v:0,agroup:sound,name:v"]
    _ffmpeg(*_copied(film), *options, *kind.more, str(folder / f"{name}.m3u8"))
    return "main.m3u8"


def _dash(film: Path, folder: Path, kind: LadderKind) -> str:
    options = ["-f", "dash", "-seg_duration", str(kind.each_s), "-use_template", "1"]
    options += ["-use_timeline", str(int(kind.timeline)), "-single_file", str(int(kind.single_file))]
    _ffmpeg(*_copied(film), *options, *kind.more, str(folder / "main.mpd"))
    return "main.mpd"


def _copied(film: Path) -> list[str]:
    return ["-i", str(film), "-map", "0:v", "-map", "0:a", "-c", "copy"]


def _ffmpeg(*arguments: str) -> None:
    done = subprocess.run([FFMPEG, "-v", "error", "-y", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
