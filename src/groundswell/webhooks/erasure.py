"""What becomes of an erased viewer in what the service was told: which message named them is forgotten.

Messages name viewers by our own id alone; what the service calls them is filled in when a message is sent. One that
still waits says nobody.
"""

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.signals import ViewerErased
from groundswell.platform import signals

FORGET = text("""
UPDATE webhook_messages SET people = '{}' WHERE EXISTS (
    SELECT FROM jsonb_each_text(people) named WHERE named.value = :viewer
)
""").bindparams(bindparam("viewer"))


@signals.on(ViewerErased)
async def forget(session: AsyncSession, erased: ViewerErased) -> None:
    """Drop whom messages name."""
    await session.execute(FORGET, {"viewer": str(erased.viewer_id)})
