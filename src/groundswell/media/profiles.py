"""Named shapes a clip can be rendered in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .errors import MediaError
from .times import SECOND_US

Framing = Literal["keep", "fit", "fill"]

MESSENGERS_TAKE = 20_000_000
"""The most that Telegram plays in a chat (`shares/preview/targets.py` has the source)."""


@dataclass(frozen=True)
class Profile:
    """A target. ``size`` is width × height in square pixels, or None for the title's own size.

    ``framing``: ``keep`` the coded picture as it is, ``fit`` it whole between bars, ``fill`` the frame with
    the part that matters. ``crf`` is the encoder's quality, lower is better; where the file would grow beyond
    ``most_bytes`` by it, or its pictures need more than ``most_rate`` bits a second, quality gives way. ``sound_rate``
    is the bits a second of a channel. ``marked``: whether the service may put its end card on it.
    """

    name: str
    says: str
    size: tuple[int, int] | None = None
    framing: Framing = "keep"
    longest_us: int | None = None
    silent: bool = False
    crf: int = 18
    marked: bool = True
    most_bytes: int | None = MESSENGERS_TAKE
    most_rate: int | None = None
    sound_rate: int = 80_000

    @property
    def renders(self) -> bool:
        """Whether every frame is re-encoded in any case."""
        return self.framing != "keep"

    @property
    def takes_card(self) -> bool:
        return self.renders and self.marked


PROFILES: dict[str, Profile] = {
    p.name: p
    for p in (
        Profile("source", "The title's own size; smart cut where its codec allows.", most_bytes=None),
        Profile("wide", "1280×720 for landscape players and link cards.", (1280, 720), "fit"),
        Profile(
            "light",
            "640×360 for slow connections.",
            (640, 360),
            "fit",
            crf=27,
            marked=False,
            most_rate=230_000,
            sound_rate=32_000,
        ),
        Profile("vertical", "720×1280 for Reels, Shorts and Stories.", (720, 1280), "fill"),
        Profile("square", "720×720 for feeds.", (720, 720), "fill"),
        Profile("stories", "720×1280, at most 20 s.", (720, 1280), "fill", 20 * SECOND_US),
        Profile("clean", "720×1280 without any mark, as TikTok asks.", (720, 1280), "fill", marked=False),
    )
}


def profile_named(name: str) -> Profile:
    """Raises `MediaError` ``bad_option`` for an unknown name."""
    if name not in PROFILES:
        raise MediaError("bad_option", f"{name!r} is no profile. Choose one of {', '.join(PROFILES)}.")
    return PROFILES[name]
