"""Exact HLS: a clip, to the frame, of a packaged title's own middle segments and two small fragments of our own.

The fragments lie on the title's raw media timeline and all of them follow one init segment that is the title's but for
the codec's record, which holds the parameter sets of both; so there is no discontinuity, and players see one
stretch of media (RFC 8216, 3.3 and 4.3.2.5).
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av

from groundswell.media.errors import MediaError, from_read_error, writing
from groundswell.media.model import Frozen
from groundswell.media.reading.packets import CannotCopy
from groundswell.media.times import clock

from .byte_ranges import ExactTrack
from .exact_audio import exact_audio
from .exact_video import exact_video
from .package import Package, PackagedTrack, Segment


class ExactHls(Frozen):
    """An exact clip. Times are microseconds on the title's timeline; ``duration_us`` is how long the picture lasts."""

    start_us: int
    end_us: int
    duration_us: int
    frames: int
    frames_copied: int
    video: ExactTrack
    audio: tuple[ExactTrack, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """The names of the files made."""
        found = [p.file for t in (self.video, *self.audio) for p in (t.init, *t.pieces) if p.made]
        return tuple(dict.fromkeys(found))

    def to_json(self) -> str:
        return self.model_dump_json()

    @classmethod
    def from_json(cls, text: str | bytes) -> ExactHls:
        return cls.model_validate_json(text)


@dataclass(frozen=True)
class NotExact:
    """Why there is no exact HLS of a clip, in a word: play it by `clip_playlist` and cut an MP4."""

    reason: str


def ranges_needed(package: Package, start_us: int, end_us: int) -> dict[str, list[tuple[int, int]]]:
    """What `exact_hls` reads of each of the package's files: byte ranges as (offset, size), in order."""
    tracks = (package.video, *package.audio)
    return {t.file: [(0, t.init_size), *_joined(_segments(t, start_us, end_us))] for t in tracks}


def _segments(track: PackagedTrack, start_us: int, end_us: int) -> list[Segment]:
    return [s for s in track.segments if s.start_us < end_us and s.end_us > start_us]


def _joined(segments: Sequence[Segment]) -> Iterator[tuple[int, int]]:
    if segments:
        yield segments[0].offset, segments[-1].offset + segments[-1].size - segments[0].offset


def exact_hls(
    package: Package,
    folder: str | Path,
    start_us: int,
    end_us: int,
    destination: str | Path,
    *,
    audio_tracks: Sequence[int] | None = None,
) -> ExactHls | NotExact:
    """Make what an exact clip ``[start_us, end_us)`` of a packaged title needs beside the title's own segments.

    ``folder`` holds the package's files, or sparse files with just the `ranges_needed`. ``destination`` is a folder
    that is not there yet: it appears with init segment, head and tail of each track, or not at all. The frames are
    those that `cut` would choose. The sound, of all tracks or of ``audio_tracks``, is copied: to within a
    packet. What was made is read back and checked before it appears.

    Gives `NotExact` where codec, coding or length do not allow it, or where what was made failed its check. Raises
    `MediaError`: ``start_not_before_end``, ``bad_time``, ``past_the_end``, ``no_frames``, ``no_such_track``,
    ``source_missing``, ``damaged``, ``disk_full``, ``cannot_write``.
    """
    folder = Path(folder)
    tracks = _checked(package, start_us, end_us, audio_tracks)
    try:
        with _new_folder(Path(destination)) as made:
            spans = _ranges(package.video, start_us, end_us)
            clip = exact_video(package, folder, spans, start_us, end_us, made)
            span = (clip.first * clip.tick, clip.stop * clip.tick)
            sounds = [exact_audio(t, folder, _ranges(t, start_us, end_us), span, made) for t in tracks]
    except CannotCopy as reason:
        return NotExact(str(reason))
    except MediaError as error:
        if error.code != "check_failed":
            raise
        return NotExact(str(error))
    except av.error.FFmpegError as error:
        raise from_read_error(error) from error
    except ValueError as error:
        raise MediaError("damaged", f"The package is not what it says ({error}).") from error
    duration_us = round((clip.stop - clip.first) * clip.tick * 1_000_000)
    return ExactHls(
        start_us=start_us,
        end_us=end_us,
        duration_us=duration_us,
        frames=clip.frames,
        frames_copied=clip.copied,
        video=clip.track,
        audio=tuple(sound for sound in sounds if sound.pieces),
    )


def _checked(
    package: Package, start_us: int, end_us: int, audio_tracks: Sequence[int] | None
) -> tuple[PackagedTrack, ...]:
    if start_us < 0:
        raise MediaError("bad_time", "The start lies before 0:00.")
    if start_us >= end_us:
        raise MediaError("start_not_before_end")
    if start_us >= package.video.segments[-1].end_us:
        raise MediaError("past_the_end", f"The video ends at {clock(package.video.segments[-1].end_us)}.")
    if audio_tracks is None:
        return package.audio
    if any(not 0 <= n < len(package.audio) for n in audio_tracks):
        raise MediaError("no_such_track", f"There are {len(package.audio)} audio tracks.")
    return tuple(package.audio[n] for n in audio_tracks)


def _ranges(track: PackagedTrack, start_us: int, end_us: int) -> list[tuple[int, int]]:
    return [(s.offset, s.size) for s in _segments(track, start_us, end_us)]


@contextmanager
def _new_folder(destination: Path) -> Iterator[Path]:
    """A folder beside ``destination`` that takes its place when the block succeeds; else nothing is left."""
    temporary = destination.with_name(f".{destination.name[:80]}.{secrets.token_hex(6)}.part")
    try:
        try:
            temporary.mkdir()
        except OSError as error:
            raise writing(error) from error
        try:
            yield temporary
        except FileNotFoundError as error:
            raise from_read_error(error) from error
        try:
            os.replace(temporary, destination)
        except OSError as error:
            raise writing(error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
