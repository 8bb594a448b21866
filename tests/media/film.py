"""Make small films whose frames carry their own number, readable after any encoding."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange

from tests.film_cache import rendered_once

BITS = 16
CELL = 12
BURST_EVERY = Fraction(1, 2)
BURST_LASTS = Fraction(1, 100)


@dataclass(frozen=True)
class Film:
    """How to make a film. Times of frames are ``n / rate`` seconds, or ``times`` (ticks of ``tick``)."""

    container: str = "mp4"
    codec: str = "libx264"
    frames: int = 60
    first: int = 0
    """The number of the first frame."""
    rate: Fraction = Fraction(25)
    times: tuple[int, ...] | None = None
    tick: Fraction | None = None
    gop: int = 12
    b_frames: int = 2
    open_gop: bool = False
    size: tuple[int, int] = (192, 108)
    pixel_format: str = "yuv420p"
    aspect: Fraction = Fraction(1)
    colour: tuple[int, int, int] = (2, 2, 2)
    full_range: bool = False
    start: Fraction = Fraction(0)
    rotation: int = 0
    audio: str | None = "aac"
    audio_rate: int = 48000
    audio_tracks: int = 1
    audio_start: Fraction = Fraction(0)
    movflags: str = ""
    interlaced: bool = False
    options: tuple[tuple[str, str], ...] = field(default=())

    @property
    def suffix(self) -> str:
        return {"mpegts": ".ts", "matroska": ".mkv"}.get(self.container, f".{self.container}")

    def seconds(self, n: int) -> Fraction:
        """When frame ``n`` is shown, counted from frame 0."""
        if self.times is not None:
            assert self.tick is not None
            return (self.times[n] - self.times[0]) * self.tick
        return n / self.rate


def picture(n: int, width: int, height: int) -> np.ndarray:
    """A moving grey texture with the bits of ``n`` as a 4 × 4 block of cells in the middle. RGB."""
    y, x = np.mgrid[0:height, 0:width]
    grey = 96 + 40 * np.sin((x + 3 * n) / 9) + 30 * np.cos((y - 2 * n) / 7)
    cell = cell_of(width, height)
    top, left = height // 2 - 2 * cell, width // 2 - 2 * cell
    for bit in range(BITS):
        row, column = divmod(bit, 4)
        a, b = top + row * cell, left + column * cell
        grey[a : a + cell, b : b + cell] = 235 if n >> bit & 1 else 20
    return np.repeat(grey.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def cell_of(width: int, height: int) -> int:
    return max(1, min(CELL, width // 4, height // 4))


def number_in(frame: VideoFrame, scale: Fraction | None = None) -> int:
    """The number a frame carries. ``scale``: how much larger the block is than in the film, height for height."""
    grey, middle = luma_of(frame)
    height, width = grey.shape
    cell = cell_of(width, height) if scale is None else float(CELL * scale)
    top, left = height / 2 - 2 * cell, width / 2 - 2 * cell
    number = 0
    for bit in range(BITS):
        row, column = divmod(bit, 4)
        a, b = top + row * cell + cell / 4, left + column * cell + cell / 4
        block = grey[int(a) : int(a + cell / 2) + 1, int(b) : int(b + cell / 2) + 1]
        number |= (float(block.mean()) > middle) << bit
    return number


def luma_of(frame: VideoFrame) -> tuple[np.ndarray, float]:
    """How bright a frame is, (height, width), and what is halfway from black to white: read where it lies if it can be,
    since to convert a frame takes longer than to decode it."""
    form = frame.format
    if not form.name.startswith(("yuv", "nv12")) or form.is_big_endian:
        return frame.to_ndarray(format="gray"), 127
    bits = form.components[0].bits
    plane, kind = frame.planes[0], np.dtype("u1" if bits == 8 else "<u2")
    rows = np.frombuffer(plane, kind).reshape(-1, plane.line_size // kind.itemsize)
    middle = 127 if frame.color_range == ColorRange.JPEG else 16 + 127 * 219 / 255  # black is 16, white 235
    return rows[: frame.height, : frame.width], middle * 2 ** (bits - 8)


@contextmanager
def ordinary_scheduling() -> Iterator[None]:
    """Schedule this thread afterwards as before: as root, SVT-AV1 gives its caller real-time priority and keeps it,
    and whatever process is started from then on would starve the machine."""
    if not hasattr(os, "sched_setscheduler"):
        yield
        return
    before, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        os.sched_setscheduler(0, before, parameters)


@rendered_once
def make(film: Film, path: Path) -> Path:
    """Write the film to ``path`` (given a suffix)."""
    with ordinary_scheduling():
        return _write(film, path.with_suffix(film.suffix))


def _write(film: Film, path: Path) -> Path:
    form = {"mkv": "matroska", "ts": "mpegts"}.get(film.container, film.container)
    options = {"movflags": film.movflags} if film.movflags else {}
    with av.open(str(path), "w", format=form, options=options) as output:
        video = output.add_stream(film.codec, rate=film.rate, options=_options(film))
        context = video.codec_context
        context.width, context.height = film.size
        context.pix_fmt = film.pixel_format
        context.time_base = film.tick or 1 / film.rate
        context.gop_size = film.gop
        context.max_b_frames = film.b_frames
        context.thread_count = 1  # small films are made sooner so, and an encoder's threads cannot wait for each other
        context.sample_aspect_ratio = film.aspect
        context.color_primaries, context.color_trc, context.colorspace = film.colour
        context.color_range = 2 if film.full_range else 1
        if film.rotation:
            video.set_display_rotation(film.rotation)
        tracks = []
        for _ in range(film.audio_tracks if film.audio else 0):
            track = output.add_stream(film.audio, rate=film.audio_rate)
            track.layout = "stereo"
            tracks.append(track)
        queue = [(at, 0, packet) for at, packet in _video_packets(film, video)]
        for n, track in enumerate(tracks):
            queue += [(at, n + 1, packet) for at, packet in _audio_packets(film, track, n)]
        for _, _, packet in sorted(queue, key=lambda entry: entry[:2]):
            output.mux(packet)
    return path


def _options(film: Film) -> dict[str, str]:
    options = dict(film.options)
    if film.codec == "libx264":
        opened = f"open-gop={int(film.open_gop)}:scenecut=0:b-adapt=0:keyint={film.gop}:min-keyint={film.gop}"
        if film.interlaced:
            opened += ":tff=1"
        options = {"preset": "ultrafast", "crf": "20", "bf": str(film.b_frames), "x264-params": opened, **options}
    if film.codec == "libx265":
        opened = f"open-gop={int(film.open_gop)}:scenecut=0:b-adapt=0:keyint={film.gop}:min-keyint={film.gop}"
        opened += f":bframes={film.b_frames}:log-level=0:pools=none"
        options = {"preset": "ultrafast", "crf": "20", "x265-params": opened}
    if film.codec == "libsvtav1":
        options = {"preset": "12", "crf": "30", "svtav1-params": f"keyint={film.gop}", **options}
    if film.codec in ("libvpx-vp9", "libvpx"):
        options = {"deadline": "realtime", "cpu-used": "8", "crf": "20", "b": "2M", **options}
    return options


def _video_packets(film: Film, stream: av.VideoStream) -> Iterator[tuple[Fraction, av.Packet]]:
    tick = film.tick or 1 / film.rate
    shift = round(film.start / tick)
    held = []
    for n in range(film.frames):
        frame = VideoFrame.from_ndarray(picture(film.first + n, *film.size), format="rgb24")
        frame = frame.reformat(format=film.pixel_format)
        frame.pts = shift + (film.times[n] if film.times is not None else n)
        frame.time_base = tick
        held += stream.codec_context.encode(frame)
    held += stream.codec_context.encode(None)
    for packet in held:
        packet.stream = stream
        yield (packet.dts if packet.dts is not None else packet.pts) * Fraction(packet.time_base), packet


def bursts(start: Fraction, count: int, rate: int) -> np.ndarray:
    """Silence with a 1 kHz burst at every half second of the film's own time. Shape (2, count)."""
    at = (np.arange(count) + round(start * rate)) / rate
    on = (at % float(BURST_EVERY)) < float(BURST_LASTS)
    wave = (0.8 * np.sin(2 * np.pi * 1000 * at) * on).astype(np.float32)
    return np.stack([wave, wave])


