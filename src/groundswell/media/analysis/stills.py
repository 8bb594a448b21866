"""Pictures of a title that are not clips: poster, storyboard, preview; and its sound as a curve."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from PIL import Image

from groundswell.media.audio.samples import exact_samples
from groundswell.media.audio.sound import AudioSpan, choose_track
from groundswell.media.cut import cut
from groundswell.media.errors import MediaError
from groundswell.media.limits import DEFAULT_LIMITS, Limits
from groundswell.media.output.mux import new_file
from groundswell.media.profiles import Profile
from groundswell.media.reading.frames import decode_between, seek, time_of
from groundswell.media.reading.probe import index_of
from groundswell.media.reading.source import OpenSource, open_source
from groundswell.media.rendering.picture import Pictures, fitted
from groundswell.media.request import ClipRequest, CutResult
from groundswell.media.times import SECOND_US
from groundswell.media.title import TitleIndex

POSTER_BYTES = 300_000
WAVEFORM_RATE = 8000


def poster(
    source: str | Path, at_us: int, destination: str | Path, size: tuple[int, int] = (1200, 630)
) -> tuple[int, int]:
    """A JPEG below 300 KB of the frame shown at ``at_us``, filling ``size``. Returns the size.

    Raises the reading reasons of `probe`, ``past_the_end``, ``disk_full``, ``cannot_write``.
    """
    with open_source(source) as title:
        index = index_of(title)
        if not 0 <= at_us < max(1, index.duration_us):
            raise MediaError("past_the_end")
        frame = _frame_at(title, at_us)
        look = Profile("poster", "", size, "fill")
        image = _image(frame, title, look)
    write_whole(Path(destination), jpeg_below(image, POSTER_BYTES))
    return size


def _frame_at(title: OpenSource, at_us: int) -> VideoFrame:
    """The frame on screen at a time: the last that is not later; the first of all before that."""
    shown: VideoFrame | None = None
    wanted = title.pts(at_us)
    step = int(1 / (title.video.average_rate or Fraction(25)) / title.tick) + 1
    for pts, frame in decode_between(title, wanted - 2 * step, None):
        if shown is not None and title.us(pts) > at_us:
            break
        shown = frame
    if shown is None:
        shown = next((frame for _, frame in decode_between(title, 0, None)), None)
    if shown is None:
        raise MediaError("damaged")
    return shown


def _image(frame: VideoFrame, title: OpenSource, look: Profile) -> Image.Image:
    pictures = Pictures(frame, title.video.sample_aspect_ratio, look)
    _, shaped = (pictures.take(0, frame) + pictures.finish())[0]
    image = shaped.to_image(  # type: ignore[no-untyped-call]
        src_colorspace="itu709", dst_colorspace="itu709"
    )
    assert isinstance(image, Image.Image)
    return image


def jpeg_below(image: Image.Image, size: int) -> bytes:
    data = b""
    for quality in (88, 80, 70, 60, 45, 30, 15):
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, "JPEG", quality=quality, optimize=True, progressive=True)
        data = buffer.getvalue()
        if len(data) < size:
            break
    return data


def write_whole(destination: Path, data: bytes) -> None:
    with new_file(destination) as temporary:
        temporary.write_bytes(data)


@dataclass(frozen=True)
class Storyboard:
    """A sprite of tiles, left to right, top to bottom. ``times_us[n]`` is when tile ``n`` is on screen."""

    tile_width: int
    tile_height: int
    columns: int
    rows: int
    times_us: tuple[int, ...]
    duration_us: int

    def to_webvtt(self, url: str) -> str:
        """WebVTT thumbnails: each cue names its tile as ``url#xywh=x,y,w,h``."""
        from groundswell.media.subtitles.cues import stamp

        ends = (*self.times_us[1:], max(self.duration_us, self.times_us[-1] + 1000))
        rows = ["WEBVTT", ""]
        for n, (start, end) in enumerate(zip(self.times_us, ends, strict=True)):
            x, y = n % self.columns * self.tile_width, n // self.columns * self.tile_height
            start = 0 if n == 0 else start
            rows += [f"{stamp(start)} --> {stamp(end)}", f"{url}#xywh={x},{y},{self.tile_width},{self.tile_height}", ""]
        return "\n".join(rows)


