"""What an HDR title says of its screen and its light is said by its clips, whichever codec it came in."""

from fractions import Fraction
from pathlib import Path

import av
import pytest

from groundswell.media import ClipRequest, cut
from tests.media.conftest import FilmMaker
from tests.media.film import Film

SCREEN = "G(0.265,0.69)B(0.15,0.06)R(0.68,0.32)WP(0.3127,0.329)L(1000.0,0.005)"
AV1 = Film(
    container="matroska",
    codec="libsvtav1",
    pixel_format="yuv420p10le",
    colour=(9, 16, 9),
    b_frames=0,
    audio=None,
    options=(("svtav1-params", f"keyint=12:mastering-display={SCREEN}:content-light=1000,400"),),
)
HEVC = Film(codec="libx265", pixel_format="yuv420p10le", colour=(9, 16, 9), audio=None)


def said(path: Path) -> dict[str, bytes]:
    with av.open(str(path)) as clip:
        frame = next(clip.decode(video=0))
        return {data.type.name: bytes(data) for data in frame.side_data}


def test_an_av1_titles_metadata_is_kept_by_the_encoded_clip(film_of: FilmMaker, tmp_path: Path) -> None:
    title = film_of(AV1)
    told = said(title)
    assert "MASTERING_DISPLAY_METADATA" in told, "the title has to say something"
    assert cut(title, ClipRequest(start_us=300_000, end_us=1_500_000), tmp_path / "clip.mp4").mode == "encode"
    kept = said(tmp_path / "clip.mp4")
    assert kept["CONTENT_LIGHT_LEVEL"] == told["CONTENT_LIGHT_LEVEL"]
    assert screen(kept) == pytest.approx(screen(told), abs=2e-5)


def screen(told: dict[str, bytes]) -> list[float]:
    from groundswell.media.rendering.hdr_metadata import MASTERING

    *numbers, _, _ = MASTERING.unpack_from(told["MASTERING_DISPLAY_METADATA"])
    return [float(Fraction(a, b)) for a, b in zip(numbers[::2], numbers[1::2], strict=True)]
