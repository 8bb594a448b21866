"""Small real films, drawn and encoded here: shots of one colour each, a tone, frames that differ."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from tests.film_cache import rendered_once

RATE = 24
COLOURS = ((200, 40, 40), (40, 160, 60), (50, 60, 200))
SUBTITLES = """1
00:00:00,500 --> 00:00:01,500
<i>Who</i> goes there?

2
00:00:02,000 --> 00:00:03,000
Grüße aus dem Nebel.

3
00:09:00,000 --> 00:09:05,000
A line of another film.
"""


@rendered_once
def film(
    path: Path, *, shot_seconds: int = 2, sound: str | None = "aac", picture: str | None = "libx264", hue: int = 0
) -> Path:
    """Write a film of three shots to ``path``; its suffix says in which container. ``hue`` makes it another film."""
    with av.open(str(path), "w") as output:
        video = None if picture is None else output.add_stream(picture, rate=RATE)
        audio = None if sound is None else output.add_stream(sound, rate=48_000, layout="stereo")
        if video is not None:
            video.width, video.height, video.pix_fmt = 192, 108, "yuv420p"
            video.codec_context.gop_size = RATE
            for n in range(3 * shot_seconds * RATE):
                frame = av.VideoFrame.from_ndarray(_picture(n, n // (shot_seconds * RATE), hue), format="rgb24")
                frame.pts, frame.time_base = n, Fraction(1, RATE)
                output.mux(video.encode(frame))
            output.mux(video.encode(None))
        if audio is not None:
            output.mux(packet for frame in _tone(3 * shot_seconds) for packet in audio.encode(frame))
            output.mux(audio.encode(None))
    return path


def _picture(n: int, shot: int, hue: int) -> np.ndarray:
    image = np.full((108, 192, 3), COLOURS[shot], np.uint8)
    image[:, (n * 3) % 180 : (n * 3) % 180 + 10] = (255, 255, hue)
    return image


def _tone(seconds: int) -> list[av.AudioFrame]:
    """Silence in the first half, a tone in the second."""
    frames = []
    for n in range(seconds * 48_000 // 1024):
        at = np.arange(n * 1024, (n + 1) * 1024)
        wave = np.where(at < seconds * 24_000, 0, 0.5 * np.sin(at * 440 * 2 * np.pi / 48_000)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(np.stack([wave, wave]), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, n * 1024, Fraction(1, 48_000)
        frames.append(frame)
    return frames
