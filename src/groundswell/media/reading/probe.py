"""Look into a source once and say all that the rest of the engine wants to know."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from groundswell.media.errors import BROKEN_PACKET, MediaError
from groundswell.media.remote import size_of
from groundswell.media.times import clock, to_us
from groundswell.media.title import AudioTrack, Colour, SubtitleTrack, TitleIndex, VideoTrack

from .dolby_vision import refuse_unmapped
from .frames import rewind
from .orientation import Orientation, orientation_of
from .source import OpenSource, check_size, open_source

SAMPLED_PACKETS = 250
USUAL_RATES = tuple(Fraction(n * 1000, d) for n in (24, 25, 30, 48, 50, 60, 120) for d in (1000, 1001))
CLOSE = Fraction(1, 500)
"""How near a mean rate is to a usual one that the container's rounding hides."""
COARSE = Fraction(1, 1000)
LONGEST_US = 100 * 3600 * 1_000_000
"""More is a lie of the headers, which must not make anyone wait for 100 hours of silence."""
MAX_PACKETS_TO_FIRST_PICTURE = 2000
MOST_LOST_S = 1
"""What may be missing at the end of a file for it to be a film still."""
OVERLAP_S = Fraction(1, 10)
"""By how much a fragment may begin before the one in front of it ends: more is another film's, or out of order."""
SOON_DECODED = frozenset({"h264", "hevc"})


def probe(path: str | Path) -> TitleIndex:
    """Index a title: its tracks, keyframes, colour, orientation and timeline.

    Reads the container's own index, the first few hundred packets and one decoded frame; only a file whose
    container does not say how long it is (raw streams, fragmented files without an index) is read through.

    Raises `MediaError`: ``source_missing``, ``source_changed``, ``unreadable``, ``empty_file``,
    ``not_a_video``, ``truncated``, ``encrypted``, ``encrypted_hls``, ``encrypted_cenc``, ``no_video_stream``,
    ``unsupported_codec``, ``too_large_picture``, ``damaged``, ``out_of_memory``.
    """
    with open_source(path) as source:
        return index_of(source)


def index_of(source: OpenSource, *, keyframes: bool = True) -> TitleIndex:
    """`probe` for a source that is open already; without listing its keyframes, when nobody asks for them, since that
    takes as long as the title is. Leaves the read position undefined."""
    frame = first_frame(source)
    packets = _sample(source)
    if keyframes:
        _check_whole(source)
    return TitleIndex(
        container=source.container.format.name,
        size_bytes=source.fingerprint.size,
        duration_us=_duration_us(source, source.fragmented),
        origin=source.origin,
        edit_list=source.edit_list,
        fragmented=source.fragmented,
        timeline=source.timeline,
        video=_video_track(
            source, frame, packets, orientation_of(frame), _keyframes(source, packets) if keyframes else ()
        ),
        audio=tuple(_audio_track(source, n, s) for n, s in enumerate(source.heard)),
        subtitles=tuple(_subtitle_tracks(source.container)),
    )


def _check_whole(source: OpenSource) -> None:
    """Raises ``truncated`` when the file ends over a second before the pictures that an MP4's index lists: what was
    fetched only in part begins as a film and says how long it should have been."""
    if source.fragmented or "mp4" not in source.container.format.name:
        return
    entries, size = source.video.index_entries, size_of(source.path)
    lost = next((e.timestamp for e in entries if e.pos + e.size > size), None)
    if lost is not None and (max(e.timestamp for e in entries) - lost) * source.tick > MOST_LOST_S:
        raise MediaError("truncated", f"Of its pictures the file holds only the first {clock(source.us(lost))}.")


def first_frame(source: OpenSource) -> VideoFrame:
    """The first picture that decodes. Raises ``encrypted``, ``truncated`` or ``damaged`` if none does."""
    frame = _first_alone(source) or _first_of_many(source)
    check_size(frame.width, frame.height)
    refuse_unmapped(frame)
    source.interlaced = bool(frame.interlaced_frame)
    return frame


def _first_of_many(source: OpenSource) -> VideoFrame:
    seen = 0
    for packet in source.packets(source.video):
        seen += 1
        if packet.has_sidedata("encryption_info") or packet.has_sidedata("encryption_init_info"):
            raise MediaError("encrypted_cenc")
        try:
            frames = packet.decode()
        except (*BROKEN_PACKET, EOFError):
            frames = []
        for frame in frames:
            return frame
        if seen > MAX_PACKETS_TO_FIRST_PICTURE:
            break
    if seen <= 1:
        raise MediaError("truncated", "The file announces a video track but holds no frames of it.")
    raise MediaError("damaged", "No picture of this video can be decoded.")


