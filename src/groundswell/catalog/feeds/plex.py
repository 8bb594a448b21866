"""A catalogue that a Plex Media Server keeps: films and episodes of its libraries, by ``GET /library/sections`` and
``/library/sections/{key}/all`` (https://developer.plex.tv/pms).

``ratingKey`` is the title's external id. ``originallyAvailableAt`` is the release, ``contentRating`` the rating. A file
in an MP4 is named as a source, by its ``Part``. Pictures are shown to who has the token only, and are left out. Of
languages, and of whether something is a live event, a list says nothing: they stay unknown.
"""

from collections.abc import AsyncIterator
from typing import Any

from .library import PAGE, LibraryServer, Said, count, day, given, member, members, paged

KINDS = {"movie": 1, "show": 4}
"""By the type of a library, the number of what in it can be clipped: a film, an episode."""
AS_THEY_ARE = frozenset({"mp4", "m4v", "mov"})


def headers(token: str) -> dict[str, str]:
    """What says who asks: a token of the server's owner."""
    return {"X-Plex-Token": token, "X-Plex-Product": "Groundswell", "X-Plex-Client-Identifier": "groundswell-sync"}


async def entries(server: LibraryServer) -> AsyncIterator[Said]:
    """The films and episodes of all libraries, in the members of an entry.

    Raises:
        FeedUnreadable: the server's answers are not those of a Plex, or do not belong together.
    """
    libraries = _container(await server.get("/library/sections"))
    for library in members(libraries.get("Directory")):
        kind = KINDS.get(str(library.get("type")))
        if kind is None or not str(library.get("key")).isalnum():
            continue
        async for item in paged(_pages(server, str(library["key"]), kind)):
            yield entry_of(item, server.home)


def _pages(server: LibraryServer, library: str, kind: int) -> Any:
    async def page(start: int) -> tuple[list[Any], int]:
        window = {"X-Plex-Container-Start": start, "X-Plex-Container-Size": PAGE}
        said = _container(await server.get(f"/library/sections/{library}/all", type=kind, sort="addedAt", **window))
        total = said.get("totalSize", said.get("size"))
        return members(said.get("Metadata")), count(total, "how many titles there are")

    return page


def _container(said: Said) -> Said:
    return member(said.get("MediaContainer"), "MediaContainer")


def entry_of(item: Said, home: str) -> Said:
    """What an item says, in the members of an entry. Pure."""
    place = {}
    if item.get("type") == "episode":
        place = {
            "series": item.get("grandparentTitle"),
            "season": item.get("parentIndex"),
            "episode": item.get("index"),
        }
    return given(
        external_id=item.get("ratingKey"),
        name=item.get("title"),
        synopsis=item.get("summary"),
        **place,
        rating=item.get("contentRating"),
        released_on=day(item.get("originallyAvailableAt")),
        genres=[each["tag"] for each in members(item.get("Genre")) if each.get("tag")],
        sources=_sources(item, home),
    )


def _sources(item: Said, home: str) -> list[Said]:
    """Media that are one file; what lies in several parts cannot be named as one."""
    found = [(str(media.get("container")), members(media.get("Part"))) for media in members(item.get("Media"))]
    keys = [str(parts[0].get("key")) for kind, parts in found if kind in AS_THEY_ARE and len(parts) == 1]
    return [{"url": home + key, "form": "mp4"} for key in keys if key.startswith("/library/parts/")]
