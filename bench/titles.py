"""The titles that clips are cut from: made once, kept in ``bench/cache``."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.filter import Graph

CACHE = Path(__file__).parent / "cache"
FPS, GOP_S, MINUTE = 24, 2, 60


def title(minutes: int) -> Path:
    """So many minutes of 1080p24 H.264 with 2 s GOPs and 3 B-frames, and AAC: a minute repeated without re-encoding.

    Made in a process of its own: what is started by a process that has grown counts its memory as its own.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    path = CACHE / (f"{minutes // 60}h.mp4" if minutes % 60 == 0 else f"{minutes}min.mp4")
    if not path.exists():
        subprocess.run([sys.executable, "-m", "bench.titles", str(minutes), str(path)], check=True)
    return path


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


if __name__ == "__main__":
    repeated(minute(CACHE / "minute.mp4"), int(sys.argv[1]), Path(sys.argv[2]))
