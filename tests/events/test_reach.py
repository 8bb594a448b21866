"""How far a moment got: links, people who came, and plays; without robots, and without its maker."""

from datetime import timedelta

from sqlalchemy import select

from groundswell.accounts.tables import Viewer
from groundswell.events.event import Event
from groundswell.events.log.event_log import record
from groundswell.events.reach import Reach, reach_of, reach_of_links
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.settings import Settings
from groundswell.shares.channels import OWN_PAGE
from tests.events.places import make_share, make_shared


async def test_people_other_than_its_maker_are_counted_of_each_moment_and_of_each_link(
    database: Database, settings: Settings
) -> None:
    seen, quiet = [await make_shared(database, settings, subject=name) for name in ("noor", "kofi")]
    second, _ = await make_share(database, settings, seen.moment, None)
    await make_share(database, settings, seen.moment, None, channel=OWN_PAGE)
    since, at = seen.moment.created_at, utc_now()
    place = {"at": at, "moment_id": seen.moment.id, "share_id": seen.share.id, "verdict": "human"}
    async with database.transaction() as session:
        kofi = (await session.scalars(select(Viewer.id).filter_by(subject="kofi"))).one()
        await record(
            session,
            *[Event(**place, kind="click") for _ in range(3)],
            Event(**place, kind="click", viewer_id=kofi),
            Event(**place, kind="play"),
            Event(**place | {"share_id": second.id}, kind="play"),
            Event(**place | {"share_id": None}, kind="play"),
            Event(**place, kind="view"),
            Event(**place, kind="play", viewer_id=seen.moment.viewer_id),
            Event(**place | {"verdict": "robot"}, kind="click"),
            Event(**place | {"at": since - timedelta(seconds=1)}, kind="click"),
        )
        assert await reach_of(session, [seen.moment.id, quiet.moment.id], since) == {
            seen.moment.id: Reach(shares=2, visits=4, plays=3),
            quiet.moment.id: Reach(shares=1),
        }
        assert await reach_of(session, [], since) == {}
        links = {seen.share.id: Reach(shares=1, visits=4, plays=1), second.id: Reach(shares=1, plays=1)}
        assert await reach_of_links(session, seen.moment.id, since) == links
        assert await reach_of_links(session, quiet.moment.id, since) == {}
