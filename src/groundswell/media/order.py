"""One cut as asked for, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .card import CARD_US, EndCard
from .errors import MediaError
from .limits import Limits
from .profiles import Profile
from .times import clock
from .title import TitleIndex

Audio = Literal["copy", "exact"]
AudioDone = Literal["copy", "exact", "none"]
Progress = Callable[[float], None]


@dataclass(frozen=True)
class CutResult:
    """What was made. Times are microseconds on the title's presentation timeline.

    ``first_pts_us`` and ``last_pts_us`` are the times of the first and last frame in the clip, ``duration_us``
    how long the clip plays. ``mode`` is ``smart`` when whole GOPs were copied, else ``encode``;
    ``fallback_reason`` says why a ``source`` clip could not be cut smartly, None when it was or need not be.
    ``audio`` is what was done with the sound. ``seam_psnr`` (dB, luma, the worst re-encoded frame) is there
    when asked for. ``card_us`` is how much of ``duration_us`` is the end card, whose frames are not among ``frames``.
    """

    mode: Literal["smart", "encode"]
    profile: str
    width: int
    height: int
    frames: int
    frames_copied: int
    frames_encoded: int
    first_pts_us: int
    last_pts_us: int
    duration_us: int
    audio: AudioDone
    size_bytes: int
    fallback_reason: str | None = None
    seam_psnr: float | None = None
    card_us: int = 0


@dataclass(frozen=True)
class Order:
    """A cut as asked for, checked when made."""

    start_us: int
    end_us: int
    profile: Profile
    audio: Audio
    audio_track: int | None
    subtitles: Path | int | None
    on_progress: Progress
    limits: Limits
    measure_seam: bool = False
    focus: float | None = None
    card: EndCard | None = None

    def __post_init__(self) -> None:
        if self.start_us < 0:
            raise MediaError("bad_time", "The start lies before 0:00.")
        if self.start_us >= self.end_us:
            raise MediaError("start_not_before_end")
        if self.audio not in ("copy", "exact"):
            raise MediaError("bad_option", "audio is 'copy' or 'exact'.")
        if self.focus is not None and not 0 <= self.focus <= 1:
            raise MediaError("bad_option", "focus lies between 0 and 1.")
        if self.card is not None and not self.profile.takes_card:
            raise MediaError("bad_option", f"A {self.profile.name} clip takes no end card.")
        longest = min(self.limits.longest_us, self.profile.longest_us or self.limits.longest_us)
        if self.end_us - self.start_us + (CARD_US if self.card is not None else 0) > longest:
            raise MediaError(
                "too_long", f"A {self.profile.name} clip lasts at most {clock(longest)}, end card and all."
            )

    def nothing(self, index: TitleIndex) -> MediaError:
        """The refusal when no frame lies between start and end."""
        if self.start_us >= index.duration_us:
            return MediaError("past_the_end", f"The video ends at {clock(index.duration_us)}.")
        return MediaError("no_frames")
