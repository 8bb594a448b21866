"""The places that draw previews of links: what each sends, reads and takes, as data with its source and date.

A limit that a place does not write down, and nobody has measured where we could read it, is None: it is not judged.
``read_on`` is the day the source was read. Most of this changes without notice; read the sources again before trusting
an old date.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

KB, MB = 1_000, 1_000_000
KIB = 1024
READ = date(2026, 11, 23)

JPEG, PNG, GIF, WEBP = "image/jpeg", "image/png", "image/gif", "image/webp"
Tag = Literal["title", "description", "image", "url", "site_name"]


@dataclass(frozen=True)
class TargetSource:
    """Where a limit is written: the address, the day it was read, and which fields it gives."""

    url: str
    says: tuple[str, ...]
    official: bool = True
    read_on: date = READ


@dataclass(frozen=True)
class Target:
    """One place.

    Attributes:
        user_agent, accept: what its robot sends.
        reads_bytes: how much of the page it reads; tags after that are not seen.
        asks_range: it asks for just that much (``Range``).
        page_bytes: a larger page gets no preview at all.
        redirects, seconds: most redirects; the time for the page.
        needs: tags without which there is no preview.
        prefers_twitter: ``twitter:`` tags come before ``og:`` ones.
        image_types, image_bytes: what a picture may be.
        image_least: (width, height) below which it is not shown; image_large: below which it is only a thumbnail.
        image_most: longest side in pixels; image_sum: most width and height together; image_ratio: greatest ratio.
        title_longest, description_longest: characters shown.
        plays: it plays ``og:video`` in the card; video_types, video_bytes: of which kind and size.
        video_wants: values of ``og:type`` under which it plays, when it asks for one.
        media_bytes: most for picture and film together.
        embeds: it shows what oEmbed answers rather than a card.
    """

    name: str
    label: str
    user_agent: str
    accept: str = "text/html,application/xhtml+xml"
    reads_bytes: int | None = None
    asks_range: bool = False
    page_bytes: int | None = None
    redirects: int | None = None
    seconds: float | None = None
    needs: tuple[Tag, ...] = ("title",)
    prefers_twitter: bool = False
    image_types: tuple[str, ...] = (JPEG, PNG, GIF, WEBP)
    image_bytes: int | None = None
    image_least: tuple[int, int] | None = None
    image_large: tuple[int, int] | None = None
    image_most: int | None = None
    image_sum: int | None = None
    image_ratio: float | None = None
    title_longest: int | None = None
    description_longest: int | None = None
    plays: bool = False
    video_types: tuple[str, ...] = ("video/mp4",)
    video_bytes: int | None = None
    video_wants: tuple[str, ...] = ()
    media_bytes: int | None = None
    embeds: bool = False
    sources: tuple[TargetSource, ...] = ()


ROBOTS = "https://github.com/monperrus/crawler-user-agents"
"""The list of user agents by which we checked those below (release 1.67.0)."""

DISCORD = Target(
    name="discord",
    label="Discord",
    user_agent="Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    page_bytes=50 * MB,
    redirects=5,
    seconds=10,
    title_longest=70,
    description_longest=350,
    plays=True,
    video_types=("video/mp4", "video/webm", "video/quicktime"),
    video_bytes=100 * MB,
    video_wants=("video.other",),
    sources=(
        TargetSource(
            "https://docs.discord.com/developers/link-previews/overview",
            ("user_agent", "page_bytes", "redirects", "seconds"),
        ),
        TargetSource("https://github.com/discord/discord-api-docs/pull/8606", ("plays", "video_types", "video_wants")),
        TargetSource("https://github.com/ShaneIsrael/fireshare/issues/697", ("video_bytes",), official=False),
        TargetSource(
            "https://mastodawn.com/explore/tag/000abc", ("title_longest", "description_longest"), official=False
        ),
    ),
)
WHATSAPP = Target(
    name="whatsapp",
    label="WhatsApp",
    user_agent="WhatsApp/2.23.20.0 A",
    reads_bytes=300 * KB,
    needs=("title", "description", "url"),
    image_types=(JPEG, PNG),
    image_bytes=600 * KB,
    image_least=(300, 75),
    image_ratio=4.0,
    description_longest=80,
    sources=(
        TargetSource(
            "https://developers.facebook.com/docs/whatsapp/link-previews",
            ("reads_bytes", "needs", "image_bytes", "image_least", "image_ratio", "description_longest"),
        ),
        TargetSource("https://www.getrediate.com/og-checker/whatsapp", ("image_types",), official=False),
        TargetSource(ROBOTS, ("user_agent",), official=False),
    ),
)
FACEBOOK = Target(
    name="facebook",
    label="Facebook",
    user_agent="facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    reads_bytes=1 * MB,
    seconds=5,
    needs=("title", "url"),
    image_bytes=8 * MB,
    image_least=(200, 200),
    image_large=(600, 315),
    sources=(
        TargetSource(
            "https://developers.facebook.com/docs/sharing/webmasters/crawler",
            ("user_agent", "reads_bytes", "seconds"),
        ),
        TargetSource(
            "https://developers.facebook.com/docs/sharing/webmasters/images/",
            ("image_bytes", "image_least", "image_large"),
        ),
        TargetSource("https://developers.facebook.com/docs/sharing/webmasters/faq", ("needs",)),
    ),
)
X = Target(
    name="x",
    label="X",
    user_agent="Twitterbot/1.0",
    prefers_twitter=True,
    image_bytes=5 * MB,
    image_least=(144, 144),
    image_large=(300, 157),
    image_most=4096,
    title_longest=70,
    description_longest=200,
    sources=(
        TargetSource(
            "https://www.grabbit.live/blog/twitter-card-image-size",
            ("image_bytes", "image_least", "image_most"),
            official=False,
        ),
        TargetSource(
            "https://www.getrediate.com/og-checker/twitter",
            ("user_agent", "prefers_twitter", "image_large"),
            official=False,
        ),
        TargetSource(
            "https://autorank.so/free-tools/twitter-card-generator",
            ("title_longest", "description_longest"),
            official=False,
        ),
    ),
)
SLACK = Target(
    name="slack",
    label="Slack",
    user_agent="Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    reads_bytes=32 * KIB,
    asks_range=True,
    image_types=(JPEG, PNG, GIF),
    image_bytes=5 * MB,
    image_large=(400, 200),
    sources=(
        TargetSource("https://blog.daveallie.com/slack-link-unfurling", ("reads_bytes", "asks_range"), official=False),
        TargetSource("https://github.com/vercel/next.js/issues/83926", ("reads_bytes",), official=False),
        TargetSource(
            "https://www.getrediate.com/og-checker/slack",
            ("image_types", "image_bytes", "image_large"),
            official=False,
        ),
        TargetSource(ROBOTS, ("user_agent",), official=False),
    ),
)
TELEGRAM = Target(
    name="telegram",
    label="Telegram",
    user_agent="TelegramBot (like TwitterBot)",
    image_bytes=5 * MB,
    image_sum=10_000,
    image_ratio=20.0,
    plays=True,
    video_bytes=20 * MB,
    sources=(
        TargetSource(
            "https://ayrshare.com/docs/media-guidelines/telegram",
            ("image_bytes", "image_sum", "image_ratio", "video_bytes"),
            official=False,
        ),
        TargetSource("https://github.com/FxEmbed/FxEmbed/issues/39", ("plays", "video_bytes"), official=False),
        TargetSource(ROBOTS, ("user_agent",), official=False),
    ),
)
IMESSAGE = Target(
    name="imessage",
    label="iMessage",
    user_agent="Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) "
    "Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
    plays=True,
    media_bytes=10 * MB,
    sources=(
        TargetSource(
            "https://developer.apple.com/documentation/technotes/tn3156-create-rich-previews-for-messages",
            ("plays", "media_bytes", "video_types"),
        ),
        TargetSource(
            "https://stackoverflow.com/questions/68594214/how-to-use-html-file-for-og-video-to-display-video-in-imessage",
            ("media_bytes",),
            official=False,
        ),
    ),
)
LINKEDIN = Target(
    name="linkedin",
    label="LinkedIn",
    user_agent="LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
    page_bytes=50 * MB,
    image_types=(JPEG, PNG, GIF),
    image_bytes=5 * MB,
    image_least=(200, 200),
    image_large=(401, 210),
    title_longest=200,
    sources=(
        TargetSource("https://www.mysk.blog/2020/10/25/link-previews/", ("page_bytes",), official=False),
        TargetSource(
            "https://www.techcompare.app/open-graph-viewer/linkedin-og-tags",
            ("image_bytes", "image_least", "title_longest"),
            official=False,
        ),
        TargetSource("https://peek.dt.tools/linkedin-preview", ("image_large",), official=False),
        TargetSource("https://og-image-2fo.pages.dev/docs/platforms/linkedin", ("image_types",), official=False),
        TargetSource(ROBOTS, ("user_agent",), official=False),
    ),
)
WORDPRESS = Target(
    name="wordpress",
    label="WordPress",
    user_agent="WordPress/6.8; https://example.org",
    reads_bytes=153_600,
    redirects=5,
    seconds=5,
    needs=(),
    embeds=True,
    sources=(
        TargetSource(
            "https://github.com/WordPress/WordPress/blob/master/wp-includes/class-wp-oembed.php",
            ("reads_bytes", "embeds"),
        ),
        TargetSource(
            "https://github.com/WordPress/WordPress/blob/master/wp-includes/class-wp-http.php",
            ("user_agent", "redirects", "seconds"),
        ),
    ),
)

TARGETS: dict[str, Target] = {
    each.name: each for each in (DISCORD, WHATSAPP, FACEBOOK, X, SLACK, TELEGRAM, IMESSAGE, LINKEDIN, WORDPRESS)
}
"""Every place that the lab looks as."""
