"""The bins of titles' heatmaps, counted anew where votes changed."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.database import among

from .scenes import Span
from .tables import HeatBin, SceneVote, TitleHeat

COUNT = text(
    """
    INSERT INTO heat_bins (title_id, bin, log_heat)
    SELECT CAST(:title AS uuid), bin, top + ln(sum(part * power(2::float8, log_heat - top))) / ln(2::float8) FROM (
        SELECT b.bin, v.log_heat, max(v.log_heat) OVER (PARTITION BY b.bin) AS top,
            (least(v.end_us, (b.bin + 1) * :width) - greatest(v.start_us, b.bin * :width))::float8 / :width AS part
        FROM unnest(CAST(:bins AS bigint[])) AS b (bin)
        JOIN scene_votes v ON v.title_id = :title AND v.start_us < (b.bin + 1) * :width
            AND v.start_us > b.bin * :width - :longest AND v.end_us > b.bin * :width
    ) parts
    GROUP BY bin, top
    """
)

PEOPLE_COUNTED = 100
"""Beyond so many, the people who voted for moments of a title are not counted."""

PEOPLE = text(
    f"""
    SELECT count(*) FROM (
        SELECT DISTINCT voter FROM (
            SELECT v.voter FROM scene_votes s JOIN heat_votes v ON v.moment_id = s.moment_id
            WHERE s.title_id = :title LIMIT 20000
        ) seen LIMIT {PEOPLE_COUNTED}
    ) people
    """  # noqa: S608 - a number of ours
)

BINS = 120
SHORTEST_BIN_US = 500_000


def bin_us(duration_us: int) -> int:
    """The length of a bin: at most 120 bins, none shorter than half a second."""
    return max(-(-duration_us // BINS), SHORTEST_BIN_US)


def touched(spans: Iterable[Span], width_us: int, count: int) -> list[int]:
    """Which of ``count`` bins of ``width_us`` any of ``spans`` reaches into."""
    bins: set[int] = set()
    for start_us, end_us in spans:
        bins.update(range(start_us // width_us, min((end_us - 1) // width_us + 1, count)))
    return sorted(bins)


async def count_bins(session: AsyncSession, title_id: UUID, width_us: int, bins: list[int]) -> None:
    """Count ``bins`` of a title anew from the votes that reach into them."""
    await session.execute(delete(HeatBin).where(HeatBin.title_id == title_id, among(HeatBin.bin, bins)))
    longest = await session.scalar(select(func.max(SceneVote.length_us)).filter_by(title_id=title_id)) or 0
    await session.execute(COUNT, {"title": title_id, "width": width_us, "longest": longest, "bins": bins})


async def note_moments(session: AsyncSession, title_id: UUID, width_us: int, more: int) -> None:
    """Keep that so many more moments of a title vote (less: below 0), the length of its bins, and how many people
    voted."""
    row = {"title_id": title_id, "width_us": width_us, "moments": more, "refreshed_at": utc_now()}
    put = upsert(TitleHeat).values(row)
    values = {"width_us": width_us, "moments": TitleHeat.moments + more, "refreshed_at": put.excluded.refreshed_at}
    put = put.on_conflict_do_update(index_elements=["title_id"], set_=values)
    if (await session.scalar(put.returning(TitleHeat.people)) or 0) < PEOPLE_COUNTED:
        people = await session.scalar(PEOPLE, {"title": title_id}) or 0
        await session.execute(update(TitleHeat).filter_by(title_id=title_id).values(people=people))
