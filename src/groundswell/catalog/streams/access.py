"""How the service's own media are reached: with which headers or signed query, by where they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from groundswell.platform.addresses import origin_of
from groundswell.platform.settings import Settings


@dataclass(frozen=True)
class MediaAccess:
    """What is sent along to one origin. None of it ever stands in a playlist of ours, a row or a log."""

    headers: Mapping[str, str]
    query: str

    def signed(self, url: str) -> str:
        """``url`` with the query added."""
        if not self.query:
            return url
        return f"{url}{'&' if urlsplit(url).query else '?'}{self.query}"


NOTHING = MediaAccess({}, "")


def access_to(settings: Settings, url: str) -> MediaAccess:
    """What GROUNDSWELL_MEDIA_ACCESS says for the origin of ``url``; nothing for others."""
    for origin, said in settings.media_access.items():
        if origin_of(origin) == origin_of(url):
            headers = {name: value.get_secret_value() for name, value in said.headers.items()}
            return MediaAccess(headers, said.query.get_secret_value().lstrip("?&"))
    return NOTHING
