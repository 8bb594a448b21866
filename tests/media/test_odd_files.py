"""Files that are damaged, cut short or put together oddly: a clip, the package and exact HLS show what a decoder shows.

With ``GROUNDSWELL_LONG_TESTS=1`` every animal of the zoo is packaged too, else every ninth.
"""

import os
import subprocess
from collections.abc import Callable
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import pytest

from groundswell.media import ClipRequest, ExactHls, MediaError, Package, cut, exact_hls, package, probe
from groundswell.media.isobmff import boxes
from tests.media.conftest import FilmMaker
from tests.media.exactness import HALF_US
from tests.media.film import Film, burst_times, numbers
from tests.media.hls.test_exact_hls import played
from tests.media.test_zoo import film_of as decoded
from tests.media.timelines import PACKET
from tests.media.zoo import FFMPEG, ZOO, breed

SMALL = Film(size=(128, 72), frames=60, gop=15, b_frames=3)
STREAM = Film(**{**SMALL.__dict__, "container": "mpegts"})
ODD: dict[str, Callable[[FilmMaker, Path], Path]] = {}
EVERY = list(ZOO) if "GROUNDSWELL_LONG_TESTS" in os.environ else list(ZOO)[4::9]
"""All that is packaged."""
WHOLE = ((0, 1),)
DAMAGED = {"packets lost"}
"""What is left of a group depends on where one begins to decode."""


def odd(name: str) -> Callable[[Callable[[FilmMaker, Path], Path]], None]:
    """Keep how an odd file is made."""
    return lambda making: ODD.update({name: making})


