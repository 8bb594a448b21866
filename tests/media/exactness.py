"""What must hold of any clip, said without the engine's own words for it."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av

from groundswell.media import CutResult
from tests.media.film import Film, burst_times, numbers

HALF_US = Fraction(1, 2_000_000)


def origin_of(path: Path) -> Fraction:
    """Where the title's clock starts: its earliest picture or sound, but not sound before zero."""
    with av.open(str(path)) as container:
        streams = [*container.streams.video, *container.streams.audio]
        starts = [s.start_time * s.time_base for s in streams if s.start_time is not None]
        return max(min(starts, default=Fraction(0)), Fraction(0))


def frames_between(path: Path, start_us: int, end_us: int) -> list[tuple[Fraction, int]]:
    """The frames that belong in the clip, by decoding the whole title: (time on its timeline, number)."""
    origin = origin_of(path)
    start, end = Fraction(start_us, 10**6), Fraction(end_us, 10**6)
    timed = [(at - origin, number) for at, number in numbers(path)]
    return [(at, number) for at, number in timed if start - HALF_US <= at < end - HALF_US]


def assert_exact(
    source: Path,
    clip: Path,
    start_us: int,
    end_us: int,
    result: CutResult,
    film: Film,
    joins: Sequence[float] = (),
) -> None:
    """First frame, last frame, count, times, decoding order, no edit list, index first, sound in step; except at
    ``joins``, the seconds of the title at which one encoding of its sound ends and another begins."""
    expected = frames_between(source, start_us, end_us)
    made = numbers(clip)
    assert [number for _, number in made] == [number for _, number in expected]
    assert result.frames == len(expected) == result.frames_copied + result.frames_encoded
    assert abs(result.first_pts_us - expected[0][0] * 10**6) <= 1
    assert abs(result.last_pts_us - expected[-1][0] * 10**6) <= 1
    assert_times([at for at, _ in expected], [at for at, _ in made], film)
    assert_well_formed(clip)
    if film.audio:
        assert_in_step(source, clip, expected[0][0], result, joins)


def assert_times(expected: list[Fraction], made: list[Fraction], film: Film) -> None:
    assert made[0] == 0
    slack = Fraction(1, 1000) + Fraction(1, 10**6)
    for a, b in zip(expected, made, strict=True):
        assert abs((a - expected[0]) - b) <= slack
    if all(abs(at - expected[0] - n / film.rate) <= slack for n, at in enumerate(expected)):
        steps = {b - a for a, b in pairwise(made)}
        assert steps <= {1 / film.rate}, "a steady title gave an unsteady clip"


def assert_well_formed(clip: Path) -> None:
    data = clip.read_bytes()
    assert b"elst" not in data[: data.index(b"mdat")]
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(clip)) as container:
        for stream in container.streams:
            container.seek(0)
            dts = [p.dts for p in container.demux(stream) if p.size]
            assert all(a < b for a, b in pairwise(dts))


def assert_in_step(source: Path, clip: Path, first: Fraction, result: CutResult, joins: Sequence[float] = ()) -> None:
    """Every burst of the title that lies well inside the clip is heard there, when it should be."""
    assert result.audio in ("copy", "exact")
    # Where encodings are joined, their times may be off by what counts as no jump yet.
    allowed = 0.0135 if result.audio == "copy" or joins else 0.004
    at = float(first + origin_of(source))
    heard = burst_times(clip)
    for burst in burst_times(source):
        if any(abs(burst - join) < 0.08 for join in joins):
            continue
        if 0.08 < burst - at < result.duration_us / 1e6 - 0.08:
            nearest = min((abs(h - (burst - at)) for h in heard), default=9.0)
            assert nearest <= allowed, f"a burst {burst - at:.3f} s into the clip is {nearest * 1000:.1f} ms off"
