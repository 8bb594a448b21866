"""Which files browsers play as they are. Pure."""

from groundswell.media import TitleIndex

SOUND_IN_MP4 = frozenset({"aac", "mp3"})
SOUND_IN_WEBM = frozenset({"opus", "vorbis"})
PICTURE_IN_WEBM = frozenset({"vp8", "vp9", "av1"})
PLAIN = frozenset({"yuv420p", "yuvj420p"})


def playable_as(index: TitleIndex) -> str | None:
    """The media type under which every current browser plays the file, or None when it must be made over.

    H.264 in MP4 with AAC, MP3 or no sound; VP8, VP9 or AV1 in WebM; eight bits, 4:2:0. MOV counts as MP4.
    """
    picture, sounds = index.video, {track.codec for track in index.audio}
    if picture.pixel_format not in PLAIN or picture.interlaced or index.fragmented:
        return None
    if "mp4" in index.container and picture.codec == "h264" and sounds <= SOUND_IN_MP4:
        return "video/mp4"
    if "webm" in index.container and picture.codec in PICTURE_IN_WEBM and sounds <= SOUND_IN_WEBM:
        return "video/webm"
    return None