def storyboard(
    source: str | Path,
    destination: str | Path,
    *,
    tiles: int = 100,
    tile_width: int = 160,
    columns: int = 10,
    start_us: int = 0,
    end_us: int | None = None,
) -> Storyboard:
    """A JPEG sprite of keyframes spread evenly over the title, or over ``[start_us, end_us)`` of it.

    Only keyframes are decoded, at most ``tiles`` of them. Raises the reading reasons of `probe`.
    """
    with open_source(source) as title:
        index = index_of(title)
        until = min(end_us or index.duration_us, index.duration_us)
        look = _tile_look(index, tile_width)
        found = list(_keyframes(title, start_us, until, max(1, tiles)))
        if not found:
            found = [(start_us, _frame_at(title, start_us))]
        images = [_image(frame, title, look) for _, frame in found]
    columns = min(columns, len(images))
    rows = math.ceil(len(images) / columns)
    width, height = look.size or (tile_width, tile_width)
    sheet = Image.new("RGB", (columns * width, rows * height))
    for n, image in enumerate(images):
        sheet.paste(image, (n % columns * width, n // columns * height))
    buffer = io.BytesIO()
    sheet.save(buffer, "JPEG", quality=75, optimize=True)
    write_whole(Path(destination), buffer.getvalue())
    return Storyboard(width, height, columns, rows, tuple(at for at, _ in found), until)


def _tile_look(index: TitleIndex, width: int) -> Profile:
    video = index.video
    size = fitted(video.display_width, video.display_height, Fraction(1), width, width * 3)
    return Profile("tile", "", size, "fit")


def _keyframes(title: OpenSource, start_us: int, end_us: int, count: int) -> Iterator[tuple[int, VideoFrame]]:
    """At most ``count`` keyframes in the stretch, by seeking to where each is wanted."""
    last = -1
    for n in range(count):
        target = start_us + (end_us - start_us) * n // count
        if target < last:
            continue
        found = _keyframe_near(title, title.pts(target))
        if found is None or title.us(found[0]) <= last:
            continue
        last = title.us(found[0])
        yield max(0, last), found[1]


def _keyframe_near(title: OpenSource, wanted: int) -> tuple[int, VideoFrame] | None:
    """The keyframe at or before a time, with its time; where it belongs to what is not shown, the frame wanted."""
    reader, shift, begin = title, 0, wanted
    part = next(title.timeline.parts(wanted, wanted + 1), None)
    if part is not None:
        reader, shift, begin = title.reading(part.piece.window), part.piece.shift, part.piece.begin
    context = reader.video.codec_context
    context.skip_frame = "NONKEY"
    seek(reader, wanted - shift)
    frame = _next_frame(reader)
    context.skip_frame = "DEFAULT"
    pts = None if frame is None else time_of(frame, reader)
    if part is not None and (pts is None or pts + shift < begin or part.piece.window.hidden):
        return next(decode_between(title, wanted, None), None)
    return None if frame is None or pts is None else (pts + shift, frame)


def _next_frame(title: OpenSource) -> VideoFrame | None:
    tries = 0
    for packet in title.packets(title.video):
        tries += 1
        if packet.size and not packet.is_keyframe and tries < 600:
            continue
        try:
            frames = packet.decode()
            frames = frames or title.video.codec_context.decode(None)
        except (av.error.FFmpegError, EOFError):
            frames = []
        title.video.codec_context.flush_buffers()
        if frames:
            return frames[0]
        if tries > 600:
            break
    return None


def waveform(
    source: str | Path,
    *,
    points: int = 1000,
    start_us: int = 0,
    end_us: int | None = None,
    audio_track: int | None = None,
) -> list[float]:
    """Peaks of the sound, ``points`` numbers from 0 to 1 over the title or ``[start_us, end_us)`` of it.

    Raises ``no_audio`` for a silent title, and the reading reasons of `probe`.
    """
    with open_source(source) as title:
        index = index_of(title)
        stream = choose_track(title, audio_track)
        if stream is None:
            raise MediaError("no_audio")
        until = min(end_us or index.duration_us, index.duration_us)
        origin = title.origin
        span = AudioSpan(Fraction(start_us, SECOND_US) + origin, Fraction(until, SECOND_US) + origin)
        total = max(1, round((span.end - span.start) * WAVEFORM_RATE))
        peaks = np.zeros(points, np.float32)
        at = 0
        for block in exact_samples(title, stream, span, WAVEFORM_RATE, "mono"):
            where = (np.arange(at, at + block.shape[1], dtype=np.int64) * points // total).clip(0, points - 1)
            np.maximum.at(peaks, where, np.abs(block[0]))
            at += block.shape[1]
    return [round(float(p), 4) for p in np.minimum(peaks, 1.0)]


def preview(
    source: str | Path,
    start_us: int,
    destination: str | Path,
    *,
    length_us: int = 3 * SECOND_US,
    width: int = 480,
    limits: Limits = DEFAULT_LIMITS,
) -> CutResult:
    """A small silent MP4 from ``start_us`` on, for cards that move under the pointer. Raises what `cut` raises."""
    with open_source(source) as title:
        video = index_of(title).video
    size = fitted(video.display_width, video.display_height, Fraction(1), width, width * 2)
    look = Profile("preview", "", size, "fit", silent=True, crf=26)
    request = ClipRequest(start_us=start_us, end_us=start_us + length_us, profile=look, limits=limits)
    return cut(source, request, destination)
