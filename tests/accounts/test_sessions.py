"""What is kept of sessions, and for how long."""

from datetime import timedelta

from sqlalchemy import select

from groundswell.accounts.sessions import drop_ended
from groundswell.accounts.tables import HandOverCode, SignIn, SpentToken, Viewer
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.ids import uuid7

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


async def test_what_does_not_hold_any_more_is_dropped_and_nothing_else(database: Database) -> None:
    now = utc_now()
    viewer = Viewer(id=uuid7(), issuer="x", subject="ada", name="Ada", handle="ada")
    seen_and_ends = {
        b"holds": (now - MINUTE, now + HOUR),
        b"unused": (now - 2 * HOUR, now + HOUR),
        b"over": (now - MINUTE, now - MINUTE),
    }
    async with database.transaction() as session:
        session.add(viewer)
        await session.flush()
        for hash, (seen_at, ends_at) in seen_and_ends.items():
            held = {"seen_at": seen_at, "idle": HOUR, "ends_at": ends_at}
            session.add(SignIn(hash=hash, viewer_id=viewer.id, roles=[], titles=[], **held))
        for name, until in ((b"holds", now + MINUTE), (b"over", now - MINUTE)):
            session.add_all([SpentToken(hash=name, until=until), HandOverCode(hash=name, token="t", until=until)])
    async with database.transaction() as session:
        await drop_ended(session, now)
    async with database.transaction() as session:
        for table in (SignIn, SpentToken, HandOverCode):
            assert list(await session.scalars(select(table.hash))) == [b"holds"], table.__tablename__
