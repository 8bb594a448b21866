"""Every kind of bad input has its reason, and leaves nothing behind."""

import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import psutil
import pytest
from PIL import Image

from groundswell.media import REASONS, ClipRequest, Limits, MediaError, cut, cut_bounded_sync, probe, probe_bounded_sync
from groundswell.media.sandbox.bounded import _death
from groundswell.media.sandbox.child import STALLED
from groundswell.media.sandbox.child_process import MODULE
from tests.media.conftest import FilmMaker
from tests.media.film import Film, make, numbers

SILENT = Film(audio=None, b_frames=0)


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(MediaError) as caught:
        call()
    assert caught.value.code in REASONS
    assert caught.value.detail
    return caught.value.code


def index_first(path: Path, film: bytes) -> bytes:
    """``film`` as it is put on the web, where its index comes first: a part of it begins as a film."""
    path.write_bytes(film)
    with av.open(str(path)) as old, av.open(str(path) + ".new", "w", "mp4", options={"movflags": "faststart"}) as new:
        tracks = {stream.index: new.add_stream_from_template(stream) for stream in old.streams if stream.type != "data"}
        for packet in old.demux(list(old.streams)):
            if packet.dts is not None:
                packet.stream = tracks[packet.stream.index]
                new.mux(packet)
    whole = Path(str(path) + ".new").read_bytes()
    Path(str(path) + ".new").unlink()
    return whole


