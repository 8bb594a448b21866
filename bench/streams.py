"""A 30 s clip from a service's own ladder over loopback HTTP, beside the same from a local file, and beside ffmpeg.

The ladders are two minutes of 1080p24 (GOPs of 2 s, AAC), their packets copied into HLS of segments of 4 s, as
transport streams and as fragmented MP4. Each round begins with nothing kept. CPU is that of the work and its children,
without the start of an interpreter; contenders take turns and the median counts. What plays at once is asked of a
service that runs in a process of its own, once the segments that hold the clip have been fetched for another. Media
work is done by forks of a server that has loaded its libraries; that it has is not counted, what its children spend is.
Nor is that the process has a client for addresses: a service makes one when it begins to fetch, and keeps it.
"""

import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urljoin

import httpx

from bench.cutters import FFMPEG, ROUNDS
from bench.harness import Bench
from bench.served import HOST, Service, service
from bench.titles import FPS, title
from groundswell.accounts.keys import make_key
from groundswell.catalog.streams.ladders import find_ladder
from groundswell.catalog.streams.reader import MediaReader
from groundswell.media import DEFAULT_LIMITS, probe
from groundswell.platform.outbound import Outbound
from groundswell.platform.settings import Settings

MINUTES, START, LENGTH, SEGMENT_S = 2, 43.375, 30.0, 4
START_US, END_US = round(START * 1e6), round((START + LENGTH) * 1e6)
NETWORKS = '["127.0.0.0/8"]'
FORMS = {"TS": ("mpegts", "ts"), "fMP4": ("fmp4", "m4s")}
AT_ONCE = 10
CLIP = """
import asyncio, json, sys, tempfile, time
from pathlib import Path
import psutil
from groundswell.catalog.streams.reader import MediaReader
from groundswell.catalog.streams.stretches import stretch_of
from groundswell.media import DEFAULT_LIMITS, ClipRequest, TitleIndex, cut_bounded
from groundswell.media.sandbox.child_process import start
from groundswell.media.streams.ladder import Ladder
from groundswell.platform.outbound import Outbound
from groundswell.platform.settings import Settings
given = json.loads(sys.argv[1])
index = TitleIndex.from_document(given["index"])
request = ClipRequest(start_us=given["start_us"], end_us=given["end_us"])
def spent():
    me = psutil.Process()
    return sum(me.cpu_times()[:2]) + sum(sum(server.cpu_times()[:4]) for server in me.children())
settings = Settings(outbound_networks=["127.0.0.0/8"])
outbound = Outbound(settings)
outbound.shared
async def clip(folder):
    made = Path(given["made"])
    if given["ladder"] is None:
        return await cut_bounded(given["source"], request, made, index=index)
    reader = MediaReader(settings, outbound, folder / "cache")
    ladder = Ladder.model_validate(given["ladder"])
    (folder / "parts").mkdir()
    async with stretch_of(ladder, reader, request.start_us, request.end_us, folder / "parts", DEFAULT_LIMITS) as path:
        return await cut_bounded(path, request, made, index=index)
first = start()
first.kill()
first.end.recv(64)
first.close()
with tempfile.TemporaryDirectory() as folder:
    cpu, began = spent(), time.perf_counter()
    result = asyncio.run(clip(Path(folder)))
    print(json.dumps({"s": time.perf_counter() - began, "cpu_s": spent() - cpu, "frames": result.frames}))
"""


