"""What becomes of an erased viewer's conversions: the service's ids of them, and what came with them, go."""

import hashlib

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.erasure import ERASED
from groundswell.accounts.signals import ViewerErased
from groundswell.platform import signals
from groundswell.platform.database import among
from groundswell.platform.routing import forget_mentions

from .tables import Conversion, StripeInvoice, StripePayment, StripeReturn


def erased_id(external_id: str) -> str:
    """What stands for a conversion's id once its viewer was erased."""
    return ERASED + hashlib.sha256(external_id.encode()).hexdigest()


@signals.on(ViewerErased)
async def forget(session: AsyncSession, erased: ViewerErased) -> None:
    """Overwrite the ids, touch tokens and codes of their conversions, and the answers stored for reporting them; delete
    what Stripe told of their payments. Of an id a digest is left, by which it is known when it is reported again."""
    theirs = list(await session.scalars(select(Conversion.external_id).filter_by(viewer_id=erased.viewer_id)))
    await forget_mentions(session, *theirs)
    digest = func.encode(func.sha256(func.convert_to(Conversion.external_id, "UTF8")), "hex")
    gone = {"external_id": func.concat(ERASED, digest), "touch": None, "code": None}
    await session.execute(update(Conversion).where(Conversion.viewer_id == erased.viewer_id).values(gone))
    invoices = list(await session.scalars(select(StripeInvoice.id).filter_by(viewer=erased.subject)))
    payments = select(StripePayment.payment).where(among(StripePayment.invoice, invoices))
    returned = or_(among(StripeReturn.invoice, invoices), StripeReturn.payment.in_(payments))
    await session.execute(delete(StripeReturn).where(returned))
    await session.execute(delete(StripePayment).where(among(StripePayment.invoice, invoices)))
    await session.execute(delete(StripeInvoice).where(among(StripeInvoice.id, invoices)))