def test_half_of_a_file_is_no_title_and_one_without_its_last_bytes_is(film_of: FilmMaker, tmp_path: Path) -> None:
    """With its index first, half a file begins as a film and claims to be as long as the whole."""
    path = tmp_path / "bad.mp4"
    whole = index_first(path, film_of(Film()).read_bytes())
    path.write_bytes(whole[: len(whole) // 2])
    assert refusal(lambda: probe(path)) == "truncated"
    path.write_bytes(whole[:-600])
    assert probe(path).duration_us > 0


@pytest.fixture
def bad(tmp_path: Path, film_of: FilmMaker) -> Callable[[str], Path]:
    def of(name: str) -> Path:
        path = tmp_path / "bad.mp4"
        film = film_of(Film()).read_bytes()
        makers: dict[str, Callable[[], bytes]] = {
            "empty": lambda: b"",
            "text": lambda: b"This is no film.\n" * 400,
            "zeros": lambda: bytes(100_000),
            "cut short": lambda: film[: len(film) // 3],
            "index cut off": lambda: film[: film.index(b"moov") + 200],
            "only a beginning": lambda: film[:40],
            "playlist": lambda: b"#EXTM3U\n#EXTINF:4,\nsegment.ts\n",
            "encrypted playlist": lambda: b'#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="k"\n#EXTINF:4,\na.ts\n',
            "concat script": lambda: b"ffconcat version 1.0\nfile /etc/hostname\n",
            "common encryption": lambda: film.replace(b"avc1", b"encv").replace(b"mp4a", b"enca"),
            "unknown codec": lambda: film.replace(b"avc1\0\0\0\0", b"zzzz\0\0\0\0"),
        }
        path.write_bytes(makers[name]())
        return path

    return of


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("empty", "empty_file"),
        ("text", "not_a_video"),
        ("zeros", "not_a_video"),
        ("cut short", "truncated"),
        ("index cut off", "truncated"),
        ("only a beginning", "truncated"),
        ("playlist", "not_a_video"),
        ("encrypted playlist", "encrypted_hls"),
        ("concat script", "not_a_video"),
        ("common encryption", "encrypted_cenc"),
        ("unknown codec", "unsupported_codec"),
    ],
)
def test_what_is_no_film_is_refused_with_its_reason(
    bad: Callable[[str], Path], tmp_path: Path, name: str, code: str
) -> None:
    source = bad(name)
    assert refusal(lambda: probe(source)) == code
    assert refusal(lambda: cut(source, ClipRequest(start_us=0, end_us=1_000_000), tmp_path / "clip.mp4")) == code
    assert [p.name for p in tmp_path.iterdir()] == ["bad.mp4"]


def test_sound_alone_has_no_video_stream(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as output:
        track = output.add_stream("aac", rate=48000)
        for n in range(50):
            frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = 48000, n * 1024, Fraction(1, 48000)
            output.mux(track.encode(frame))
        output.mux(track.encode(None))
    assert refusal(lambda: probe(path)) == "no_video_stream"


def test_a_picture_is_no_video(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), "teal").save(tmp_path / "picture.png")
    assert refusal(lambda: probe(tmp_path / "picture.png")) == "not_a_video"


def test_a_folder_a_pipe_and_nothing_at_all(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert refusal(lambda: probe(tmp_path)) == "unreadable"
    assert refusal(lambda: probe(tmp_path / "pipe")) == "unreadable"
    assert refusal(lambda: probe(tmp_path / "absent.mp4")) == "source_missing"
    assert refusal(lambda: probe(tmp_path / "absent.mp4" / "below")) == "source_missing"


def test_a_picture_that_claims_to_be_vast_is_refused_before_it_is_decoded(film_of: FilmMaker, tmp_path: Path) -> None:
    data = bytearray(film_of(Film(codec="mpeg4", container="mov", b_frames=0, audio=None)).read_bytes())
    entry = data.index(b"mp4v")
    struct.pack_into(">HH", data, entry + 28, 65535, 65535)
    path = tmp_path / "vast.mov"
    path.write_bytes(data)
    assert probe(path).video.coded_width == 192  # what the pictures are, not what the container claims


@pytest.mark.parametrize("size", [(16000, 16000), (20000, 16)])
def test_a_stream_of_vast_pictures_is_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    width, height = size
    header = b"YUV4MPEG2 W%d H%d F25:1 Ip A1:1 C420jpeg\nFRAME\n" % (width, height)
    (tmp_path / "vast.y4m").write_bytes(header + bytes(4096))
    assert refusal(lambda: probe(tmp_path / "vast.y4m")) == "too_large_picture"


@pytest.mark.parametrize(
    ("start_us", "end_us", "code"),
    [
        (1_000_000, 1_000_000, "start_not_before_end"),
        (2_000_000, 1_000_000, "start_not_before_end"),
        (-5, 1_000_000, "bad_time"),
        (2_400_000, 3_000_000, "past_the_end"),
        (900_000_000, 901_000_000, "past_the_end"),
        (1_000_001, 1_000_002, "no_frames"),
        (0, 3_600_000_000 * 5, "too_long"),
    ],
)
def test_times_that_make_no_clip(film_of: FilmMaker, tmp_path: Path, start_us: int, end_us: int, code: str) -> None:
    source = film_of(SILENT)
    assert refusal(lambda: cut(source, ClipRequest(start_us=start_us, end_us=end_us), tmp_path / "clip.mp4")) == code
    assert not list(tmp_path.iterdir())


def test_choices_there_are_not(film_of: FilmMaker, tmp_path: Path) -> None:
    source, clip = film_of(Film()), tmp_path / "clip.mp4"
    assert (
        refusal(lambda: cut(source, ClipRequest(start_us=0, end_us=1_000_000, profile="cinema"), clip)) == "bad_option"
    )
    assert refusal(lambda: cut(source, ClipRequest(start_us=0, end_us=1_000_000, audio="loud"), clip)) == "bad_option"  # type: ignore[arg-type]
    assert (
        refusal(lambda: cut(source, ClipRequest(start_us=0, end_us=1_000_000, audio_track=3), clip)) == "no_such_track"
    )
    assert (
        refusal(lambda: cut(source, ClipRequest(start_us=0, end_us=21_000_000, profile="stories"), clip)) == "too_long"
    )
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there(film_of: FilmMaker, tmp_path: Path) -> None:
    source = film_of(Film())
    assert (
        refusal(lambda: cut(source, ClipRequest(start_us=0, end_us=1_000_000), tmp_path / "no" / "clip.mp4"))
        == "cannot_write"
    )


@pytest.mark.slow
def test_a_source_that_vanishes_while_it_is_cut(film_of: FilmMaker, tmp_path: Path) -> None:
    source = tmp_path / "source.mp4"
    source.write_bytes(film_of(SILENT).read_bytes())
    vanish = lambda _: source.unlink(missing_ok=True)  # noqa: E731
    call = lambda: cut(  # noqa: E731
        source, ClipRequest(start_us=0, end_us=2_000_000, profile="square"), tmp_path / "clip.mp4", on_progress=vanish
    )
    assert refusal(call) == "source_missing"
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_source_that_changes_while_it_is_cut(film_of: FilmMaker, tmp_path: Path) -> None:
    source = tmp_path / "source.mp4"
    source.write_bytes(film_of(SILENT).read_bytes())

    def change(_: float) -> None:
        with source.open("ab") as file:
            file.write(b"more")

    call = lambda: cut(  # noqa: E731
        source, ClipRequest(start_us=0, end_us=2_000_000, profile="square"), tmp_path / "clip.mp4", on_progress=change
    )
    assert refusal(call) == "source_changed"
    assert [p.name for p in tmp_path.iterdir()] == ["source.mp4"]


def test_a_hang_is_timed_out(film_of: FilmMaker, tmp_path: Path) -> None:
    source = film_of(SILENT)
    limits = Limits(wall_s=0.01)
    before = time.monotonic()
    assert (
        refusal(
            lambda: cut_bounded_sync(
                source, ClipRequest(start_us=0, end_us=2_000_000, limits=limits), tmp_path / "clip.mp4"
            )
        )
        == "timed_out"
    )
    assert time.monotonic() - before < 5
    assert not list(tmp_path.iterdir())


def test_too_little_memory_is_said_so(film_of: FilmMaker, tmp_path: Path) -> None:
    big = film_of(Film(size=(1920, 1080), frames=12, audio=None))
    limits = Limits(memory_bytes=420 << 20)
    call = lambda: cut_bounded_sync(  # noqa: E731
        big, ClipRequest(start_us=0, end_us=480_000, profile="wide", limits=limits), tmp_path / "clip.mp4"
    )
    assert refusal(call) in ("out_of_memory", "crashed")
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_said_so(film_of: FilmMaker, tmp_path: Path) -> None:
    """A file size limit stands in for a full disk: the same write fails at the same place."""
    import resource
    import signal

    source = film_of(Film())
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, before[1]))
    try:
        code = refusal(lambda: cut(source, ClipRequest(start_us=0, end_us=2_000_000), tmp_path / "clip.mp4"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert code == "disk_full"
    assert not list(tmp_path.iterdir())


def test_many_bounded_probes_at_once_leave_no_process(film_of: FilmMaker) -> None:
    source = film_of(SILENT)
    threads = [threading.Thread(target=probe_bounded_sync, args=(source,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    servers = [child for child in psutil.Process().children() if MODULE in child.cmdline()]
    assert len(servers) == 1
    assert servers[0].children() == []


def test_a_picture_of_65535_by_65535_is_not_even_tried(film_of: FilmMaker, tmp_path: Path) -> None:
    """Declared where the codec believes it: in Matroska's header, for a codec without one of its own."""
    data = film_of(Film(container="matroska", codec="rawvideo", b_frames=0, audio=None, frames=3)).read_bytes()
    at = data.index(b"\xb0\x81\xc0")
    path = tmp_path / "vast.mkv"
    path.write_bytes(data[:at] + b"\xb0\x82\xff\xff\xba\x82\xff\xff" + data[at + 6 :])
    assert refusal(lambda: probe(path)) in ("too_large_picture", "damaged", "truncated")
    call = lambda: cut_bounded_sync(  # noqa: E731
        path, ClipRequest(start_us=0, end_us=80_000, limits=Limits(memory_bytes=2 << 30)), tmp_path / "clip.mp4"
    )
    assert refusal(call) in ("too_large_picture", "damaged", "truncated")
    assert [p.name for p in tmp_path.iterdir()] == ["vast.mkv"]


@pytest.mark.slow
def test_8k_is_accepted(tmp_path: Path) -> None:
    film = make(Film(size=(7680, 4320), frames=1, audio=None, gop=1, b_frames=0), tmp_path / "film")
    result = cut_bounded_sync(film, ClipRequest(start_us=0, end_us=1_000_000), tmp_path / "clip.mp4")
    assert (result.frames, result.width, result.height) == (1, 7680, 4320)


def test_a_title_of_no_length(film_of: FilmMaker, tmp_path: Path) -> None:
    """Headers that say 0 for every duration: the frames tell."""
    data = bytearray(film_of(SILENT).read_bytes())
    for kind, at in ((b"mvhd", 20), (b"tkhd", 24), (b"mdhd", 20)):
        where = data.index(kind)
        data[where + at : where + at + 4] = bytes(4)
    (tmp_path / "zero.mp4").write_bytes(data)
    assert probe(tmp_path / "zero.mp4").duration_us > 0
    assert cut(tmp_path / "zero.mp4", ClipRequest(start_us=0, end_us=400_000), tmp_path / "clip.mp4").frames == 10


def test_a_title_without_its_first_keyframe(film_of: FilmMaker, tmp_path: Path) -> None:
    """Recorded from the middle of a broadcast: what decodes is cut, what does not is refused."""
    data = film_of(Film(container="mpegts", gop=30, audio=None)).read_bytes()
    start = next(at for at in range(188 * 12, len(data), 188) if data[at + 1] & 0x40)
    (tmp_path / "middle.ts").write_bytes(data[start:])
    result = cut(tmp_path / "middle.ts", ClipRequest(start_us=0, end_us=9_000_000), tmp_path / "clip.mp4")
    assert result.frames == len(numbers(tmp_path / "clip.mp4")) > 0


def test_a_title_without_any_keyframe(film_of: FilmMaker, tmp_path: Path) -> None:
    data = film_of(Film(container="mpegts", gop=60, audio=None)).read_bytes()
    starts = [at for at in range(0, len(data), 188) if data[at + 1] & 0x40 and data[at + 1] & 0x1F == 1]
    (tmp_path / "none.ts").write_bytes(data[starts[1] :] if len(starts) > 1 else data[188 * 20 :])
    code = refusal(lambda: cut(tmp_path / "none.ts", ClipRequest(start_us=0, end_us=9_000_000), tmp_path / "clip.mp4"))
    assert code in ("damaged", "truncated", "no_frames")
    assert [p.name for p in tmp_path.iterdir()] == ["none.ts"]


@pytest.mark.slow
def test_a_full_disk_that_is_really_full(film_of: FilmMaker, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", small], capture_output=True).returncode:
        pytest.skip("mounting a small file system takes rights that are not here")
    try:
        source = film_of(Film())
        assert (
            refusal(lambda: cut_bounded_sync(source, ClipRequest(start_us=0, end_us=2_000_000), small / "clip.mp4"))
            == "disk_full"
        )
        tall = lambda: cut_bounded_sync(  # noqa: E731
            source, ClipRequest(start_us=0, end_us=2_000_000, profile="square"), small / "clip.mp4"
        )
        assert refusal(tall) == "disk_full"
        assert not list(small.iterdir())
    finally:
        subprocess.run(["umount", small], check=True)


WATCHED = """
import os, threading, time
from groundswell.media.sandbox import child

sleep = time.sleep

def dear(seconds):  # each look of the watch costs as much as on the slowest of machines
    until = time.thread_time() + 0.02
    while time.thread_time() < until:
        pass
    sleep(seconds)

time.sleep = dear

def work():
    until = time.thread_time() + 2
    while time.thread_time() < until:
        pass
    os._exit(0)

{before}
child.end_when_stalled(0.5)
"""


def test_a_decoder_that_waits_for_itself_is_ended() -> None:
    """However much of the processor the watch itself takes."""
    done = subprocess.run([sys.executable, "-c", WATCHED.format(before="")], timeout=30)
    assert done.returncode == STALLED
    assert _death(STALLED).code == "timed_out"


@pytest.mark.slow
def test_a_decoder_that_works_is_not_ended() -> None:
    script = WATCHED.format(before="threading.Thread(target=work).start()")
    assert subprocess.run([sys.executable, "-c", script], timeout=30).returncode == 0


def test_a_track_that_turns_up_late(film_of: FilmMaker, tmp_path: Path) -> None:
    """A transport stream of pictures alone that goes on with sound as well: a clip of that would be silent."""
    silent = film_of(Film(container="mpegts", audio=None)).read_bytes()
    heard = film_of(Film(container="mpegts")).read_bytes()
    (tmp_path / "late.ts").write_bytes(silent * 40 + heard)
    request = ClipRequest(start_us=0, end_us=400_000)
    assert refusal(lambda: cut(tmp_path / "late.ts", request, tmp_path / "clip.mp4")) == "tracks_change"
