"""Bring sound to the loudness that players and social networks expect (EBU R 128, ITU-R BS.1770)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from fractions import Fraction

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.filter import Graph

from .samples import Samples

TARGET_LUFS = -14.0
MOST_GAIN_DB = 20.0
SILENCE_LUFS = -60.0
PEAK = 0.891


def integrated_loudness(blocks: Iterator[Samples], rate: int, layout: str) -> float:
    """Gated loudness of the whole, in LUFS; -70 for silence or less than 0.4 s."""
    graph = _graph(rate, layout, ("ebur128", "metadata=1:framelog=quiet"))
    last = deque(_through(graph, blocks, rate, layout), maxlen=1)
    return float(last[0].metadata.get("lavfi.r128.I", -70.0)) if last else -70.0


def normalised(blocks: Callable[[], Iterator[Samples]], rate: int, layout: str) -> Iterator[Samples]:
    """The sound at `TARGET_LUFS`, sample for sample as long as it was, peaks held below -1 dBFS.

    ``blocks`` is called twice: to measure, then to change. Near silence is left alone.
    """
    loudness = integrated_loudness(blocks(), rate, layout)
    gain = 0.0 if loudness < SILENCE_LUFS else min(MOST_GAIN_DB, TARGET_LUFS - loudness)
    limiter = ("alimiter", f"limit={PEAK}:attack=5:release=60:level=0:latency=1")
    graph = _graph(rate, layout, ("volume", f"{gain:.3f}dB:precision=float"), limiter)
    for frame in _through(graph, blocks(), rate, layout):
        yield frame.to_ndarray().astype(np.float32, copy=False)


def _graph(rate: int, layout: str, *steps: tuple[str, str]) -> Graph:
    graph = Graph()
    nodes = [
        graph.add_abuffer(sample_rate=rate, format="fltp", layout=layout, time_base=Fraction(1, rate)),
        *(graph.add(name, arguments) for name, arguments in steps),
        graph.add("aformat", f"sample_fmts=fltp:sample_rates={rate}:channel_layouts={layout}"),
        graph.add("abuffersink"),
    ]
    graph.link_nodes(*nodes).configure()
    return graph


def _through(graph: Graph, blocks: Iterator[Samples], rate: int, layout: str) -> Iterator[AudioFrame]:
    at = 0
    for block in blocks:
        if not block.shape[1]:
            continue
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, at, Fraction(1, rate)
        at += block.shape[1]
        graph.push(frame)
        yield from _ready(graph)
    graph.push(None)
    yield from _ready(graph)


def _ready(graph: Graph) -> Iterator[AudioFrame]:
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, EOFError):
            return
        assert isinstance(frame, AudioFrame)
        yield frame
