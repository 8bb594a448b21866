"""What real files have taught: each kind of file that once was cut wrongly, made small."""

import io
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest
from PIL import Image, features

from groundswell.media import ClipRequest, MediaError, cut, package, probe
from tests.media.conftest import FilmMaker
from tests.media.film import Film, numbers, picture
from tests.media.zoo import breed


def refused(source: Path) -> str:
    with pytest.raises(MediaError) as caught:
        probe(source)
    return caught.value.code


def test_pictures_with_side_data_that_pyav_does_not_know(tmp_path: Path) -> None:
    """Exif, as action cameras write it into every picture of Motion JPEG."""
    source, clip = tmp_path / "exif.mov", tmp_path / "clip.mp4"
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    with av.open(str(source), "w") as output:
        stream = output.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 192, 108, "yuvj420p"
        for n in range(20):
            jpeg = io.BytesIO()
            Image.fromarray(picture(n, 192, 108)).save(jpeg, "JPEG", exif=exif, quality=90)
            packet = av.Packet(jpeg.getvalue())
            packet.pts = packet.dts = n
            packet.time_base, packet.stream, packet.is_keyframe = Fraction(1, 25), stream, True
            output.mux(packet)
    assert probe(source).video.rotation == 0
    cut(source, ClipRequest(start_us=200_000, end_us=600_000), clip)
    assert [number for _, number in numbers(clip)] == list(range(5, 15))


@pytest.mark.parametrize("from_the_end", [1, 2, 5])
def test_a_broken_picture_near_the_end_takes_no_other_with_it(
    film_of: FilmMaker, tmp_path: Path, from_the_end: int
) -> None:
    """Decoders that work on several pictures at once lose those on their way when one of them is broken."""
    source, clip = tmp_path / "broken.mp4", tmp_path / "clip.mp4"
    with av.open(str(film_of(Film(audio=None)))) as whole, av.open(str(source), "w") as output:
        packets = [packet for packet in whole.demux(video=0) if packet.size]
        stream = output.add_stream_from_template(whole.streams.video[0])
        unused = [n for n, packet in enumerate(packets) if n and (packet.pts or 0) < (packets[n - 1].pts or 0)]
        broken = unused[-from_the_end]
        gone = round((packets[broken].pts or 0) * Fraction(packets[broken].time_base) * 25)
        for n, packet in enumerate(packets):
            data = bytes(packet)
            copy = av.Packet(b"\x7f" + data[1:] if n == broken else data)
            copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, packet.time_base
            copy.is_keyframe, copy.stream = packet.is_keyframe, stream
            output.mux(copy)
    assert cut(source, ClipRequest(start_us=1_200_000, end_us=2_400_000), clip).mode == "encode"
    assert [number for _, number in numbers(clip)] == [n for n in range(30, 60) if n != gone]


def test_webm_that_names_a_key_is_encrypted(film_of: FilmMaker, tmp_path: Path) -> None:
    """WebM's own encryption (ContentEncodings), put where the track's name was."""
    key = b"\x47\xe2\x90" + b"0123456789abcdef"
    algorithm = b"\x47\xe1\x81\x05" + key + b"\x47\xe7\x84\x47\xe8\x81\x01"
    encoding = b"\x50\x31\x81\x00\x50\x32\x81\x01\x50\x33\x81\x01\x50\x35" + bytes([0x80 | len(algorithm)]) + algorithm
    wanted = b"\x62\x40" + bytes([0x80 | len(encoding)]) + encoding
    plain, locked = tmp_path / "named.webm", tmp_path / "locked.webm"
    webm = film_of(Film(container="webm", codec="libvpx-vp9", audio="libopus", b_frames=0))
    with av.open(str(webm)) as title, av.open(str(plain), "w") as output:
        stream = output.add_stream_from_template(title.streams.video[0])
        stream.metadata["title"] = "n" * len(wanted)
        for packet in title.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                output.mux(packet)
    data = plain.read_bytes()
    at = data.index(b"n" * len(wanted))
    start = data.rindex(b"\x53\x6e", 0, at)
    assert at - start < 12
    locked.write_bytes(data[:start] + b"\x6d\x80" + data[start + 2 : at] + wanted + data[at + len(wanted) :])
    assert refused(locked) == "encrypted_cenc"


def test_protection_is_named_even_where_the_file_does_not_open(film_of: FilmMaker, tmp_path: Path) -> None:
    data = film_of(Film(movflags="frag_keyframe+empty_moov")).read_bytes()
    cut_short = data[: data.index(b"moof") + 20].replace(b"avc1\0\0\0\0", b"encv\0\0\0\0").replace(b"trex", b"free")
    (tmp_path / "locked.mp4").write_bytes(cut_short)
    assert refused(tmp_path / "locked.mp4") == "encrypted_cenc"


