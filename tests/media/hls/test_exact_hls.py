"""Exact HLS: what a player puts together of our fragments and the title's is the clip, to the frame and to the bit."""

import os
import random
import re
import tempfile
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groundswell.media import (
    ExactHls,
    ExactTrack,
    MediaError,
    NotExact,
    Package,
    exact_hls,
    exact_hls_bounded,
    exact_master_playlist,
    exact_media_playlist,
    package,
    ranges_needed,
)
from groundswell.media.hls.exact_join import decoding_times
from groundswell.media.isobmff.display_order import in_display_order
from groundswell.media.reading.packets import CannotCopy
from groundswell.media.smartcut.seam import luma
from tests.media.conftest import FilmMaker
from tests.media.film import Film, burst_times, numbers

NTSC = Fraction(30000, 1001)
FILMS = {
    "24 fps with B-frames": Film(frames=240, gop=24, b_frames=3, rate=Fraction(24)),
    "29.97 fps": Film(frames=240, gop=30, rate=NTSC),
    "B-pyramid": Film(frames=240, gop=48, b_frames=3, rate=Fraction(24), options=(("b-pyramid", "normal"),)),
    "no B-frames": Film(frames=200, b_frames=0),
    "from a transport stream": Film(frames=200, container="mpegts", start=Fraction(7)),
    "unsteady": Film(frames=200, tick=Fraction(1, 1000), times=tuple(n * 33 + n * n % 17 for n in range(200))),
    "10 bit": Film(frames=100, pixel_format="yuv420p10le"),
    "HEVC": Film(frames=200, codec="libx265", gop=25),
    "HEVC open GOP": Film(frames=200, codec="libx265", gop=25, open_gop=True, b_frames=3),
    "HEVC HDR": Film(frames=100, codec="libx265", pixel_format="yuv420p10le", colour=(9, 16, 9)),
}
Packaged = Callable[[Film], tuple[Path, Package]]


@pytest.fixture(scope="session")
def packaged(film_of: FilmMaker, tmp_path_factory: pytest.TempPathFactory) -> Packaged:
    """A function that packages a film, once."""
    made: dict[Film, tuple[Path, Package]] = {}

    def of(film: Film) -> tuple[Path, Package]:
        if film not in made:
            folder = tmp_path_factory.mktemp("package")
            made[film] = folder, package(film_of(film), folder)
        return made[film]

    return of


def played(track: ExactTrack, folder: Path, made: Path) -> Path:
    """What a player appends, one after the other, as a file."""
    data = b""
    for piece in (track.init, *track.pieces):
        whole = ((made if piece.made else folder) / piece.file).read_bytes()
        data += whole[piece.offset : piece.offset + piece.size]
    path = made.with_suffix(f".{track.about.kind}.mp4")
    path.write_bytes(data)
    return path


def expected(folder: Path, pack: Package, start_us: int, end_us: int) -> list[tuple[Fraction, int]]:
    half = Fraction(1, 2_000_000)
    start, end = Fraction(start_us, 10**6) + pack.lead, Fraction(end_us, 10**6) + pack.lead
    return [(at, n) for at, n in numbers(folder / pack.video.file) if start - half <= at < end - half]


def assert_exact(film: Film, packed: tuple[Path, Package], start_us: int, end_us: int, made: Path) -> ExactHls:
    folder, pack = packed
    clip = exact_hls(pack, folder, start_us, end_us, made)
    assert isinstance(clip, ExactHls)
    wanted = expected(folder, pack, start_us, end_us)
    path = played(clip.video, folder, made)
    assert numbers(path) == wanted
    assert clip.frames == len(wanted)
    assert sorted(clip.files) == sorted(p.name for p in made.iterdir())
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(video=0) if p.size]
    assert all(a.dts < b.dts for a, b in pairwise(packets))
    assert packets[0].is_keyframe
    assert sum(p.duration_us for p in clip.video.pieces) == pytest.approx(clip.duration_us, abs=len(clip.video.pieces))
    if film.times is None:
        assert clip.duration_us == pytest.approx(float(len(wanted) / film.rate * 10**6), abs=1)
    assert identical(folder / pack.video.file, path) >= clip.frames_copied
    assert_heard(clip, packed, made, wanted[0][0])
    return clip


