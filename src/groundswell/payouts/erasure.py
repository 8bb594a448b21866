"""What becomes of an erased creator's payment details: they go with their key, and the files that name them do.

That something was paid, how much, and the hash of the file stay; the copy that the bank has is the bank's.
"""

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.signals import ViewerErased
from groundswell.creators.tables import Creator
from groundswell.platform import signals

from .tables import Payee, PayoutItem, PayoutRun, StripeAccount


@signals.on(ViewerErased)
async def forget(session: AsyncSession, erased: ViewerErased) -> None:
    """Delete the payee and which account at Stripe is theirs, and the files of runs that they are in."""
    theirs = select(Creator.id).where(Creator.viewer_id == erased.viewer_id).scalar_subquery()
    theirs_too = PayoutRun.id.in_(select(PayoutItem.run_id).where(PayoutItem.creator_id == theirs))
    await session.execute(update(PayoutRun).where(theirs_too).values(file=None, file_key=None))
    await session.execute(delete(StripeAccount).where(StripeAccount.creator_id == theirs))
    await session.execute(delete(Payee).where(Payee.creator_id == theirs))
