"""From what was fetched to the card a place would show, and every limit that is broken. Pure."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from PIL import Image, UnidentifiedImageError

from .fetcher import Fetched
from .page_head import Head, read_head
from .targets import Tag, Target

Kind = Literal["video", "large", "small", "text", "embed", "none"]

CODES = {
    "address_refused": "The address is not one that may be fetched from here.",
    "too_many_redirects": "It redirects more often than this place follows.",
    "too_slow": "It takes longer than anybody waits for it.",
    "unreachable": "It cannot be fetched at all.",
    "page_status": "The page does not answer with success, so there is no preview.",
    "page_type": "The page is not HTML.",
    "page_attachment": "The page is offered as a download.",
    "page_too_large": "The page is larger than this place takes.",
    "tags_cut_off": "Tags come after the part of the page that this place reads.",
    "title_missing": "There is no title.",
    "description_missing": "There is no description, and this place wants one.",
    "url_missing": "There is no og:url, and this place wants one.",
    "title_cut": "The title is longer than is shown.",
    "description_cut": "The description is longer than is shown.",
    "image_missing": "There is no picture.",
    "image_unreachable": "The picture cannot be fetched.",
    "image_type": "The picture is of a kind that this place does not show.",
    "image_too_large": "The picture's file is too large.",
    "image_too_small": "The picture has too few pixels to be shown.",
    "image_thumbnail": "The picture has too few pixels to be shown large.",
    "image_dimensions": "The picture has more pixels than this place takes.",
    "image_ratio": "The picture is too long and narrow.",
    "image_undeclared": "The picture's size is not declared, so the first share may go without it.",
    "image_size_wrong": "The picture's declared size is not its size.",
    "video_unreachable": "The film cannot be fetched.",
    "video_is_a_page": "og:video leads to a page, not to a film.",
    "video_type": "The film is of a kind that this place does not play.",
    "video_too_large": "The film's file is too large.",
    "video_not_wanted": "og:type is not one under which this place plays films.",
    "video_without_poster": "There is no picture, and without one the film is not shown.",
    "video_no_ranges": "The film's server does not answer ranges.",
    "video_index_last": "The film's index comes after its pictures, so it must be read whole before it plays.",
    "media_too_large": "Picture and film together are too large.",
    "oembed_missing": "There is no oEmbed link in the head.",
    "oembed_unreachable": "The oEmbed answer cannot be fetched.",
    "oembed_invalid": "The oEmbed answer is not one that can be embedded.",
}
"""Every code that the lab names, with what it means."""

MINOR = frozenset({"title_cut", "description_cut", "image_missing", "image_thumbnail", "image_undeclared"})
"""What costs looks, not the preview."""


class Broken(NamedTuple):
    """One limit that is broken: its code, and the figures in words."""

    code: str
    words: str

    @property
    def minor(self) -> bool:
        return self.code in MINOR


@dataclass(frozen=True)
class PreviewCard:
    """What would be shown. Addresses are those that were fetched, empty where nothing is shown."""

    kind: Kind = "none"
    site: str = ""
    title: str = ""
    description: str = ""
    image: str = ""
    video: str = ""
    host: str = ""


@dataclass(frozen=True)
class Found:
    """Everything that was fetched for one place."""

    page: Fetched
    head: Head = field(default_factory=Head)
    image: Fetched | None = None
    video: Fetched | None = None
    oembed: Fetched | None = None


@dataclass(frozen=True)
class Preview:
    """One place's card, and what it broke."""

    target: Target
    card: PreviewCard
    broken: tuple[Broken, ...]
    found: Found

    @property
    def serious(self) -> tuple[Broken, ...]:
        return tuple(each for each in self.broken if not each.minor)


def head_for(target: Target, page: Fetched) -> Head:
    """What ``target`` reads of the page."""
    return read_head(page.content if target.reads_bytes is None else page.content[: target.reads_bytes])


def said(target: Target, head: Head) -> dict[Tag, str]:
    """The words of the card, as ``target`` picks them."""
    prefixes = ("twitter", "og") if target.prefers_twitter else ("og", "twitter")
    return {
        "title": head.first(*(f"{prefix}:title" for prefix in prefixes)) or " ".join(head.title.split()),
        "description": head.first(*(f"{prefix}:description" for prefix in prefixes), "description"),
        "image": head.first(*(f"{prefix}:image" for prefix in prefixes)),
        "url": head.first("og:url"),
        "site_name": head.first("og:site_name"),
    }