def identical(title: Path, clip: Path) -> int:
    """How many frames of the clip are the title's to the last bit."""
    with av.open(str(title)) as a, av.open(str(clip)) as b:
        theirs = {luma(frame).tobytes() for frame in a.decode(video=0)}
        return sum(luma(frame).tobytes() in theirs for frame in b.decode(video=0))


def assert_heard(clip: ExactHls, packed: tuple[Path, Package], made: Path, first: Fraction) -> None:
    """The sound lies where the title has it, begins with the picture's first packet, ends with its last."""
    folder, pack = packed
    path = played(clip.audio[0], folder, made)
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(audio=0) if p.size]
    tick = packets[0].time_base
    half = Fraction(packets[0].duration) * tick / 2
    assert 0 <= first - packets[0].pts * tick < 2 * half or packets[0].pts == 0
    end = first + Fraction(clip.duration_us, 10**6)
    last = (packets[-1].pts + packets[-1].duration) * tick
    assert abs(last - end) <= half + Fraction(1, 10**6) or last >= numbers(folder / pack.video.file)[-1][0] - half
    assert all(b.pts - a.pts == a.duration for a, b in pairwise(packets))
    theirs = burst_times(folder / pack.audio[0].file)
    for burst in burst_times(path):
        if burst - float(first) > 0.1:
            assert min(abs(burst - t) for t in theirs) < 0.004


@pytest.mark.slow
@pytest.mark.parametrize("name", FILMS)
@pytest.mark.parametrize(("start_us", "end_us"), [(300_000, 3_300_000), (0, 2_100_000), (1_000_000, 1_100_000)])
def test_a_clip_of_any_packaged_title_is_exact(
    packaged: Packaged, tmp_path: Path, name: str, start_us: int, end_us: int
) -> None:
    assert_exact(FILMS[name], packaged(FILMS[name]), start_us, end_us, tmp_path / "clip")


@pytest.mark.slow
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(name=st.sampled_from(sorted(FILMS)), data=st.data())
def test_wherever_it_is_cut(packaged: Packaged, name: str, data: st.DataObject) -> None:
    film = FILMS[name]
    last = int(film.seconds(film.frames - 1) * 10**6)
    start = data.draw(st.integers(0, last - 200_000))
    end = data.draw(st.integers(start + 200_000, last + 400_000))
    with tempfile.TemporaryDirectory() as folder:
        assert_exact(film, packaged(film), start, end, Path(folder) / "clip")


def test_most_of_it_is_the_titles_own_and_there_is_no_discontinuity(packaged: Packaged, tmp_path: Path) -> None:
    folder, pack = packaged(FILMS["24 fps with B-frames"])
    clip = exact_hls(pack, folder, 1_500_000, 8_200_000, tmp_path / "clip")
    assert isinstance(clip, ExactHls)
    assert [p.made for p in clip.video.pieces] == [True, False, False, False, True]
    assert clip.frames_copied / clip.frames > 0.9
    text = exact_media_playlist(clip.video, lambda name: f"https://media.example/{name}?signed")
    assert "DISCONTINUITY" not in text
    assert text.count("#EXT-X-MAP") == 1
    assert '#EXT-X-MAP:URI="https://media.example/video.init.mp4?signed"\n' in text
    assert re.findall(r"#EXTINF:[\d.]+,\n(?:#EXT-X-BYTERANGE:\d+@\d+\n)?https://media.example/([\w.]+)", text) == [
        "video.head.m4s",
        "video.mp4",
        "video.mp4",
        "video.mp4",
        "video.tail.m4s",
    ]
    durations = [float(d) for d in re.findall(r"#EXTINF:([\d.]+),", text)]
    assert sum(durations) == pytest.approx(clip.duration_us / 1e6, abs=1e-5)
    assert max(durations) <= int(re.findall(r"TARGETDURATION:(\d+)", text)[0])
    sound = exact_media_playlist(clip.audio[0], lambda name: name)
    assert re.search(r'#EXT-X-MAP:URI="audio0.mp4",BYTERANGE="\d+@0"', sound)
    master = exact_master_playlist(clip, "v.m3u8", ["a.m3u8"])
    assert re.search(r'CODECS="avc1\.[0-9a-f]{6},mp4a\.40\.2"', master)
    assert ExactHls.from_json(clip.to_json()) == clip


