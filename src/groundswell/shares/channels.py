"""Where a moment can be sent, as data: what the place is called, how it takes a link, what it takes as a file.

``intent`` is the place's own page for sharing a link; ``{url}`` and ``{text}`` are filled in percent-encoded. Places
without one take a link that was copied, a file, or the system's own share sheet. What a place allows is written down
with the page that says so and the day it was read, because all of it changes.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal
from urllib.parse import quote

from groundswell.media import PROFILES

ChannelName = Literal[
    "copy",
    "whatsapp",
    "x",
    "instagram",
    "tiktok",
    "discord",
    "facebook",
    "telegram",
    "reddit",
    "email",
    "sms",
    "qr",
    "embed",
    "native",
    "page",
]

MB = 1_000_000
READ = date(2026, 11, 23)


@dataclass(frozen=True)
class Allowed:
    """What a place takes: text in characters, video in bytes and microseconds (None: says nothing, or more than any
    clip). ``source`` is the page that says so, as read on ``read_on``; ``note`` is its rule in words."""

    source: str
    read_on: date = READ
    text_characters: int | None = None
    video_bytes: int | None = None
    video_us: int | None = None
    note: str = ""


@dataclass(frozen=True)
class Channel:
    """A place. ``profile`` is the rendition that suits it as a file; ``documented`` is where the place says how its
    ``intent`` works."""

    name: ChannelName
    label: str
    intent: str | None = None
    profile: str = "wide"
    documented: str | None = None
    allowed: Allowed | None = None


_ALL = (
    Channel("copy", "Copy link"),
    Channel(
        "whatsapp",
        "WhatsApp",
        "https://wa.me/?text={text}%20{url}",
        documented="https://faq.whatsapp.com/5913398998672934",
        allowed=Allowed(
            "https://docs.aws.amazon.com/social-messaging/latest/userguide/supported-media-types.html",
            video_bytes=16 * MB,
            note="Video that plays in the chat is at most 16 MB; larger files go as documents.",
        ),
    ),
    Channel(
        "x",
        "X",
        "https://x.com/intent/post?text={text}&url={url}",
        documented="https://developer.x.com/en/docs/x-for-websites/tweet-button/guides/web-intent",
        allowed=Allowed(
            "https://docs.x.com/x-api/media/quickstart/best-practices",
            text_characters=280,
            video_bytes=512 * MB,
            video_us=140_000_000,
            note="Any link counts as 23 characters.",
        ),
    ),
    Channel(
        "instagram",
        "Instagram",
        profile="stories",
        allowed=Allowed(
            "https://developers.facebook.com/docs/instagram-platform/sharing-to-stories",
            video_us=20_000_000,
            note="Stories: H.264, 720×1280, at most 20 seconds; a longer clip goes as a reel.",
        ),
    ),
    Channel(
        "tiktok",
        "TikTok",
        profile="clean",
        allowed=Allowed(
            "https://developers.tiktok.com/doc/content-sharing-guidelines",
            note="No name, logo, watermark, link or promotional text of the sharing service in the video.",
        ),
    ),
    Channel(
        "discord",
        "Discord",
        allowed=Allowed(
            "https://docs.discord.com/developers/reference#uploading-files",
            text_characters=2000,
            video_bytes=10 * 1024 * 1024,
            note="Files of members without Nitro are at most 10 MiB.",
        ),
    ),
    Channel(
        "facebook",
        "Facebook",
        "https://www.facebook.com/sharer/sharer.php?u={url}",
        documented="https://developers.facebook.com/docs/sharing/reference/share-dialog",
    ),
    Channel(
        "telegram",
        "Telegram",
        "https://t.me/share/url?url={url}&text={text}",
        documented="https://core.telegram.org/widgets/share",
    ),
    Channel(
        "reddit",
        "Reddit",
        "https://www.reddit.com/submit?url={url}&title={text}",
        allowed=Allowed("https://postly.ai/reddit/guides/1", text_characters=300),
    ),
    Channel(
        "email", "E-mail", "mailto:?subject={text}&body={url}", documented="https://www.rfc-editor.org/rfc/rfc6068"
    ),
    Channel("sms", "Message", "sms:?&body={text}%20{url}", documented="https://www.rfc-editor.org/rfc/rfc5724"),
    Channel("qr", "QR code"),
    Channel("embed", "Embed"),
    Channel("native", "More…"),
    Channel("page", "Its own page"),
)

CHANNELS: dict[str, Channel] = {channel.name: channel for channel in _ALL}

OWN_PAGE: ChannelName = "page"
"""A moment's own page (``own_page.py``): nobody sends anything there."""

SENT_TO = {name: channel for name, channel in CHANNELS.items() if name != OWN_PAGE}
"""Those that a person can choose."""

LINK_CHARACTERS = 24
"""What a link takes of a text's room, with the space before it."""


def intent_url(channel: Channel, url: str, text: str) -> str | None:
    """The address that opens the place with ``url`` and ``text`` ready to send; None where there is no such page.

    A text longer than the place takes beside the link is cut at a word.
    """
    if channel.intent is None:
        return None
    room = channel.allowed.text_characters if channel.allowed else None
    shown = text if room is None else shortened(text, room - LINK_CHARACTERS)
    return channel.intent.format(url=quote(url, safe=""), text=quote(shown, safe=""))


def shortened(text: str, longest: int) -> str:
    """``text`` in at most ``longest`` characters, cut after a word where there is one, with an ellipsis."""
    if len(text) <= longest:
        return text
    cut = text[: longest - 1]
    return (cut.rsplit(None, 1)[0] if " " in cut.strip() else cut).rstrip() + "…"


def profile_for(channel: Channel, shape: str, duration_us: int) -> str:
    """The rendition that ``channel`` takes as a file: its own where it asks for one, else the shape that was chosen. A
    clip that is too long for its own goes upright all the same (a reel rather than a story)."""
    if channel.profile == "wide":
        return shape
    longest = PROFILES[channel.profile].longest_us
    return channel.profile if longest is None or duration_us <= longest else "vertical"


def channel_name(name: str) -> str:
    """What a channel is called on pages."""
    return CHANNELS[name].label if name in CHANNELS else name
