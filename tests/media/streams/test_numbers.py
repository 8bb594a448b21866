"""Numbers of playlists and manifests that somebody else wrote: each is read, left out or refused, at once."""

from fractions import Fraction

import pytest

from groundswell.media import MediaError
from groundswell.media.streams import dash_manifest, hls_playlist
from groundswell.media.streams.ladder import frame_rate

AT = "https://films.example/film"
LONG = "9" * 5000


@pytest.mark.parametrize(
    ("said", "rate"),
    [
        ("25", Fraction(25)),
        (25.0, Fraction(25)),
        ("30000/1001", Fraction(30_000, 1001)),
        (29.97, Fraction(2997, 100)),
        *((each, None) for each in (None, "", "0", "25/0", "-25", "inf", "nan", "1e5", "1e999999999", "٢٥", LONG)),
    ],
)
def test_a_frame_rate_is_one_that_pictures_can_have(said: object, rate: Fraction | None) -> None:
    assert frame_rate(said) == rate


def test_a_manifest_s_frame_rate_is_no_sum_without_end() -> None:
    manifest = """<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" mediaPresentationDuration="PT10S"><Period>
        <AdaptationSet contentType="video"><SegmentTemplate timescale="1" duration="2" media="$Number$.m4s"/>
        <Representation id="1" bandwidth="1" height="240" frameRate="1e999999999"/></AdaptationSet></Period></MPD>"""
    (period,) = dash_manifest.read_manifest(manifest, AT)
    assert period.tracks[0].frame_rate is None


def variants(said: str) -> tuple[hls_playlist.Variant, ...]:
    """Of a playlist whose one variant says this."""
    sound = f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",CHANNELS="{LONG}"'
    text = f"#EXTM3U\n{sound}\n#EXT-X-STREAM-INF:{said}\nv.m3u8\n"
    return hls_playlist.read_multivariant(hls_playlist.parse(text, AT), AT).variants


def test_a_playlist_s_numbers_are_read_or_refused() -> None:
    assert [each.frame_rate for each in variants("BANDWIDTH=1,FRAME-RATE=inf")] == [None]
    for said in ("1e999", "inf", LONG):
        with pytest.raises(MediaError, match="cannot be read"):
            variants(f"BANDWIDTH={said}")
