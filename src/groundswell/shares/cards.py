"""What a page about a moment says in its head, to the robots that draw link previews. Pure.

Open Graph (ogp.me), X cards, and the pointer to oEmbed. The picture is the poster, 1200×630 below 300 KB; the film is
the `wide` rendition: H.264/AAC with its index first, at an address ending in ``.mp4``. ``og:url`` is the share's own
link, because Facebook fetches and counts what it names; the canonical address is the moment's. A spoiler keeps its
words, its picture and its film to itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from groundswell.accounts.tables import Viewer
from groundswell.catalog.tables import Series, Title
from groundswell.catalog.titles import label_of
from groundswell.moments.clips.views import media_home
from groundswell.moments.tables import Moment
from groundswell.platform.clock import format_us
from groundswell.platform.settings import Settings

from .links import Resolved, share_url

POSTER_SIZE = (1200, 630)
VIDEO_SIZES = {"wide": (1280, 720), "vertical": (720, 1280), "square": (720, 720)}
EMBED_SIZES = {"wide": (640, 360), "vertical": (360, 640), "square": (480, 480)}

DESCRIPTION_LONGEST = 200


@dataclass(frozen=True)
class CardImage:
    url: str
    width: int
    height: int
    alt: str


@dataclass(frozen=True)
class EmbedCard:
    """What oEmbed says of a page; addresses are absolute."""

    canonical_url: str
    title: str
    site_name: str
    author: str | None
    image: CardImage | None
    shape: str
    player_url: str


@dataclass(frozen=True)
class MomentCard(EmbedCard):
    """All that a head needs. Addresses are absolute. ``video_url`` is None for spoilers, ``image`` where there is
    nothing harmless to show. ``noindex``: search engines are to keep the canonical page, not this one."""

    url: str
    description: str
    video_url: str | None
    oembed_url: str
    noindex: bool

    def metas(self) -> Iterator[tuple[str, str, str]]:
        """``<meta>`` tags as (attribute, name, content): ``("property", "og:title", "…")``. To be escaped."""
        yield "name", "description", self.description
        if self.noindex:
            yield "name", "robots", "noindex"
        yield "property", "og:type", "video.other"
        yield "property", "og:site_name", self.site_name
        yield "property", "og:url", self.url
        yield "property", "og:title", self.title
        yield "property", "og:description", self.description
        yield from self._picture()
        yield from self._film()

    def _picture(self) -> Iterator[tuple[str, str, str]]:
        yield "name", "twitter:card", "summary_large_image" if self.image else "summary"
        yield "name", "twitter:title", self.title
        yield "name", "twitter:description", self.description
        if self.image is None:
            return
        yield "property", "og:image", self.image.url
        yield "property", "og:image:type", "image/jpeg"
        yield "property", "og:image:width", str(self.image.width)
        yield "property", "og:image:height", str(self.image.height)
        yield "property", "og:image:alt", self.image.alt
        yield "name", "twitter:image", self.image.url
        yield "name", "twitter:image:alt", self.image.alt

    def _film(self) -> Iterator[tuple[str, str, str]]:
        if self.video_url is None:
            return
        yield "property", "og:video", self.video_url
        if self.video_url.startswith("https:"):
            yield "property", "og:video:secure_url", self.video_url
        yield "property", "og:video:type", "video/mp4"
        width, height = VIDEO_SIZES[self.shape]
        yield "property", "og:video:width", str(width)
        yield "property", "og:video:height", str(height)

    def links(self) -> Iterator[tuple[str, str, str | None]]:
        """``<link>`` tags as (rel, href, type)."""
        yield "canonical", self.canonical_url, None
        yield "alternate", self.oembed_url, "application/json+oembed"


def card(resolved: Resolved, settings: Settings) -> MomentCard:
    """The card of a share's landing page. Embedded players know the share too, so that their plays count for it."""
    url = share_url(settings, resolved.token)
    as_shared = Showing(resolved.spoiler, resolved.credited, resolved.share.shape)
    moment = resolved.moment
    home = None if moment.visibility == "public" else media_home(moment, resolved.token)
    moments = card_of(moment, resolved.title, resolved.series, resolved.clipper, settings, url, as_shared, home)
    return replace(moments, player_url=f"{moments.player_url}?s={resolved.token}")


@dataclass(frozen=True)
class Showing:
    """How a moment is shown: as a spoiler, with its clipper's name, in which shape."""

    spoiler: bool
    credited: bool
    shape: str = "wide"


def card_of(
    moment: Moment,
    title: Title,
    series: Series | None,
    clipper: Viewer,
    settings: Settings,
    url: str | None = None,
    showing: Showing | None = None,
    home: str | None = None,
) -> MomentCard:
    """The card of a page about a moment at ``url``: a share of it, or (None) its own. Its media lie below ``home``:
    the link's, which is then the only address that the card names, or (None) the moment's own."""
    base = settings.base_url.rstrip("/")
    own = f"{base}/m/{moment.code}"
    url = url or own
    canonical, media = (own, own) if home is None else (url, base + home)
    showing = showing or Showing(moment.spoiler, moment.credit_me)
    return MomentCard(
        url=url,
        canonical_url=canonical,
        title=heading(title, series),
        description=description(moment, clipper, settings, showing),
        site_name=settings.service_name,
        author=clipper.name if showing.credited else None,
        image=_image(moment, title, base, media, spoiler=showing.spoiler),
        video_url=None if showing.spoiler else f"{media}/{showing.shape}.mp4",
        shape=showing.shape,
        player_url=f"{base}/embed/{moment.code}",
        oembed_url=oembed_address(settings, url),
        noindex=url != own or moment.visibility != "public",
    )


def oembed_address(settings: Settings, url: str) -> str:
    """Where the oEmbed document of the page at ``url`` is."""
    return f"{settings.base_url.rstrip('/')}/v1/oembed?{urlencode({'url': url, 'format': 'json'})}"


def heading(title: Title, series: Series | None) -> str:
    """``The Night Ferry``, or ``Harbour Lights S1E2: The Storm``."""
    if series is None:
        return title.name
    return f"{series.name} {label_of(title)}: {title.name}"


def description(moment: Moment, clipper: Viewer, settings: Settings, showing: Showing) -> str:
    """The clipper's words, or where the scene is; at most 200 characters."""
    place = f"A moment at {format_us(moment.start_us)}"
    by = f", clipped by {clipper.name}" if showing.credited else ""
    if showing.spoiler:
        return f"Contains a spoiler. {place}{by} on {settings.service_name}."
    text = " ".join(moment.caption.split()) or f"{place}{by}. Continue watching on {settings.service_name}."
    return text if len(text) <= DESCRIPTION_LONGEST else text[: DESCRIPTION_LONGEST - 1].rstrip() + "…"


def _image(moment: Moment, title: Title, base: str, media: str, *, spoiler: bool) -> CardImage | None:
    width, height = POSTER_SIZE
    if not spoiler:
        alt = f"A scene from {title.name} at {format_us(moment.start_us)}"
        return CardImage(f"{media}/poster.jpg", width, height, alt)
    if title.backdrop_key is None:
        return None
    return CardImage(f"{base}/titles/{title.slug}/backdrop.jpg", 1280, 720, title.name)
