"""Every animal of the zoo is cut exactly, in every profile, or refused with its reason; and its sound stays in step.

By default each is cut once as it is and every seventh once in a profile; ``GROUNDSWELL_LONG_TESTS=1`` cuts each at
three places in all of them.
"""

import os
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest

from groundswell.media import PROFILES, ClipRequest, CutResult, MediaError, cut, probe
from tests.media.exactness import HALF_US, assert_well_formed
from tests.media.film import burst_times, number_in
from tests.media.zoo import ZOO, breed

LONG = "GROUNDSWELL_LONG_TESTS" in os.environ
RENDERED = [name for name, profile in PROFILES.items() if profile.renders]
BROKEN_SOUND = {"fragmented, every frame", "nut"}
"""Animals whose own sound has broken times, or does not decode by itself."""


def film_of(path: Path) -> tuple[list[tuple[Fraction, int]], Fraction]:
    """What a plain decoder shows: each frame's time on the title's timeline and its number; and where that begins.

    The earliest picture is shown at the earliest time: some containers number pictures in the order of storage.
    """
    with av.open(str(path)) as container:
        covers = av.stream.Disposition.attached_pic
        films = [s for s in container.streams.video if not s.disposition & covers]
        film = next((s for s in films if s.disposition & av.stream.Disposition.default), films[0])
        starts = [s.start_time * s.time_base for s in (*films, *container.streams.audio) if s.start_time is not None]
        origin = min(starts, default=Fraction(0))
        origin = origin if origin >= 0 else min(Fraction(0), (film.start_time or 0) * film.time_base)
        step = 1 / Fraction(film.guessed_rate or 25)
        times, numbers = [], []
        for n, frame in enumerate(container.decode(film)):
            times.append(n * step if frame.pts is None else frame.pts * frame.time_base)
            numbers.append(number_in(frame) if min(frame.width, frame.height) >= 48 else 0)
    if path.suffix in (".avi", ".gxf"):  # which have but an order: the first picture is shown when the first packet is
        times = stored(path)
    return [(at - origin, number) for at, number in zip(sorted(times), numbers, strict=True)], origin


def stored(path: Path) -> list[Fraction]:
    """The times of the packets of pictures in the order of storage."""
    with av.open(str(path)) as container:
        return [packet.dts * packet.time_base for packet in container.demux(video=0) if packet.size]


def shown(clip: Path, numbered: bool) -> list[tuple[Fraction, int]]:
    with av.open(str(clip)) as container:
        frames = container.decode(video=0)
        return [(frame.pts * frame.time_base, number_in(frame) if numbered else 0) for frame in frames]


def places(name: str) -> list[tuple[float, str]]:
    if LONG:
        return [(place, profile) for place in (0.05, 0.45, 0.8) for profile in PROFILES]
    n = list(ZOO).index(name)
    return [
        ((0.05, 0.3, 0.45, 0.6)[n % 4], "source"),
        *([(0.45, RENDERED[n // 7 % len(RENDERED)])] if n % 7 == 0 else []),
    ]


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ZOO)
def test_every_animal_is_cut_exactly(zoo: Path, tmp_path: Path, name: str) -> None:
    animal, source, clip = ZOO[name], breed(name, zoo), tmp_path / "clip.mp4"
    with av.logging.Capture():
        film, origin = film_of(source)
        assert probe(source).duration_us >= (film[-1][0] - film[0][0]) * 10**6 - 50_000  # program streams only guess
        for place, profile in places(name):
            start_us = int(film[-1][0] * 10**6 * Fraction(place))
            end_us = start_us + 700_000
            start, end = Fraction(start_us, 10**6) - HALF_US, Fraction(end_us, 10**6) - HALF_US
            expected = [(at, number) for at, number in film if start <= at < end]
            if not expected:
                with pytest.raises(MediaError) as caught:
                    cut(source, ClipRequest(start_us=start_us, end_us=end_us, profile=profile), clip)
                assert caught.value.code in ("no_frames", "past_the_end")
                continue
            result = cut(source, ClipRequest(start_us=start_us, end_us=end_us, profile=profile, focus=0.5), clip)
            numbered = animal.numbered and profile == "source"
            assert_the_same(expected, shown(clip, numbered), result, numbered=numbered, rate=animal.rate)
            assert_well_formed(clip)
            if profile == "source" and name not in BROKEN_SOUND:
                assert_heard(source, clip, expected[0][0] + origin, result)


def assert_the_same(
    expected: list[tuple[Fraction, int]],
    made: list[tuple[Fraction, int]],
    result: CutResult,
    *,
    numbered: bool,
    rate: Fraction | None,
) -> None:
    assert len(made) == len(expected) == result.frames
    if numbered:
        assert [number for _, number in made] == [number for _, number in expected]
    first = expected[0][0]
    assert abs(result.first_pts_us - first * 10**6) <= 1
    assert abs(result.last_pts_us - expected[-1][0] * 10**6) <= 1
    slack = Fraction(1, 1000) + Fraction(1, 10**5)
    assert all(abs(at - first - ours) <= slack for (at, _), (ours, _) in zip(expected, made, strict=True))
    if rate is not None and all(abs(at - first - n / rate) <= slack for n, (at, _) in enumerate(expected)):
        assert {b - a for (a, _), (b, _) in pairwise(made)} <= {1 / rate}, "a steady title gave an unsteady clip"


def assert_heard(source: Path, clip: Path, first: Fraction, result: CutResult) -> None:
    if result.audio == "none":
        return
    allowed = 0.0255 if result.audio == "copy" else 0.004
    heard = burst_times(clip)
    for at in (burst - float(first) for burst in burst_times(source)):
        if 0.08 < at < result.duration_us / 1e6 - 0.08:
            off = min((abs(h - at) for h in heard), default=9.0)
            assert off <= allowed, f"a burst {at:.3f} s into the clip is {off * 1000:.1f} ms off ({result.audio})"


def test_the_track_of_a_language_is_the_one_in_the_clip(zoo: Path, tmp_path: Path) -> None:
    source = breed("several languages", zoo)
    tracks = probe(source).audio
    assert [track.language for track in tracks] == ["eng", "fra", "jpn"]
    assert [track.default for track in tracks] == [False, True, False]
    for track in tracks:
        cut(source, ClipRequest(start_us=0, end_us=500_000, audio_track=track.index), tmp_path / "clip.mp4")
        assert [t.language for t in probe(tmp_path / "clip.mp4").audio] == [track.language]


def test_what_is_no_picture_or_sound_stays_behind(zoo: Path, tmp_path: Path) -> None:
    for name in ("cover art", "cover art first", "timecode", "chapters", "subtitles in mkv"):
        cut(breed(name, zoo), ClipRequest(start_us=300_000, end_us=900_000), tmp_path / "clip.mp4")
        with av.open(str(tmp_path / "clip.mp4")) as clip:
            assert [s.type for s in clip.streams] == ["video", "audio"], name
            assert not clip.chapters(), name
