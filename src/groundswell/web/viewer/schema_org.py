"""What search engines read on a title's page: schema.org's VideoObject with the scenes people clip as its Clips.

Scenes that spoil something stay out; a Clip leads to its second of the title, as Google's key moments want it
(developers.google.com/search/docs/appearance/structured-data/video).
"""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.schemas import TitleSummary
from groundswell.discovery.feed import discover
from groundswell.discovery.ranking import Gate
from groundswell.discovery.schemas import SceneOut
from groundswell.platform.clock import US_PER_SECOND
from groundswell.platform.settings import Settings
from groundswell.web.wording import iso_duration

PARTS = 12


async def video_object(
    session: AsyncSession, settings: Settings, title: TitleSummary, *, parts: bool = True
) -> dict[str, Any]:
    """The JSON-LD of a title's page, with its hottest scenes in the order of time; without ``parts``, none: a viewer is
    no search engine, and may not have come to them."""
    found = await discover(session, gate=Gate.of(settings), title_id=title.id, limit=PARTS) if parts else None
    listed = found.items if found is not None else []
    scenes = sorted((scene for scene in listed if not scene.best.spoiler), key=lambda scene: scene.start_us)
    address = f"{settings.service_home}/watch/{title.slug}"
    video = {
        "@context": "https://schema.org",
        "@type": "VideoObject",
        "name": title.name,
        "description": title.synopsis or title.name,
        "thumbnailUrl": [f"{settings.base_url.rstrip('/')}{title.backdrop_url}"],
        "duration": iso_duration(title.duration_us),
        "url": address,
        "hasPart": [clip(scene, address) for scene in scenes],
    }
    return video | ({"uploadDate": title.released_on.isoformat()} if title.released_on else {})


def clip(scene: SceneOut, address: str) -> dict[str, Any]:
    """One scene as a Clip: offsets in whole seconds, as they are read."""
    start, end = scene.start_us // US_PER_SECOND, -(-scene.end_us // US_PER_SECOND)
    return {
        "@type": "Clip",
        "name": scene.quote or scene.best.caption or f"Scene at {start} s",
        "startOffset": start,
        "endOffset": end,
        "url": f"{address}?t={start}",
    }