def ffmpeg(*arguments: object) -> None:
    command = [FFMPEG, "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


@odd("a stream recorded from the middle of a group")
def _(film_of: FilmMaker, folder: Path) -> Path:
    return without(film_of(STREAM).read_bytes(), 0, 1 / 4, folder / "a.ts")


@odd("HEVC with open groups, from the middle")
def _(film_of: FilmMaker, folder: Path) -> Path:
    film = Film(**{**STREAM.__dict__, "codec": "libx265", "open_gop": True})
    return without(film_of(film).read_bytes(), 0, 1 / 4, folder / "b.ts")


@odd("packets lost")
def _(film_of: FilmMaker, folder: Path) -> Path:
    return without(film_of(STREAM).read_bytes(), 1 / 2, 0.56, folder / "c.ts")


@odd("a fragment missing")
def _(film_of: FilmMaker, folder: Path) -> Path:
    whole, path = folder / "whole.mp4", folder / "d.mp4"
    ffmpeg("-i", film_of(SMALL), "-c", "copy", "-movflags", "frag_keyframe+empty_moov+default_base_moof", whole)
    data = whole.read_bytes()
    top = list(boxes.boxes(data))
    second = [n for n, box in enumerate(top) if box.kind == "moof"][1]
    path.write_bytes(b"".join(data[b.start - 8 : b.end] for n, b in enumerate(top) if n not in (second, second + 1)))
    return path


@odd("a Matroska file cut short")
def _(film_of: FilmMaker, folder: Path) -> Path:
    path = folder / "e.mkv"
    ffmpeg("-i", film_of(SMALL), "-c", "copy", path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    return path


@odd("sound alone at first")
def _(film_of: FilmMaker, folder: Path) -> Path:
    film, path = film_of(SMALL), folder / "f.ts"
    ffmpeg("-i", film, "-itsoffset", "1.5", "-i", film, "-map", "0:a", "-map", "1:v", "-c", "copy", path)
    return path


@odd("parameters that change on the way")
def _(film_of: FilmMaker, folder: Path) -> Path:
    films = [film_of(SMALL), film_of(Film(**{**SMALL.__dict__, "first": 60, "b_frames": 0, "gop": 20}))]
    (folder / "list.txt").write_text("".join(f"file '{film}'\n" for film in films))
    ffmpeg("-f", "concat", "-safe", "0", "-i", folder / "list.txt", "-c", "copy", folder / "g.mp4")
    return folder / "g.mp4"


@odd("a clean aperture")
def _(film_of: FilmMaker, folder: Path) -> Path:
    """A `clap` box, as cameras and editors write it, in the sample entry, and with it all that encloses it longer."""
    data = film_of(SMALL).read_bytes()
    moov = next(boxes.find(data, "moov"))
    assert moov.end == len(data), "the index has to be last, so that nothing moves when it grows"
    aperture = boxes.box("clap", b"".join(n.to_bytes(4, "big") for n in (120, 1, 64, 1, 0, 1, 0, 1)))
    (folder / "j.mp4").write_bytes(data[: moov.start - 8] + boxes.box("moov", _with(data, moov, aperture)))
    return folder / "j.mp4"


def _with(data: bytes, outer: boxes.Box, more: bytes) -> bytes:
    """What is in ``outer``, with ``more`` at the end of the picture's sample entry."""
    made = b""
    for box in boxes.boxes(data, outer.start, outer.end):
        body = data[box.start : box.end]
        if box.kind in ("trak", "mdia", "minf", "stbl"):
            body = _with(data, box, more)
        elif box.kind == "stsd" and body[12:16] == b"avc1":
            body = body[:8] + (len(body) - 8 + len(more)).to_bytes(4, "big") + body[12:] + more
        made += boxes.box(box.kind, body)
    return made


def without(data: bytes, begin: float, end: float, path: Path) -> Path:
    """A transport stream without a part of its packets."""
    count = len(data) // PACKET
    kept = chain(range(int(count * begin)), range(int(count * end), count))
    path.write_bytes(b"".join(data[n * PACKET : (n + 1) * PACKET] for n in kept))
    return path


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_shows_what_a_decoder_shows(film_of: FilmMaker, tmp_path: Path, name: str) -> None:
    path = ODD[name](film_of, tmp_path)
    with av.logging.Capture():
        film, _ = decoded(path)
        assert len(film) >= 30
        for begin, end in WHOLE if name in DAMAGED else (*WHOLE, (0.3, 0.6)):
            start_us, end_us = places(film, begin, end)
            result = cut(path, ClipRequest(start_us=start_us, end_us=end_us), tmp_path / "clip.mp4")
            assert result.frames == len(between(film, start_us, end_us))
            assert [n for _, n in numbers(tmp_path / "clip.mp4")] == between(film, start_us, end_us)
    if name not in DAMAGED:  # which is packaged as it is
        assert_packaged(path, film, tmp_path)


PARTS: dict[str, tuple[str, ...]] = {
    "all": ("-mpegts_start_pid", "0x300", "-mpegts_pmt_start_pid", "0x1100", "-mpegts_service_id", "7"),
    "tracks": ("-mpegts_start_pid", "0x300"),
    "sound": ("-streamid", "0:256", "-streamid", "1:769"),
}
"""What is another in the second part of a stream: its programme and tracks, its tracks, the track of its sound."""


def test_a_stream_that_goes_on_in_other_tracks_is_refused(film_of: FilmMaker, tmp_path: Path) -> None:
    """Else a clip would end, or fall silent, where they change: in the middle, for a while, or behind a torn packet."""
    one, two = film_of(STREAM).read_bytes(), film_of(Film(**{**STREAM.__dict__, "first": 60}))
    path = tmp_path / "changed.ts"
    for name, options in PARTS.items():
        ffmpeg("-i", two, "-map", "0", "-c", "copy", *options, tmp_path / f"{name}.ts")
        more = (tmp_path / f"{name}.ts").read_bytes()
        for data in (one + more, one + more + one, one[:-100] + more, _with_times(one + more)):
            path.write_bytes(data)
            with pytest.raises(MediaError) as refused, av.logging.Capture():
                probe(path)
            assert refused.value.code == "tracks_change", name
            assert ("sound" in refused.value.detail) == (name == "sound")
    with pytest.raises(MediaError, match="tracks_change"), av.logging.Capture():
        cut(path, ClipRequest(start_us=0, end_us=1_000_000), tmp_path / "clip.mp4")
    path.write_bytes(one + film_of(Film(**{**STREAM.__dict__, "codec": "libx265"})).read_bytes())
    with pytest.raises(MediaError, match="another codec"), av.logging.Capture():
        probe(path)
    path.write_bytes(one + two.read_bytes())
    assert probe(path).duration_us > 4_700_000, "the same tracks"
    beside = ("-map", "0", "-map", "1", "-map", "0:a")
    ffmpeg("-i", film_of(STREAM), "-i", two, *beside, "-c", "copy", path)
    assert probe(path).duration_us > 2_300_000, "tracks side by side"


def test_the_sound_of_another_programme_is_not_the_titles(film_of: FilmMaker, tmp_path: Path) -> None:
    """A recording of a whole transponder, whose radio comes first and begins earlier; its bursts lie between."""
    film, path = film_of(STREAM), tmp_path / "transponder.ts"
    tracks = ("-map", "0:a", "-map", "1:v", "-map", "1:a", "-c", "copy")
    programmes = ("-program", "title=radio:st=0", "-program", "title=television:st=1:st=2")
    ffmpeg("-itsoffset", "0.25", "-i", film, "-itsoffset", "2", "-i", film, *tracks, *programmes, path)
    index = probe(path)
    assert len(index.audio) == 1
    assert 2_350_000 <= index.duration_us <= 2_450_000
    result = cut(path, ClipRequest(start_us=0, end_us=9_000_000), tmp_path / "clip.mp4", index=index)
    assert [n for _, n in numbers(tmp_path / "clip.mp4")] == list(range(60))
    heard, first = burst_times(tmp_path / "clip.mp4"), result.first_pts_us / 10**6
    for burst in (0.5, 1.0, 1.5, 2.0):
        assert min(abs(at + first - burst) for at in heard) < 0.03
    (tmp_path / "package").mkdir()
    assert len(package(path, tmp_path / "package").audio) == 1


def test_fragments_out_of_the_order_of_their_times_are_refused(film_of: FilmMaker, tmp_path: Path) -> None:
    """Two films one after the other in a file: a clip would show one of two pictures of the same time."""
    fragmented = ("-c", "copy", "-movflags", "frag_keyframe+empty_moov+default_base_moof")
    path = tmp_path / "both.mp4"
    for name in ("one", "two"):
        ffmpeg("-i", film_of(SMALL), *fragmented, tmp_path / f"{name}.mp4")
    path.write_bytes((tmp_path / "one.mp4").read_bytes() + (tmp_path / "two.mp4").read_bytes())
    with pytest.raises(MediaError, match="order of their times"), av.logging.Capture():
        probe(path)


@pytest.mark.parametrize("held", ["-tune zerolatency", "-bf 3 -x264-params b-pyramid=normal:b-adapt=0"])
def test_pictures_of_avi_are_in_step_with_its_sound(film_of: FilmMaker, tmp_path: Path, held: str) -> None:
    """The first is shown at 0 and the others in their order, whatever FFmpeg thinks that a decoder holds back."""
    path, step = tmp_path / "a.avi", Fraction(1, 25)
    options = ("-c:v", "libx264", "-preset", "ultrafast", *held.split(), "-g", "15", "-c:a", "pcm_s16le")
    ffmpeg("-i", film_of(SMALL), *options, path)
    assert cut(path, ClipRequest(start_us=0, end_us=9_000_000), tmp_path / "clip.mp4").first_pts_us == 0
    package(path, tmp_path)
    for picture, sound in (("clip.mp4", "clip.mp4"), ("video.mp4", "audio0.mp4")):
        assert numbers(tmp_path / picture) == [(n * step, n) for n in range(60)]
        heard = burst_times(tmp_path / sound)
        for burst in (0.5, 1.0, 1.5, 2.0):
            assert min(abs(at - burst) for at in heard) <= 0.01


def held_at_the_end(film: Path, path: Path) -> Path:
    """The film with its last picture shown for two seconds more."""
    with av.open(str(film)) as title, av.open(str(path), "w") as output:
        streams = {each.index: output.add_stream_from_template(each) for each in title.streams}
        packets = [packet for packet in title.demux() if packet.size]
        last = max((packet for packet in packets if packet.stream.type == "video"), key=lambda packet: packet.dts)
        last.duration += round(2 / last.time_base)
        for packet in packets:
            packet.stream = streams[packet.stream_index]
            output.mux(packet)
    return path


@pytest.mark.parametrize("b_frames", [0, 3])
def test_a_picture_that_is_held_is_shown_as_long(film_of: FilmMaker, tmp_path: Path, b_frames: int) -> None:
    """The clip goes on with it, and with its sound, though all before it is steady: before a gap, and at the end."""
    gap = Film(**{**SMALL.__dict__, "b_frames": b_frames, "tick": Fraction(1, 1000)})
    gap = Film(**{**gap.__dict__, "times": tuple(40 * n + (2000 if n >= 30 else 0) for n in range(60))})
    ends = held_at_the_end(film_of(Film(**{**SMALL.__dict__, "b_frames": b_frames})), tmp_path / "ends.mp4")
    for path, start_us, lasts_us, first, frames in (
        (film_of(gap), 400_000, 1_500_000, 10, 20),
        (ends, 1_200_000, 2_000_000, 30, 30),
    ):
        folder = tmp_path / str(first)
        folder.mkdir()
        end_us = start_us + lasts_us
        result = cut(path, ClipRequest(start_us=start_us, end_us=end_us), folder / "clip.mp4")
        assert (result.frames, result.duration_us) == (frames, lasts_us)
        assert [n for _, n in numbers(folder / "clip.mp4")] == list(range(first, first + frames))
        made = probe(folder / "clip.mp4")
        assert abs(made.duration_us - lasts_us) < 1_000
        exact = exact_hls(package(path, folder), folder, start_us, end_us, folder / "exact")
        assert isinstance(exact, ExactHls)
        assert abs(exact.duration_us - lasts_us) < 1_000


def test_sound_whose_decoder_is_told_of_its_channels_once_is_heard_everywhere(
    film_of: FilmMaker, tmp_path: Path
) -> None:
    """AAC of channels that have no number of their own says in its first packet alone which they are."""
    path = tmp_path / "quad.ts"
    ffmpeg("-i", film_of(SMALL), "-c:v", "copy", "-af", "pan=quad|c0=c0|c1=c1|c2=c0|c3=c1", "-c:a", "aac", path)
    request = ClipRequest(start_us=1_200_000, end_us=2_000_000, audio="exact")
    assert cut(path, request, tmp_path / "clip.mp4").audio == "exact"
    assert burst_times(tmp_path / "clip.mp4")


@pytest.mark.parametrize(("codec", "filter"), [("libx264", "h264_metadata"), ("libx265", "hevc_metadata")])
def test_what_is_cropped_is_not_shown(film_of: FilmMaker, tmp_path: Path, codec: str, filter: str) -> None:
    """On the left too, where FFmpeg leaves some of it unless it is told not to."""
    path = tmp_path / "cropped.mp4"
    crop = f"{filter}=crop_left=8:crop_right=4:crop_top=2:crop_bottom=2"
    ffmpeg("-i", film_of(Film(codec=codec, frames=30)), "-c", "copy", "-bsf:v", crop, path)
    result = cut(path, ClipRequest(start_us=200_000, end_us=1_000_000), tmp_path / "clip.mp4")
    assert (result.width, result.height) == (180, 108)
    with av.open(str(tmp_path / "clip.mp4")) as clip:
        shown = next(clip.decode(video=0))
    assert (shown.width, shown.height) == (180, 108)


def _with_times(data: bytes) -> bytes:
    """A transport stream with four bytes before each packet, as cameras and discs have it."""
    return b"".join(bytes(4) + data[n : n + PACKET] for n in range(0, len(data), PACKET))


@pytest.mark.parametrize("name", [name for name in EVERY if ZOO[name].numbered])
def test_the_package_of_an_animal_shows_what_a_decoder_shows(zoo: Path, tmp_path: Path, name: str) -> None:
    path = breed(name, zoo)
    with av.logging.Capture():
        film, _ = decoded(path)
    assert_packaged(path, film, tmp_path)


def assert_packaged(path: Path, film: list[tuple[Fraction, int]], folder: Path) -> None:
    """The package shows the frames of ``film``, and an exact clip of it those between; or it is refused."""
    (folder / "package").mkdir()
    with av.logging.Capture():
        pack = packed(path, folder / "package")
    if pack is None:
        return
    assert [n for _, n in numbers(folder / "package" / pack.video.file)] == [n for _, n in film]
    start_us, end_us = places(film, 0.3, 0.6)
    expected = between(film, start_us, end_us)
    if expected:
        exact = exact_hls(pack, folder / "package", start_us, end_us, folder / "exact")
        if isinstance(exact, ExactHls):
            found = numbers(played(exact.video, folder / "package", folder / "exact"))
            assert [n for _, n in found] == expected


def packed(path: Path, folder: Path) -> Package | None:
    """None where browsers could not play it."""
    try:
        return package(path, folder)
    except MediaError as refused:
        if refused.code != "cannot_package":
            raise
        return None


def places(film: list[tuple[Fraction, int]], begin: float, end: float) -> tuple[int, int]:
    """From one part of a film to another, in microseconds; all of it ends after its last frame."""
    last = film[-1][0] * 10**6
    return int(last * Fraction(begin)), int(last * Fraction(end)) + (10**6 if end == 1 else 0)


def between(film: list[tuple[Fraction, int]], start_us: int, end_us: int) -> list[int]:
    start, end = Fraction(start_us, 10**6) - HALF_US, Fraction(end_us, 10**6) - HALF_US
    return [number for at, number in film if start <= at < end]
