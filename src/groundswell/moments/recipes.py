"""What fully determines a piece of media, and its hash: same recipe, same bytes. Pure."""

import hashlib
from dataclasses import dataclass
from uuid import UUID

from groundswell.media import CARD_US, PROFILES

EDITION = 1
"""Part of every hash. Raise it when the clip engine makes something else of the same recipe."""

COPY, POSTER, PREVIEW, WIDE, HLS = "source", "poster", "preview", "wide", "hls"
"""The profiles that the service itself asks for. ``source`` is the exact MP4 by smart cut, ``hls`` the exact HLS."""

OURS = frozenset({POSTER, PREVIEW, HLS})
"""Those that are none of the clip engine's."""

CARD = "+card"
"""After the name of a profile: with the service's end card, as files leave that are saved."""

PREVIEW_US = 3_000_000


def as_saved(profile: str, duration_us: int) -> str:
    """The profile in which a clip is saved: with the end card, where the profile takes one and leaves room for it."""
    found = PROFILES.get(profile)
    if found is None or not found.takes_card:
        return profile
    fits = found.longest_us is None or duration_us + CARD_US <= found.longest_us
    return profile + CARD if fits else profile


@dataclass(frozen=True)
class Recipe:
    """A span of one version of a title, in a profile: one of the clip engine's (with the end card, where it takes one),
    ``poster``, ``preview`` or ``hls``.

    Raises:
        ValueError: there is no such profile.
    """

    source_id: UUID
    start_us: int
    end_us: int
    profile: str

    def __post_init__(self) -> None:
        found = PROFILES.get(self.shape)
        if self.profile not in OURS and (found is None or (self.carded and not found.takes_card)):
            raise ValueError(f"no profile {self.profile!r}")

    @property
    def shape(self) -> str:
        """The profile without its end card."""
        return self.profile.removesuffix(CARD)

    @property
    def carded(self) -> bool:
        """It ends with the service's card."""
        return self.profile.endswith(CARD)

    @property
    def hash(self) -> str:
        """SHA-256 over everything the bytes depend on, in hexadecimal."""
        parts = (EDITION, self.source_id, self.start_us, self.end_us, self.profile)
        return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()

    @property
    def media_type(self) -> str:
        return {POSTER: "image/jpeg", HLS: "application/vnd.apple.mpegurl"}.get(self.profile, "video/mp4")

    @property
    def storage_key(self) -> str:
        """Where the bytes are kept; the files of exact HLS lie under it as in a folder."""
        suffix = {POSTER: ".jpg", HLS: ""}.get(self.profile, ".mp4")
        return f"renditions/{self.hash[:2]}/{self.hash}{suffix}"

    @property
    def poster_us(self) -> int:
        """Which frame speaks for the clip: one third in, past a fade or a cut at the beginning."""
        return self.start_us + (self.end_us - self.start_us) // 3

    @property
    def preview_us(self) -> int:
        """Length of the animated preview."""
        return min(PREVIEW_US, self.end_us - self.start_us)
