"""Encrypted media is refused, each kind with its own reason, and nothing of it is written."""

import struct
import subprocess
from pathlib import Path

import pytest

from groundswell.media import ClipRequest, MediaError, cut, cut_bounded_sync, probe
from tests.media.conftest import FilmMaker
from tests.media.film import Film
from tests.media.zoo import FFMPEG

AES = b'#EXTM3U\n#EXT-X-KEY:METHOD=%s,URI="https://keys.example/1",IV=0x1\n#EXTINF:4,\na.ts\n'


def refused(source: Path, tmp_path: Path) -> str:
    """Why a source is refused: by probing, cutting, and cutting in a child alike."""
    clip = tmp_path / "out" / "clip.mp4"
    clip.parent.mkdir(exist_ok=True)
    codes = set()
    for call in (
        lambda: probe(source),
        lambda: cut(source, ClipRequest(start_us=0, end_us=500_000), clip),
        lambda: cut(source, ClipRequest(start_us=0, end_us=500_000, profile="square"), clip),
        lambda: cut_bounded_sync(source, ClipRequest(start_us=0, end_us=500_000), clip),
    ):
        with pytest.raises(MediaError) as caught:
            call()
        codes.add(caught.value.code)
    assert not list(clip.parent.iterdir())
    (code,) = codes
    return code


@pytest.mark.parametrize("scheme", ["cenc-aes-ctr"])
@pytest.mark.parametrize("movflags", ["faststart", "frag_keyframe+empty_moov"])
def test_common_encryption(film_of: FilmMaker, tmp_path: Path, scheme: str, movflags: str) -> None:
    """Real CENC, made by ffmpeg."""
    locked = tmp_path / "locked.mp4"
    keys = [
        "-encryption_key",
        "76a6c65c5ea762046bd749a2e632ccbb",
        "-encryption_kid",
        "a7e61c373e219033c21091fa607bf3b8",
    ]
    command = [FFMPEG, "-v", "error", "-i", film_of(Film()), "-c", "copy", "-encryption_scheme", scheme, *keys]
    subprocess.run([*command, "-movflags", movflags, locked], check=True)
    assert refused(locked, tmp_path) == "encrypted_cenc"


@pytest.mark.parametrize("method", [b"AES-128", b"SAMPLE-AES", b"SAMPLE-AES-CTR"])
def test_hls_with_keys(tmp_path: Path, method: bytes) -> None:
    (tmp_path / "title.m3u8").write_bytes(AES % method)
    assert refused(tmp_path / "title.m3u8", tmp_path) == "encrypted_hls"
    (tmp_path / "title.m3u8").write_bytes(b"#EXTM3U\n#EXT-X-KEY:METHOD=NONE\n#EXTINF:4,\nz.ts\n" + AES % method)
    assert refused(tmp_path / "title.m3u8", tmp_path) == "encrypted_hls"


def test_a_clear_playlist_is_no_film(tmp_path: Path) -> None:
    (tmp_path / "title.m3u8").write_bytes(AES % b"NONE")
    assert refused(tmp_path / "title.m3u8", tmp_path) == "not_a_video"


def test_a_segment_of_hls_aes_128(film_of: FilmMaker, tmp_path: Path) -> None:
    """Encrypted whole, it looks like noise."""
    data = film_of(Film(container="mpegts")).read_bytes()
    (tmp_path / "a.ts").write_bytes(bytes(b ^ (n * 167 + n // 251 & 255) for n, b in enumerate(data)))
    assert refused(tmp_path / "a.ts", tmp_path) == "not_a_video"


def test_sample_entries_of_encryption_and_a_sinf_under_a_clear_name(film_of: FilmMaker, tmp_path: Path) -> None:
    data = film_of(Film()).read_bytes()
    (tmp_path / "encv.mp4").write_bytes(data.replace(b"avc1\0\0\0\0", b"encv\0\0\0\0"))
    assert refused(tmp_path / "encv.mp4", tmp_path) == "encrypted_cenc"
    (tmp_path / "drmi.mp4").write_bytes(data.replace(b"avc1\0\0\0\0", b"drmi\0\0\0\0"))
    assert refused(tmp_path / "drmi.mp4", tmp_path) == "encrypted_cenc"
    at = data.index(b"pasp") if b"pasp" in data else data.index(b"btrt")
    (size,) = struct.unpack_from(">I", data, at - 4)
    (tmp_path / "sinf.mp4").write_bytes(data[:at] + b"sinf" + data[at + 4 :])
    assert size >= 8
    assert refused(tmp_path / "sinf.mp4", tmp_path) == "encrypted_cenc"


def test_a_scrambled_transport_stream(film_of: FilmMaker, tmp_path: Path) -> None:
    data = bytearray(film_of(Film(container="mpegts")).read_bytes())
    for at in range(0, len(data), 188):
        data[at + 3] |= 0x80
    (tmp_path / "scrambled.ts").write_bytes(data)
    assert refused(tmp_path / "scrambled.ts", tmp_path) == "encrypted"
