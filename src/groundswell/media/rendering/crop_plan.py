"""Which part of a wide picture an upright clip would show, shot by shot, before any of it is encoded."""

from __future__ import annotations

from pathlib import Path

from groundswell.media.errors import MediaError
from groundswell.media.profiles import profile_named
from groundswell.media.reading.frames import decode_between
from groundswell.media.reading.source import open_source

from .crop import CropWindow, Follower
from .picture import Pictures

View = tuple[int, float | None]
"""From which microsecond of the title on, and where the crop's centre lies along the side with room to spare, 0 to 1;
None: the whole picture between blurred sides."""


def crop_plan(source: str | Path, start_us: int, end_us: int, profile: str) -> list[View]:
    """What rendering [start_us, end_us) in ``profile`` chooses by itself; empty for a profile that crops nothing.

    Raises `MediaError`: the reading reasons of `probe`, ``bad_option``, ``past_the_end``.
    """
    target = profile_named(profile)
    if target.framing != "fill":
        return []
    plan: list[View] = []
    shown: CropWindow | None = None
    with open_source(source) as title:
        follower: Follower | None = None
        for pts, frame in decode_between(title, title.pts(start_us), title.pts(end_us)):
            if follower is None:
                pictures = Pictures(frame, title.video.sample_aspect_ratio, target)
                follower = Follower(pictures.free_shape, pictures.orientation.degrees // 90)
            for at, _, view in follower.take(pts, frame):
                if view != shown:
                    plan.append((title.us(at), view.at))
                shown = view
        if follower is None:
            raise MediaError("past_the_end")
        plan += [(title.us(at), view.at) for at, _, view in list(follower.finish())[:1] if view != shown]
    return plan