def test_a_tail_is_exact_whose_neighbour_begins_with_pictures_that_nothing_here_shows(
    packaged: Packaged, tmp_path: Path
) -> None:
    """Before the keyframe of an open group pictures are shown that refer to the group before."""
    film = Film(frames=100, codec="libx265", gop=12, open_gop=True, b_frames=3)
    assert_exact(film, packaged(film), 1_200_000, 2_500_000, tmp_path / "clip")


def test_a_clip_on_gop_boundaries_needs_nothing_of_our_own(packaged: Packaged, tmp_path: Path) -> None:
    folder, pack = packaged(FILMS["no B-frames"])
    clip = exact_hls(pack, folder, 480_000, 4_800_000, tmp_path / "clip", audio_tracks=[])
    assert isinstance(clip, ExactHls)
    assert (clip.files, clip.audio, clip.frames_copied) == ((), (), clip.frames)


def test_only_the_ranges_needed_are_read(packaged: Packaged, tmp_path: Path) -> None:
    folder, pack = packaged(FILMS["24 fps with B-frames"])
    sparse = tmp_path / "sparse"
    sparse.mkdir()
    for name, ranges in ranges_needed(pack, 5_100_000, 6_900_000).items():
        whole = (folder / name).read_bytes()
        with (sparse / name).open("wb") as file:
            for offset, size in ranges:
                file.seek(offset)
                file.write(whole[offset : offset + size])
        assert sum(size for _, size in ranges) < len(whole) * 0.8
    a = exact_hls(pack, folder, 5_100_000, 6_900_000, tmp_path / "a")
    b = exact_hls(pack, sparse, 5_100_000, 6_900_000, tmp_path / "b")
    assert isinstance(a, ExactHls)
    assert a == b
    assert all((tmp_path / "a" / n).read_bytes() == (tmp_path / "b" / n).read_bytes() for n in a.files)


