"""Never a spoiler, wherever somebody is in a series: in the inbox, and in what is pushed and mailed of it."""

import random
from typing import NamedTuple
from uuid import UUID

import pytest
from sqlalchemy import delete, update

from groundswell.accounts.access import Caller
from groundswell.accounts.tables import Viewer
from groundswell.catalog.spoilers import seen_by, spoils
from groundswell.catalog.tables import Progress, Series, Title
from groundswell.community.comment_list import is_late
from groundswell.community.comment_tables import Comment
from groundswell.community.tables import Follow
from groundswell.moments.tables import Moment
from groundswell.notifications.digest import digest_message
from groundswell.notifications.fan_out import gather
from groundswell.notifications.inbox import InboxItem, page_of
from groundswell.notifications.push import payload
from groundswell.notifications.tables import Notification, NotificationChoice
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from groundswell.platform.speech import ENGLISH
from tests.events.places import Shared, make_shared, viewer
from tests.support import App

ROUNDS = 40
SECOND = 1_000_000


class Episode(NamedTuple):
    """An episode whose name gives something away, a clip of it by somebody who is followed, and what is said below a
    clip of the reader's own."""

    shared: Shared
    clip: UUID
    comment: UUID


async def series(app: App) -> tuple[Viewer, list[Episode]]:
    database, episodes = app.runtime.database, []
    async with database.transaction() as session:
        ada, noor = await viewer(session, "ada"), await viewer(session, "noor")
        show = Series(id=uuid7(), slug="show", name="The show")
        session.add_all([show, Follow(follower_id=ada.id, followed_id=noor.id, state="following")])
    for number in range(1, 5):
        shared = await make_shared(database, app.runtime.settings, subject="ada")
        async with database.transaction() as session:
            named = {"name": f"Death {number}", "series_id": show.id, "season": 1, "episode": number}
            await session.execute(update(Title).filter_by(id=shared.title.id).values(named))
            clip = Moment(
                id=uuid7(), code=f"c{uuid7().hex[-12:]}", viewer_id=noor.id, title_id=shared.title.id,
                source_id=shared.moment.source_id, start_us=30 * SECOND, end_us=40 * SECOND, visibility="public",
                caption=f"Secret of clip {number}", spoiler=number % 2 == 0, created_at=utc_now(),
            )  # fmt: skip
            comment = Comment(
                id=uuid7(), moment_id=shared.moment.id, viewer_id=noor.id, at_us=75 * SECOND, same_as="",
                text=f"Secret of comment {number}", spoiler=number == 3, created_at=utc_now(),
            )  # fmt: skip
            session.add_all([clip, comment])
            at = {"since": shared.moment.created_at, "at": utc_now()}
            session.add(Notification(viewer_id=ada.id, kind="comment", subject_id=shared.moment.id, **at))
            episodes.append(Episode(shared, clip.id, comment.id))
    return ada, episodes


def everything_said(app: App, ada: Viewer, items: list[InboxItem]) -> str:
    """All that leaves: the inbox's items, the pushes, the mail."""
    choice = NotificationChoice(viewer_id=ada.id, mail_to="ada@example.com", language="en")
    mail = digest_message(app.runtime.settings, choice, items, ENGLISH, utc_now().date()).as_string() if items else ""
    pushes = [payload(item, ENGLISH, app.runtime.settings, "1").decode() for item in items]
    return "\n".join([*map(repr, items), *pushes, mail])


@pytest.mark.slow
async def test_nothing_comes_too_early_wherever_somebody_is(app: App) -> None:
    ada, episodes = await series(app)
    chance, veiled, told = random.Random(7), 0, 0
    for _ in range(ROUNDS):
        async with app.runtime.database.transaction() as session:
            await session.execute(delete(Progress).filter_by(viewer_id=ada.id))
            for episode in episodes[: chance.randint(0, 4)]:
                if chance.random() < 0.8:
                    place = chance.choice([1, 29, 31, 74, 76, 119]) * SECOND
                    session.add(Progress(viewer_id=ada.id, title_id=episode.shared.title.id, position_us=place))
        async with app.runtime.database.transaction() as session:
            await gather(session, ada.id)
            found = await page_of(session, ada, None, None, 30)
            said = everything_said(app, ada, found.items)
            titles = [await session.get_one(Title, episode.shared.title.id) for episode in episodes]
            seen = await seen_by(session, Caller(ada, frozenset()), titles)
            for episode, title in zip(episodes, titles, strict=True):
                clip = await session.get_one(Moment, episode.clip)
                comment = await session.get_one(Comment, episode.comment)
                late = is_late(seen, title, comment.at_us, marked=comment.spoiler)
                assert (comment.text in said) == (not late), (title.name, seen)
                if spoils(seen, title, clip.start_us, marked=clip.spoiler):
                    assert clip.caption not in said, (title.name, seen)
                assert title.series_id is not None
                reached = seen.reached.get(title.series_id)
                if reached is not None and (1, title.episode) > reached:
                    assert title.name not in said, (title.name, seen)
                veiled, told = veiled + late, told + (not late)
    assert min(veiled, told) > ROUNDS / 2, "both were tried"
