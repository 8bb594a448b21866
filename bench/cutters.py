"""Whoever can cut a clip, as commands, and what a command costs."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg  # type: ignore[import-untyped]

from bench.titles import CACHE

ROUNDS = int(os.environ.get("GROUNDSWELL_BENCH_ROUNDS", "3"))
FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
START, LENGTH = 313.375, 30.0
CUT = (
    "import sys, json; from dataclasses import asdict; from groundswell.media import ClipRequest, cut; "
    "a = sys.argv; r = ClipRequest(start_us=int(a[2]), end_us=int(a[3]), **json.loads(a[5])); "
    "print(json.dumps(asdict(cut(a[1], r, a[4]))))"
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
