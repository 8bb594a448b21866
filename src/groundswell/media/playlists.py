"""HLS playlists for a packaged title and for clips of it (RFC 8216)."""

from __future__ import annotations

from collections.abc import Sequence

from .hls import Package, PackagedTrack, Segment
from .times import SECOND_US


def master_playlist(package: Package, video_url: str, audio_urls: Sequence[str]) -> str:
    """The multivariant playlist: one picture, and each sound track as an alternative."""
    rows = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    chosen = next((n for n, t in enumerate(package.audio) if t.default), 0)
    for n, (track, url) in enumerate(zip(package.audio, audio_urls, strict=True)):
        language = f',LANGUAGE="{_safe(track.language)}"' if track.language else ""
        is_default = "YES" if n == chosen else "NO"
        rows.append(
            f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="{_safe(track.name)}"{language},'
            f'DEFAULT={is_default},AUTOSELECT=YES,CHANNELS="{track.channels}",URI="{url}"'
        )
    video = package.video
    bandwidth = video.bandwidth + max((t.bandwidth for t in package.audio), default=0)
    names = ",".join(dict.fromkeys([video.codecs, *(t.codecs for t in package.audio)]))
    rate = f",FRAME-RATE={float(video.frame_rate):.3f}" if video.frame_rate else ""
    sound = ',AUDIO="sound"' if package.audio else ""
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


def _playlist(track: PackagedTrack, segments: Sequence[Segment], url: str, from_us: int | None) -> str:
    longest = max(s.duration_us for s in segments)
    rows = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{-(-longest // SECOND_US)}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]
    if from_us:
        rows.append(f"#EXT-X-START:TIME-OFFSET={max(0, from_us) / SECOND_US:.6f},PRECISE=YES")
    rows.append(f'#EXT-X-MAP:URI="{url}",BYTERANGE="{track.init_size}@0"')
    for segment in segments:
        rows += [
            f"#EXTINF:{segment.duration_us / SECOND_US:.6f},",
            f"#EXT-X-BYTERANGE:{segment.size}@{segment.offset}",
            url,
        ]
    return "\n".join([*rows, "#EXT-X-ENDLIST", ""])
