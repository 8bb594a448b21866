"""What becomes of an erased creator's documents and wishes: names, captions and from how much on they wanted to be paid
go; numbers, months and amounts stay."""

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.signals import ViewerErased
from groundswell.creators.tables import Creator
from groundswell.platform import signals
from groundswell.platform.clock import utc_now

from .documents import without_names
from .tables import PayoutThreshold, Statement, StatementDocument


@signals.on(ViewerErased)
async def forget(session: AsyncSession, erased: ViewerErased) -> None:
    """Take what names the creator out of their documents."""
    query = select(StatementDocument).join(Statement, Statement.id == StatementDocument.statement_id)
    theirs = query.join(Creator, Creator.id == Statement.creator_id).where(Creator.viewer_id == erased.viewer_id)
    for row in await session.scalars(theirs.where(StatementDocument.erased_at.is_(None))):
        row.document, row.pdf, row.erased_at = without_names(row.document), None, utc_now()
    of = select(Creator.id).where(Creator.viewer_id == erased.viewer_id).scalar_subquery()
    await session.execute(delete(PayoutThreshold).where(PayoutThreshold.creator_id == of))
    await session.flush()
