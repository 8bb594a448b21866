"""A catalogue that a Jellyfin server keeps: its films and episodes, by ``GET /Items`` (https://api.jellyfin.org).

``Id`` is the title's external id. A premiere is the release, ``OfficialRating`` the rating. A file in an MP4 is named
as a source, at the address at which the server gives it as it is; others it would have to convert, and none is named.
What a library does not say (whether something is a live event) stays unknown.
"""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

from .library import PAGE, LibraryServer, Said, count, day, given, languages, members, paged

FIELDS = "Genres,MediaSources,MediaStreams,Overview"
KINDS = "Movie,Episode"
AS_THEY_ARE = frozenset({"mp4", "m4v", "mov"})


def headers(token: str) -> dict[str, str]:
    """What says who asks: an API key of the server's."""
    return {"Authorization": f'MediaBrowser Token="{token}"'}


async def entries(server: LibraryServer) -> AsyncIterator[Said]:
    """The library's films and episodes, in the members of an entry.

    Raises:
        FeedUnreadable: the server's answers are not those of a Jellyfin, or do not belong together.
    """
    asked = {"recursive": "true", "includeItemTypes": KINDS, "fields": FIELDS, "enableUserData": "false"}
    asked |= {"sortBy": "DateCreated,SortName", "isMissing": "false"}

    async def page(start: int) -> tuple[list[Any], int]:
        said = await server.get("/Items", **asked, startIndex=start, limit=PAGE)
        return members(said.get("Items")), count(said.get("TotalRecordCount"), "how many titles there are")

    async for item in paged(page):
        yield entry_of(item, server.home)


def entry_of(item: Said, home: str) -> Said:
    """What an item says, in the members of an entry. Pure."""
    streams = members(item.get("MediaStreams"))
    place = {}
    if item.get("Type") == "Episode":
        place = {"series": item.get("SeriesName"), "season": item.get("ParentIndexNumber")}
        place |= {"episode": item.get("IndexNumber")}
    return given(
        external_id=item.get("Id"),
        name=item.get("Name"),
        synopsis=item.get("Overview"),
        **place,
        rating=item.get("OfficialRating"),
        released_on=day(item.get("PremiereDate")),
        genres=item.get("Genres"),
        audio_languages=languages([each.get("Language") for each in streams if each.get("Type") == "Audio"]),
        subtitle_languages=languages([each.get("Language") for each in streams if each.get("Type") == "Subtitle"]),
        artwork=_artwork(item, home),
        sources=_sources(item, home),
    )


def _artwork(item: Said, home: str) -> Said:
    """Pictures, which a server gives to everybody; over HTTPS alone, as pages need them."""
    if not home.startswith("https://"):
        return {}
    at, tags = f"{home}/Items/{item.get('Id')}/Images", item.get("ImageTags")
    poster = tags.get("Primary") if isinstance(tags, dict) else None
    behind = item.get("BackdropImageTags")
    return given(
        poster=f"{at}/Primary?tag={poster}" if poster else None,
        backdrop=f"{at}/Backdrop/0?tag={behind[0]}" if isinstance(behind, list) and behind else None,
    )


def _sources(item: Said, home: str) -> list[Said]:
    at = f"{home}/Videos/{item.get('Id')}/stream"
    found = [(_ending(media), media) for media in members(item.get("MediaSources"))]
    return [
        {"url": f"{at}.{ending}?{urlencode({'static': 'true', 'mediaSourceId': media.get('Id')})}", "form": "mp4"}
        for ending, media in found
        if ending is not None and media.get("Protocol") in (None, "File")
    ]


def _ending(media: Said) -> str | None:
    """The ending of a file that can be given as it is. ``Container`` is a name, all names that FFmpeg has for it
    (``mov,mp4,m4a,…``), or null where nothing was probed yet: then the file's own name tells."""
    ending = str(media.get("Path") or "").rpartition(".")[2].lower()
    names = str(media.get("Container") or ending).lower().split(",")
    known = [name for name in (ending, *names) if name in AS_THEY_ARE]
    return known[0] if AS_THEY_ARE.intersection(names) else None
