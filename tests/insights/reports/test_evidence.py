"""Why somebody came: whose visits there were, what they are credited to, and what each share of the cascade brought."""

from datetime import timedelta

from groundswell.attribution.models import DEFAULT_MODEL, PPM
from groundswell.attribution.tables import Conversion, Touch
from groundswell.events.event import Event
from groundswell.events.log.event_log import record
from groundswell.insights.reports.evidence import evidence_of, forest_of
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.settings import Settings
from tests.events.places import make_share, make_shared, viewer
from tests.insights.reports.test_conversions import convert


async def test_a_conversion_is_traced_to_its_visit_and_shares_to_what_they_brought(
    database: Database, settings: Settings
) -> None:
    first = await make_shared(database, settings, subject="noor")
    async with database.transaction() as session:
        ada, kofi = await viewer(session, "ada"), await viewer(session, "kofi")
    again, _ = await make_share(database, settings, first.moment, kofi.id, parent=first.share)
    at = utc_now()
    place = {"at": at, "moment_id": first.moment.id, "verdict": "human"}
    visit = Event(**place, kind="click", share_id=again.id, visitor="v")
    async with database.transaction() as session:
        await record(
            session,
            visit,
            Event(**place, kind="play", share_id=again.id),
            Event(**place, kind="click", share_id=first.share.id),
            Event(**place | {"verdict": "robot"}, kind="click", share_id=first.share.id),
            Event(**place | {"verdict": "unfurl"}, kind="unfurl", share_id=first.share.id),
        )
        session.add(Touch(viewer_id=ada.id, event_id=visit.id, at=at, share_id=again.id, matched_by="token"))
        await session.flush()
        id = await convert(session, at + timedelta(seconds=1), kind="sign_up", minor=None)
        await convert(session, at + timedelta(seconds=1), subject="ben")
    async with database.transaction() as session:
        found = await evidence_of(session, await session.get_one(Conversion, id))
        (seen,) = found.touches
        assert (seen.share and seen.share.id, seen.event and seen.event.id) == (again.id, visit.id)
        assert (seen.certain, seen.matched) == (True, "token passed on by the service")
        (credit,) = found.credits[DEFAULT_MODEL]
        assert (credit.touch_id, credit.weight_ppm) == (seen.touch.id, PPM)
        assert [event.id for event in found.events] == [visit.id]
        assert found.related == []
        assert found.cascade is not None
        assert [each.share.id for each in found.cascade.way] == [first.share.id, again.id]
        brought = {first.share.id: {"click": 1, "unfurl": 1}, again.id: {"click": 1, "play": 1, "sign_up": PPM}}
        assert {id: each.counts for id, each in found.cascade.shares.items()} == brought
        forest = await forest_of(session, first.moment.id)
        assert (forest.total, forest.sum_of("click"), forest.maker.id) == (2, 2, first.moment.viewer_id)
