"""The heatmap of a title: how hot each part of it is. The arithmetic is pure; ``of_title`` reads the votes."""

from collections.abc import Iterable
from itertools import accumulate

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.tables import Title
from groundswell.catalog.titles import ready_source
from groundswell.platform.clock import utc_now

from . import heat
from .refreshing import votes_of
from .scenes import Vote
from .schemas import Heatmap
from .tables import SceneRow

BINS = 120
SHORTEST_BIN_US = 500_000

COUNTS = (
    "Heat of the moments that cover each part: clips and shares (4 each), plays (2) and clicks (1) by people, once per "
    "visitor, kind and UTC day, each halved every 24 hours. 1 is the hottest part."
)


def bin_us(duration_us: int) -> int:
    """The length of a bin: at most 120 bins, none shorter than half a second."""
    return max(-(-duration_us // BINS), SHORTEST_BIN_US)


def covered(votes: Iterable[Vote], duration_us: int, width_us: int) -> list[float]:
    """The heat over each bin as a part of the hottest one's, from 0 to 1 (all 0 without votes).

    A vote counts for a bin by how much of the bin it covers. Computed by second differences, so its cost does not
    depend on how long the moments are.
    """
    count = -(-duration_us // width_us)
    found = [vote for vote in votes if vote.log_heat > heat.NOTHING]
    top = max((vote.log_heat for vote in found), default=0.0)
    slopes = [0.0] * (count + 2)
    for vote in found:
        weight = 2 ** (vote.log_heat - top)
        _edge(slopes, min(vote.start_us, duration_us) / width_us, weight)
        _edge(slopes, min(vote.end_us, duration_us) / width_us, -weight)
    heats = [max(value, 0.0) for value in accumulate(slopes)][:count]
    hottest = max(heats, default=0.0)
    return [round(value / hottest, 4) if hottest > 0 else 0.0 for value in heats]


def _edge(slopes: list[float], place: float, weight: float) -> None:
    """A step of ``weight`` at ``place`` (in bins): the bin in which it lies gets its part, the next the rest."""
    whole = int(place)
    slopes[whole] += weight * (1 - (place - whole))
    slopes[whole + 1] += weight * (place - whole)


async def of_title(session: AsyncSession, title: Title) -> Heatmap:
    """The heatmap of a title's ready version.

    Raises:
        Problem: the title has no media yet.
    """
    duration_us = (await ready_source(session, title)).duration_us or 0
    width = bin_us(duration_us)
    votes = await votes_of(session, title.id)
    refreshed = await session.scalar(
        select(SceneRow.refreshed_at).filter_by(title_id=title.id).order_by(SceneRow.refreshed_at.desc()).limit(1)
    )
    return Heatmap(
        title=title.slug,
        duration_us=duration_us,
        bin_us=width,
        bins=covered(votes, duration_us, width),
        moments=len(votes),
        counts=COUNTS,
        as_of=refreshed or utc_now(),
    )
