"""What fully determines a piece of media, and its hash: same recipe, same bytes. Pure."""

import hashlib
import json
from dataclasses import asdict, dataclass
from uuid import UUID

from groundswell.media import PROFILES, EndCard

EDITION = 1
"""Part of every hash. Raise it when the clip engine makes something else of the same recipe."""

COPY, POSTER, PREVIEW, WIDE, HLS = "source", "poster", "preview", "wide", "hls"
"""The profiles that the service itself asks for. ``source`` is the exact MP4 by smart cut, ``hls`` the exact HLS."""

PLANNED = {"plan-vertical": "vertical", "plan-square": "square"}
"""Which part of the picture a shape would show, shot by shot: whose crop each of these profiles tells, as JSON."""

OURS = frozenset({POSTER, PREVIEW, HLS, *PLANNED})
"""Those that are none of the clip engine's."""

PREVIEW_US = 3_000_000


@dataclass(frozen=True)
class Recipe:
    """A span of one version of a title, in a profile: one of the clip engine's or of ``OURS``.

    ``captions`` is WebVTT, timed to the title, that is drawn into the picture; ``card`` is shown at the end;
    ``framing`` is which part of a wide picture an upright one shows, from each time on, where somebody chose.

    Raises:
        ValueError: there is no such profile.
    """

    source_id: UUID
    start_us: int
    end_us: int
    profile: str
    captions: str | None = None
    card: EndCard | None = None
    framing: tuple[tuple[int, float | None], ...] = ()

    def __post_init__(self) -> None:
        if self.profile not in PROFILES and self.profile not in OURS:
            raise ValueError(f"no profile {self.profile!r}")

    @property
    def hash(self) -> str:
        """SHA-256 over everything the bytes depend on, in hexadecimal."""
        parts: tuple[object, ...] = (EDITION, self.source_id, self.start_us, self.end_us, self.profile)
        if self.captions is not None or self.card is not None:
            parts += (json.dumps([self.captions, self.card and asdict(self.card)]),)
        if self.framing:
            parts += (json.dumps(self.framing),)
        return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()

    @property
    def media_type(self) -> str:
        if self.profile in PLANNED:
            return "application/json"
        return {POSTER: "image/jpeg", HLS: "application/vnd.apple.mpegurl"}.get(self.profile, "video/mp4")

    @property
    def storage_key(self) -> str:
        """Where the bytes are kept; the files of exact HLS lie under it as in a folder."""
        suffix = ".json" if self.profile in PLANNED else {POSTER: ".jpg", HLS: ""}.get(self.profile, ".mp4")
        return f"renditions/{self.hash[:2]}/{self.hash}{suffix}"

    @property
    def poster_us(self) -> int:
        """Which frame speaks for the clip: one third in, past a fade or a cut at the beginning."""
        return self.start_us + (self.end_us - self.start_us) // 3

    @property
    def preview_us(self) -> int:
        """Length of the animated preview."""
        return min(PREVIEW_US, self.end_us - self.start_us)
