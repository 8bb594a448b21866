"""Where a moment can be sent, as data: what the place is called, how it takes a link, which rendition suits it.

``intent`` is the place's own page for sharing a link; ``{url}`` and ``{text}`` are filled in percent-encoded. Places
without one take a link that was copied, a file, or the system's own share sheet.
"""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

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
]


@dataclass(frozen=True)
class Channel:
    """A place. ``documented`` is where it says how its ``intent`` works."""

    name: ChannelName
    label: str
    intent: str | None = None
    profile: str = "wide"
    documented: str | None = None


_ALL = (
    Channel("copy", "Copy link"),
    Channel(
        "whatsapp",
        "WhatsApp",
        "https://wa.me/?text={text}%20{url}",
        documented="https://faq.whatsapp.com/5913398998672934",
    ),
    Channel(
        "x",
        "X",
        "https://x.com/intent/post?text={text}&url={url}",
        documented="https://developer.x.com/en/docs/x-for-websites/tweet-button/guides/web-intent",
    ),
    Channel("instagram", "Instagram", profile="stories"),
    Channel("tiktok", "TikTok", profile="clean"),
    Channel("discord", "Discord"),
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
    Channel("reddit", "Reddit", "https://www.reddit.com/submit?url={url}&title={text}"),
    Channel(
        "email", "E-mail", "mailto:?subject={text}&body={url}", documented="https://www.rfc-editor.org/rfc/rfc6068"
    ),
    Channel("sms", "Message", "sms:?&body={text}%20{url}", documented="https://www.rfc-editor.org/rfc/rfc5724"),
    Channel("qr", "QR code"),
    Channel("embed", "Embed"),
    Channel("native", "More…"),
)

CHANNELS: dict[str, Channel] = {channel.name: channel for channel in _ALL}


def intent_url(channel: Channel, url: str, text: str) -> str | None:
    """The address that opens the place with ``url`` and ``text`` ready to send; None where there is no such page."""
    if channel.intent is None:
        return None
    return channel.intent.format(url=quote(url, safe=""), text=quote(text, safe=""))
