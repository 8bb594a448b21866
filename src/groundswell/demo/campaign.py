"""The demo's campaign: two of its titles over three weeks, credited by position within fourteen days.

Safe to be begun again: a campaign of this key stays as it was made.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from groundswell.attribution.models import MODELS_VERSION
from groundswell.attribution.tables import Campaign
from groundswell.catalog.tables import Title
from groundswell.platform.runtime import Runtime

from .history import identity
from .membership import CURRENCY

KEY = "autumn-scenes"
BEGAN, LASTS = timedelta(days=21), timedelta(days=28)
TITLES = 2


async def make_campaign(runtime: Runtime, until: datetime) -> None:
    """Make it as if it had been made before it began, three weeks before ``until``."""
    begins_at = (until - BEGAN).replace(hour=0, minute=0, second=0, microsecond=0)
    async with runtime.database.transaction() as session:
        titles = (await session.scalars(select(Title.id).order_by(Title.slug).limit(TITLES))).all()
        row = {
            "id": identity("campaign", KEY, begins_at), "key": KEY, "name": "Autumn scenes", "titles": sorted(titles),
            "begins_at": begins_at, "ends_at": begins_at + LASTS, "model": "position",
            "model_version": MODELS_VERSION, "attribution_window_days": 14, "budget_minor": 150_000,
            "currency": CURRENCY, "created_at": begins_at - timedelta(days=2),
            "terms": "Scenes of the two films, in the creators' own words. No endings.",
        }  # fmt: skip
        await session.execute(insert(Campaign).values(row).on_conflict_do_nothing())
