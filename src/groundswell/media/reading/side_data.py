"""What FFmpeg attaches to a decoded picture besides its samples."""

from __future__ import annotations

from collections.abc import Iterable

from av.sidedata.sidedata import SideData
from av.video.frame import VideoFrame


def side_data(frame: VideoFrame) -> dict[str, bytes]:
    """The side data of a picture by the name of its kind (``av.sidedata.sidedata.Type``).

    Empty when any of it is of a kind that PyAV does not list (Exif, the views of MV-HEVC): PyAV then gives none.
    """
    try:
        held: Iterable[SideData] = frame.side_data  # type: ignore[assignment]  # iterating gives the data, not its keys
        return {data.type.name: bytes(data) for data in held}
    except ValueError:
        return {}