def _first_alone(source: OpenSource) -> VideoFrame | None:
    """The first packet's picture, when it is one that needs no others: there much sooner than pictures that a decoder
    puts in order. Else None, and the source is where it was."""
    context, found = source.video.codec_context, list[VideoFrame]()
    if context.name in SOON_DECODED:
        try:
            packet = next((p for p in source.packets(source.video) if p.size), None)
            if packet is not None and packet.is_keyframe and not packet.has_sidedata("encryption_info"):
                found = [f for f in (*packet.decode(), *context.decode(None)) if isinstance(f, VideoFrame)]
        except (av.error.FFmpegError, EOFError):
            pass
        context.flush_buffers()
    if found:
        return found[0]
    if context.name in SOON_DECODED:
        rewind(source, source.video)
    return None


def _sample(source: OpenSource) -> list[av.Packet[VideoStream]]:
    """The first packets of the video track, for frame times. Empty where the container cannot seek back."""
    try:
        rewind(source, source.video)
        found = []
        for packet in source.packets(source.video):
            if packet.size:
                found.append(packet)
            if len(found) >= SAMPLED_PACKETS:
                break
        return found
    except av.error.FFmpegError:
        return []


def _video_track(
    source: OpenSource,
    frame: VideoFrame,
    packets: list[av.Packet[VideoStream]],
    turn: Orientation,
    keyframes_us: tuple[int, ...],
) -> VideoTrack:
    video, context = source.video, source.video.codec_context
    aspect = video.sample_aspect_ratio or Fraction(1)
    aspect = aspect if aspect > 0 else Fraction(1)
    rate, is_vfr = frame_rate_of(source, [p.pts for p in packets if p.pts is not None and not p.is_discard])
    width, height = round(frame.width * aspect) or 1, frame.height
    if turn.swaps_sides:
        width, height = height, width
    return VideoTrack(
        codec=context.codec.canonical_name,
        profile=video.profile,
        coded_width=frame.width,
        coded_height=frame.height,
        display_width=width,
        display_height=height,
        rotation=turn.degrees,
        mirrored=turn.mirrored,
        display_matrix=turn.matrix,
        sample_aspect=aspect,
        pixel_format=frame.format.name,
        bit_depth=max((c.bits for c in frame.format.components), default=8),
        interlaced=bool(frame.interlaced_frame),
        colour=colour_of(frame),
        frame_rate=rate,
        is_vfr=is_vfr,
        time_base=source.tick,
        start_us=source.us(video.start_time or 0) if video.start_time is not None else 0,
        frame_count=video.frames or None,
        keyframes_us=keyframes_us,
        language=_language(video),
    )


def colour_of(frame: VideoFrame) -> Colour:
    return Colour(
        primaries=int(frame.color_primaries),
        transfer=int(frame.color_trc),
        matrix=int(frame.colorspace),
        full_range=int(frame.color_range) == 2 or frame.format.name.startswith("yuvj"),
    )


def frame_rate_of(source: OpenSource, pts: list[int]) -> tuple[Fraction | None, bool]:
    """The frame rate and whether frames stray from it by more than the container's own rounding."""
    rate = source.video.average_rate or source.video.guessed_rate or source.video.base_rate
    rates = [r for r in (source.video.average_rate, source.video.guessed_rate, source.video.base_rate) if r]
    order = sorted(set(pts))
    if len(order) < 3:
        return rate, False
    steps = [b - a for a, b in pairwise(order)]
    mean = Fraction(sum(steps), len(steps)) * source.tick
    if source.interlaced and rate and abs(rate * mean - Fraction(1, 2)) < CLOSE:
        return rate, not on_grid(order, source.tick, 2 * rate)  # a packet for each of a picture's two fields
    if source.tick >= COARSE:  # what the container claims may be no more than a mean of what it has rounded
        near = [usual for usual in USUAL_RATES if abs(usual * mean - 1) < CLOSE]
        rates = [*(r for r in rates if r in USUAL_RATES), *sorted(near, key=lambda r: abs(r * mean - 1)), *rates]
    for candidate in [*rates, (1 / mean).limit_denominator(1001)]:
        if candidate > 0 and on_grid(order, source.tick, candidate):
            return candidate, False
    return rate, True


