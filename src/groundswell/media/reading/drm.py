"""Tell encrypted media by its outside. The engine reads clear files alone: it holds no keys and writes none.

HLS names its method in the playlist (RFC 8216, 4.3.2.4); Common Encryption its scheme in the sample entries (ISO
23001-7), in a Matroska track or in packets; transport streams mark scrambled packets in their header (ISO 13818-1,
2.4.3.2).
"""

from __future__ import annotations

import re

from av.container import InputContainer

from groundswell.media.errors import MediaError
from groundswell.media.isobmff.boxes import boxes, find

PROTECTED = frozenset({"encv", "enca", "encs", "enct", "drmi", "drms"})
VISUAL, SOUND = 78, 28
"""Bytes of a sample entry before the boxes in it (ISO 14496-12, 8.5.2)."""
_METHOD = re.compile(rb"^#EXT-X-(?:SESSION-)?KEY:[^\r\n]*?METHOD=([A-Z0-9-]+)", re.MULTILINE)
TS_PACKET, SYNC = 188, 0x47


def refuse_playlist(head: bytes) -> None:
    """Raise ``encrypted_hls`` for a playlist with keys, ``not_a_video`` for any other."""
    methods = {found.decode() for found in _METHOD.findall(head)} - {"NONE"}
    if methods:
        said = " and ".join(sorted(methods))
        raise MediaError(
            "encrypted_hls", f"This HLS title is encrypted ({said}). Give the clear mezzanine or rendition."
        )
    raise MediaError("not_a_video", "This is a playlist. Give the media file itself.")


def refuse_protected(moov: bytes) -> None:
    """Raise ``encrypted_cenc`` when a track's sample entries are protected (``encv``, ``enca``, FairPlay's ``drmi``),
    or keep their name but carry a ``sinf``."""
    for stsd in find(moov, "trak", "mdia", "minf", "stbl", "stsd"):
        for entry in boxes(moov, stsd.start + 8, stsd.end):
            inside = (b.kind for skip in (VISUAL, SOUND) for b in boxes(moov, entry.start + skip, entry.end))
            if entry.kind in PROTECTED or "sinf" in inside:
                raise MediaError("encrypted_cenc")


def refuse_keyed(container: InputContainer) -> None:
    """Raise ``encrypted_cenc`` when a track of Matroska or WebM names the key that it is encrypted with."""
    if any("enc_key_id" in stream.metadata for stream in container.streams):
        raise MediaError("encrypted_cenc")


def refuse_scrambled(head: bytes) -> None:
    """Raise ``encrypted`` when most packets of a transport stream are scrambled, as by DVB's conditional access."""
    start = next((n for n in range(TS_PACKET) if head[n : n + 5 * TS_PACKET : TS_PACKET] == bytes([SYNC]) * 5), None)
    if start is None:
        return
    flags = [head[at + 3] >> 6 for at in range(start, len(head) - 4, TS_PACKET) if head[at] == SYNC]
    if 2 * sum(flag > 1 for flag in flags) > len(flags):
        raise MediaError("encrypted", "This transport stream is scrambled.")
