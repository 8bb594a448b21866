"""What fully determines a piece of media, and its hash: same recipe, same bytes. Pure."""

import hashlib
from dataclasses import dataclass
from uuid import UUID

from groundswell.media import PROFILES

EDITION = 1
"""Part of every hash. Raise it when the clip engine makes something else of the same recipe."""

POSTER, PREVIEW, WIDE = "poster", "preview", "wide"
LANDING = (WIDE, POSTER, PREVIEW)
"""What a moment's landing page and its cards need: made as soon as the moment is saved."""

PREVIEW_US = 3_000_000


@dataclass(frozen=True)
class Recipe:
    """A span of one version of a title, in a profile: one of the clip engine's, ``poster`` or ``preview``.

    Raises:
        ValueError: there is no such profile.
    """

    source_id: UUID
    start_us: int
    end_us: int
    profile: str

    def __post_init__(self) -> None:
        if self.profile not in PROFILES and self.profile not in {POSTER, PREVIEW}:
            raise ValueError(f"no profile {self.profile!r}")

    @property
    def hash(self) -> str:
        """SHA-256 over everything the bytes depend on, in hexadecimal."""
        parts = (EDITION, self.source_id, self.start_us, self.end_us, self.profile)
        return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()

    @property
    def media_type(self) -> str:
        return "image/jpeg" if self.profile == POSTER else "video/mp4"

    @property
    def storage_key(self) -> str:
        """Where the bytes are kept."""
        suffix = "jpg" if self.profile == POSTER else "mp4"
        return f"renditions/{self.hash[:2]}/{self.hash}.{suffix}"

    @property
    def poster_us(self) -> int:
        """Which frame speaks for the clip: one third in, past a fade or a cut at the beginning."""
        return self.start_us + (self.end_us - self.start_us) // 3

    @property
    def preview_us(self) -> int:
        """Length of the animated preview."""
        return min(PREVIEW_US, self.end_us - self.start_us)
