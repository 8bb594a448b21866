"""Which files browsers are given as they are."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from groundswell.catalog.playback import playable_as
from groundswell.media import TitleIndex, probe

MP4 = "mov,mp4,m4a,3gp,3g2,mj2"


@pytest.fixture(scope="module")
def plain(film_file: Path) -> TitleIndex:
    """H.264 and AAC in MP4."""
    return probe(film_file)


def but(index: TitleIndex, container: str, codec: str, *sounds: str, **picture: Any) -> TitleIndex:
    """``index``, were it of these codecs."""
    return replace(
        index,
        container=container,
        video=replace(index.video, codec=codec, **picture),
        audio=tuple(replace(index.audio[0], codec=sound) for sound in sounds),
    )


@pytest.mark.parametrize(
    ("container", "codec", "sounds", "picture", "media_type"),
    [
        (MP4, "h264", ["aac"], {}, "video/mp4"),
        (MP4, "h264", [], {}, "video/mp4"),
        ("matroska,webm", "vp9", ["opus"], {}, "video/webm"),
        (MP4, "h264", ["pcm_s16le"], {}, None),
        (MP4, "h264", ["aac", "ac3"], {}, None),
        (MP4, "hevc", ["aac"], {}, None),
        (MP4, "h264", ["aac"], {"pixel_format": "yuv420p10le"}, None),
        (MP4, "h264", ["aac"], {"pixel_format": "yuv422p"}, None),
        (MP4, "h264", ["aac"], {"interlaced": True}, None),
        ("matroska,webm", "h264", ["aac"], {}, None),
        ("mpegts", "mpeg2video", ["mp2"], {}, None),
    ],
)
def test_browsers_are_given_what_all_of_them_play(
    plain: TitleIndex, container: str, codec: str, sounds: list[str], picture: dict[str, Any], media_type: str | None
) -> None:
    assert playable_as(but(plain, container, codec, *sounds, **picture)) == media_type


def test_what_was_probed_is_judged_and_a_fragmented_file_is_made_over(plain: TitleIndex) -> None:
    assert playable_as(plain) == "video/mp4"
    assert playable_as(replace(plain, fragmented=True)) is None