class SegmentServer(ThreadingHTTPServer):
    """Serves a folder, and counts what it sends."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        self.folder, self.sent = folder, 0
        super().__init__((HOST, 0), _Segments)

    @property
    def home(self) -> str:
        return f"http://{HOST}:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        """Readers that leave once they have what they want are no error."""


class _Segments(SimpleHTTPRequestHandler):
    server: SegmentServer
    protocol_version = "HTTP/1.1"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments, directory=str(arguments[2].folder))

    def copyfile(self, source: Any, outputfile: Any) -> None:
        data = source.read()
        self.server.sent += len(data)
        outputfile.write(data)

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@contextmanager
def ladders(source: Path) -> Iterator[tuple[SegmentServer, Path]]:
    """A server with ``source`` as a ladder of each form."""
    with TemporaryDirectory(prefix="groundswell-bench-ladders-") as name:
        folder = Path(name)
        for kind, ending in FORMS.values():
            (folder / kind).mkdir()
            segments = ["-hls_segment_type", kind, "-hls_segment_filename", str(folder / kind / f"%d.{ending}")]
            options = ["-f", "hls", "-hls_time", str(SEGMENT_S), "-hls_playlist_type", "vod", *segments]
            copied = [FFMPEG, "-v", "error", "-i", str(source), "-map", "0:v", "-map", "0:a", "-c", "copy"]
            subprocess.run([*copied, *options, str(folder / kind / "main.m3u8")], check=True)
        with SegmentServer(folder) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield server, folder
            server.shutdown()


async def given_of(server: SegmentServer, address: str, folder: Path) -> dict[str, Any]:
    """What is kept of a ladder once a title has been made of it."""
    settings = Settings(data_dir=folder, outbound_networks=["127.0.0.0/8"])
    reader, heads = MediaReader(settings, Outbound(settings), folder / "cache"), folder / "heads"
    heads.mkdir(parents=True)
    found = await find_ladder(settings, reader, address, heads, DEFAULT_LIMITS)
    return {"ladder": found.ladder.model_dump(mode="json"), "index": json.loads(found.index.to_json())}


def clipped(given: dict[str, Any]) -> dict[str, float]:
    """Cut the clip in a process of its own; what it took."""
    asked = given | {"start_us": START_US, "end_us": END_US}
    done = subprocess.run([sys.executable, "-c", CLIP, json.dumps(asked)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    said: dict[str, float] = json.loads(done.stdout)
    return said


def ffmpeg(address: str, made: Path, *codecs: str) -> float:
    """Seconds that ffmpeg takes for the clip."""
    command = [FFMPEG, "-v", "error", "-y", "-ss", str(START), "-i", address, "-t", str(LENGTH), *codecs, str(made)]
    began = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - began


async def cuts(bench: Bench) -> None:
    """The exact clip, beside the file's and ffmpeg's."""
    source = title(MINUTES)
    with ladders(source) as (server, folder):
        for form, (kind, ending) in FORMS.items():
            whole = sum(file.stat().st_size for file in (folder / kind).glob(f"*.{ending}"))
            await measured(bench, server, form, f"{server.home}/{kind}/main.m3u8", source, folder, whole)
    bench.note(f"segments of {SEGMENT_S} s, {ROUNDS} rounds; segments are read whole, at both ends")


async def playing(bench: Bench) -> None:
    """What plays at once."""
    with ladders(title(MINUTES)) as (server, _):
        async with service(1, {"GROUNDSWELL_OUTBOUND_NETWORKS": NETWORKS}) as ours:
            for form, (kind, _) in FORMS.items():
                took = await at_once(ours, f"{server.home}/{kind}/main.m3u8", form.lower())
                bench.measure(f"{form}: first playable answer, segments there", took * 1000, "ms", 100, at_most=True)


PARTS = {"cuts": cuts, "playing": playing}


async def run(bench: Bench, part: str) -> None:
    """Measure a part; the generated title stays in ``bench/cache``."""
    bench.plotted = "s" if part == "cuts" else "ms"
    await PARTS[part](bench)


def finish() -> None:
    """Nothing is left to do once parts are measured."""


async def measured(
    bench: Bench, server: SegmentServer, form: str, address: str, source: Path, folder: Path, whole: int
) -> None:
    from_ladder = await given_of(server, address, folder / form)
    from_file = {"ladder": None, "index": json.loads(probe(source).to_json()), "source": str(source)}
    runs: dict[str, list[dict[str, float]]] = {"ladder": [], "file": []}
    copied, encoded, read = [], [], 0
    for _ in range(ROUNDS):
        server.sent = 0
        runs["ladder"].append(clipped(from_ladder | {"made": str(folder / "ladder.mp4")}))
        read = server.sent
        runs["file"].append(clipped(from_file | {"made": str(folder / "file.mp4")}))
        copied.append(ffmpeg(address, folder / "c.mp4", "-c", "copy"))
        x264 = ("-c:v", "libx264", "-preset", "veryfast", "-c:a", "aac")
        encoded.append(ffmpeg(address, folder / "e.mp4", *x264))
    frames = {run["frames"] for each in runs.values() for run in each}
    assert frames == {LENGTH * FPS}, frames
    seconds, cpu = ({k: statistics.median(run[what] for run in v) for k, v in runs.items()} for what in ("s", "cpu_s"))
    bench.measure(f"{form}: exact clip from the ladder", seconds["ladder"], "s")
    bench.measure(f"{form}: the same from the file", seconds["file"], "s")
    bench.measure(f"{form}: ffmpeg -c copy (not exact)", statistics.median(copied), "s")
    bench.measure(f"{form}: ffmpeg x264 veryfast", statistics.median(encoded), "s")
    share = whole * LENGTH / (MINUTES * 60)
    bench.measure(f"{form}: bytes read beside its share", read / share, "×", 1.3, at_most=True)
    bench.measure(f"{form}: CPU beside the file's", cpu["ladder"] / cpu["file"], "×", 1.3, at_most=True)
    faster = statistics.median(encoded) / seconds["ladder"]
    bench.measure(f"{form}: times faster than encoding anew", faster, "×", 5)


async def at_once(ours: Service, address: str, name: str) -> float:
    """Seconds until a clip's playlists and its first segment are there: the median of several clips' of the same
    segments, after another's."""
    async with ours.runtime.database.transaction() as session:
        key = await make_key(session, f"catalogue {name}", ["catalog"])
    viewer = {"Authorization": f"Bearer {ours.identity.token('noor', 'Noor')}"}
    facts = {"rating": "12", "released_on": "2020-01-01", "live": False}
    body = {"name": f"Ladder {name}", **facts, "sources": [{"url": address}]}
    async with httpx.AsyncClient(base_url=f"http://{HOST}:{ours.port}", timeout=60) as http:
        put = await http.put(f"/v1/titles/{name}", json=body, headers={"Authorization": f"Bearer {key}"})
        put.raise_for_status()
        while not (await http.get(f"/v1/titles/{name}", headers=viewer)).is_success:
            time.sleep(0.2)  # noqa: ASYNC251 - nothing else is to happen meanwhile
        took = [await first_answer(http, viewer, name, n) for n in range(1 + AT_ONCE)]
    return statistics.median(took[1:])


async def first_answer(http: httpx.AsyncClient, viewer: dict[str, str], name: str, number: int) -> float:
    start = START_US + number * 125_000
    body = {"title": name, "start_us": start, "end_us": start + 20_000_000, "visibility": "unlisted"}
    made = (await http.post("/v1/moments", json=body, headers=viewer)).raise_for_status().json()
    main = f"/m/{made['code']}/clip.m3u8"
    began = time.perf_counter()
    video = _first(main, (await http.get(main, headers=viewer)).raise_for_status().text)
    pieces = (await http.get(video, headers=viewer)).raise_for_status().text
    (await http.get(_first(video, pieces), headers=viewer)).raise_for_status()
    return time.perf_counter() - began


def _first(at: str, playlist: str) -> str:
    return urljoin(at, next(line for line in playlist.splitlines() if line and line[0] != "#"))
