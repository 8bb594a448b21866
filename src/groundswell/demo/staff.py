"""What the demo's own staff did before anybody looked: views they saved.

Safe to be begun again: what is there already is left as it is.
"""

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import viewer_of
from groundswell.accounts.tables import Viewer
from groundswell.accounts.tokens import Claims
from groundswell.insights.tables import SavedView
from groundswell.platform.ids import uuid7
from groundswell.platform.runtime import Runtime

from .people import BY_SUBJECT

VIEWS = (
    ("Channels of What the Mountain Heard", "/console/explore?by=channel&title=night-frequency-s1e2"),
    ("Creators by subscriptions, first touch", "/console/explore?by=maker&rank=subscription&model=first"),
)
"""Names and addresses of what the marketer comes back to."""


async def staff_member(session: AsyncSession, runtime: Runtime, subject: str) -> Viewer:
    """One of the demo's staff as a viewer, as their first sign-in would make them."""
    persona = BY_SUBJECT[subject]
    claims = Claims(runtime.settings.jwt_issuer, subject, persona.name, frozenset(persona.roles), None, False)
    return await viewer_of(session, claims)


async def save_views(runtime: Runtime) -> None:
    """The marketer's saved views."""
    async with runtime.database.transaction() as session:
        mira = await staff_member(session, runtime, "mira")
        rows = [{"id": uuid7(), "name": name, "address": address, "made_by": mira.id} for name, address in VIEWS]
        await session.execute(insert(SavedView).values(rows).on_conflict_do_nothing())
