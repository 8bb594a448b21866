"""A clip as HLS: which bytes of which objects make it up, and the playlists that name them (RFC 8216). Pure.

Every piece has an address of its own, so that nothing outside of the clip's pieces can be asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from groundswell.catalog.packages import key_beside
from groundswell.media import ExactHls, Package, PackagedTrack, Segment, exact_master_playlist, master_playlist
from groundswell.media.hls.byte_ranges import ByteRange as ExactPiece
from groundswell.media.hls.byte_ranges import ExactTrack
from groundswell.media.streams.ladder import StreamRange
from groundswell.moments.recipes import Recipe
from groundswell.platform.clock import US_PER_SECOND

VERSION_LENGTH = 20


@dataclass(frozen=True)
class ObjectRange:
    """``size`` bytes from ``offset`` on of a stored object."""

    key: str
    offset: int
    size: int
    duration_us: int = 0


@dataclass(frozen=True)
class Track:
    """One track of a clip. The clip begins ``from_us`` into its pieces."""

    name: str
    kind: str
    init: ObjectRange
    pieces: tuple[ObjectRange, ...]
    from_us: int = 0

    @property
    def media_type(self) -> str:
        return f"{self.kind}/mp4"

    def playlist(self) -> str:
        """The media playlist, to be played from exactly the beginning of the clip."""
        longest = max(piece.duration_us for piece in self.pieces)
        rows = [
            "#EXTM3U",
            "#EXT-X-VERSION:7",
            f"#EXT-X-TARGETDURATION:{-(-longest // US_PER_SECOND)}",
            "#EXT-X-MEDIA-SEQUENCE:0",
            "#EXT-X-PLAYLIST-TYPE:VOD",
            "#EXT-X-INDEPENDENT-SEGMENTS",
        ]
        if self.from_us:
            rows.append(f"#EXT-X-START:TIME-OFFSET={self.from_us / US_PER_SECOND:.6f},PRECISE=YES")
        rows.append(f'#EXT-X-MAP:URI="{self.name}.init.mp4"')
        for number, piece in enumerate(self.pieces):
            rows += [f"#EXTINF:{piece.duration_us / US_PER_SECOND:.6f},", f"{self.name}.{number}.m4s"]
        return "\n".join([*rows, "#EXT-X-ENDLIST", ""])

    def piece_named(self, name: str) -> ObjectRange | None:
        """The piece at the address ``name`` of the playlist."""
        if name == f"{self.name}.init.mp4":
            return self.init
        addresses = {f"{self.name}.{number}.m4s": piece for number, piece in enumerate(self.pieces)}
        return addresses.get(name)


class Playing(Protocol):
    """One track of a clip, whatever its pieces are."""

    @property
    def name(self) -> str: ...

    @property
    def from_us(self) -> int: ...

    @property
    def media_type(self) -> str: ...

    def playlist(self) -> str: ...

    def piece_named(self, name: str) -> ObjectRange | StreamRange | None: ...


@dataclass(frozen=True)
class Stream:
    """A clip as HLS: ``main`` is its multivariant playlist, with addresses below ``version``, which no other span and
    no other tier has."""

    version: str
    main: str
    tracks: tuple[Playing, ...]

    @property
    def from_us(self) -> int:
        """Where in what plays the clip begins."""
        return self.tracks[0].from_us


def held(track: PackagedTrack, start_us: int, end_us: int) -> list[Segment]:
    """The segments that hold [start_us, end_us)."""
    return [s for s in track.segments if s.start_us < end_us and s.end_us > start_us] or [track.segments[-1]]


def shown_by(package: Package, start_us: int, end_us: int) -> tuple[int, int]:
    """The span that a virtual clip of [start_us, end_us) could show: its segments', never more than the title's."""
    segments = [s for track in (package.video, *package.audio) for s in held(track, start_us, end_us)]
    last = package.video.segments[-1].end_us
    return min(start_us, *(s.start_us for s in segments)), max(end_us, min(last, max(s.end_us for s in segments)))


def virtual_stream(package: Package, index_key: str, recipe: Recipe) -> Stream:
    """The title's own segments that hold the clip: there at once, whatever the title's length."""
    span = recipe.start_us, recipe.end_us
    tracks = [_virtual(t, key_beside(index_key, t.file), *span) for t in (package.video, *package.audio)]
    version = f"v-{recipe.hash[:VERSION_LENGTH]}"
    return Stream(version, master_playlist(package, *_playlists(version, tracks)), tuple(tracks))


def exact_stream(made: ExactHls, index_key: str, recipe: Recipe) -> Stream:
    """The title's own segments within the clip, and what was made for its edges."""
    tracks = [_exact(track, index_key, recipe.storage_key) for track in (made.video, *made.audio)]
    version = f"x-{recipe.hash[:VERSION_LENGTH]}"
    return Stream(version, exact_master_playlist(made, *_playlists(version, tracks)), tuple(tracks))


def _playlists(version: str, tracks: Sequence[Track]) -> tuple[str, list[str]]:
    video, *audio = [f"hls/{version}/{track.name}.m3u8" for track in tracks]
    return video, audio


def _exact(track: ExactTrack, index_key: str, folder: str) -> Track:
    def placed(piece: ExactPiece) -> ObjectRange:
        key = f"{folder}/{piece.file}" if piece.made else key_beside(index_key, piece.file)
        return ObjectRange(key, piece.offset, piece.size, piece.duration_us)

    about = track.about
    name = about.file.removesuffix(".mp4")
    return Track(name, about.kind, placed(track.init), tuple(placed(piece) for piece in track.pieces))


def _virtual(track: PackagedTrack, key: str, start_us: int, end_us: int) -> Track:
    segments = held(track, start_us, end_us)
    return Track(
        name=track.file.removesuffix(".mp4"),
        kind=track.kind,
        init=ObjectRange(key, 0, track.init_size),
        pieces=tuple(ObjectRange(key, s.offset, s.size, s.duration_us) for s in segments),
        from_us=max(0, start_us - segments[0].start_us),
    )
