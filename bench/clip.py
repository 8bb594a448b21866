"""Cut a 30 s clip out of 10 minutes and of 2 hours: CPU, memory and exactness beside ffmpeg, smartcut and stream copy.

CPU seconds (user and system) of a whole process, interpreter start included, from ``wait4``; contenders take turns in
every round and the median counts. The title is a minute of moving test picture with noise, 1080p24, H.264 with 2 s
GOPs and 3 B-frames, AAC, repeated to length without re-encoding. ``GROUNDSWELL_BENCH_SOURCE=FILE`` adds a title
of your own; ``GROUNDSWELL_BENCH_ROUNDS`` sets how many rounds. ``python -m bench clip PART…`` measures a part alone;
all parts measured so far are written into docs/clip-engine.md.
"""

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import av

from bench.clip_docs import write_docs
from bench.cutters import FFMPEG, LENGTH, ROUNDS, START, contenders, in_turns, spend
from bench.harness import Bench
from bench.titles import FPS, title
from groundswell.media import ExactHls, clip_playlist, exact_hls, package, probe
from groundswell.media.smartcut.seam import luma

HLS = (
    "import sys; from pathlib import Path; from groundswell.media import Package, exact_hls; a = sys.argv; "
    "f = Path(a[1]); p = Package.from_json((f / 'package.json').read_text()); "
    "exact_hls(p, f, int(a[2]), int(a[3]), a[4] + str(len(list(Path(a[4]).parent.iterdir()))))"
)


def cuts(bench: Bench, folder: Path) -> None:
    """Beside other tools."""
    short, long = contenders(title(10), folder), contenders(title(120), folder)
    commands = {f"{name}, 10 min": call for name, call in short.items()}
    commands |= {f"{name}, 2 h": call for name, call in long.items() if name in ("groundswell", "smartcut")}
    spent = in_turns(commands)
    for name, run in spent.items():
        bench.measure(name, run.cpu_s, "CPU s")
    ours, later = spent["groundswell, 10 min"], spent["groundswell, 2 h"]
    if "smartcut, 10 min" in spent:
        theirs, theirs_later = spent["smartcut, 10 min"], spent["smartcut, 2 h"]
        bench.measure("times cheaper than smartcut at 10 min", theirs.cpu_s / ours.cpu_s, "×", 5)
        bench.measure("times cheaper than smartcut at 2 h", theirs_later.cpu_s / later.cpu_s, "×", 10)
        bench.measure("peak memory beside smartcut", ours.peak_mib / theirs.peak_mib, "×", 0.5, at_most=True)
    veryfast = spent["ffmpeg x264 veryfast, 10 min"].cpu_s
    bench.measure("times cheaper than ffmpeg x264 veryfast", veryfast / ours.cpu_s, "×", 20)
    bench.measure("cost at 2 h beside 10 min", later.cpu_s / ours.cpu_s, "×", 1.1, at_most=True)
    bench.measure("peak memory", ours.peak_mib, "MiB")


def exactness(bench: Bench, folder: Path) -> None:
    """Of the clip's frames."""
    source = title(10)
    call = contenders(source, folder)["groundswell"]
    call[-1] = json.dumps({"measure_seam": True})
    result = json.loads(spend(*call).output)
    clip = folder / "ours.mp4"
    bench.measure("frames of 30 s at 24 fps", result["frames"], "frames", LENGTH * FPS)
    bench.measure("frames identical to the title's", 100 * identical_share(source, clip), "%", 97)
    bench.measure("worst re-encoded frame", result["seam_psnr"] or 99.0, "dB", 45)
    bench.measure("edit lists", clip.read_bytes().count(b"elst"), "", 0, at_most=True)


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


def hls(bench: Bench, folder: Path) -> None:
    """The virtual playlist and exact HLS."""
    source, start_us, end_us = title(10), round(START * 1e6), round((START + LENGTH) * 1e6)
    packaged = package(source, folder)
    (folder / "package.json").write_text(packaged.to_json())
    began = time.perf_counter()
    for _ in range(100):
        clip_playlist(packaged.video, "video.mp4", start_us, end_us)
    ours = (time.perf_counter() - began) / 100
    made = folder / "made"
    made.mkdir()
    call = [sys.executable, "-c", HLS, str(folder), str(start_us), str(end_us), str(made / "clip")]
    copying = contenders(source, folder)["ffmpeg -c copy"]
    began = time.perf_counter()
    spend(*copying)
    waited = time.perf_counter() - began
    spent = in_turns({"exact HLS": call, "ffmpeg -c copy": copying})
    bench.measure("virtual playlist", ours * 1000, "ms")
    bench.measure("virtual playlist: times faster than ffmpeg -c copy", waited / ours, "×", 1000)
    bench.measure("exact HLS", spent["exact HLS"].cpu_s, "CPU s")
    clip = exact_hls(packaged, folder, start_us, end_us, folder / "last")
    assert isinstance(clip, ExactHls)
    share = sum(p.size for p in clip.video.pieces if p.made) / sum(p.size for p in clip.video.pieces)
    bench.measure("exact HLS: bytes of the picture made, not the title's own", 100 * share, "%")