def judge(target: Target, found: Found) -> Preview:
    """The card of ``target`` for what was ``found``."""
    fatal = tuple(_page(target, found.page))
    if fatal:
        return Preview(target, PreviewCard(host=urlsplit(found.page.url).hostname or ""), fatal, found)
    if target.embeds:
        broken = tuple(_oembed(found))
        return Preview(target, PreviewCard() if broken else _embed_card(found), broken, found)
    words = said(target, found.head)
    broken = (*_tags(target, found, words), *_image(target, found, words), *_video(target, found, words))
    return Preview(target, _card(target, found, words, {each.code for each in broken}), broken, found)


def _broken(code: str, figures: str = "") -> Broken:
    return Broken(code, f"{CODES[code]} {figures}".strip())


def _why(fetched: Fetched) -> str:
    """Why nothing came of a request."""
    return CODES[fetched.failed] if fetched.failed else f"The status is {fetched.status}."


def _page(target: Target, page: Fetched) -> Iterator[Broken]:
    if page.failed:
        limits = {"too_many_redirects": f"It follows {target.redirects}.", "too_slow": f"It waits {target.seconds} s."}
        yield _broken(page.failed, limits.get(page.failed, ""))
    elif not page.ok:
        yield _broken("page_status", f"The status is {page.status}.")
    elif page.media_type not in {"text/html", "application/xhtml+xml"}:
        yield _broken("page_type", f"It is {page.media_type or 'of no kind'}.")
    elif page.headers.get("content-disposition", "").lower().startswith("attachment"):
        yield _broken("page_attachment")
    elif target.page_bytes is not None and (not page.whole or page.size > target.page_bytes):
        yield _broken("page_too_large", f"It takes {size_words(target.page_bytes)}.")


def _tags(target: Target, found: Found, words: dict[Tag, str]) -> Iterator[Broken]:
    missing = [tag for tag in target.needs if not words[tag]]
    if target.reads_bytes is not None and not found.head.closed and (missing or not words["image"]):
        yield _broken("tags_cut_off", f"It reads the first {size_words(target.reads_bytes)}.")
    else:
        yield from (_broken(f"{tag}_missing") for tag in missing)
    for tag, longest in (("title", target.title_longest), ("description", target.description_longest)):
        text = words[tag]  # type: ignore[index]
        if longest is not None and len(text) > longest:
            yield _broken(f"{tag}_cut", f"It has {len(text)} characters; {longest} are shown.")


def _image(target: Target, found: Found, words: dict[Tag, str]) -> Iterator[Broken]:
    image = found.image
    if image is None:
        if found.head.closed:
            yield _broken("image_missing")
        return
    if not image.ok:
        yield _broken("image_unreachable", _why(image))
        return
    if image.media_type not in target.image_types:
        yield _broken("image_type", f"It is {image.media_type or 'of no kind'}.")
    if target.image_bytes is not None and (image.size > target.image_bytes or not image.whole):
        yield _broken("image_too_large", f"It is {size_words(image.size)}; it takes {size_words(target.image_bytes)}.")
    pixels = pixels_of(image.content)
    if pixels is not None:
        yield from _pixels(target, found.head, pixels)


def _pixels(target: Target, head: Head, pixels: tuple[int, int]) -> Iterator[Broken]:
    width, height = pixels
    figures = f"It is {width} × {height}."
    if target.image_least and (width < target.image_least[0] or height < target.image_least[1]):
        yield _broken("image_too_small", f"{figures} At least {target.image_least[0]} × {target.image_least[1]}.")
    elif target.image_large and (width < target.image_large[0] or height < target.image_large[1]):
        yield _broken("image_thumbnail", f"{figures} Large from {target.image_large[0]} × {target.image_large[1]}.")
    too_long = target.image_most is not None and max(pixels) > target.image_most
    if too_long or (target.image_sum is not None and width + height > target.image_sum):
        yield _broken("image_dimensions", figures)
    if target.image_ratio is not None and max(pixels) > target.image_ratio * min(pixels):
        yield _broken("image_ratio", f"{figures} At most {target.image_ratio:g} to 1.")
    declared = head.first("og:image:width"), head.first("og:image:height")
    if not all(declared):
        yield _broken("image_undeclared")
    elif declared != (str(width), str(height)):
        yield _broken("image_size_wrong", f"{figures} Declared are {declared[0]} × {declared[1]}.")


