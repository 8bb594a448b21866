"""Dolby Vision without a base layer that others can show is refused by its own reason, whatever it comes in."""

import struct
from pathlib import Path

import pytest

from groundswell.media import ClipRequest, MediaError, cut, probe
from groundswell.media.isobmff import boxes
from groundswell.media.isobmff.init_segment import BEFORE_CHILDREN
from groundswell.media.reading.dolby_vision import refuse_incompatible
from tests.media.conftest import FilmMaker
from tests.media.film import Film

HEVC = Film(codec="libx265", pixel_format="yuv420p10le", audio=None)
PATH = ("moov", "trak", "mdia", "minf", "stbl", "stsd", "hvc1")


def record(profile: int, compatible: int) -> bytes:
    """ETSI TS 103 572, 3.2: version 1.0, level 6, with its metadata and a base layer."""
    return bytes([1, 0, profile << 1, 6 << 3 | 5, compatible << 4]) + bytes(19)


def with_record(data: bytes, path: tuple[str, ...], made: bytes) -> bytes:
    """An MP4 (index last) whose sample entry holds another box."""
    out = b""
    for box in boxes.boxes(data):
        body = data[box.start : box.end]
        if box.kind == path[0]:
            skip = BEFORE_CHILDREN.get(box.kind, 0)
            body = body[:skip] + (with_record(body[skip:], path[1:], made) if len(path) > 1 else body[skip:] + made)
        out += boxes.box(box.kind, body)
    return out


@pytest.mark.parametrize(("profile", "compatible", "refused"), [(5, 0, True), (8, 1, False), (8, 4, False)])
def test_profile_5_is_refused_and_those_that_others_can_show_are_not(
    film_of: FilmMaker, tmp_path: Path, profile: int, compatible: int, refused: bool
) -> None:
    data = film_of(HEVC).read_bytes().replace(b"hev1", b"hvc1")
    path = tmp_path / "dolby.mp4"
    path.write_bytes(with_record(data, PATH, boxes.box("dvcC", record(profile, compatible))))
    if not refused:
        assert cut(path, ClipRequest(start_us=400_000, end_us=1_500_000), tmp_path / "clip.mp4").mode == "smart"
        return
    for call in (
        lambda: probe(path),
        lambda: cut(path, ClipRequest(start_us=0, end_us=1_000_000), tmp_path / "clip.mp4"),
    ):
        with pytest.raises(MediaError) as caught:
            call()
        assert caught.value.code == "dolby_vision"
        assert "profile 5" in caught.value.detail
    assert not (tmp_path / "clip.mp4").exists()


def test_a_transport_streams_descriptor_is_read() -> None:
    described = bytes([0xB0, 5]) + record(5, 0)[:5]
    stream = bytes([0x24, 0xE1, 0x00]) + struct.pack(">H", 0xF000 | len(described)) + described
    body = bytes([0, 1, 0xC1, 0, 0, 0xE1, 0x00, 0xF0, 0x00]) + stream + bytes(4)
    section = bytes([2]) + struct.pack(">H", 0xB000 | len(body)) + body
    packet = (bytes([0x47, 0x50, 0x00, 0x10, 0]) + section).ljust(188, b"\xff")
    with pytest.raises(MediaError):
        refuse_incompatible(b"", packet * 6)


def test_matroskas_block_addition_is_read() -> None:
    head = b"\x1aE\xdf\xa3" + b"\x41\xe7\x84dvcC" + b"\x41\xed\x98" + record(5, 0)
    with pytest.raises(MediaError):
        refuse_incompatible(b"", head)
    refuse_incompatible(b"", head.replace(record(5, 0), record(8, 1)))