def stills(bench: Bench, folder: Path) -> None:
    """The storyboard."""
    source = str(title(10))
    board = f"from groundswell.media import storyboard; storyboard({source!r}, {str(folder / 'b.jpg')!r})"
    decode = [FFMPEG, "-v", "error", "-i", source, "-map", "0:v", "-f", "null", "-"]
    spent = in_turns({"storyboard": [sys.executable, "-c", board], "full decode": decode})
    ratio = spent["full decode"].cpu_s / spent["storyboard"].cpu_s
    bench.measure("storyboard of 10 min", spent["storyboard"].cpu_s, "CPU s")
    bench.measure("storyboard: times cheaper than a full decode", ratio, "×", 10)


def tall(bench: Bench, folder: Path) -> None:
    """Vertical with captions."""
    source, captions = title(10), folder / "captions.srt"
    rows = (f"{n}\n00:05:{n:02},000 --> 00:05:{n + 1:02},000\nCaption number {n}\n" for n in range(13, 44))
    captions.write_text("\n".join(rows))
    call = contenders(source, folder)["groundswell"]
    call[-1] = json.dumps({"profile": "vertical", "subtitles": str(captions)})
    theirs = [FFMPEG, "-v", "error", "-y", "-ss", str(START), "-i", str(source), "-t", str(LENGTH)]
    theirs += ["-vf", "crop=608:1080,scale=720:1280", "-c:v", "libx264", "-preset", "veryfast", "-crf", "18"]
    theirs += ["-c:a", "aac", str(folder / "v.mp4")]
    spent = in_turns({"ours": call, "theirs": theirs})
    ratio = spent["ours"].cpu_s / spent["theirs"].cpu_s
    bench.measure("vertical with captions beside ffmpeg's crop and scale", ratio, "×", 1.05, at_most=True)


def eight(bench: Bench, folder: Path) -> None:
    """Eight clips at once."""
    calls = []
    for n in range(8):
        call = contenders(title(10), folder)["groundswell"]
        call[4:7] = [str(round((START + n) * 1e6)), str(round((START + n + LENGTH) * 1e6)), str(folder / f"{n}.mp4")]
        calls.append(call)
    began = time.perf_counter()
    alone = sum(spend(*call).cpu_s for call in calls)
    one_after_another = time.perf_counter() - began
    began = time.perf_counter()
    with ThreadPoolExecutor(8) as pool:
        spent = list(pool.map(lambda call: spend(*call), calls))
    at_once = time.perf_counter() - began
    beside = alone / sum(each.cpu_s for each in spent)
    bench.measure("8 clips at once: throughput beside one after another", one_after_another / at_once, "×", 0.9)
    bench.measure("8 clips at once: CPU seconds of one after another beside theirs", beside, "×", 0.9)
    bench.measure("8 clips at once: most memory of one", max(each.peak_mib for each in spent), "MiB")


def own(bench: Bench, folder: Path) -> None:
    """A title of one's own."""
    source = os.environ.get("GROUNDSWELL_BENCH_SOURCE")
    if source is None:
        return
    bench.note(f"{source}: {probe(source).video.codec}")
    for name, run in in_turns(contenders(Path(source), folder)).items():
        bench.measure(f"{name}, {Path(source).name}", run.cpu_s, "CPU s")


PARTS = {"cuts": cuts, "exact": exactness, "hls": hls, "stills": stills, "tall": tall, "eight": eight, "own": own}


async def run(bench: Bench, part: str) -> None:
    """Measure a part; the generated titles stay in ``bench/cache``."""
    bench.plotted = "CPU s"
    bench.note(f"{ROUNDS} rounds, contenders in turns, median; CPU seconds of whole processes.")
    with TemporaryDirectory() as name:
        PARTS[part](bench, Path(name))


def finish() -> None:
    """What is left to do once parts are measured."""
    write_docs(PARTS)