@pytest.mark.parametrize(
    ("film", "reason"),
    [
        (Film(container="webm", codec="libvpx-vp9", audio="libopus", b_frames=0), "codec_vp9"),
        (Film(interlaced=True), "interlaced"),
        (Film(frames=300, gop=300), "no_whole_gop"),
    ],
)
def test_what_cannot_be_says_why_and_leaves_nothing(
    packaged: Packaged, tmp_path: Path, film: Film, reason: str
) -> None:
    folder, pack = packaged(film)
    assert exact_hls(pack, folder, 300_000, 9_000_000, tmp_path / "clip") == NotExact(reason)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("start_us", "end_us", "tracks", "code"),
    [
        (2_000_000, 1_000_000, None, "start_not_before_end"),
        (-1, 1_000_000, None, "bad_time"),
        (90_000_000, 91_000_000, None, "past_the_end"),
        (1_000_001, 1_000_002, None, "no_frames"),
        (0, 1_000_000, [3], "no_such_track"),
    ],
)
def test_bad_asking_is_refused(
    packaged: Packaged, tmp_path: Path, start_us: int, end_us: int, tracks: list[int] | None, code: str
) -> None:
    folder, pack = packaged(FILMS["no B-frames"])
    with pytest.raises(MediaError) as caught:
        exact_hls(pack, folder, start_us, end_us, tmp_path / "clip", audio_tracks=tracks)
    assert caught.value.code == code
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", ["missing", "cut short", "noise"])
def test_a_package_that_is_not_what_it_says_is_refused(packaged: Packaged, tmp_path: Path, damage: str) -> None:
    folder, pack = packaged(FILMS["24 fps with B-frames"])
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "audio0.mp4").write_bytes((folder / "audio0.mp4").read_bytes())
    whole = (folder / "video.mp4").read_bytes()
    if damage == "cut short":
        (broken / "video.mp4").write_bytes(whole[: pack.video.segments[1].offset + 5000])
    if damage == "noise":
        (broken / "video.mp4").write_bytes(whole[: pack.video.init_size] + os.urandom(len(whole)))
    with pytest.raises(MediaError) as caught:
        exact_hls(pack, broken, 1_500_000, 8_200_000, tmp_path / "clip")
    assert caught.value.code == ("source_missing" if damage == "missing" else "damaged")
    assert [p.name for p in tmp_path.iterdir()] == ["broken"]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_the_bounded_child_makes_the_same(packaged: Packaged, tmp_path: Path) -> None:
    folder, pack = packaged(FILMS["29.97 fps"])
    a = exact_hls(pack, folder, 700_000, 4_100_000, tmp_path / "a")
    b = await exact_hls_bounded(pack, folder, 700_000, 4_100_000, tmp_path / "b")
    assert isinstance(b, ExactHls)
    assert a == b
    assert names_in(tmp_path / "b") == sorted(b.files)
    folder, pack = packaged(Film(interlaced=True))
    assert await exact_hls_bounded(pack, folder, 0, 9_000_000, tmp_path / "c") == NotExact("interlaced")
    assert names_in(tmp_path) == ["a", "b"]


@given(
    steps=st.lists(st.integers(1, 4000), min_size=1, max_size=40),
    start=st.integers(4000, 10**9),
    order=st.randoms(use_true_random=False),
    delay=st.integers(0, 4000),
    tight=st.integers(0, 40),
)
def test_decoding_times_rise_between_their_neighbours(
    steps: list[int], start: int, order: random.Random, delay: int, tight: int
) -> None:
    """However pictures are reordered: times are those of the order of display unless a neighbour is in the way."""
    shown = [start + sum(steps[:n]) for n in range(len(steps))]
    pts = order.sample(shown, len(shown))
    times = decoding_times(pts, delay)
    assert times == [at - delay for at in shown]
    before = decoding_times(pts, delay, before=times[-1] + 1 - tight) if times[0] - tight >= len(pts) else times
    assert all(a < b for a, b in pairwise([*before, max(times[-1] + 1 - tight, before[-1] + 1)]))
    assert all(a <= b for a, b in zip(before, times, strict=True))
    after = decoding_times(pts, delay, after=times[0] + tight)
    assert all(a < b for a, b in pairwise([times[0] + tight, *after]))
    assert all(a >= b for a, b in zip(after, times, strict=True))


def test_decoding_times_that_do_not_fit_are_not_made_up() -> None:
    with pytest.raises(CannotCopy):
        decoding_times([10, 20, 30], 0, after=15, before=18)
    with pytest.raises(CannotCopy):
        decoding_times([10, 20], 15)


@given(sizes=st.lists(st.integers(1, 6), min_size=1, max_size=30), step=st.integers(1, 2000))
def test_a_packages_decoding_times_are_those_of_the_order_of_display(sizes: list[int], step: int) -> None:
    shown: list[int] = []
    for size in sizes:
        at = len(shown)
        shown += [at + size - 1, *range(at, at + size - 1)]
    packets = []
    for n in shown:
        packet = av.Packet(b"x")
        packet.pts = n * step
        packets.append(packet)
    timed = list(in_display_order(packets))
    assert [p.pts for p in timed] == [n * step for n in shown]
    assert [p.dts for p in timed] == [n * step for n in range(len(shown))]
    assert all(p.duration == step for p in timed[:-1])
