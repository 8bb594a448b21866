"""Words kept for the next time: as many as forms offer."""

import pytest

from groundswell.platform.database import Database
from groundswell.trust.replies import MOST, RepliesFull, drop, every, save


async def test_no_more_are_kept_than_forms_offer(database: Database) -> None:
    async with database.transaction() as session:
        for n in range(MOST):
            await save(session, f"reply {n}", "rights", "Not theirs.", "tess")
        with pytest.raises(RepliesFull):
            await save(session, "one more", "rights", "Not theirs.", "tess")
        offered = await every(session)
        assert len(offered) == MOST
        await drop(session, offered[0].id)
        await save(session, "one more", "rights", "Not theirs.", "tess")
