"""Subtitles that a title carries itself, as text: SubRip, WebVTT, ASS and the timed text of MP4."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import av
from av.subtitles.stream import SubtitleStream
from av.subtitles.subtitle import AssSubtitle

from groundswell.media.errors import MediaError
from groundswell.media.reading.source import OpenSource, open_source
from groundswell.media.times import to_us

from .cues import Cue, Cues, CueStyle
from .formats import said, styles_of

if TYPE_CHECKING:
    from pysubs2 import SSAFile

LONGEST_LINE_S = 30
FIELDS = 8
"""Those that stand before an event's text, with a comma behind each."""
PICTURES = frozenset({"dvd_subtitle", "dvb_subtitle", "hdmv_pgs_subtitle", "xsub", "dvdsub", "dvbsub", "pgssub"})


def embedded_lines(path: str | Path, track: int, start_us: int, end_us: int) -> Cues:
    """The lines of a title's own subtitle track (counted from 0) that are heard in ``[start_us, end_us)``.

    Raises ``no_such_track``, ``bad_subtitles`` for tracks of pictures, and the reading reasons of `probe`.
    """
    with open_source(path) as title:
        stream = _stream(title, track)
        _seek(title, start_us)
        found, styles = Cues(), None
        for packet in title.packets(stream):
            if packet.pts is None or not packet.size:
                continue
            at = packet.pts * packet.time_base - title.origin
            if to_us(at) >= end_us:
                break
            until = to_us(at + (packet.duration or 0) * packet.time_base)
            if until > start_us:
                decoded = packet.decode()
                styles = styles or styles_of(stream.codec_context.subtitle_header or b"")
                found += [Cue(to_us(at), until, text, look) for text, look in _said(decoded, styles)]
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


def _said(decoded: Sequence[object], styles: SSAFile) -> Iterator[tuple[str, CueStyle | None]]:
    """What is to be read, and how it is to look: FFmpeg makes ASS of every text, ``number,layer,style,…,text``."""
    for each in decoded:
        if isinstance(each, AssSubtitle):
            fields = each.ass.decode("utf-8", "replace").split(",", FIELDS)
            text, look = said(fields[-1], styles, fields[2] if len(fields) > FIELDS else "Default")
            if text:
                yield text, look
