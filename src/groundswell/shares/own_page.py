"""The share that a moment's own page stands for.

Discover, a creator's page and search engines lead to ``/m/<code>`` without anybody having sent anything. Whoever goes
on to the title from there follows this share, so that the visit has a touch like any other. It is a root of its
maker's, its code follows from the moment's, and its row is written when somebody first follows it: a page that is only
looked at makes no share.
"""

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7

from .channels import OWN_PAGE
from .tables import Share

PREFIX = "p"


def page_code(moment: Moment) -> str:
    """The code of a moment's own page: longer than those that are drawn, so that none is ever equal to it."""
    return f"{PREFIX}{moment.code}"


async def ensure_page_share(session: AsyncSession, moment: Moment) -> None:
    """Have the share of ``moment``'s own page, which must not be private, in the table."""
    id = uuid7()
    row = {"id": id, "root_id": id, "generation": 0, "code": page_code(moment), "moment_id": moment.id}
    row |= {"viewer_id": moment.viewer_id, "channel": OWN_PAGE, "created_at": utc_now()}
    await session.execute(insert(Share).values(row).on_conflict_do_nothing(index_elements=[Share.code]))
