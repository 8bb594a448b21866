"""Which link-preview robot is asking, by the name it gives itself. Pure.

The order matters: several robots name others to be let in ("like TwitterBot"), so the particular come first. The names
are those of the crawler-user-agents list (https://github.com/monperrus/crawler-user-agents, release 1.67.0, read on
23 November 2026; a test holds them to the release that is installed), of Discord
(https://docs.discord.com/developers/link-previews/overview) and of Meta
(https://developers.facebook.com/docs/sharing/webmasters/crawler), read on the same day.
"""

import re

_NAMES: tuple[tuple[str, str], ...] = (
    # iMessage calls itself all three at once.
    ("imessage", r"facebookexternalhit/\S+ Facebot Twitterbot/"),
    ("telegram", r"\bTelegramBot\b"),
    ("discord", r"\bDiscordbot/"),
    # Signal's previews say that they are WhatsApp; the two cannot be told apart.
    ("whatsapp", r"^WhatsApp(/\d|$)"),
    ("slack", r"\bSlackbot(-LinkExpanding)?\b|\bSlack-ImgProxy\b"),
    ("teams", r"\bSkypeUriPreview\b|\bMicrosoftPreview/"),
    ("linkedin", r"\bLinkedInBot/"),
    ("reddit", r"\bredditbot/"),
    ("tiktok", r"\bTikTokSpider\b"),
    ("snapchat", r"\bSnap URL Preview Service\b|\bSnapURLPreview/"),
    ("pinterest", r"\bPinterest(bot)?/\S+ ?\(?\+?https?://www\.pinterest\.com/bot"),
    ("viber", r"\bViber\b.*\bbot\b|^Viber(/|$)"),
    ("line", r"\bLinespider/|\bline-poker/"),
    ("bluesky", r"\bBluesky Cardyb/|^BlueskyPreviewBot/|^Bluesky/"),
    ("mastodon", r"\bMastodon/"),
    ("wordpress", r"^WordPress/"),
    ("embedly", r"\bEmbedly[/ ]"),
    ("vk", r"\bvkShare\b"),
    ("matrix", r"\bSynapse \(bot"),
    ("iframely", r"\bIframely/"),
    ("google-chat", r"\bGoogle-PageRenderer\b|\bChatPreview\b"),
    # Instagram, Messenger and Threads fetch as Facebook does.
    ("facebook", r"\bfacebookexternalhit/|\bFacebot\b|\bmeta-externalfetcher/|\bMeta-ExternalHit/"),
    ("x", r"\bTwitterbot/"),
    ("apple", r"\bApplebot/"),
)

_PATTERN = re.compile("|".join(f"(?P<n{n}>{pattern})" for n, (_, pattern) in enumerate(_NAMES)))
_FIRST = tuple((name, re.compile(pattern)) for name, pattern in _NAMES)


def unfurler(user_agent: str) -> str | None:
    """The service whose preview robot sent this User-Agent; None for anything else."""
    if _PATTERN.search(user_agent) is None:  # what nearly every request is: one pass over the text
        return None
    return next(name for name, pattern in _FIRST if pattern.search(user_agent))
