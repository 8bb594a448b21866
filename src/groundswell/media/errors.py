"""Why the engine refused. Every refusal carries a code for programs and a sentence for people."""

from __future__ import annotations

import errno

import av.error

REASONS: dict[str, str] = {
    "not_a_video": "This is not a video file the engine can open.",
    "empty_file": "The file is empty.",
    "truncated": "The file is cut short: its index or its frames are missing.",
    "encrypted": "The file is encrypted. Cut from the clear mezzanine or a clear rendition.",
    "encrypted_hls": "The title is encrypted for HLS. Cut from the clear mezzanine or a clear rendition.",
    "encrypted_cenc": "The file is under Common Encryption. Cut from the clear mezzanine or a clear rendition.",
    "live_stream": "The stream is live; clips are cut from what is there to its end.",
    "bad_playlist": "The playlist or manifest cannot be read.",
    "packed_audio": "Sound in segments without a container is not read.",
    "other_host": "The playlist names another host.",
    "segment_missing": "A segment of the stream is not there.",
    "segment_times": "The playlist does not say exactly when the stream's segments are shown; clips play once made.",
    "stream_gap": "The stream has a gap where the clip lies.",
    "stream_changed": "The stream is not the one that was indexed.",
    "tracks_change": "Part of the way through, the pictures go on in another track; only one of them would be read.",
    "not_copied": "The title stays where the service keeps it; clips of it play as MP4.",
    "no_ranges": "The server does not answer byte ranges.",
    "wrong_size": "The server says another size than it sends.",
    "dolby_vision": "This Dolby Vision has no base layer that other decoders can show.",
    "no_video_stream": "The file has no video track.",
    "unsupported_codec": "There is no decoder for the codec of this video.",
    "start_not_before_end": "The start must come before the end.",
    "past_the_end": "The start lies past the end of the video.",
    "no_frames": "No frame of the video falls between start and end.",
    "too_large_picture": "The picture is larger than the engine accepts.",
    "too_long": "The clip is longer than allowed here.",
    "timed_out": "The work took longer than allowed.",
    "source_missing": "The source file is not there.",
    "source_changed": "The source file changed while it was being read.",
    "unreadable": "The source file cannot be read.",
    "damaged": "The video cannot be decoded where the clip lies.",
    "disk_full": "There is no room left to write the clip.",
    "cannot_write": "The clip cannot be written where it was asked for.",
    "out_of_memory": "The work needed more memory than allowed.",
    "bad_subtitles": "The subtitles cannot be read.",
    "bad_picture": "This is not a JPEG, PNG or WebP picture.",
    "no_such_track": "The video has no such track.",
    "no_audio": "The video has no sound.",
    "bad_time": "This is not a time.",
    "bad_option": "This is not one of the choices.",
    "check_failed": "The clip was made but did not pass its own check.",
    "cannot_package": "These codecs cannot be packaged without transcoding.",
    "not_exact": "This clip cannot be streamed exact without transcoding.",
    "cannot_sign": "This file cannot be signed.",
    "bad_certificate": "The certificate for content credentials cannot be used.",
    "crashed": "The decoder crashed on this file.",
    "cancelled": "The work was cancelled.",
}


class MediaError(Exception):
    """A refusal. ``code`` is a key of `REASONS`; ``detail`` says to a person what was wrong."""

    def __init__(self, code: str, detail: str | None = None) -> None:
        if code not in REASONS:
            raise ValueError(f"unknown reason code {code!r}")
        self.code = code
        self.detail = detail or REASONS[code]
        super().__init__(code, self.detail)

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


BROKEN_PACKET = (
    av.error.InvalidDataError,
    av.error.PatchWelcomeError,
    av.error.UnknownError,
    av.error.PermissionError,
)
"""What decoders make of a packet that is damaged. Many an old one returns -1, which reads as a lack of permission."""

_BY_ERRNO = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EFBIG: "disk_full",
    errno.ENOMEM: "out_of_memory",
    errno.EROFS: "cannot_write",
    errno.ENOSYS: "unsupported_codec",
    errno.EOPNOTSUPP: "unsupported_codec",
}


def from_read_error(error: BaseException) -> MediaError:
    """The refusal for an error met while opening or reading a source."""
    if isinstance(error, MediaError):
        return error
    if isinstance(error, MemoryError):
        return MediaError("out_of_memory")
    if isinstance(error, av.error.DecoderNotFoundError):
        return MediaError("unsupported_codec")
    number = getattr(error, "errno", None)
    if number in _BY_ERRNO:
        return MediaError(_BY_ERRNO[number])
    if isinstance(error, FileNotFoundError):
        return MediaError("source_missing")
    if isinstance(error, av.error.FFmpegError):
        return MediaError("damaged", f"{REASONS['damaged']} ({error})")
    if isinstance(error, PermissionError | IsADirectoryError | NotADirectoryError):
        return MediaError("unreadable", str(error))
    return MediaError("damaged", f"{REASONS['damaged']} ({error})")


def writing(error: BaseException) -> MediaError:
    """The refusal for an error met while writing a clip."""
    if isinstance(error, MediaError):
        return error
    if isinstance(error, MemoryError):
        return MediaError("out_of_memory")
    code = _BY_ERRNO.get(getattr(error, "errno", None) or 0, "cannot_write")
    return MediaError(code, f"{REASONS[code]} ({error})")
