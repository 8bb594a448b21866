"""HLS playlists for a packaged title and for clips of it (RFC 8216)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from groundswell.media.times import SECOND_US

from .byte_ranges import ByteRange, ExactTrack
from .exact_hls import ExactHls
from .package import Package, PackagedTrack, Segment


def master_playlist(package: Package, video_url: str, audio_urls: Sequence[str]) -> str:
    """The multivariant playlist: one picture, and each sound track as an alternative."""
    return _master(package.video, package.video.bandwidth, package.audio, video_url, audio_urls)


def exact_master_playlist(exact: ExactHls, video_url: str, audio_urls: Sequence[str]) -> str:
    """`master_playlist` of an exact clip."""
    return _master(exact.video.about, exact.video.bandwidth, [t.about for t in exact.audio], video_url, audio_urls)


def _master(
    video: PackagedTrack, bandwidth: int, audio: Sequence[PackagedTrack], video_url: str, audio_urls: Sequence[str]
) -> str:
    rows = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    chosen = next((n for n, t in enumerate(audio) if t.default), 0)
    for n, (track, url) in enumerate(zip(audio, audio_urls, strict=True)):
        language = f',LANGUAGE="{_safe(track.language)}"' if track.language else ""
        is_default = "YES" if n == chosen else "NO"
        rows.append(
            f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="{_safe(track.name)}"{language},'
            f'DEFAULT={is_default},AUTOSELECT=YES,CHANNELS="{track.channels}",URI="{url}"'
        )
    bandwidth += max((t.bandwidth for t in audio), default=0)
    names = ",".join(dict.fromkeys([video.codecs, *(t.codecs for t in audio)]))
    rate = f",FRAME-RATE={float(video.frame_rate):.3f}" if video.frame_rate else ""
    sound = ',AUDIO="sound"' if audio else ""
    rows.append(
        f'#EXT-X-STREAM-INF:BANDWIDTH={bandwidth},CODECS="{names}",RESOLUTION={video.width}x{video.height}{rate}{sound}'
    )
    return "\n".join([*rows, video_url, ""])


def _safe(text: str | None) -> str:
    return "".join(c for c in text or "" if c not in '"\r\n')


def media_playlist(track: PackagedTrack, url: str) -> str:
    """The whole of a track."""
    return _playlist(track, track.segments, url, None)


def clip_playlist(track: PackagedTrack, url: str, start_us: int, end_us: int) -> str:
    """The segments that hold ``[start_us, end_us)``, to be played from exactly ``start_us``: at once, without touching
    any media. It ends with the segment that holds the end."""
    held = [s for s in track.segments if s.start_us < end_us and s.end_us > start_us] or [track.segments[-1]]
    return _playlist(track, held, url, start_us - held[0].start_us)


def exact_media_playlist(track: ExactTrack, url: Callable[[str], str]) -> str:
    """A track of an exact clip. ``url`` gives the address of a file by its name: of those made for the clip, and of
    the package's. No discontinuity: all pieces lie on one timeline, under one init segment."""
    rows = _head([p.duration_us for p in track.pieces])
    init = "" if track.init.made else f',BYTERANGE="{track.init.size}@0"'
    rows.append(f'#EXT-X-MAP:URI="{url(track.init.file)}"{init}')
    for piece in track.pieces:
        rows += _rows(piece, url(piece.file), whole=piece.made)
    return "\n".join([*rows, "#EXT-X-ENDLIST", ""])


def _playlist(track: PackagedTrack, segments: Sequence[Segment], url: str, from_us: int | None) -> str:
    rows = _head([s.duration_us for s in segments])
    if from_us:
        rows.append(f"#EXT-X-START:TIME-OFFSET={max(0, from_us) / SECOND_US:.6f},PRECISE=YES")
    rows.append(f'#EXT-X-MAP:URI="{url}",BYTERANGE="{track.init_size}@0"')
    for segment in segments:
        rows += _rows(segment, url, whole=False)
    return "\n".join([*rows, "#EXT-X-ENDLIST", ""])


def _head(durations_us: Sequence[int]) -> list[str]:
    return [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{-(-max(durations_us) // SECOND_US)}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]


def _rows(piece: Segment | ByteRange, url: str, *, whole: bool) -> list[str]:
    ranges = [] if whole else [f"#EXT-X-BYTERANGE:{piece.size}@{piece.offset}"]
    return [f"#EXTINF:{piece.duration_us / SECOND_US:.6f},", *ranges, url]
