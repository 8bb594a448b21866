"""What embeds a collection in other people's pages, as oEmbed says it."""

import re

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.moments.availability import VISITOR
from groundswell.platform.settings import Settings
from groundswell.shares.cards import POSTER_SIZE, CardImage, EmbedCard
from groundswell.shares.providers import embed_at

from .collection_views import shown_briefly
from .collections import find_collection

_PATH = re.compile(r"/c/([0-9A-Za-z]{1,64})(?:/embed)?")


@embed_at.answer
async def collection_at(session: AsyncSession, settings: Settings, path: str) -> EmbedCard | None:
    """The collection at ``path`` as a visitor sees it.

    Raises:
        CollectionUnknown: there is none for them.
    """
    asked = _PATH.fullmatch(path)
    if asked is None:
        return None
    found = await find_collection(session, asked[1], None)
    shown = await shown_briefly(session, settings, found, None, VISITOR)
    picture = None
    if shown.cover is not None:
        picture = CardImage(f"{settings.base_url.rstrip('/')}/m/{shown.cover}/poster.jpg", *POSTER_SIZE, shown.name)
    return EmbedCard(
        canonical_url=shown.url,
        title=shown.name,
        site_name=settings.service_name,
        author=None if shown.by is None else shown.by.name,
        image=picture,
        shape="wide",
        player_url=shown.embed_url,
    )
