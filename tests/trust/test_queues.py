"""What moderators see of reports and decisions: which are open, about what, how many."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.community.comment_tables import Comment
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.ids import uuid7
from groundswell.platform.problems import TooManyRequests
from groundswell.platform.settings import Settings
from groundswell.trust import counter_notices, decisions, reports, reviews
from groundswell.trust.reports import MOST_IN_WINDOW, WINDOW
from groundswell.trust.subjects import SubjectUnknown, find_open, find_reportable, find_subject
from groundswell.trust.tables import Decision, Report, Review
from tests.events.places import Shared, make_shared


@pytest.fixture
async def moments(database: Database, settings: Settings) -> list[UUID]:
    return [(await make_shared(database, settings, subject=name)).moment.id for name in ("noor", "kofi")]


async def reported(session: AsyncSession, moment: UUID, reporter: str, reason: str = "spam") -> UUID:
    made = await reports.report(session, moment_id=moment, reason_code=reason, text="", reporter=reporter)
    return made.id


async def restricted(session: AsyncSession, kind: str, subject: UUID, action: str = "hide") -> UUID:
    made = await decisions.decide(
        session, kind=kind, subject_id=subject, action=action, reason_code="spam", explanation="Spam.", decided_by="t"
    )
    return made.id


async def test_open_reports_are_counted_and_listed_newest_first(database: Database, moments: list[UUID]) -> None:
    one, other = moments
    async with database.transaction() as session:
        assert await reports.counts(session) == {"open": 0, "reported": 0}
        ids = [await reported(session, moment, who) for moment, who in ((one, "a"), (one, "b"), (other, "a"))]
        for minutes, id in enumerate(ids):
            at = utc_now() - timedelta(minutes=9 - minutes)
            await session.execute(update(Report).filter_by(id=id).values(created_at=at))
        session.expire_all()
        assert await reports.counts(session) == {"open": 3, "reported": 2}
        assert [row.id for row in await reports.newest_open(session, 9)] == ids[::-1]
        assert [row.id for row in await reports.newest_open(session, 1)] == [ids[2]]
        await reports.dismiss(session, ids[0], "tess")
        await session.flush()
        assert await reports.counts(session) == {"open": 2, "reported": 2}
        assert [row.id for row in await reports.newest_open(session, 9)] == [ids[2], ids[1]]
        assert [row.id for row in await reports.about(session, one)] == [ids[1], ids[0]], "closed ones too"


async def test_reviews_are_read_page_by_page_the_first_due_first(database: Database, moments: list[UUID]) -> None:
    async with database.transaction() as session:
        for moment, reason in zip(moments, ("spam", "rights"), strict=True):
            await reported(session, moment, "a", reason)

        async def page(limit: int, after: UUID | None, *, closed: bool = False) -> list[Review]:
            return list(await reviews.queue(session, limit, after, severe=False, closed=closed))

        every = await page(9, None)
        assert [each.due_at for each in every] == sorted(each.due_at for each in every)
        assert len(every) == 2
        assert await page(1, None) == every[:1]
        assert await page(9, every[0].id) == every[1:]
        assert await page(9, every[-1].id) == []
        for each in every:
            await reviews.settle(session, each, action="keep", reason_code="spam", explanation="Fine.", by="tess")
        newest = sorted(every, key=lambda each: each.id, reverse=True)
        assert await page(9, None) == []
        assert await page(9, None, closed=True) == newest
        assert await page(9, newest[0].id, closed=True) == newest[1:]


async def test_who_went_to_court_keeps_down_what_was_taken_down(database: Database, settings: Settings) -> None:
    moment = (await make_shared(database, settings)).moment
    hers = {"name": "Noor", "address": "1 Quay", "email": "noor@example.com", "words": "It is mine."}
    async with database.transaction() as session:
        hide = {"kind": "moment", "subject_id": moment.id, "action": "hide", "reason_code": "rights"}
        taken = await decisions.decide(session, **hide, explanation="Not hers.", decided_by="tess")
        made = await counter_notices.counter(session, moment.viewer_id, taken.id, **hers)
        stopped = await counter_notices.stop(session, made.id, "N.D. Cal. 1", "uma")
        assert (stopped.state, stopped.court_action, stopped.closed_by) == ("stopped", "N.D. Cal. 1", "uma")
        told = (await session.scalars(select(Decision).filter_by(about_id=taken.id))).one()
        assert (told.action, told.decided_by, told.source) == ("confirm", "uma", "own")
        with pytest.raises(counter_notices.CounterNoticeClosed):
            await counter_notices.stop(session, made.id, "Again", "uma")
        assert await counter_notices.restore_due(session, made.restore_by) == 0
        assert await decisions.active(session, "moment", moment.id) == taken


async def test_a_closed_report_may_be_made_again_and_stays_closed(database: Database, moments: list[UUID]) -> None:
    async with database.transaction() as session:
        first = await reported(session, moments[0], "a")
        assert await reported(session, moments[0], "a", "privacy") == first, "while it is open, it stands"
        closed = await reports.dismiss(session, first, "tess")
        at, by = closed.closed_at, closed.closed_by
        assert (at is not None, by) == (True, "tess")
        again = await reports.dismiss(session, first, "ravi")
        assert (again.closed_at, again.closed_by) == (at, by)
        await session.flush()
        assert await reported(session, moments[0], "a") != first


async def test_the_hour_of_reports_slides(database: Database, moments: list[UUID]) -> None:
    """The limit counts closed reports too, and is over an hour after the first of them."""
    async with database.transaction() as session:
        for _ in range(MOST_IN_WINDOW):
            await reports.dismiss(session, await reported(session, moments[0], "a"), "tess")
            await session.flush()
        with pytest.raises(TooManyRequests):
            await reported(session, moments[1], "a")
        await reported(session, moments[1], "b")
        almost = utc_now() - WINDOW + timedelta(minutes=10)
        await session.execute(update(Report).filter_by(reporter="a").values(created_at=almost))
        with pytest.raises(TooManyRequests) as refused:
            await reported(session, moments[1], "a")
        assert 590 <= int(refused.value.headers["Retry-After"]) <= 600
        await session.execute(update(Report).filter_by(reporter="a").values(created_at=utc_now() - WINDOW))
        await reported(session, moments[1], "a")


async def test_decisions_are_counted_and_listed_newest_first(database: Database, moments: list[UUID]) -> None:
    one, other = moments
    async with database.transaction() as session:
        assert await decisions.counts(session) == {"down": 0, "lifted": 0}
        ids = [
            await restricted(session, "moment", one),
            await restricted(session, "moment", one, "demote"),
            await restricted(session, "moment", other),
        ]
        assert await decisions.counts(session) == {"down": 2, "lifted": 0}
        await decisions.lift(session, ids[0], "tess")
        assert await decisions.counts(session) == {"down": 1, "lifted": 1}
        assert [row.id for row in await decisions.newest(session, 9)] == ids[::-1]
        assert [row.id for row in await decisions.newest(session, 1, ids[2])] == [ids[1]]
        assert [row.id for row in await decisions.history_of(session, "moment", one)] == [ids[1], ids[0]]
        assert await decisions.history_of(session, "title", one) == []


async def test_things_are_found_by_id_or_by_the_name_that_people_use(database: Database, settings: Settings) -> None:
    shared: Shared = await make_shared(database, settings)
    async with database.transaction() as session:
        moment, title = shared.moment, shared.title
        for kind, reference, id in (
            ("moment", moment.code, moment.id),
            ("moment", str(moment.id).upper(), moment.id),
            ("title", title.slug, title.id),
            ("share", shared.share.code, shared.share.id),
            ("viewer", str(moment.viewer_id), moment.viewer_id),
        ):
            assert await find_subject(session, kind, reference) == id, (kind, reference)
        for kind, reference in (("moment", title.slug), ("title", "none"), ("moment", str(uuid4())), ("comment", "1")):
            with pytest.raises(SubjectUnknown):
                await find_subject(session, kind, reference)


@pytest.mark.parametrize("visibility", ["public", "unlisted", "private"])
async def test_a_private_moment_is_reported_by_its_maker_alone(
    database: Database, settings: Settings, visibility: str
) -> None:
    shared = await make_shared(database, settings)
    async with database.transaction() as session:
        moment = await session.merge(shared.moment)
        moment.visibility = visibility
        await session.flush()
        assert await find_reportable(session, moment.code, moment.viewer_id) == moment.id
        for reporter in (None, uuid4()):
            if visibility == "private":
                with pytest.raises(SubjectUnknown):
                    await find_reportable(session, moment.code, reporter)
            else:
                assert await find_reportable(session, moment.code, reporter) == moment.id


async def test_a_comment_is_reported_by_whoever_may_see_the_moment(database: Database, settings: Settings) -> None:
    shared = await make_shared(database, settings)
    said = {"text": "Late!", "same_as": "late", "at_us": 75_000_000, "moment_id": shared.moment.id}
    async with database.transaction() as session:
        comment = Comment(id=uuid7(), viewer_id=shared.moment.viewer_id, **said)
        session.add(comment)
        await session.flush()
        assert await find_open(session, "comment", str(comment.id), None) == comment.id
        (await session.merge(shared.moment)).visibility = "private"
        await session.flush()
        assert await find_open(session, "comment", str(comment.id), shared.moment.viewer_id) == comment.id
        for reporter in (None, uuid4()):
            with pytest.raises(SubjectUnknown):
                await find_open(session, "comment", str(comment.id), reporter)
