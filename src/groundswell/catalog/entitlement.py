"""Who gets a whole title from here: nobody, unless the service says so, and then who brings the service's signed word.

A sign-in is not such a word: a free account, a child, a viewer elsewhere are signed in too. It is either the claim
``titles`` of the viewer's token, or a token for one title (``aud`` ends in ``:title``), which a media element carries
in its address as ``entitlement``. Clips need neither: rights decide on them.
"""

import asyncio
from typing import Annotated, Literal

from fastapi import Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.accounts.tokens import ANY_TITLE, TokenMissing, TokenVerifier
from groundswell.platform.problems import Problem
from groundswell.platform.services import services_of
from groundswell.platform.settings import Settings

from .providers import title_hidden
from .tables import Title

Entitlement = Annotated[
    str | None, Query(max_length=8000, description="The service's signed word that the viewer may watch this title.")
]


class TitleMediaOff(Problem):
    status, code, title = 404, "title_media_off", "Whole titles are played by the streaming service, not from here."


class NotEntitled(Problem):
    status, code, title = 403, "not_entitled", "The streaming service has not said that you may watch this title."


async def check_entitled(
    request: Request, session: AsyncSession, title: Title, caller: Caller | None, token: str | None
) -> None:
    """Return when the whole of ``title`` may be sent to whoever asks.

    Args:
        token: a token for one title; it need not come with a sign-in, and counts for nobody else's.

    Raises:
        TitleMediaOff: the service does not have titles served from here.
        TokenMissing, TokenExpired, TokenInvalid: nothing says who asks.
        NotEntitled: the service's word is missing, or is about another title or viewer.
    """
    if services_of(request).settings.title_media == "off" or await title_hidden(session, title):
        raise TitleMediaOff()
    names = {title.slug, title.external_id, str(title.id)}
    if token is not None:
        verifier = services_of(request).get(TokenVerifier)
        said = await asyncio.to_thread(verifier.verify_title, token)
        mine = caller is None or (caller.viewer.issuer, caller.viewer.subject) == (said.issuer, said.subject)
        if not mine or said.title not in names:
            raise NotEntitled()
        return
    if caller is None:
        raise TokenMissing()
    if caller.titles.isdisjoint({ANY_TITLE, *names}):
        raise NotEntitled()


def title_address(settings: Settings, title: Title, kind: Literal["media.mp4", "hls/main.m3u8"]) -> str | None:
    """Where the service's player gets ``title``: at the service's own address, at ours, or (None) nowhere."""
    if settings.title_media_url is not None:
        theirs = settings.title_media_url.replace("{slug}", title.slug).replace("{id}", str(title.id))
        return theirs if kind == "media.mp4" else None
    return None if settings.title_media == "off" else f"/v1/titles/{title.slug}/{kind}"
