"""Cut a 30 s clip out of 10 minutes and of 2 hours: CPU, memory and exactness beside ffmpeg, smartcut and stream copy.

CPU seconds (user and system) of a whole process, interpreter start included, from ``wait4``; contenders take turns in
every round and the median counts. The title is a minute of moving test picture with noise, 1080p24, H.264 with 2 s
GOPs and 3 B-frames, AAC, repeated to length without re-encoding. ``GROUNDSWELL_BENCH_SOURCE=FILE`` adds a title
of your own; ``GROUNDSWELL_BENCH_ROUNDS`` sets how many rounds.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import imageio_ffmpeg  # type: ignore[import-untyped]
import numpy as np
from av.filter import Graph

from bench.harness import Bench
from groundswell.media import clip_playlist, package, probe
from groundswell.media.seam import luma

CACHE = Path(__file__).parent / "cache"
ROUNDS = int(os.environ.get("GROUNDSWELL_BENCH_ROUNDS", "3"))
FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
FPS, GOP_S, MINUTE = 24, 2, 60
START, LENGTH = 313.375, 30.0
CUT = (
    "import sys, json; from dataclasses import asdict; from groundswell.media import cut; "
    "a = sys.argv; print(json.dumps(asdict(cut(a[1], int(a[2]), int(a[3]), a[4], **json.loads(a[5])))))"
)
COPY = """
import av, sys
source, start, end, out = sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
with av.open(source) as i, av.open(out, "w") as o:
    tracks = {s.index: o.add_stream_from_template(s) for s in i.streams}
    video = i.streams.video[0]
    i.seek(int(start / video.time_base), stream=video)
    for p in i.demux():
        if p.dts is None or p.stream_index not in tracks:
            continue
        if p.stream is video and p.dts * p.time_base >= end:
            break
        p.stream = tracks[p.stream_index]
        o.mux(p)
"""


@dataclass(frozen=True)
class Spent:
    cpu_s: float
    peak_mib: float
    output: str


def spend(*command: str) -> Spent:
    """Run a process to its end; its CPU seconds, peak memory and what it printed. Raises when it fails."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
        assert child.stdout is not None
        output = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{command[0]} ended with {child.returncode}")
    return Spent(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output)


