"""A clip of a service's own ladder as HLS that plays at once: the service's segments, each at an address of ours that
is judged anew, or at the service's own (GROUNDSWELL_STREAM_DELIVERY). Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from groundswell.media.streams.ladder import Ladder, StreamRange, StreamSegment, StreamTrack
from groundswell.moments.recipes import Recipe
from groundswell.platform.clock import US_PER_SECOND

from .hls import VERSION_LENGTH, Stream

TS, FRAGMENTS = "video/mp2t", "mp4"


@dataclass(frozen=True)
class LadderTrack:
    """One track of a clip. The clip begins ``from_us`` into its segments. ``direct``: at the service's addresses."""

    about: StreamTrack
    segments: tuple[StreamSegment, ...]
    from_us: int
    direct: bool

    @property
    def name(self) -> str:
        return self.about.name

    @property
    def media_type(self) -> str:
        return f"{self.about.kind}/{FRAGMENTS}" if self.about.fragmented else TS

    @property
    def _ending(self) -> str:
        return "m4s" if self.about.fragmented else "ts"

    def playlist(self) -> str:
        """The media playlist, to be played from exactly the beginning of the clip."""
        longest = max(segment.duration_us for segment in self.segments)
        rows = [
            "#EXTM3U",
            "#EXT-X-VERSION:8",
            f"#EXT-X-TARGETDURATION:{-(-longest // US_PER_SECOND)}",
            "#EXT-X-MEDIA-SEQUENCE:0",
            "#EXT-X-PLAYLIST-TYPE:VOD",
        ]
        if self.from_us:
            rows.append(f"#EXT-X-START:TIME-OFFSET={self.from_us / US_PER_SECOND:.6f},PRECISE=YES")
        run, init = self.segments[0].run, None
        for number, segment in enumerate(self.segments):
            if segment.run != run:
                rows.append("#EXT-X-DISCONTINUITY")
            if segment.init is not None and segment.init != init:
                rows.append(self._map(segment.init))
            run, init = segment.run, segment.init
            rows += self._rows(number, segment)
        return "\n".join([*rows, "#EXT-X-ENDLIST", ""])

    def _map(self, init: int) -> str:
        part = self.about.inits[init]
        if not self.direct:
            return f'#EXT-X-MAP:URI="{self.name}.init{init}.mp4"'
        where = "" if part.size is None else f',BYTERANGE="{part.size}@{part.offset}"'
        return f'#EXT-X-MAP:URI="{part.url}"{where}'

    def _rows(self, number: int, segment: StreamSegment) -> Iterator[str]:
        yield f"#EXTINF:{segment.duration_us / US_PER_SECOND:.6f},"
        if segment.gap:
            yield "#EXT-X-GAP"
        if self.direct and segment.size is not None:
            yield f"#EXT-X-BYTERANGE:{segment.size}@{segment.offset}"
        yield segment.url if self.direct else f"{self.name}.{number}.{self._ending}"

    def piece_named(self, name: str) -> StreamRange | None:
        """What is at the address ``name`` of the playlist."""
        if self.direct:
            return None
        used = {s.init for s in self.segments if s.init is not None}
        found: dict[str, StreamRange] = {f"{self.name}.init{n}.mp4": self.about.inits[n] for n in used}
        for number, segment in enumerate(self.segments):
            if not segment.gap:
                found[f"{self.name}.{number}.{self._ending}"] = segment
        return found.get(name)


def ladder_shows(ladder: Ladder, start_us: int, end_us: int) -> tuple[int, int]:
    """The span that a virtual clip of [start_us, end_us) could show: its segments', never more than the title's."""
    segments = [s for track in ladder.tracks for s in track.covering(start_us, end_us)]
    last = ladder.duration_us
    return min(start_us, *(s.start_us for s in segments)), max(end_us, min(last, max(s.end_us for s in segments)))


def ladder_stream(ladder: Ladder, recipe: Recipe, *, direct: bool) -> Stream:
    """The service's own segments that hold the clip: there at once, whatever the title's length."""
    tracks = [_track(track, recipe.start_us, recipe.end_us, direct) for track in ladder.tracks]
    version = f"v-{recipe.hash[:VERSION_LENGTH]}"
    names = [f"hls/{version}/{track.name}.m3u8" for track in tracks]
    return Stream(version, main_playlist(ladder, names), tuple(tracks))


def _track(track: StreamTrack, start_us: int, end_us: int, direct: bool) -> LadderTrack:
    segments = tuple(track.covering(start_us, end_us))
    return LadderTrack(track, segments, max(0, start_us - segments[0].start_us), direct)


def main_playlist(ladder: Ladder, addresses: Sequence[str]) -> str:
    """The multivariant playlist: one picture, and each sound rendition as an alternative."""
    video, audio = ladder.video, ladder.audio
    rows = ["#EXTM3U", "#EXT-X-VERSION:8"]
    chosen = next((n for n, track in enumerate(audio) if track.default), 0)
    for number, (track, address) in enumerate(zip(audio, addresses[1:], strict=True)):
        language = f',LANGUAGE="{_safe(track.language)}"' if track.language else ""
        channels = f',CHANNELS="{track.channels}"' if track.channels else ""
        name = _safe(track.label or track.language or f"Track {number + 1}")
        default = "YES" if number == chosen else "NO"
        rows.append(
            f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="{name}"{language},DEFAULT={default},AUTOSELECT=YES'
            f'{channels},URI="{address}"'
        )
    said = [video.codecs, *(track.codecs for track in audio)]
    names = ",".join(dict.fromkeys(_safe(each) for each in said)) if video.codecs and all(said) else _safe(video.codecs)
    codecs = f',CODECS="{names}"' if names else ""
    size = f",RESOLUTION={video.width}x{video.height}" if video.width and video.height else ""
    sound = ',AUDIO="sound"' if audio else ""
    rows.append(f"#EXT-X-STREAM-INF:BANDWIDTH={max(1, video.bandwidth)}{codecs}{size}{sound}")
    return "\n".join([*rows, addresses[0], ""])


def _safe(text: str | None) -> str:
    return "".join(letter for letter in text or "" if letter not in '"\r\n')
