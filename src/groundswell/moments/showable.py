"""Which of many moments may be shown in a list to whoever asks: one look-up of each kind for all of them."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.providers import separation_of
from groundswell.catalog.tables import Source, Title
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.trust.decisions import active_among
from groundswell.trust.policy import PolicyRequest, Purpose, decide
from groundswell.trust.rulebook import facts_of, rulebook

from .availability import Audience
from .tables import Moment


class MomentRow(NamedTuple):
    """A moment, its title, and the title's current version."""

    moment: Moment
    title: Title
    source: Source


async def with_source(session: AsyncSession, moment_ids: Sequence[UUID]) -> list[MomentRow]:
    """Those of the moments that there are, in the order given."""
    query = (
        select(Moment, Title, Source)
        .join(Title, Title.id == Moment.title_id)
        .join(Source, Source.id == Title.current_source_id)
        .where(among(Moment.id, moment_ids))
    )
    rows = {row[0].id: MomentRow(*row) for row in await session.execute(query)}
    return [rows[id] for id in moment_ids if id in rows]


async def showable(session: AsyncSession, rows: Sequence[MomentRow], audience: Audience) -> set[UUID]:
    """Those moments that no decision and no right of the title keeps from ``audience``, and from whose makers they are
    not kept apart."""
    return {row.moment.id for row in rows} - set(await refusals(session, rows, audience))


async def refusals(
    session: AsyncSession,
    rows: Sequence[MomentRow],
    audience: Audience,
    purposes: Sequence[Purpose] = ("play",),
    *,
    captions: bool = True,
) -> dict[UUID, str]:
    """Why moments may not be shown to ``audience``, as a reason code by moment; of those that may, nothing.

    Args:
        purposes: what is to be done with them; each must be allowed.
        captions: what goes out carries its subtitles, or offers them.
    """
    moments = await active_among(session, "moment", [row.moment.id for row in rows])
    titles = await active_among(session, "title", [row.title.id for row in rows])
    makers = await active_among(session, "viewer", [row.moment.viewer_id for row in rows])
    apart = (await separation_of(session, audience.viewer_id, {row.moment.viewer_id for row in rows})).unlisted
    facts = {row.title.id: facts_of(row.title, row.source) for row in rows}
    book = await rulebook(session, *facts.values())
    refused: dict[UUID, str] = {}
    for moment, title, _ in rows:
        request = PolicyRequest(
            facts[title.id],
            moment.start_us,
            moment.end_us,
            utc_now(),
            audience.territory,
            kids=audience.kids,
            ad_tier=audience.ad_tier,
            member=audience.viewer_id is not None,
            captions=captions,
        )
        verdicts = (decide(book, request, purpose) for purpose in purposes)
        if moment.viewer_id in apart:
            refused[moment.id] = "moment_unknown"
        elif moment.id in moments or moment.viewer_id in makers:
            refused[moment.id] = "taken_down"
        elif title.id in titles:
            refused[moment.id] = "title_restricted"
        elif (denied := next((each for each in verdicts if not each.allowed), None)) is not None:
            refused[moment.id] = denied.code
    return refused
