"""What becomes of an erased viewer's moments: their words go, and the media that carries them.

A moment stays, without a maker's name: others have sent links to it on, and what these brought is counted. Media with
content credentials names the caption, so whatever was made of a span they ever clipped is dropped; it is made again,
without, when it is next asked for.
"""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.signals import ViewerErased
from groundswell.catalog.tables import Source
from groundswell.platform import signals
from groundswell.platform.jobs import SOON, defer

from .jobs import drop_renditions
from .tables import ClippedSpan, Moment, Rendition


@signals.on(ViewerErased)
async def forget(session: AsyncSession, erased: ViewerErased) -> None:
    """Overwrite captions and notes, and queue the dropping of their media."""
    theirs = update(Moment).where(Moment.viewer_id == erased.viewer_id)
    await session.execute(theirs.values(caption="", note="", credit_me=False))
    made = (
        select(Rendition.recipe_hash)
        .join(Source, Source.id == Rendition.source_id)
        .join(ClippedSpan, ClippedSpan.title_id == Source.title_id)
        .where(ClippedSpan.viewer_id == erased.viewer_id)
        .where(ClippedSpan.start_us == Rendition.start_us, ClippedSpan.end_us >= Rendition.end_us)
    )
    if recipes := list(await session.scalars(made.distinct())):
        await defer(session, drop_renditions, priority=SOON, recipes=recipes)
