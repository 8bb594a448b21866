"""Names of codecs as players want them (RFC 6381, ISO 14496-15 annex E, AV1-ISOBMFF 5, VP9 in ISOBMFF)."""

from __future__ import annotations

from av.audio.stream import AudioStream

from groundswell.media.bitstream.avc import AvcConfig
from groundswell.media.bitstream.bits import Reader
from groundswell.media.reading.source import OpenSource
from groundswell.media.title import TitleIndex


def video_codec(title: OpenSource, index: TitleIndex) -> str:
    """The ``codecs`` name of a title's video track. Raises ``ValueError`` for a record that cannot be read."""
    extradata = bytes(title.video.codec_context.extradata or b"")
    if index.video.codec == "h264":
        return "avc1." + AvcConfig.parse(extradata).lead.hex()
    if index.video.codec == "hevc":
        return hevc_codec(extradata)
    if index.video.codec == "av1":
        return _av1(extradata, index)
    profile = "".join(c for c in index.video.profile or "0" if c.isdigit()) or "0"
    return f"vp09.{int(profile):02}.41.{index.video.bit_depth:02}"


def hevc_codec(record: bytes) -> str:
    """From an hvcC record: profile space and idc, compatibility flags reversed, tier and level, constraints."""
    if len(record) < 23 or record[0] != 1:
        return "hvc1.1.6.L120.90"
    space = ("", "A", "B", "C")[record[1] >> 6]
    tier = "H" if record[1] & 32 else "L"
    flags = int(f"{int.from_bytes(record[2:6], 'big'):032b}"[::-1], 2)
    constraints = record[6:12].rstrip(b"\0")
    tail = "".join(f".{byte:x}" for byte in constraints)
    return f"hvc1.{space}{record[1] & 31}.{flags:x}.{tier}{record[12]}{tail}"


def _av1(record: bytes, index: TitleIndex) -> str:
    if len(record) < 4:
        return f"av01.0.08M.{index.video.bit_depth:02}"
    reader = Reader(record[1:4])
    profile, level, tier = reader.u(3), reader.u(5), reader.u(1)
    return f"av01.{profile}.{level:02}{'H' if tier else 'M'}.{index.video.bit_depth:02}"


def audio_codec(stream: AudioStream) -> str:
    """For AAC, the only sound that is packaged."""
    return {"HE-AAC": "mp4a.40.5", "HE-AACv2": "mp4a.40.29"}.get(stream.profile or "", "mp4a.40.2")
