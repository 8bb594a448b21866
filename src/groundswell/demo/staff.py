"""What the demo's own staff did before anybody looked: views they saved, and last month's earnings paid out.

Safe to be begun again: what is there already is left as it is.
"""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import viewer_of
from groundswell.accounts.tables import Viewer
from groundswell.accounts.tokens import Claims
from groundswell.earnings import payouts
from groundswell.earnings.tables import Pool, Statement
from groundswell.insights.tables import SavedView
from groundswell.platform.database import Database
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


async def pay_month(database: Database, period: str) -> None:
    """Pay whoever earned enough in ``period`` (YYYY-MM); the rest is carried over."""
    async with database.transaction() as session:
        mine = select(Statement.id).join(Pool, Pool.id == Statement.pool_id).filter(Pool.period == period)
        unpaid = mine.where(Statement.payout_id.is_(None)).order_by(Statement.amount_minor.desc(), Statement.id)
        for statement in (await session.scalars(unpaid)).all():
            try:
                await payouts.pay(session, statement, "pia", f"SEPA {period}")
            except (payouts.BelowMinimum, payouts.EarningsWithheld, payouts.StatementPaid):
                continue
