"""From frames and sound to an MP4 file: H.264 High and AAC, 2 s closed GOPs, index first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from groundswell.demo.films.loudness import RATE, Sound
from groundswell.demo.films.stage import FPS, Frame

GOP = 2 * FPS
_CHUNK = 1024  # samples an AAC frame holds
# veryfast, less what drawn pictures do not miss: a fifth less time for the same size and sharpness.
_TUNING = "subme=1:me=dia:partitions=none:bframes=2:weightp=0:rc-lookahead=10"
_X264 = {
    "preset": "veryfast",
    "crf": "21.5",
    "x264-params": f"keyint={GOP}:min-keyint={GOP}:scenecut=0:open-gop=0:{_TUNING}",
}


def write_mp4(
    path: Path,
    frames: Iterable[Frame],
    sound: Sound,
    size: tuple[int, int],
    held: Iterable[int],
    on_frame: Callable[[int], None] | None = None,
) -> None:
    """Encode ``frames`` (RGB) with ``sound`` ((samples, 2) at 48 kHz) to ``path``.

    ``size`` is (width, height) in px, both even; frames of another size are scaled. Each is shown for as many times
    1 / FPS s as ``held`` says. ``on_frame`` hears the number of those done. Sound is interleaved with the picture, so
    that a player need not seek.
    """
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as output:
        video, audio = _video_stream(output, size), _audio_stream(output)
        scaler, index, spoken = VideoReformatter(), 0, 0
        for frame, times in zip(frames, held, strict=True):
            picture = scaler.reformat(
                av.VideoFrame.from_ndarray(frame, format="rgb24"), *size, "yuv420p",
                dst_colorspace=Colorspace.ITU709, interpolation=Interpolation.BILINEAR,
            )  # fmt: skip
            for _ in range(times):
                picture.pts, picture.time_base = index, Fraction(1, FPS)
                output.mux(video.encode(picture))
                index += 1
                spoken = _encode_sound(output, audio, sound, spoken, index * RATE // FPS)
                if on_frame is not None:
                    on_frame(index)
        output.mux(video.encode(None))
        _encode_sound(output, audio, sound, spoken, len(sound) + _CHUNK)
        output.mux(audio.encode(None))


def _video_stream(output: OutputContainer, size: tuple[int, int]) -> VideoStream:
    stream = output.add_stream("libx264", rate=FPS, options=_X264)
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.color_primaries = context.color_trc = context.colorspace = 1  # BT.709
    context.color_range = 1  # limited
    context.thread_count = 2
    return stream


def _audio_stream(output: OutputContainer) -> AudioStream:
    # Twice as fast as what the encoder does unasked, and at this rate nearer to what is played.
    stream = output.add_stream("aac", rate=RATE, layout="stereo", options={"aac_coder": "fast"})
    stream.bit_rate = 160_000
    return stream


def _encode_sound(output: OutputContainer, stream: AudioStream, sound: Sound, done: int, until: int) -> int:
    """Encode whole AAC frames from sample ``done`` up to ``until``; returns how far it came."""
    while done < len(sound) and done + _CHUNK <= until:
        planes = np.ascontiguousarray(sound[done : done + _CHUNK].T)
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, done, Fraction(1, RATE)
        output.mux(stream.encode(frame))
        done += planes.shape[1]
    return done