def _audio_packets(film: Film, stream: av.AudioStream, track: int) -> Iterator[tuple[Fraction, av.Packet]]:
    context, rate = stream.codec_context, film.audio_rate
    length = film.seconds(film.frames - 1) + 1 / film.rate
    total = round((length - film.audio_start) * rate)
    if not context.is_open:
        context.open()
    size = context.frame_size or 1024
    held = []
    for at in range(0, total, size):
        count = min(size, total - at)
        samples = bursts(film.audio_start + Fraction(at, rate), count, rate) * (1 if track == 0 else 0.25)
        frame = AudioFrame.from_ndarray(samples.astype(np.float32, order="C"), format="fltp", layout="stereo")
        frame.sample_rate = rate
        for out in av.AudioResampler(format=context.format, layout=context.layout, rate=rate).resample(frame):
            out.pts, out.time_base = at + round((film.start + film.audio_start) * rate), Fraction(1, rate)
            held += context.encode(out)
    held += context.encode(None)
    for packet in held:
        packet.stream = stream
        yield packet.dts * Fraction(packet.time_base), packet


def numbers(path: Path, scale: Fraction | None = None) -> list[tuple[Fraction, int]]:
    """Every frame a plain decoder shows, in order: its time in seconds and its number."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        return [
            (_time_of(frame, n, stream), number_in(frame, scale)) for n, frame in enumerate(container.decode(stream))
        ]


def _time_of(frame: VideoFrame, n: int, stream: av.VideoStream) -> Fraction:
    if frame.pts is None:
        return n / Fraction(stream.guessed_rate)
    return Fraction(frame.pts) * Fraction(frame.time_base)


def burst_times(path: Path) -> list[float]:
    """When bursts begin in a file's sound, in seconds of its own clock, to about a millisecond."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        rate = stream.codec_context.sample_rate
        heard: list[tuple[float, np.ndarray]] = []
        resampler = av.AudioResampler(format="fltp", layout="stereo")
        at = 0.0
        for frame in container.decode(stream):
            if frame.pts is not None and frame.time_base is not None:
                at = float(Fraction(frame.pts) * Fraction(frame.time_base))
            frame.pts = None
            heard += [(at, out.to_ndarray()[0]) for out in resampler.resample(frame)]
            at += frame.samples / rate
    if not heard:
        return []
    first = heard[0][0]
    loud = np.zeros(round((heard[-1][0] - first) * rate) + len(heard[-1][1]) + rate, np.float32)
    for at, block in heard:
        place = max(0, round((at - first) * rate))
        loud[place : place + len(block)] = np.abs(block)
    width = rate // 1000
    over = np.convolve(loud, np.ones(width) / width, "same") > 0.12
    times: list[float] = []
    for edge in np.flatnonzero(over[1:] & ~over[:-1]):
        at = first + edge / rate
        if not times or at - times[-1] > 0.2:
            times.append(at)
    return times
