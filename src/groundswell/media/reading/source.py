"""Open a source the same careful way everywhere."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeVar, cast

import av
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from groundswell.media.errors import MediaError, from_read_error
from groundswell.media.isobmff import boxes
from groundswell.media.remote import READ_AT_ONCE, Distant, is_distant, located, opened
from groundswell.media.timeline import PLAIN, Timeline, Window
from groundswell.media.times import SECOND_US, to_us

from . import dolby_vision, drm
from .discontinuities import STREAMS, survey
from .edits import edited, has_several_edits, hides
from .track_changes import refuse_changed_tracks
from .transport_stream import tracks_beside

# Only containers that hold one film. Playlists, image sequences, concat scripts and network demuxers can
# make FFmpeg open other files or hosts, so they are not on the list.
DEMUXERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,mpegvideo,avi,flv,live_flv,kux,asf,ogg,mxf,gxf,nut,"
    "h264,hevc,vvc,av1,obu,ivf,m4v,h263,h261,cavsvideo,vc1,vc1test,rm,dv,wtv,nsv,yuv4mpegpipe,dirac,"
    "mjpeg,bink,smk,film_cpk,roq,swf,vob,evc,apv"
)
UNTIMED = frozenset({"avi", "gxf"})
"""Containers that have but an order of pictures: the first is shown when the first packet is."""
Track = TypeVar("Track", bound=Stream)
Threads = Literal["AUTO", "SLICE"]
MAX_SIDE = 16_384
MAX_PIXELS = 8192 * 5120


@dataclass(frozen=True)
class Fingerprint:
    """What a file was when it was opened: enough to notice that it was replaced or rewritten."""

    device: int
    inode: int
    size: int
    modified_ns: int

    @classmethod
    def of(cls, path: Path) -> Fingerprint:
        try:
            found = path.stat()
        except OSError as error:
            raise from_read_error(error) from error
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


@dataclass(eq=False)
class OpenSource:
    """An open title. ``origin`` is where its presentation timeline begins, in seconds of its own clock."""

    path: Path
    container: InputContainer
    video: VideoStream
    origin: Fraction
    fingerprint: Fingerprint
    edit_list: bool = False
    fragmented: bool = False
    threads: Threads = "AUTO"
    """How pictures are decoded. Side by side (``AUTO``), an error at the end loses those that are on their way."""
    interlaced: bool = False
    """Known once a picture has been decoded. A packet may then hold but one of a picture's two fields."""
    moov: bytes = field(default=b"", repr=False)
    options: tuple[tuple[str, str], ...] = ()
    """Options of the demuxer."""
    known: Timeline | None = None
    """The timeline, where it was found before: finding it takes reading a stream to its end."""
    stretch: bool = False
    """Whether there is no more of the title than a stretch."""
    window: Window | None = None
    """Where reading is kept to, in a source that reads one piece of a title."""
    programme: frozenset[int] | None = None
    """The tracks (by their ids) of the programme that the picture is in, where the file holds several."""
    _before: list[InputContainer] = field(default_factory=list)
    _piecewise: OpenSource | None = None

    def reopen(self) -> None:
        """Begin again at the first byte, for containers that cannot seek there. Take streams anew afterwards."""
        self._before.append(self.container)
        self.container = _open(self.path, self.fingerprint, dict(self.options))
        self.video = _prepared(self.container.streams.video[self._nth_video()], self.threads)

    def decode_in_turn(self) -> None:
        """From now on one picture after the other. Begins again at the first byte."""
        self.threads = "SLICE"
        self.reopen()

    def _nth_video(self) -> int:
        return [s.index for s in self._before[-1].streams.video].index(self.video.index)

    @cached_property
    def timeline(self) -> Timeline:
        """The title's pieces and when they are shown. Moves nothing."""
        if self.known is not None and len(self.known.sound) in (0, len(self.heard)):
            return self.known
        if self._is_edited:
            return edited(self.moov, self.video, self._reader.video)
        if self.container.format.name in STREAMS:
            if self.container.format.name == "mpegts":
                refuse_changed_tracks(self.path)
            reader = self._reader
            heard = [reader.container.streams[s.index] for s in self.heard]
            silent = [reader.container.streams[s.index] for s in self._unheard]
            return survey(reader.container, reader.video, cast("list[AudioStream]", heard), silent)
        return PLAIN

    @property
    def heard(self) -> list[AudioStream]:
        """The tracks of sound that go with the picture."""
        found = audio_streams(self.container)
        return [s for s in found if s.id in self.programme] if self.programme is not None else found

    @property
    def _unheard(self) -> list[AudioStream]:
        """The tracks of sound that there is a decoder for, and of which nothing came near the beginning of the file."""
        found = [s for s in self.container.streams.audio if s.codec_context and s.codec_context.sample_rate <= 0]
        return [s for s in found if self.programme is None or s.id in self.programme]

    @property
    def _is_edited(self) -> bool:
        """Whether an MP4's edit list does more than say where the first picture is."""
        if "mp4" not in self.container.format.name or self.fragmented or not self.edit_list:
            return False
        return has_several_edits(self.moov) or hides(self.video)

    def reading(self, window: Window) -> OpenSource:
        """The title, opened once more, to be read within ``window`` only; on its own clock, without edits."""
        self._reader.window = window
        return self._reader

    @property
    def _reader(self) -> OpenSource:
        if self._piecewise is None:
            options = (("ignore_editlist", "1"),) if "mp4" in self.container.format.name else ()
            container = _open(self.path, self.fingerprint, dict(options))
            video = container.streams.video[[s.index for s in self.container.streams.video].index(self.video.index)]
            _prepared(video, self.threads)
            self._piecewise = OpenSource(
                self.path,
                container,
                video,
                self.origin,
                self.fingerprint,
                options=options,
                known=PLAIN,
                programme=self.programme,
            )
        self._piecewise.interlaced = self.interlaced
        return self._piecewise

    def packets(self, track: Track) -> Iterator[Packet[Track]]:
        """The packets of a track from here on, as far as the window goes, ending with an empty one that flushes its
        decoder."""
        if self.window is None:
            yield from self._packets(track)
            return
        window, place = self.window, self.window.first
        for packet in self._packets(track):
            if packet.size:
                found = packet.pos if window.by == "byte" else packet.dts
                place = place if found is None or (window.by == "byte" and found < 0) else found
                if window.stop is not None and place >= window.stop:
                    yield _flush(track)
                    return
                if place < window.first:
                    continue
            yield packet

    def _packets(self, track: Track) -> Iterator[Packet[Track]]:
        """The packets of a track from here to the end of the file, and an empty one.

        PyAV trips at the end of a file in which a track has turned up that was not announced (FLV and transport
        streams may do so), and at that of GXF, whose demuxer says -1: that is an end like any other.
        """
        packets = cast("Iterator[Packet[Track]]", self.container.demux(track))
        stored = track is self.video and self.container.format.name in UNTIMED
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (IndexError, av.error.PermissionError) as error:
                if isinstance(error, av.error.PermissionError) and self.container.format.name != "gxf":
                    raise
                yield _flush(track)
                return
            if stored and packet.dts is not None:  # FFmpeg's guess is later by what a decoder may hold back
                packet.pts = packet.dts
            yield packet

    def close(self) -> None:
        for container in (*self._before, self.container):
            container.close()
        if self._piecewise is not None:
            self._piecewise.close()

    @cached_property
    def tick(self) -> Fraction:
        """Seconds to one tick of the video track."""
        return self.video.time_base or Fraction(1, 90_000)

    def us(self, pts: int) -> int:
        """A video pts as microseconds on the title's presentation timeline (nearest microsecond)."""
        return to_us(pts * self.tick - self.origin)

    def pts(self, us: int) -> int:
        """The first video pts whose time, to the nearest microsecond, is at or after ``us``."""
        exact = (Fraction(us, SECOND_US) + self.origin) / self.tick
        pts = int(exact // 1)
        while self.us(pts - 1) >= us:
            pts -= 1
        while self.us(pts) < us:
            pts += 1
        return pts

    def check_unchanged(self) -> None:
        """Raise ``source_missing`` or ``source_changed`` if the file is not what was opened."""
        if Fingerprint.of(self.path) != self.fingerprint:
            raise MediaError("source_changed")


def _flush(track: Track) -> Packet[Track]:
    packet = cast("Packet[Track]", Packet())
    packet.stream = track
    return packet


def audio_streams(container: InputContainer) -> list[AudioStream]:
    """The audio tracks that can be heard: those with a decoder and a sane rate."""
    return [s for s in container.streams.audio if s.codec_context is not None and s.codec_context.sample_rate > 0]


@contextmanager
def open_source(path: str | Path, timeline: Timeline | None = None) -> Iterator[OpenSource]:
    """Open a title for reading and check that it has a video track with a decoder and a sane size. ``timeline`` is its
    timeline, where it is known already.

    Errors met inside the block come out as `MediaError`; a file that vanished or changed meanwhile
    gives ``source_missing`` or ``source_changed`` rather than whatever FFmpeg made of it.
    """
    path, begin = _located(Path(path))
    fingerprint = Fingerprint.of(path)
    container = _open(path, fingerprint)
    source: OpenSource | None = None
    try:
        moov = boxes.read_moov(path) if "mp4" in container.format.name else b""
        drm.refuse_protected(moov)
        drm.refuse_keyed(container)
        dolby_vision.refuse_incompatible(moov, _head(path))
        if not moov and boxes.is_picture(path):
            raise MediaError("not_a_video", "This is a picture.")
        if not container.streams.video and "mp4" in container.format.name and boxes.is_cut_short(path):
            raise MediaError("truncated")
        video = _video_of(container)
        programme = _programme_of(path, container, video)
        source = OpenSource(
            path,
            container,
            video,
            _origin(container, video, programme) if begin is None else begin,
            fingerprint,
            boxes.has_edit_list(moov),
            boxes.is_fragmented(moov),
            moov=moov,
            known=timeline,
            stretch=begin is not None,
            programme=programme,
        )
        try:
            yield source
        except (av.error.FFmpegError, OSError, MemoryError) as error:
            source.check_unchanged()
            raise from_read_error(error) from error
        source.check_unchanged()
    finally:
        (source or container).close()


def _located(path: Path) -> tuple[Path, Fraction | None]:
    try:
        return located(path)
    except (OSError, ValueError, KeyError) as error:
        raise from_read_error(error) from error


def _open(path: Path, fingerprint: Fingerprint, extra: dict[str, str] | None = None) -> InputContainer:
    if path.is_dir():
        raise MediaError("unreadable", "This is a folder, not a file.")
    if not path.is_file():
        raise MediaError("unreadable", "This is not an ordinary file.")
    if fingerprint.size == 0:
        raise MediaError("empty_file")
    head = _head(path)
    if head.lstrip(b"\xef\xbb\xbf").startswith(b"#EXTM3U"):
        drm.refuse_playlist(head)
    drm.refuse_scrambled(head)
    options = {"format_whitelist": DEMUXERS, "protocol_whitelist": "file", **(extra or {})}
    try:
        if is_distant(path):
            bytes_of, size = Distant(path), READ_AT_ONCE
            return av.open(bytes_of, "r", container_options=options, metadata_errors="replace", buffer_size=size)
        return av.open("file:" + os.fspath(path), "r", container_options=options, metadata_errors="replace")
    except MemoryError as error:
        raise MediaError("out_of_memory") from error
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise _why_not_opened(path, head, error) from error


def _head(path: Path) -> bytes:
    try:
        with opened(path) as file:
            return file.read(65_536)
    except OSError as error:
        raise from_read_error(error) from error


def _why_not_opened(path: Path, head: bytes, error: Exception) -> MediaError:
    if isinstance(error, av.error.FileNotFoundError):
        return MediaError("source_missing")
    if isinstance(error, av.error.PermissionError):
        return MediaError("unreadable", str(error))
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return MediaError("out_of_memory")
    started_as_film = head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free") or head[:4] == b"\x1aE\xdf\xa3"
    if started_as_film:
        try:
            drm.refuse_protected(boxes.read_moov(path))
        except MediaError as refusal:
            return refusal
        except OSError:
            pass
        return MediaError("truncated", "The file begins as a film, but its index is missing or damaged.")
    if head[4:8] in (b"styp", b"sidx", b"moof", b"emsg"):
        return MediaError("truncated", "This is a segment of a stream without its init segment.")
    return MediaError("not_a_video")


def _video_of(container: InputContainer) -> VideoStream:
    films = _films(container)
    if not films:
        raise MediaError("no_video_stream")
    default = [s for s in films if s.disposition & av.stream.Disposition.default]
    video = (default or films)[0]
    if video.codec_context is None or not video.codec_context.name:
        raise MediaError("unsupported_codec")
    check_size(video.codec_context.width, video.codec_context.height)
    return _prepared(video, "AUTO")


def _prepared(video: VideoStream, threads: Threads) -> VideoStream:
    """Ready to be decoded, just what is to be seen: FFmpeg leaves some of what is cropped on the left where rows of
    samples would not be aligned."""
    video.thread_type = threads
    video.codec_context.flags |= Flags.unaligned
    return video


def _films(container: InputContainer) -> list[VideoStream]:
    """The video tracks that are no cover pictures."""
    pictures = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
    return [s for s in container.streams.video if not s.disposition & pictures]


def check_size(width: int, height: int) -> None:
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise MediaError("too_large_picture", f"{width}×{height} is larger than the engine accepts (8192×5120).")


def _programme_of(path: Path, container: InputContainer, video: VideoStream) -> frozenset[int] | None:
    several = len(container.streams.video) > 1 or len(container.streams.audio) > 1
    return tracks_beside(path, video.id) if several and container.format.name == "mpegts" else None


def _origin(container: InputContainer, video: VideoStream, programme: frozenset[int] | None) -> Fraction:
    """Where a player's clock starts: the earliest track of what it plays, as FFmpeg, mpv and VLC have it.

    Sound that starts before zero (codec priming) does not move it; pictures before zero do. In a stream nothing begins
    at zero: times below it are those before its clock's wrap.
    """
    starts = [
        s.start_time * s.time_base
        for s in (*_films(container), *container.streams.audio)
        if s.start_time is not None and s.time_base is not None and (programme is None or s.id in programme)
    ]
    start = min(starts, default=Fraction(0))
    if start < 0 and container.format.name not in STREAMS:
        return min(Fraction(0), Fraction(video.start_time or 0) * (video.time_base or 1))
    return start
