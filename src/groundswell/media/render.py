"""Decode a stretch of a title and encode every frame of it anew: right for any codec and any profile."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from av.container import OutputContainer
from av.video.frame import VideoFrame

from .captions import Captions
from .card import EndCard
from .check import Seam, check_clip
from .embedded import embedded_lines
from .encode import Encoder, Quality
from .endcard import card_frame, with_card
from .frames import decode_between
from .grid import end_of, grid_of, rates_of
from .mux import interleave, lay_out, mp4
from .order import CutResult, Order
from .picture import Pictures
from .reframe import Follower, View
from .sound import Span
from .soundtrack import add_sound
from .source import Source
from .subtitles import Lines, read_subtitles
from .times import SECOND_US, to_us
from .title import TitleIndex

SMOOTH = Fraction(30)


def render(title: Source, index: TitleIndex, order: Order, path: Path, reason: str | None = None) -> CutResult:
    """Write the clip to ``path`` and check it. ``reason`` is why it was not cut smartly."""
    rates = rates_of(title, index)
    with mp4(path) as output:
        pictures, encoder, seen, following = _encode(title, index, order, output, (rates or [SMOOTH])[0])
        film = grid_of(seen, title.tick, rates, end_of(title, order), following)
        grid = film if order.card is None else with_card(film, (rates or [SMOOTH])[0])
        if order.card is not None:
            _add_card(order.card, pictures, encoder, seen[-1], len(grid.times) - len(film.times))
        packets = encoder.finish()
        lay_out(packets, grid, encoder.stream)
        first = seen[0] * title.tick
        shown, after = film.duration * film.tick, (grid.duration - film.duration) * film.tick
        sound, kind = add_sound(title, order, output, Span(first, first + shown), after)
        interleave(output, packets, sound, timescale=grid.timescale)
    heard = grid.duration * grid.tick if kind != "none" else None
    last = len(grid.times) - 1
    check_clip(path, grid, seams=[Seam(0, 0), Seam(last, last)], audio_until=heard)
    order.on_progress(1.0)
    return CutResult(
        mode="encode",
        profile=order.profile.name,
        width=pictures.shape.width,
        height=pictures.shape.height,
        frames=len(seen),
        frames_copied=0,
        frames_encoded=len(seen),
        first_pts_us=title.us(seen[0]),
        last_pts_us=title.us(seen[-1]),
        duration_us=to_us(grid.duration * grid.tick),
        audio=kind,
        size_bytes=path.stat().st_size,
        fallback_reason=reason,
        card_us=to_us(after),
    )


def _add_card(card: EndCard, pictures: Pictures, encoder: Encoder, last: int, count: int) -> None:
    """Show the card from the tick after the last frame on; `lay_out` gives its frames their times."""
    for n in range(1, count + 1):
        encoder.add(card_frame(card, pictures.shape.width, pictures.shape.height), last + n)


def _encode(
    title: Source, index: TitleIndex, order: Order, output: OutputContainer, rate: Fraction
) -> tuple[Pictures, Encoder, list[int], int | None]:
    """Everything that is between start and end, encoded; the pts of the frames, and of the one after them."""
    lo, hi = title.pts(order.start_us), title.pts(order.end_us)
    line: _Line | None = None
    seen: list[int] = []
    following: int | None = None
    for pts, frame in decode_between(title, lo, None):
        if pts >= hi:
            following = pts
            break
        line = line or _Line.open(title, order, output, frame, rate)
        line.take(pts, frame)
        seen.append(pts)
        order.on_progress(min(0.95, (pts - lo + 1) / max(1, hi - lo)))
    if line is None:
        raise order.nothing(index)
    line.finish()
    return line.pictures, line.encoder, seen, following


def _lines(title: Source, order: Order) -> Lines:
    """What is to be drawn, out of a file or of the title itself (opened once more: this one is being read)."""
    if order.subtitles is None:
        return Lines()
    if isinstance(order.subtitles, int):
        return embedded_lines(title.path, order.subtitles, order.start_us, order.end_us)
    return read_subtitles(order.subtitles)


BESIDES_PICTURES = 200_000
"""Bits a second for sound and for the container."""
AFTER_CLIP_S = 4
"""Seconds beyond the clip's: its end card, and what the encoder's buffer holds."""


def _most_rate(order: Order) -> int | None:
    """The pictures' bits a second within which the file stays as small as its profile wants it."""
    if order.profile.most_bytes is None:
        return None
    seconds = (order.end_us - order.start_us) / SECOND_US + AFTER_CLIP_S
    return max(100_000, int(order.profile.most_bytes * 8 / seconds) - BESIDES_PICTURES)


@dataclass
class _Line:
    """The way of a frame: framed for its shot, shaped, captioned, encoded."""

    title: Source
    pictures: Pictures
    follower: Follower
    captions: Captions | None
    encoder: Encoder

    @classmethod
    def open(cls, title: Source, order: Order, output: OutputContainer, first: VideoFrame, rate: Fraction) -> _Line:
        profile = order.profile
        pictures = Pictures(first, title.video.sample_aspect_ratio, profile)
        fixed = View(0.5) if profile.framing != "fill" else None if order.focus is None else View(order.focus)
        follower = Follower(pictures.free_shape, pictures.orientation.degrees // 90, fixed)
        shape = pictures.shape
        quality = Quality(crf=profile.crf, most_rate=_most_rate(order))
        encoder = Encoder.open(output, shape, title.tick, rate, quality, order.limits.threads)
        lines = _lines(title, order)
        heard = [n for n in lines if n.start_us < order.end_us and n.end_us > order.start_us]
        captions = Captions(heard, shape.width, shape.height, shape.orientation) if heard else None
        return cls(title, pictures, follower, captions, encoder)

    def take(self, pts: int, frame: VideoFrame) -> None:
        for at, held, view in self.follower.take(pts, frame):
            self._encode(self.pictures.take(at, held, view))

    def finish(self) -> None:
        for at, held, view in self.follower.finish():
            self._encode(self.pictures.take(at, held, view))
        self._encode(self.pictures.finish())

    def _encode(self, made: list[tuple[int, VideoFrame]]) -> None:
        for at, frame in made:
            if self.captions is not None:
                self.captions.draw(frame, self.title.us(at))
            self.encoder.add(frame, at)