def minute(path: Path) -> Path:
    """A minute of test picture with noise and a tone."""
    if path.exists():
        return path
    graph = Graph()
    nodes = [
        graph.add("testsrc2", f"size=1920x1080:rate={FPS}:duration={MINUTE}"),
        graph.add("noise", "alls=12:allf=t"),
        graph.add("format", "yuv420p"),
        graph.add("buffersink"),
    ]
    graph.link_nodes(*nodes).configure()
    part = path.with_suffix(".part.mp4")
    with av.open(str(part), "w") as output:
        options = {
            "preset": "veryfast",
            "b": "5M",
            "x264-params": f"keyint={FPS * GOP_S}:min-keyint={FPS * GOP_S}:scenecut=0",
        }
        video = output.add_stream("libx264", rate=FPS, options=options)
        video.width, video.height, video.pix_fmt = 1920, 1080, "yuv420p"
        video.codec_context.max_b_frames = 3
        sound = output.add_stream("aac", rate=48_000)
        sound.layout = "stereo"
        for _ in range(FPS * MINUTE):
            frame = graph.vpull()
            frame.pict_type = 0
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
        for n in range(48_000 * MINUTE // 1024):
            wave = 0.3 * np.sin(2 * np.pi * 440 * (np.arange(1024) + n * 1024) / 48_000)
            block = av.AudioFrame.from_ndarray(
                np.stack([wave, wave]).astype(np.float32), format="fltp", layout="stereo"
            )
            block.sample_rate, block.pts, block.time_base = 48_000, n * 1024, Fraction(1, 48_000)
            output.mux(sound.encode(block))
        output.mux(sound.encode(None))
    part.rename(path)
    return path


def repeated(source: Path, times: int, path: Path) -> Path:
    """The minute, ``times`` times over, by copying packets."""
    if path.exists():
        return path
    part = path.with_suffix(".part.mp4")
    with av.open(str(part), "w", options={"movflags": "+faststart"}) as output:
        with av.open(str(source)) as template:
            tracks = [output.add_stream_from_template(s) for s in template.streams]
        for n in range(times):
            with av.open(str(source)) as again:
                for packet in again.demux():
                    if packet.dts is None or packet.pts is None:
                        continue
                    if packet.pts < 0 or packet.pts * packet.time_base >= MINUTE:
                        continue
                    shift = round(n * MINUTE / packet.time_base)
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    packet.stream = tracks[packet.stream_index]
                    output.mux(packet)
    part.rename(path)
    return path


def smartcut() -> str | None:
    """smartcut 1.7 in an environment of its own, since it pins an older PyAV; None where it cannot be had."""
    home = CACHE / "smartcut"
    if not (home / "bin" / "smartcut").exists():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        done = subprocess.run([str(home / "bin" / "pip"), "install", "-q", "smartcut==1.7"], check=False)
        if done.returncode:
            return None
    return str(home / "bin" / "smartcut")


def contenders(source: Path, folder: Path) -> dict[str, list[str]]:
    """The commands that cut the same clip."""
    start, end = START, START + LENGTH
    ours = [str(source), str(round(start * 1e6)), str(round(end * 1e6)), str(folder / "ours.mp4"), "{}"]
    seek = [FFMPEG, "-v", "error", "-y", "-ss", str(start), "-i", str(source), "-t", str(LENGTH)]
    found = {
        "groundswell": [sys.executable, "-c", CUT, *ours],
        "ffmpeg x264 veryfast": [*seek, "-c:v", "libx264", "-preset", "veryfast", "-c:a", "aac", str(folder / "f.mp4")],
        "ffmpeg -c copy": [*seek, "-c", "copy", str(folder / "c.mp4")],
        "PyAV stream copy": [sys.executable, "-c", COPY, str(source), str(start), str(end), str(folder / "p.mp4")],
    }
    if (tool := smartcut()) is not None:
        found["smartcut"] = [tool, str(source), str(folder / "s.mp4"), "--keep", f"{start},{end}"]
    return found


def in_turns(commands: dict[str, list[str]]) -> dict[str, Spent]:
    """Every command once a round; of each the run with the median CPU."""
    runs: dict[str, list[Spent]] = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            runs[name].append(spend(*command))
    return {name: sorted(spent, key=lambda s: s.cpu_s)[len(spent) // 2] for name, spent in runs.items()}


def identical_share(source: Path, clip: Path) -> float:
    """How many of a clip's frames are the title's to the last bit, by brightness."""
    with av.open(str(source)) as a, av.open(str(clip)) as b:
        stream = a.streams.video[0]
        stream.thread_type = "AUTO"
        tick = Fraction(stream.time_base or 1)
        a.seek(int((START - 4) / tick), stream=stream)
        theirs = (f for f in a.decode(stream) if (f.pts or 0) * tick >= START - 1e-4)
        same = [bool((luma(x) == luma(y)).all()) for x, y in zip(theirs, b.decode(video=0), strict=False)]
    return sum(same) / len(same)


def measure_cuts(bench: Bench, label: str, source: Path, folder: Path) -> dict[str, Spent]:
    spent = in_turns(contenders(source, folder))
    for name, run in spent.items():
        bench.measure(f"{label}: {name}", run.cpu_s, "CPU s")
    ours = spent["groundswell"]
    if "smartcut" in spent:
        goal = 0.2 if label == "10 min" else 0.1
        bench.measure(f"{label}: CPU beside smartcut", ours.cpu_s / spent["smartcut"].cpu_s, "×", goal, at_most=True)
        bench.measure(
            f"{label}: peak memory beside smartcut", ours.peak_mib / spent["smartcut"].peak_mib, "×", 0.5, at_most=True
        )
    beside = ours.cpu_s / spent["ffmpeg x264 veryfast"].cpu_s
    bench.measure(f"{label}: CPU beside ffmpeg x264 veryfast", beside, "×", 0.05, at_most=True)
    bench.measure(f"{label}: peak memory", ours.peak_mib, "MiB")
    return spent


def measure_exactness(bench: Bench, source: Path, folder: Path) -> None:
    call = contenders(source, folder)["groundswell"]
    call[-1] = json.dumps({"measure_seam": True})
    result = json.loads(spend(*call).output)
    clip = folder / "ours.mp4"
    bench.measure("frames in 30 s at 24 fps", result["frames"], "frames", LENGTH * FPS)
    bench.measure("frames identical to the title's", 100 * identical_share(source, clip), "%", 97)
    bench.measure("worst re-encoded frame", result["seam_psnr"] or 99.0, "dB", 45)
    bench.measure("edit lists", clip.read_bytes().count(b"elst"), "", 0, at_most=True)


def measure_playlist(bench: Bench, source: Path, folder: Path) -> None:
    packaged = package(source, folder)
    began = time.perf_counter()
    for _ in range(100):
        clip_playlist(packaged.video, "video.mp4", round(START * 1e6), round((START + LENGTH) * 1e6))
    ours = (time.perf_counter() - began) / 100
    began = time.perf_counter()
    spend(*contenders(source, folder)["ffmpeg -c copy"])
    copying = time.perf_counter() - began
    bench.measure("virtual playlist", ours * 1000, "ms")
    bench.measure("virtual playlist: times faster than ffmpeg -c copy", copying / ours, "×", 1000)


def measure_stills_and_tall(bench: Bench, source: Path, folder: Path) -> None:
    board = f"from groundswell.media import storyboard; storyboard({str(source)!r}, {str(folder / 'b.jpg')!r})"
    decode = [FFMPEG, "-v", "error", "-i", str(source), "-map", "0:v", "-f", "null", "-"]
    spent = in_turns({"storyboard": [sys.executable, "-c", board], "full decode": decode})
    ratio = spent["full decode"].cpu_s / spent["storyboard"].cpu_s
    bench.measure("storyboard of 10 min: times cheaper than a full decode", ratio, "×", 10)
    captions = folder / "captions.srt"
    rows = (f"{n}\n00:05:{n:02},000 --> 00:05:{n + 1:02},000\nCaption number {n}\n" for n in range(13, 44))
    captions.write_text("\n".join(rows))
    call = contenders(source, folder)["groundswell"]
    call[-1] = json.dumps({"profile": "vertical", "subtitles": str(captions)})
    theirs = [FFMPEG, "-v", "error", "-y", "-ss", str(START), "-i", str(source), "-t", str(LENGTH)]
    theirs += ["-vf", "crop=608:1080,scale=720:1280", "-c:v", "libx264", "-preset", "veryfast", "-crf", "18"]
    theirs += ["-c:a", "aac", str(folder / "v.mp4")]
    spent = in_turns({"ours": call, "theirs": theirs})
    bench.measure(
        "vertical with captions beside ffmpeg's crop and scale",
        spent["ours"].cpu_s / spent["theirs"].cpu_s,
        "×",
        1.05,
        at_most=True,
    )


def measure_eight_at_once(bench: Bench, source: Path, folder: Path) -> None:
    calls = []
    for n in range(8):
        call = contenders(source, folder)["groundswell"]
        call[4:7] = [str(round((START + n) * 1e6)), str(round((START + n + LENGTH) * 1e6)), str(folder / f"{n}.mp4")]
        calls.append(call)
    began = time.perf_counter()
    for call in calls:
        spend(*call)
    one_after_another = time.perf_counter() - began
    began = time.perf_counter()
    with ThreadPoolExecutor(8) as pool:
        peaks = [spent.peak_mib for spent in pool.map(lambda call: spend(*call), calls)]
    at_once = time.perf_counter() - began
    bench.measure("8 clips at once: throughput beside one after another", one_after_another / at_once, "×", 0.9)
    bench.measure("8 clips at once: peak memory of one", statistics.median(peaks), "MiB")


async def run(bench: Bench) -> None:
    """Measure everything; the generated titles stay in ``bench/cache``."""
    bench.plotted = "CPU s"
    CACHE.mkdir(parents=True, exist_ok=True)
    bench.note(f"{ROUNDS} rounds, contenders in turns, median; CPU seconds of whole processes.")
    one = minute(CACHE / "minute.mp4")
    short, long = repeated(one, 10, CACHE / "10min.mp4"), repeated(one, 120, CACHE / "2h.mp4")
    with TemporaryDirectory() as name:
        folder = Path(name)
        at_10 = measure_cuts(bench, "10 min", short, folder)["groundswell"]
        at_2h = measure_cuts(bench, "2 h", long, folder)["groundswell"]
        bench.measure("CPU at 2 h beside 10 min", at_2h.cpu_s / at_10.cpu_s, "×", 1.1, at_most=True)
        measure_exactness(bench, short, folder)
        measure_playlist(bench, short, folder)
        measure_stills_and_tall(bench, short, folder)
        measure_eight_at_once(bench, short, folder)
        if extra := os.environ.get("GROUNDSWELL_BENCH_SOURCE"):
            bench.note(f"{extra}: {probe(extra).video.codec}")
            measure_cuts(bench, Path(extra).name, Path(extra), folder)
