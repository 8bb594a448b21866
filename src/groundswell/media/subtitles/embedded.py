"""Subtitles that a title carries itself, as text: SubRip, WebVTT, ASS and the timed text of MP4."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
from av.subtitles.stream import SubtitleStream
from av.subtitles.subtitle import AssSubtitle

from groundswell.media.errors import MediaError
from groundswell.media.reading.source import OpenSource, open_source
from groundswell.media.times import to_us

from .cues import Cue, Cues, plain

LONGEST_LINE_S = 30
PICTURES = frozenset({"dvd_subtitle", "dvb_subtitle", "hdmv_pgs_subtitle", "xsub", "dvdsub", "dvbsub", "pgssub"})


def embedded_lines(path: str | Path, track: int, start_us: int, end_us: int) -> Cues:
    """The lines of a title's own subtitle track (counted from 0) that are heard in ``[start_us, end_us)``.

    Raises ``no_such_track``, ``bad_subtitles`` for tracks of pictures, and the reading reasons of `probe`.
    """
    with open_source(path) as title:
        stream = _stream(title, track)
        _seek(title, start_us)
        found = Cues()
        for packet in title.packets(stream):
            if packet.pts is None or not packet.size:
                continue
            at = packet.pts * packet.time_base - title.origin
            if to_us(at) >= end_us:
                break
            text = _text(packet.decode())
            until = to_us(at + (packet.duration or 0) * packet.time_base)
            if text and until > start_us:
                found.append(Cue(to_us(at), until, text))
        return found


def _stream(title: OpenSource, track: int) -> SubtitleStream:
    streams = title.container.streams.subtitles
    if not 0 <= track < len(streams):
        raise MediaError("no_such_track", f"There is no subtitle track {track}; there are {len(streams)}.")
    codec = streams[track].codec_context
    if codec is None or codec.name in PICTURES:
        raise MediaError("bad_subtitles", "This subtitle track holds pictures or an unknown format, not text.")
    return streams[track]


def _seek(title: OpenSource, start_us: int) -> None:
    """To before the longest line that may still be on screen; to the beginning where the container cannot."""
    early = title.pts(max(0, start_us - LONGEST_LINE_S * 1_000_000))
    try:
        title.container.seek(early, stream=title.video, backward=True)
    except av.error.FFmpegError:
        title.container.seek(0)


def _text(decoded: Sequence[object]) -> str:
    rows: list[str] = []
    for found in decoded:
        if isinstance(found, AssSubtitle):
            rows += found.dialogue.decode("utf-8", "replace").replace("\\N", "\n").replace("\\n", "\n").split("\n")
    return "\n".join(filter(None, (plain(row) for row in rows)))
