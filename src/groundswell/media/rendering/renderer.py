"""Decode a stretch of a title and encode every frame of it anew: right for any codec and any profile."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path

from av.container import OutputContainer
from av.video.frame import VideoFrame

from groundswell.media.audio.sound import AudioSpan
from groundswell.media.audio.soundtrack import add_sound
from groundswell.media.end_card_text import EndCard
from groundswell.media.errors import MediaError
from groundswell.media.output.check import Seam, check_clip
from groundswell.media.output.grid import end_of, grid_of, rates_of, shown_next
from groundswell.media.output.mux import interleave, lay_out, mp4
from groundswell.media.reading.account import FrameAccount, check_positions
from groundswell.media.reading.frames import decode_between
from groundswell.media.reading.source import OpenSource
from groundswell.media.request import CutResult, Order
from groundswell.media.subtitles.captions import Captions
from groundswell.media.subtitles.cues import Cues, read_subtitles
from groundswell.media.subtitles.embedded import embedded_lines
from groundswell.media.times import SECOND_US, to_us
from groundswell.media.title import TitleIndex

from .crop import CropWindow, Follower
from .encoder import Encoder, Quality
from .end_card import card_frame, with_card
from .picture import Pictures

SMOOTH = Fraction(30)
FASTEST = Fraction(60)
"""The most frames a second of a rendered clip: what phones and messengers take."""
CLOSE = Fraction(9, 10)
"""By how much of the shortest step frames may be nearer to each other, for the rounding of containers."""
ONE_PACKET_A_PICTURE = frozenset({"h264", "hevc"})


def render(title: OpenSource, index: TitleIndex, order: Order, path: Path, reason: str | None = None) -> CutResult:
    """Write the clip to ``path`` and check it. ``reason`` is why it was not cut smartly."""
    rates, account = rates_of(title, index), FrameAccount()
    if order.target.renders:
        rates = [rate / ceil(rate / FASTEST) for rate in rates]
    with mp4(path) as output:
        pictures, encoder, seen, following, undrawn = _encode(
            title, index, order, output, (rates or [SMOOTH])[0], account
        )
        film = grid_of(seen, title.tick, rates, end_of(title, order), shown_next(title, following))
        grid = film if order.card is None else with_card(film, (rates or [SMOOTH])[0])
        if order.card is not None:
            _add_card(order.card, pictures, encoder, seen[-1], len(grid.times) - len(film.times))
        packets = encoder.finish()
        lay_out(packets, grid, encoder.stream)
        first = seen[0] * title.tick
        shown, after = film.duration * film.tick, (grid.duration - film.duration) * film.tick
        sound, kind = add_sound(title, order, output, AudioSpan(first, first + shown), after)
        interleave(output, packets, sound, timescale=grid.timescale)
    heard = grid.duration * grid.tick if kind != "none" else None
    last = len(grid.times) - 1
    _check_positions(title, index, order, account)
    check_clip(path, grid, seams=[Seam(0, 0), Seam(last, last)], audio_until=heard)
    order.on_progress(1.0)
    return CutResult(
        mode="encode",
        profile=order.target.name,
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
        missing_scripts=undrawn,
    )


def _check_positions(title: OpenSource, index: TitleIndex, order: Order, account: FrameAccount) -> None:
    """Hold the frames against what the title's packets tell. Nothing was copied here, so where the two differ it is
    the title that contradicts itself.

    Raises `MediaError` ``damaged``.
    """
    if account.whole and not account.broken:  # what a decoder makes of damage, packets cannot tell
        lo, hi = title.pts(order.start_us), title.pts(order.end_us)
        one_each = index.video.codec in ONE_PACKET_A_PICTURE and not title.interlaced
        try:
            check_positions(account.shown(hi), account.told(lo, hi), whole=one_each)
        except MediaError as error:
            raise MediaError("damaged", error.detail) from error


def _add_card(card: EndCard, pictures: Pictures, encoder: Encoder, last: int, count: int) -> None:
    """Show the card from the tick after the last frame on; `lay_out` gives its frames their times."""
    for n in range(1, count + 1):
        encoder.add(card_frame(card, pictures.shape.width, pictures.shape.height), last + n)


def _encode(
    title: OpenSource, index: TitleIndex, order: Order, output: OutputContainer, rate: Fraction, account: FrameAccount
) -> tuple[Pictures, Encoder, list[int], int | None, tuple[str, ...]]:
    """Everything that is between start and end, encoded; the pts of the frames, and of the one after them."""
    lo, hi = title.pts(order.start_us), title.pts(order.end_us)
    line: _Line | None = None
    seen: list[int] = []
    following: int | None = None
    for pts, frame in decode_between(title, lo, None, account=account):
        if account.seen[-1][1] >= hi:
            following = pts
            break
        if seen and order.target.renders and (pts - seen[-1]) * title.tick < CLOSE / FASTEST:
            continue
        line = line or _Line.open(title, order, output, frame, rate)
        line.take(pts, frame)
        seen.append(pts)
        order.on_progress(min(0.95, (pts - lo + 1) / max(1, hi - lo)))
    if line is None:
        raise order.nothing(index)
    line.finish()
    undrawn = line.captions.missing if line.captions is not None else ()
    return line.pictures, line.encoder, seen, following, undrawn


def _lines(title: OpenSource, order: Order) -> Cues:
    """What is to be drawn, out of a file or of the title itself (opened once more: this one is being read)."""
    if order.subtitles is None:
        return Cues()
    if isinstance(order.subtitles, int):
        return embedded_lines(title.path, order.subtitles, order.start_us, order.end_us)
    return read_subtitles(order.subtitles)


BESIDES_PICTURES = 200_000
"""Bits a second for sound and for the container."""
AFTER_CLIP_S = 4
"""Seconds beyond the clip's: its end card, and what the encoder's buffer holds."""


def _most_rate(order: Order) -> int | None:
    """The pictures' bits a second within which the file stays as small, and as slow, as its profile wants it."""
    if order.target.most_bytes is None:
        return order.target.most_rate
    seconds = (order.end_us - order.start_us) / SECOND_US + AFTER_CLIP_S
    fits = max(100_000, int(order.target.most_bytes * 8 / seconds) - BESIDES_PICTURES)
    return min(fits, order.target.most_rate or fits)


@dataclass
class _Line:
    """The way of a frame: framed for its shot, shaped, captioned, encoded."""

    title: OpenSource
    pictures: Pictures
    follower: Follower
    captions: Captions | None
    encoder: Encoder

    @classmethod
    def open(cls, title: OpenSource, order: Order, output: OutputContainer, first: VideoFrame, rate: Fraction) -> _Line:
        profile = order.target
        pictures = Pictures(first, title.video.sample_aspect_ratio, profile)
        chosen = order.focuses if profile.framing == "fill" else [(0, 0.5)]
        fixed = [(title.pts(us), CropWindow(at)) for us, at in chosen]
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
