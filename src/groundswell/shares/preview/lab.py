"""Looking at a link as every place would."""

import asyncio
from collections.abc import Iterable
from urllib.parse import urlencode, urljoin

from .assessment import Found, Preview, head_for, judge
from .fetcher import Fetched, Fetcher
from .targets import TARGETS, Target

VIDEO_BYTES = 64 * 1024
"""How much of a film is looked at: enough to see whether its index comes first."""
IMAGE_BYTES = 20_000_000
MEDIA_SECONDS = 40.0
"""Longer than the places wait: a film that nobody has asked for yet is made first, which is said elsewhere."""
OEMBED_BYTES = 1_000_000


class Lab:
    """Looks through one ``fetcher``. Pictures and films are fetched once for all places."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._seen: dict[str, asyncio.Task[Fetched]] = {}

    async def look(self, url: str, targets: Iterable[Target] = tuple(TARGETS.values())) -> list[Preview]:
        """The previews of ``url``, in the order of ``targets``."""
        return list(await asyncio.gather(*(self._look(url, target) for target in targets)))

    async def _look(self, url: str, target: Target) -> Preview:
        headers = {"User-Agent": target.user_agent, "Accept": target.accept, "Accept-Encoding": "gzip, deflate"}
        if target.asks_range and target.reads_bytes:
            headers["Range"] = f"bytes=0-{target.reads_bytes - 1}"
        most = target.page_bytes or target.reads_bytes
        limits = {"redirects": target.redirects, "seconds": target.seconds}
        page = await self._fetcher.fetch(url, headers, bytes_=most, **limits)  # type: ignore[arg-type]
        if not page.ok:
            return judge(target, Found(page))
        head = head_for(target, page)
        if target.embeds:
            link = head.links.get("application/json+oembed", "")
            answer = await self._oembed(urljoin(page.url, link), url, headers) if link else None
            return judge(target, Found(page, head, oembed=answer))
        prefixes = ("twitter", "og") if target.prefers_twitter else ("og", "twitter")
        image = head.address(page.url, *(f"{prefix}:image" for prefix in prefixes))
        video = head.address(page.url, "og:video", "og:video:url", "og:video:secure_url") if target.plays else ""
        found = await asyncio.gather(self._media(image, IMAGE_BYTES, {}), self._film(video))
        return judge(target, Found(page, head, *found))

    async def _film(self, url: str) -> Fetched | None:
        return await self._media(url, VIDEO_BYTES, {"Range": f"bytes=0-{VIDEO_BYTES - 1}"})

    async def _media(self, url: str, most: int, headers: dict[str, str]) -> Fetched | None:
        if not url:
            return None
        if url not in self._seen:
            agent = {"User-Agent": TARGETS["discord"].user_agent, "Accept": "*/*"}
            self._seen[url] = asyncio.ensure_future(
                self._fetcher.fetch(url, agent | headers, bytes_=most, seconds=MEDIA_SECONDS)
            )
        return await self._seen[url]

    async def _oembed(self, link: str, url: str, headers: dict[str, str]) -> Fetched:
        """As WordPress asks: its own width, and the address once more."""
        more = urlencode({"maxwidth": 500, "maxheight": 750, "url": url, "dnt": 1, "format": "json"})
        address = f"{link}{'&' if '?' in link else '?'}{more}"
        return await self._fetcher.fetch(address, headers | {"Accept": "application/json"}, bytes_=OEMBED_BYTES)
