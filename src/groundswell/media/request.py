"""One cut as asked for, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal

from .end_card_text import CARD_US, EndCard
from .errors import MediaError
from .limits import DEFAULT_LIMITS, Limits
from .profiles import Profile, profile_named
from .times import clock
from .title import TitleIndex

Audio = Literal["copy", "exact"]
Focus = float | Sequence[tuple[int, float | None]]
"""Where along the spare side the crop lies, 0 to 1: throughout, or from each time (microseconds) on; None: the whole
picture is shown."""
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
    ``missing_scripts`` names what of the captions no font could draw.
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
    missing_scripts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ClipRequest:
    """A clip as asked for, checked when made.

    The clip holds the frames with ``start_us <= time < end_us`` (microseconds on the title's presentation timeline).
    ``profile`` is a `Profile` or the name of one of `PROFILES`; ``audio`` is ``copy`` or ``exact`` to the sample;
    ``audio_track`` counts from 0; ``subtitles`` (a file timed to the title, or the number of one of its own text
    tracks) are drawn into the picture; ``focus`` (0 to 1) puts the crop of tall profiles by hand; ``card`` is shown for
    two seconds after the last frame (not in ``source``, ``light`` and ``clean``); ``measure_seam`` compares the
    re-encoded edges with the title. Raises `MediaError`: ``bad_time``, ``start_not_before_end``, ``bad_option``,
    ``too_long``.
    """

    start_us: int
    end_us: int
    profile: Profile | str = "source"
    audio: Audio = "copy"
    audio_track: int | None = None
    subtitles: str | Path | int | None = None
    focus: Focus | None = None
    card: EndCard | None = None
    measure_seam: bool = False
    limits: Limits = DEFAULT_LIMITS

    def __post_init__(self) -> None:
        if self.start_us < 0:
            raise MediaError("bad_time", "The start lies before 0:00.")
        if self.start_us >= self.end_us:
            raise MediaError("start_not_before_end")
        if self.audio not in ("copy", "exact"):
            raise MediaError("bad_option", "audio is 'copy' or 'exact'.")
        if not all(at is None or 0 <= at <= 1 for _, at in self.focuses):
            raise MediaError("bad_option", "focus lies between 0 and 1.")
        if self.card is not None and not self.target.takes_card:
            raise MediaError("bad_option", f"A {self.target.name} clip takes no end card.")
        longest = min(self.limits.longest_us, self.target.longest_us or self.limits.longest_us)
        if self.end_us - self.start_us + (CARD_US if self.card is not None else 0) > longest:
            raise MediaError("too_long", f"A {self.target.name} clip lasts at most {clock(longest)}, end card and all.")

    @property
    def focuses(self) -> list[tuple[int, float | None]]:
        """Where the crop is put by hand, from when on, in the order of time; empty where it is not."""
        if self.focus is None:
            return []
        if isinstance(self.focus, (int, float)):
            return [(0, self.focus)]
        return sorted(((us, at) for us, at in self.focus), key=itemgetter(0))

    @property
    def target(self) -> Profile:
        return profile_named(self.profile) if isinstance(self.profile, str) else self.profile

    def to_json(self) -> str:
        document = asdict(self)
        if isinstance(self.subtitles, Path):
            document["subtitles"] = str(self.subtitles)
        return json.dumps(document)

    @classmethod
    def from_json(cls, text: str | bytes) -> ClipRequest:
        """Raises ``bad_option`` for what is no request, and what making one raises."""
        try:
            document = json.loads(text)
            profile, card, limits = document.get("profile", "source"), document.get("card"), document.get("limits")
            document["profile"] = profile if isinstance(profile, str) else _profile(profile)
            document["card"] = None if card is None else EndCard(**card)
            document["limits"] = DEFAULT_LIMITS if limits is None else Limits(**limits)
            return cls(**document)
        except (ValueError, TypeError, AttributeError) as error:
            raise MediaError("bad_option", f"This is no request for a clip ({error}).") from error


def _profile(document: dict[str, Any]) -> Profile:
    size = document.get("size")
    return Profile(**{**document, "size": None if size is None else tuple(size)})


def _unheard(done: float) -> None:
    """Nobody listens."""


@dataclass(frozen=True, kw_only=True)
class Order(ClipRequest):
    """A request on its way through the engine, with who hears of its progress."""

    on_progress: Progress = _unheard

    @classmethod
    def of(cls, request: ClipRequest, on_progress: Progress | None) -> Order:
        asked = {field.name: getattr(request, field.name) for field in fields(request)}
        return cls(**asked, on_progress=on_progress or _unheard)

    def nothing(self, index: TitleIndex) -> MediaError:
        """The refusal when no frame lies between start and end."""
        if self.start_us >= index.duration_us:
            return MediaError("past_the_end", f"The video ends at {clock(index.duration_us)}.")
        return MediaError("no_frames")
