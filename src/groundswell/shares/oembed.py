"""oEmbed (oembed.com, 1.0): from the address of a share, a moment, a collection or a player to what embeds it."""

import re
from html import escape
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.catalog.tables import Series, Title
from groundswell.moments.availability import check_available
from groundswell.moments.lookup import find_moment
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings

from .cards import EMBED_SIZES, EmbedCard, card, card_of
from .links import resolve
from .providers import embed_at

_SHARE = re.compile(r"/s/([0-9A-Za-z]+)")
_MOMENT = re.compile(r"/(?:m|embed)/([0-9A-Za-z]+)")
SMALLEST = (200, 113)
CACHE_AGE_S = 3600


class UrlRefused(Problem):
    status, code, title = 422, "url_refused", "Only http and https addresses are taken here."


class UrlNotOurs(Problem):
    status, code, title = (
        404,
        "url_not_ours",
        "This address is not a share, a moment, a collection or a player of ours.",
    )


class FormatUnsupported(Problem):
    status, code, title = 501, "format_unsupported", "oEmbed is served as JSON only."


async def card_at(session: AsyncSession, settings: Settings, url: str) -> EmbedCard:
    """The card of the page at ``url``.

    Raises:
        UrlRefused, UrlNotOurs: there can be none.
        Everything that ``resolve`` raises when what it names cannot be shown to visitors.
    """
    path, token = _our_path(settings, url), _share_in(url)
    if found := _SHARE.fullmatch(path):
        token = found[1]
    if token is not None:
        return card(await resolve(session, settings, token), settings)
    if found := _MOMENT.fullmatch(path):
        moment = await find_moment(session, found[1])
        title = await session.get_one(Title, moment.title_id)
        await check_available(session, moment, title)
        series = None if title.series_id is None else await session.get_one(Series, title.series_id)
        return card_of(moment, title, series, await session.get_one(Viewer, moment.viewer_id), settings)
    if (found_above := await embed_at(session, settings, path)) is not None:
        return found_above
    raise UrlNotOurs()


def _share_in(url: str) -> str | None:
    """The token of the share by which a player was embedded."""
    return next(iter(parse_qs(urlsplit(url.strip()).query).get("s", [])), None)


def _our_path(settings: Settings, url: str) -> str:
    """The path of an address below our own, or below that of share links."""
    try:
        asked = urlsplit(url.strip())
        place = asked.hostname, asked.port
        homes = [urlsplit(home) for home in (settings.base_url.rstrip("/"), settings.links_home)]
    except ValueError:
        raise UrlRefused() from None
    if asked.scheme not in {"http", "https"}:
        raise UrlRefused()
    for home in homes:
        if place == (home.hostname, home.port) and asked.path.startswith(home.path):
            return asked.path.removeprefix(home.path)
    raise UrlNotOurs()


def document(card: EmbedCard, max_width: int | None, max_height: int | None) -> dict[str, Any]:
    """The oEmbed answer for ``card``, no larger than asked for (and no smaller than ``SMALLEST``)."""
    width, height = _within(EMBED_SIZES[card.shape], max_width, max_height)
    answer: dict[str, Any] = {
        "type": "video",
        "version": "1.0",
        "title": card.title,
        "provider_name": card.site_name,
        "provider_url": "/".join(card.canonical_url.split("/")[:3]),
        "cache_age": CACHE_AGE_S,
        "width": width,
        "height": height,
        "html": embed_html(card, width, height),
    }
    if card.author is not None:
        answer["author_name"] = card.author
    if card.image is not None:
        answer |= {
            "thumbnail_url": card.image.url,
            "thumbnail_width": card.image.width,
            "thumbnail_height": card.image.height,
        }
    return answer


def embed_html(card: EmbedCard, width: int | None = None, height: int | None = None) -> str:
    """The ``<iframe>`` that shows the player on another page, in the clip's shape unless told otherwise."""
    width, height = width or EMBED_SIZES[card.shape][0], height or EMBED_SIZES[card.shape][1]
    return (
        f'<iframe src="{escape(card.player_url)}" width="{width}" height="{height}" title="{escape(card.title)}" '
        'allow="autoplay; fullscreen; picture-in-picture; web-share" allowfullscreen frameborder="0" '
        'loading="lazy"></iframe>'
    )


def _within(size: tuple[int, int], max_width: int | None, max_height: int | None) -> tuple[int, int]:
    width, height = size
    scale = min(1.0, (max_width or width) / width, (max_height or height) / height)
    return max(SMALLEST[0], int(width * scale)), max(SMALLEST[1], int(height * scale))
