"""The heatmap of a title: how hot each part of it is."""

import hashlib

import numpy as np
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.providers import TitleView
from groundswell.catalog.tables import Title
from groundswell.catalog.titles import ready_source
from groundswell.platform.clock import utc_now
from groundswell.platform.settings import Settings

from . import heat
from .heat_bins import bin_us
from .schemas import Heatmap
from .tables import HeatBin, TitleHeat

COUNTS = (
    "Heat of the moments that cover each part: clips and shares (4 each), plays (2) and clicks (1) by people, once per "
    "visitor, kind and UTC day, each halved every 24 hours. 1 is the hottest part."
)


def relative(logs: dict[int, float], counted_us: int, width_us: int, count: int) -> list[float]:
    """Each of ``count`` bins of ``width_us`` as a part of the hottest one, from 0 to 1 (all 0 without votes). Pure.

    Args:
        logs: bin of ``counted_us`` → its heat as a logarithm. Where they are not of the same length (the title has a
            new version, and was not gathered since), each gets what lay in its middle.
    """
    top = max(logs.values(), default=0.0)
    at = [(2 * n + 1) * width_us // (2 * counted_us) for n in range(count)]
    return [round(2 ** (logs[n] - top), 4) if n in logs else 0.0 for n in at]


def veiled(bins: list[float], width_us: int, view: TitleView) -> list[float]:
    """``bins`` with nothing in those that ``view`` does not show whole."""
    return [heat if view.shows(n * width_us, (n + 1) * width_us) else 0.0 for n, heat in enumerate(bins)]


def noisy(bins: list[float], play: float, scale: float, seed: bytes) -> list[float]:
    """``bins`` with the absolute value of each with Laplace noise added, again relative to the hottest; the same for
    the same ``seed``. Pure.

    Args:
        play: what the vote of one play just now comes to in a bin; ``scale`` is in such.
    """
    if scale <= 0 or not any(bins):
        return bins
    drawn = np.random.default_rng(list(hashlib.sha256(seed).digest())).laplace(0, scale * play, len(bins))
    values = np.maximum(np.asarray(bins) + drawn, 0.0)
    return [round(float(value), 4) for value in values / max(float(values.max()), 1e-12)]


async def of_title(session: AsyncSession, settings: Settings, title: Title, view: TitleView) -> Heatmap:
    """The heatmap of a title's ready version, as far as ``view`` goes.

    Raises:
        Problem: the title has no media yet.
    """
    duration_us = (await ready_source(session, title)).duration_us or 0
    width = bin_us(duration_us)
    known = await session.scalar(select(TitleHeat).filter_by(title_id=title.id))
    logs = {row.bin: row.log_heat for row in await session.scalars(select(HeatBin).filter_by(title_id=title.id))}
    shown = (known.people if known is not None else 0) >= settings.heatmap_people_min
    bins = relative(logs, known.width_us if known is not None else width, width, -(-duration_us // width))
    if settings.heatmap_noise > 0 and logs:
        now = utc_now()
        play = heat.vote(heat.WEIGHTS["play"], now.timestamp())
        seed = settings.secret + title.id.bytes + now.date().isoformat().encode()
        bins = noisy(bins, 2.0 ** min(play - max(logs.values()), 0.0), settings.heatmap_noise, seed)
    return Heatmap(
        title=title.slug,
        duration_us=duration_us,
        bin_us=width,
        bins=veiled(bins, width, view) if shown else [],
        shown=shown,
        moments=known.moments if known is not None and shown else 0,
        counts=COUNTS,
        as_of=known.refreshed_at if known is not None else utc_now(),
    )
