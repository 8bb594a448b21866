"""Clips of any size, rate, codec and sound joined into one: every picture of each, in its turn, for as long."""

from fractions import Fraction
from pathlib import Path

import av
import pytest

from groundswell.media import EndCard, MediaError, run_bounded
from groundswell.media.rendering.join import JoinPart, join
from tests.media.film import Film, burst_times, make, numbers

FILMS = (
    Film(frames=20, rate=Fraction(10), size=(320, 180), audio_rate=44100),
    Film(frames=12, first=100, rate=Fraction(24000, 1001), size=(192, 192), codec="libx265", audio=None),
    Film("matroska", "libvpx-vp9", 15, first=200, rate=Fraction(30), size=(180, 320), audio="libopus"),
)


@pytest.mark.slow
async def test_every_picture_of_every_part_in_its_turn(tmp_path: Path) -> None:
    parts = [JoinPart(str(make(film, tmp_path / str(n))), f"Part {n}") for n, film in enumerate(FILMS)]
    made = tmp_path / "joined.mp4"
    answer = await run_bounded(
        "join",
        {
            "parts": [{"path": each.path, "name": each.name} for each in parts],
            "destination": str(made),
            "card": {"link": "https://x.example/c/abc", "title": "Light", "service": "Lumen"},
        },
    )
    second = Fraction(12 * 1001, 24000)
    begins = [Fraction(0), Fraction(2), 2 + second]
    assert answer["begins_us"] == [pytest.approx(at * 1_000_000, abs=20) for at in begins]
    assert answer["card_us"] == 2_000_000
    assert answer["duration_us"] == pytest.approx((2 + second + Fraction(1, 2) + 2) * 1_000_000, abs=20)
    with av.open(str(made)) as joined:
        video, audio = joined.streams.video[0], joined.streams.audio[0]
        assert (video.codec_context.name, video.width, video.height) == ("h264", 1280, 720)
        assert (audio.codec_context.name, audio.rate, audio.channels) == ("aac", 48000, 2)
        told = [(each["metadata"]["title"], each["start"] * each["time_base"]) for each in joined.chapters()]
    assert [name for name, _ in told] == ["Part 0", "Part 1", "Part 2"]
    assert [float(at) for _, at in told] == pytest.approx([float(at) for at in begins], abs=0.001)
    scales = [Fraction(720, film.size[1]) for film in FILMS]
    shown = numbers(made, scales[0])
    assert [n for _, n in shown[:20]] == list(range(20))
    assert [float(at) for at, _ in shown[:20]] == pytest.approx([n / 10 for n in range(20)], abs=0.001)
    assert [n for _, n in numbers(made, scales[1])[20:32]] == list(range(100, 112))
    assert [n for _, n in numbers(made, scales[2])[32:47]] == list(range(200, 215))
    assert len(shown) == 20 + 12 + 15 + 60
    heard = burst_times(made)
    assert heard[:4] == pytest.approx([0, 0.5, 1, 1.5], abs=0.03)
    assert not [at for at in heard if 2 < at < float(begins[2]) - 0.05], "the second part has no sound"
    assert [at for at in heard if at > 2] == pytest.approx([float(begins[2])], abs=0.03)


def test_what_cannot_be_joined_leaves_nothing(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no film")
    fine = make(FILMS[0], tmp_path / "fine")
    for parts, reason in (([], "no_frames"), ([fine, broken], "not_a_video"), ([tmp_path / "gone"], "source_missing")):
        with pytest.raises(MediaError) as refused:
            join([JoinPart(str(path), "") for path in parts], tmp_path / "made.mp4", card=EndCard("x", "y", "z"))
        assert refused.value.code == reason
    assert {path.name for path in tmp_path.iterdir()} == {"broken.mp4", fine.name}