def _video(target: Target, found: Found, words: dict[Tag, str]) -> Iterator[Broken]:
    video = found.video
    if video is None or not target.plays:
        return
    if not video.ok:
        yield _broken("video_unreachable", _why(video))
        return
    if video.media_type in {"text/html", "application/xhtml+xml"}:
        yield _broken("video_is_a_page")
        return
    if video.media_type not in target.video_types:
        yield _broken("video_type", f"It is {video.media_type or 'of no kind'}.")
    if target.video_bytes is not None and video.size > target.video_bytes:
        yield _broken("video_too_large", f"It is {size_words(video.size)}; it takes {size_words(target.video_bytes)}.")
    if target.video_wants and found.head.first("og:type") not in target.video_wants:
        yield _broken("video_not_wanted", f"It wants {' or '.join(target.video_wants)}.")
    if target.video_wants and not words["image"]:
        yield _broken("video_without_poster")
    if video.status != 206:
        yield _broken("video_no_ranges")
    if b"mdat" in video.content and b"moov" not in video.content.partition(b"mdat")[0]:
        yield _broken("video_index_last")
    together = video.size + (found.image.size if found.image else 0)
    if target.media_bytes is not None and together > target.media_bytes:
        yield _broken("media_too_large", f"They are {size_words(together)}; it takes {size_words(target.media_bytes)}.")


def _oembed(found: Found) -> Iterator[Broken]:
    if found.oembed is None:
        yield _broken("oembed_missing")
    elif not found.oembed.ok:
        yield _broken("oembed_unreachable", f"The status is {found.oembed.status}." if found.oembed.status else "")
    elif not embeddable(found.oembed):
        yield _broken("oembed_invalid")


def embeddable(answer: Fetched) -> dict[str, Any] | None:
    """The oEmbed document, when it is a film or rich content in an iframe."""
    try:
        document = json.loads(answer.content)
    except ValueError:
        return None
    fine = isinstance(document, dict) and document.get("type") in {"video", "rich"}
    return document if fine and "<iframe" in str(document.get("html")) else None


HINDERS_IMAGE = {"image_missing", "image_unreachable", "image_type", "image_too_large", "image_too_small"} | {
    "image_dimensions",
    "image_ratio",
}
HINDERS_VIDEO = {code for code in CODES if code.startswith("video_")} - {"video_no_ranges", "video_index_last"}


def _card(target: Target, found: Found, words: dict[Tag, str], broken: set[str]) -> PreviewCard:
    host = urlsplit(words["url"] or found.page.url).hostname or ""
    if any(f"{tag}_missing" in broken for tag in target.needs) or ("tags_cut_off" in broken and not words["title"]):
        return PreviewCard(host=host)
    shown = found.image is not None and not broken & HINDERS_IMAGE
    plays = target.plays and found.video is not None and not broken & (HINDERS_VIDEO | {"media_too_large"})
    small = "image_thumbnail" in broken or not _wants_large(target, found.head)
    kind: Kind = "video" if plays else "text" if not shown else "small" if small else "large"
    return PreviewCard(
        kind,
        words["site_name"],
        cut(words["title"], target.title_longest),
        cut(words["description"], target.description_longest),
        found.image.url if shown and found.image else "",
        found.video.url if plays and found.video else "",
        host,
    )


def _wants_large(target: Target, head: Head) -> bool:
    """X and Discord show the picture large only under a card that says so."""
    if target.name not in {"x", "discord"}:
        return True
    return head.first("twitter:card") in {"summary_large_image", "player"}


def _embed_card(found: Found) -> PreviewCard:
    document = (found.oembed and embeddable(found.oembed)) or {}
    host = urlsplit(found.page.url).hostname or ""
    title, site = str(document.get("title") or ""), str(document.get("provider_name") or "")
    return PreviewCard("embed", site, title, image=str(document.get("thumbnail_url") or ""), host=host)


def pixels_of(content: bytes) -> tuple[int, int] | None:
    """Width and height of a picture from its first bytes; None when it is none that we can read."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            return image.size
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        return None


def cut(text: str, longest: int | None) -> str:
    """``text`` as it is shown where only so many characters are."""
    return text if longest is None or len(text) <= longest else text[: longest - 1].rstrip() + "…"


def size_words(size: int) -> str:
    """``600 KB``, ``5 MB``."""
    return f"{size / 1_000_000:.3g} MB" if size >= 1_000_000 else f"{size / 1000:.3g} KB"
