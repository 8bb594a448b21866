"""Packages and playlists: every frame at its time, every range a playable piece."""

import re
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from groundswell.media import MediaError, Package, clip_playlist, master_playlist, media_playlist, package
from groundswell.media.hls.fragments import coded_fragments
from groundswell.media.isobmff.init_segment import InitSegment
from groundswell.media.times import to_us
from tests.media.conftest import FilmMaker
from tests.media.exactness import origin_of
from tests.media.film import Film, burst_times, numbers

PACKAGED = {
    "h264": Film(frames=250, gop=25),
    "fragmented": Film(movflags="frag_keyframe+empty_moov"),
    "mpegts": Film(container="mpegts", start=Fraction(5)),
    "matroska": Film(container="matroska", rate=Fraction(30000, 1001)),
    "hevc": Film(codec="libx265"),
    "hevc open GOP": Film(codec="libx265", open_gop=True, b_frames=3),
    "unsteady": Film(tick=Fraction(1, 1000), times=tuple(n * 33 + n * n % 17 for n in range(60))),
    "vp9 and opus": Film(container="webm", codec="libvpx-vp9", audio="libopus", b_frames=0),
}


@pytest.mark.parametrize("name", PACKAGED)
def test_a_package_is_the_title_on_its_own_timeline(film_of: FilmMaker, tmp_path: Path, name: str) -> None:
    source = film_of(PACKAGED[name])
    made = package(source, tmp_path)
    origin = origin_of(source)
    theirs = [(at - origin + made.lead, n) for at, n in numbers(source)]
    ours = numbers(tmp_path / made.video.file)
    assert [n for _, n in ours] == [n for _, n in theirs]
    assert max(abs(a - b) for (a, _), (b, _) in zip(theirs, ours, strict=True)) <= Fraction(1, 1000)
    heard = burst_times(tmp_path / made.audio[0].file)
    for burst in [b - float(origin) + float(made.lead) for b in burst_times(source)][1:]:
        assert min(abs(burst - h) for h in heard) < 0.004
    assert made.lead == 0
    assert Package.from_json(made.to_json()) == made


@pytest.mark.parametrize("name", PACKAGED)
def test_a_segment_says_when_its_first_picture_is_shown(film_of: FilmMaker, tmp_path: Path, name: str) -> None:
    """Players place segments by their decoding times, so that those must be the times of display."""
    made = package(film_of(PACKAGED[name]), tmp_path)
    with (tmp_path / made.video.file).open("rb") as file:
        init = InitSegment.parse(file.read(made.video.init_size))
        found = list(coded_fragments(file, init, [(s.offset, s.size) for s in made.video.segments]))
    assert all(f.delay == 0 for f in found)
    starts = {to_us(Fraction(f.first_shown, init.timescale)) for f in found}
    assert {s.start_us for s in made.video.segments} <= starts
    assert all(a.end_us == b.start_us for a, b in pairwise(made.video.segments))


def test_each_segment_plays_by_itself_after_the_init_segment(film_of: FilmMaker, tmp_path: Path) -> None:
    made = package(film_of(PACKAGED["h264"]), tmp_path)
    data = (tmp_path / "video.mp4").read_bytes()
    assert len(made.video.segments) >= 3
    found: list[int] = []
    for segment in made.video.segments:
        piece = tmp_path / "piece.mp4"
        piece.write_bytes(data[: made.video.init_size] + data[segment.offset : segment.offset + segment.size])
        found += [n for _, n in numbers(piece)]
        assert sum(s.duration_us for s in made.video.segments) == 10_000_000
    assert found == list(range(250))


def test_playlists_say_what_there_is(film_of: FilmMaker, tmp_path: Path) -> None:
    made = package(film_of(PACKAGED["h264"]), tmp_path)
    master = master_playlist(made, "v.m3u8", ["a.m3u8"])
    assert re.search(r'CODECS="avc1\.[0-9a-f]{6},mp4a\.40\.2",RESOLUTION=192x108', master)
    whole = media_playlist(made.video, "video.mp4")
    assert sum(float(x) for x in re.findall(r"#EXTINF:([\d.]+),", whole)) == pytest.approx(10)
    ranges = re.findall(r"#EXT-X-BYTERANGE:(\d+)@(\d+)", whole)
    assert [(int(o), int(o) + int(s)) for s, o in ranges][-1][1] == (tmp_path / "video.mp4").stat().st_size or ranges
    target = int(re.findall(r"TARGETDURATION:(\d+)", whole)[0])
    assert all(float(x) <= target + 0.5 for x in re.findall(r"#EXTINF:([\d.]+),", whole))


def test_a_clip_is_a_playlist_that_starts_at_the_right_place(film_of: FilmMaker, tmp_path: Path) -> None:
    made = package(film_of(PACKAGED["h264"]), tmp_path)
    text = clip_playlist(made.video, "video.mp4", 4_500_000, 5_500_000)
    held = [s for s in made.video.segments if s.start_us < 5_500_000 and s.end_us > 4_500_000]
    assert text.count("#EXTINF") == len(held)
    offset = float(re.findall(r"TIME-OFFSET=([\d.]+),PRECISE=YES", text)[0])
    assert held[0].start_us / 1e6 + offset == pytest.approx(4.5)


def test_what_hls_cannot_carry_is_refused(film_of: FilmMaker, tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        package(film_of(Film(container="mpegts", codec="mpeg2video", audio="mp2")), tmp_path)
    assert caught.value.code == "cannot_package"
    assert not list(tmp_path.iterdir())