def on_grid(order: list[int], tick: Fraction, rate: Fraction, slack: Fraction | None = None) -> bool:
    """Whether sorted ``order`` lies on a grid of ``rate`` frames a second, give or take ``slack`` ticks: by itself one
    tick of the container (or a quarter of a frame, where ticks are that coarse)."""
    step = 1 / rate / tick
    slack = min(Fraction(1), step / 4) if slack is None else slack
    first, each, scale = order[0], step.numerator * slack.denominator, step.denominator * slack.denominator
    most = slack.numerator * step.denominator  # in whole numbers, for this is asked of every frame of a clip
    return all(-most <= (at - first) * scale - n * each <= most for n, at in enumerate(order))


def _keyframes(source: OpenSource, packets: list[av.Packet[VideoStream]]) -> tuple[int, ...]:
    """Keyframe times out of the container's index, whose entries are decoding times in MP4."""
    lead = next((p.pts - p.dts for p in packets if p.pts is not None and p.dts is not None and p.is_keyframe), 0)
    shift = lead if "mp4" in source.container.format.name else 0
    if not source.timeline.plain:
        return tuple(sorted({source.us(at) for at in source.timeline.keys}))
    times = (source.us(e.timestamp + shift) for e in source.video.index_entries if e.is_keyframe)
    return tuple(sorted({t for t in times if t >= 0}))


def _duration_us(source: OpenSource, fragmented: bool) -> int:
    """The duration, from the timeline or the headers; read through where they do not say, or say what no film lasts."""
    if not source.timeline.plain:
        return min(max(1, source.us(source.timeline.end)), LONGEST_US)
    told = _told_us(source, fragmented)
    if told is not None and told <= LONGEST_US:
        return told
    return min(_measured_us(source), LONGEST_US)


def _told_us(source: OpenSource, fragmented: bool) -> int | None:
    """What the headers say of the picture's duration, else of the container's."""
    video, container = source.video, source.container
    if video.duration and not fragmented:
        end = (video.start_time or 0) + video.duration
        if source.us(end) > 0:
            return source.us(end)
    if container.duration and not fragmented:
        start = Fraction(container.start_time or 0, av.time_base) - source.origin
        return max(1, to_us(Fraction(container.duration, av.time_base) + start))
    return None


def _measured_us(source: OpenSource) -> int:
    rewind(source, source.video)
    last, count, before = 0, 0, None
    step = 1 / (source.video.guessed_rate or Fraction(25)) / source.tick
    for packet in source.packets(source.video):
        if packet.size:
            count += 1
            if source.fragmented and packet.dts is not None:
                if before is not None and (before - packet.dts) * source.tick > OVERLAP_S:
                    raise MediaError("damaged", "Its fragments are not in the order of their times.")
                before = packet.dts
        if packet.pts is not None and packet.size:
            last = max(last, packet.pts + (packet.duration or round(step)))
    return max(1, source.us(last) if last else to_us(count * step * source.tick))


def _audio_track(source: OpenSource, index: int, stream: AudioStream) -> AudioTrack:
    context = stream.codec_context
    start = Fraction(stream.start_time or 0) * (stream.time_base or 1) - source.origin
    return AudioTrack(
        index=index,
        codec=context.codec.canonical_name,
        profile=stream.profile,
        language=_language(stream),
        title=stream.metadata.get("title"),
        channels=context.layout.nb_channels if context.layout else context.channels,
        sample_rate=context.sample_rate,
        default=bool(stream.disposition & av.stream.Disposition.default),
        start_us=to_us(start),
    )


def _subtitle_tracks(container: InputContainer) -> list[SubtitleTrack]:
    return [
        SubtitleTrack(
            index=index,
            codec=s.codec_context.name if s.codec_context is not None else "unknown",
            language=_language(s),
            title=s.metadata.get("title"),
            default=bool(s.disposition & av.stream.Disposition.default),
            forced=bool(s.disposition & av.stream.Disposition.forced),
        )
        for index, s in enumerate(container.streams.subtitles)
    ]


def _language(stream: av.stream.Stream) -> str | None:
    language = stream.metadata.get("language")
    return None if language in (None, "", "und") else language
