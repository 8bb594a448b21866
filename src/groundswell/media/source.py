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
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from . import boxes, drm
from .distant import READ_AT_ONCE, Distant, is_distant, opened
from .errors import MediaError, reading
from .times import SECOND_US, to_us

# Only containers that hold one film. Playlists, image sequences, concat scripts and network demuxers can
# make FFmpeg open other files or hosts, so they are not on the list.
DEMUXERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,mpegvideo,avi,flv,live_flv,kux,asf,ogg,mxf,gxf,nut,"
    "h264,hevc,vvc,av1,obu,ivf,m4v,h263,h261,cavsvideo,vc1,vc1test,rm,dv,wtv,nsv,yuv4mpegpipe,dirac,"
    "mjpeg,bink,smk,film_cpk,roq,swf,vob,evc,apv"
)
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
            raise reading(error) from error
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


@dataclass(eq=False)
class Source:
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
    _before: list[InputContainer] = field(default_factory=list)

    def reopen(self) -> None:
        """Begin again at the first byte, for containers that cannot seek there. Take streams anew afterwards."""
        self._before.append(self.container)
        self.container = _open(self.path, self.fingerprint)
        self.video = self.container.streams.video[self._nth_video()]
        self.video.thread_type = self.threads

    def decode_in_turn(self) -> None:
        """From now on one picture after the other. Begins again at the first byte."""
        self.threads = "SLICE"
        self.reopen()

    def _nth_video(self) -> int:
        return [s.index for s in self._before[-1].streams.video].index(self.video.index)

    def packets(self, track: Track) -> Iterator[Packet[Track]]:
        """The packets of a track from here on, ending with an empty one that flushes its decoder.

        PyAV trips at the end of a file in which a track has turned up that was not announced (FLV and transport
        streams may do so): that is an end like any other.
        """
        packets = cast("Iterator[Packet[Track]]", self.container.demux(track))
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except IndexError:
                packet = cast("Packet[Track]", Packet())
                packet.stream = track
                yield packet
                return
            yield packet

    def close(self) -> None:
        for container in (*self._before, self.container):
            container.close()

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


@contextmanager
def open_source(path: str | Path) -> Iterator[Source]:
    """Open a title for reading and check that it has a video track with a decoder and a sane size.

    Errors met inside the block come out as `MediaError`; a file that vanished or changed meanwhile
    gives ``source_missing`` or ``source_changed`` rather than whatever FFmpeg made of it.
    """
    path = Path(path)
    fingerprint = Fingerprint.of(path)
    container = _open(path, fingerprint)
    source: Source | None = None
    try:
        moov = boxes.read_moov(path) if "mp4" in container.format.name else b""
        drm.refuse_protected(moov)
        drm.refuse_keyed(container)
        if not moov and boxes.is_picture(path):
            raise MediaError("not_a_video", "This is a picture.")
        if not container.streams.video and "mp4" in container.format.name and boxes.is_cut_short(path):
            raise MediaError("truncated")
        video = _video_of(container)
        source = Source(
            path,
            container,
            video,
            _origin(container, video),
            fingerprint,
            boxes.has_edit_list(moov),
            boxes.is_fragmented(moov),
        )
        try:
            yield source
        except (av.error.FFmpegError, OSError, MemoryError) as error:
            source.check_unchanged()
            raise reading(error) from error
        source.check_unchanged()
    finally:
        (source or container).close()


def _open(path: Path, fingerprint: Fingerprint) -> InputContainer:
    if path.is_dir():
        raise MediaError("unreadable", "This is a folder, not a file.")
    if not path.is_file():
        raise MediaError("unreadable", "This is not an ordinary file.")
    if fingerprint.size == 0:
        raise MediaError("empty_file")
    try:
        with opened(path) as file:
            head = file.read(65_536)
    except OSError as error:
        raise reading(error) from error
    if head.lstrip(b"\xef\xbb\xbf").startswith(b"#EXTM3U"):
        drm.refuse_playlist(head)
    drm.refuse_scrambled(head)
    options = {"format_whitelist": DEMUXERS, "protocol_whitelist": "file"}
    try:
        if is_distant(path):
            bytes_of, size = Distant(path), READ_AT_ONCE
            return av.open(bytes_of, "r", container_options=options, metadata_errors="replace", buffer_size=size)
        return av.open("file:" + os.fspath(path), "r", container_options=options, metadata_errors="replace")
    except MemoryError as error:
        raise MediaError("out_of_memory") from error
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise _why_not_opened(path, head, error) from error


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
    video.thread_type = "AUTO"
    return video


def _films(container: InputContainer) -> list[VideoStream]:
    """The video tracks that are no cover pictures."""
    pictures = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
    return [s for s in container.streams.video if not s.disposition & pictures]


def check_size(width: int, height: int) -> None:
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise MediaError("too_large_picture", f"{width}×{height} is larger than the engine accepts (8192×5120).")


def _origin(container: InputContainer, video: VideoStream) -> Fraction:
    """Where a player's clock starts: the earliest track, as FFmpeg, mpv and VLC have it.

    Sound that starts before zero (codec priming) does not move it; pictures before zero do.
    """
    starts = [
        s.start_time * s.time_base
        for s in (*_films(container), *container.streams.audio)
        if s.start_time is not None and s.time_base is not None
    ]
    start = min(starts, default=Fraction(0))
    if start < 0:
        return min(Fraction(0), Fraction(video.start_time or 0) * (video.time_base or 1))
    return start