def test_a_segment_without_its_init_segment_is_cut_short(film_of: FilmMaker, tmp_path: Path) -> None:
    data = film_of(Film(movflags="frag_keyframe+empty_moov")).read_bytes()
    (tmp_path / "segment.m4s").write_bytes(data[data.index(b"moof") - 4 :])
    assert refused(tmp_path / "segment.m4s") == "truncated"


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow writes no AVIF")
def test_a_still_picture_in_the_container_of_films_is_no_film(tmp_path: Path) -> None:
    Image.fromarray(picture(1, 192, 108)).save(tmp_path / "still.avif")
    assert refused(tmp_path / "still.avif") == "not_a_video"


@pytest.mark.parametrize("size", [(64, 24), (48, 16), (2, 2)])
def test_hdr_pictures_smaller_than_x265_takes(film_of: FilmMaker, tmp_path: Path, size: tuple[int, int]) -> None:
    film = Film(codec="ffv1", container="matroska", audio=None, b_frames=0, frames=10, size=size, colour=(9, 16, 9))
    source, clip = film_of(replace(film, pixel_format="yuv420p10le")), tmp_path / "clip.mp4"
    assert cut(source, ClipRequest(start_us=80_000, end_us=320_000), clip).frames == 6
    made = probe(clip).video
    assert (made.bit_depth, made.colour.is_hdr, made.coded_width, made.coded_height) == (10, True, *size)


def test_pictures_that_are_an_hour_apart(film_of: FilmMaker, tmp_path: Path) -> None:
    """Slower than any rate that is written in thousandths."""
    film = Film(frames=4, audio=None, tick=Fraction(1, 1000), times=(0, 3_600_000, 7_200_000, 10_800_000), b_frames=0)
    assert (
        cut(film_of(film), ClipRequest(start_us=3_600_000_000, end_us=3_600_000_001), tmp_path / "clip.mp4").frames == 1
    )


def test_times_that_only_tell_the_order_of_storage_are_not_copied(zoo: Path, tmp_path: Path) -> None:
    for name in ("avi h264 with b", "asf h264", "mxf"):
        source = breed(name, zoo)
        result = cut(source, ClipRequest(start_us=1_000_000, end_us=1_700_000), tmp_path / "clip.mp4")
        assert result.fallback_reason == "times_of_storage", name
        shown = [number for _, number in numbers(tmp_path / "clip.mp4")]
        assert shown == list(range(shown[0], shown[0] + result.frames)), name
    assert (
        cut(breed("avi h264", zoo), ClipRequest(start_us=1_000_000, end_us=1_700_000), tmp_path / "clip.mp4").mode
        == "smart"
    )


def test_a_broken_packet_of_sound_is_no_failure_to_write(film_of: FilmMaker, tmp_path: Path) -> None:
    """Of these bytes, a whole ADTS frame by their length, FFmpeg's decoder says that it lacks permission."""
    source, clip = tmp_path / "broken.ts", tmp_path / "clip.mp4"
    whole = film_of(Film(container="mpegts"))
    with av.open(str(whole)) as title, av.open(str(source), "w", format="mpegts") as output:
        streams = {s.index: output.add_stream_from_template(s) for s in title.streams}
        for n, packet in enumerate(p for p in title.demux() if p.size):
            data = bytes(packet)
            if packet.stream.type == "audio" and n in (40, 41, 60):
                data = bytes.fromhex("fff14c8001bfb5bbabb2b63756")
            copy = av.Packet(data)
            copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, packet.time_base
            copy.is_keyframe, copy.stream = packet.is_keyframe, streams[packet.stream_index]
            output.mux(copy)
    assert len(package(source, tmp_path).audio) == 1
    assert cut(source, ClipRequest(start_us=400_000, end_us=1_600_000, profile="square", focus=0.5), clip).frames == 30
    assert cut(source, ClipRequest(start_us=400_000, end_us=1_600_000, audio="exact"), clip).audio == "exact"


def test_a_picture_shown_weeks_after_it_is_decoded_cannot_be_packaged(film_of: FilmMaker, tmp_path: Path) -> None:
    source = tmp_path / "leap.mkv"
    with av.open(str(film_of(Film(audio=None, b_frames=0)))) as title, av.open(str(source), "w") as output:
        stream = output.add_stream_from_template(title.streams.video[0])
        for n, packet in enumerate(p for p in title.demux(video=0) if p.size):
            packet.time_base, packet.dts = Fraction(1, 1000), 40 * n
            packet.pts = 3_000_000_000 if n == 20 else 40 * n
            packet.stream = stream
            output.mux(packet)
    with pytest.raises(MediaError) as caught:
        package(source, tmp_path)
    assert caught.value.code == "cannot_package"
    assert not list(tmp_path.glob("*.mp4"))
