"""What becomes of an erased viewer's conversions: the service's ids of them, and what came with them, go."""

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.erasure import ERASED
from groundswell.accounts.signals import ViewerErased
from groundswell.platform import signals
from groundswell.platform.database import among
from groundswell.platform.routing import forget_mentions

from .tables import Conversion, StripeInvoice, StripePayment, StripeReturn


@signals.on(ViewerErased)
async def forget(session: AsyncSession, erased: ViewerErased) -> None:
    """Overwrite the ids, touch tokens and codes of their conversions, and the answers stored for reporting them; delete
    what Stripe told of their payments."""
    theirs = list(await session.scalars(select(Conversion.external_id).filter_by(viewer_id=erased.viewer_id)))
    await forget_mentions(session, *theirs)
    gone = {"external_id": func.concat(ERASED, Conversion.id), "touch": None, "code": None}
    await session.execute(update(Conversion).where(Conversion.viewer_id == erased.viewer_id).values(gone))
    invoices = list(await session.scalars(select(StripeInvoice.id).filter_by(viewer=erased.subject)))
    payments = select(StripePayment.payment).where(among(StripePayment.invoice, invoices))
    returned = or_(among(StripeReturn.invoice, invoices), StripeReturn.payment.in_(payments))
    await session.execute(delete(StripeReturn).where(returned))
    await session.execute(delete(StripePayment).where(among(StripePayment.invoice, invoices)))
    await session.execute(delete(StripeInvoice).where(among(StripeInvoice.id, invoices)))
