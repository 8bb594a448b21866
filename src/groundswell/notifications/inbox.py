"""The inbox: what a viewer is told of, counted and named when they look.

Nothing of what is shown is kept: a count is that of the rows that there are now, by current verdicts; people whom the
viewer is kept apart from are not in it; what would spoil something is left out by where the viewer is now. A
notification of which nothing is left is not shown.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, String, and_, cast, func, or_, select, update
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.accounts.tables import Viewer
from groundswell.attribution.models import DEFAULT_MODEL, MODELS_VERSION
from groundswell.attribution.tables import Campaign, Conversion, JudgedCredit
from groundswell.campaigns.tables import CampaignMember
from groundswell.catalog.spoilers import ViewerProgress, seen_by, spoils
from groundswell.catalog.tables import Series, Title
from groundswell.community.comment_list import CommentReader, is_late, visible_to
from groundswell.community.comment_tables import Comment
from groundswell.community.people import by_id
from groundswell.community.separation import not_apart
from groundswell.community.tables import Follow
from groundswell.creators import profiles  # noqa: F401 - it answers what people are called in public
from groundswell.creators.tables import CreatorInvitation
from groundswell.earnings.tables import Payout, Pool, Statement
from groundswell.events.reach import reach_of
from groundswell.moments.availability import Audience
from groundswell.moments.showable import showable, with_source
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.trust.tables import Appeal, Decision

from .catching_on import step_of
from .causes import JOINED
from .choices import choice_of
from .fan_out import LOOKED_BACK, followed_clips, gather
from .kinds import NotificationKind, Way, ways_of
from .tables import Notification

COUNTED_MAX = 100
"""Unread ones that are counted; beyond that it says so."""
TRIES = 5
CLIPS_MAX = 300
EXCERPT = 140


@dataclass(frozen=True)
class InboxItem:
    """A notification as a viewer may see it now.

    ``count`` is what ``path`` opens. ``name`` is who did it last, where somebody is named; ``others`` how many did
    beside them. ``title`` names the title, or the series where more would say too much. ``words`` are theirs, or the
    reason of a decision. ``state``: ``requested`` (a follower waits), ``lifted``, ``returned``, and of a decision that
    the viewer contested ``confirmed`` or ``reversed``.
    """

    id: UUID
    place: UUID
    kind: NotificationKind
    at: datetime
    unread: bool
    path: str
    count: int = 1
    name: str | None = None
    others: int = 0
    title: str | None = None
    words: str = ""
    veiled: bool = False
    amount_minor: int | None = None
    currency: str | None = None
    about: str | None = None
    reason_code: str | None = None
    state: str | None = None


@dataclass(frozen=True)
class InboxPage:
    """Some of an inbox, newest first; ``next`` is the place after which it goes on."""

    items: list[InboxItem]
    next: UUID | None


async def page_of(
    session: AsyncSession, viewer: Viewer, territory: str | None, before: UUID | None, limit: int
) -> InboxPage:
    """A page of the inbox. What the followed clipped is gathered for its first."""
    if before is None:
        await gather(session, viewer.id)
    kinds = await kinds_by(session, viewer.id, "inbox")
    found: list[InboxItem] = []
    for _ in range(TRIES):
        query = select(Notification).filter_by(viewer_id=viewer.id).where(among(Notification.kind, kinds))
        query = query if before is None else query.where(Notification.place < before)
        rows = list(await session.scalars(query.order_by(Notification.place.desc()).limit(limit)))
        found += await shown(session, viewer, territory, rows)
        before = rows[-1].place if len(rows) == limit else None
        if before is None or len(found) >= limit:
            break
    if len(found) > limit:
        found, before = found[:limit], found[limit - 1].place
    return InboxPage(found, before)


async def kinds_by(session: AsyncSession, viewer_id: UUID, way: Way) -> list[NotificationKind]:
    """The kinds that a viewer wants to hear of by ``way``."""
    changed = (await choice_of(session, viewer_id)).changed
    return [kind for kind in SHOW if way in ways_of(kind, changed)]


async def unread_count(session: AsyncSession, viewer: Viewer, territory: str | None) -> int:
    """How many notifications of the inbox were not read and have something to show, ``COUNTED_MAX`` at most."""
    kinds = await kinds_by(session, viewer.id, "inbox")
    query = select(Notification).filter_by(viewer_id=viewer.id, read_at=None).where(among(Notification.kind, kinds))
    rows = list(await session.scalars(query.order_by(Notification.place.desc()).limit(COUNTED_MAX)))
    return len(await shown(session, viewer, territory, rows))


async def mark_read(session: AsyncSession, viewer_id: UUID, ids: Sequence[UUID] | None, until: UUID | None) -> None:
    """Note that a viewer has read some notifications, or all up to a place; what comes after that is unread."""
    mine = update(Notification).filter_by(viewer_id=viewer_id, read_at=None)
    if ids is not None:
        mine = mine.where(among(Notification.id, ids))
    if until is not None:
        mine = mine.where(Notification.place <= until)
    await session.execute(mine.values(read_at=utc_now()))


async def shown(
    session: AsyncSession, viewer: Viewer, territory: str | None, rows: Sequence[Notification]
) -> list[InboxItem]:
    """Those of a viewer's notifications that have something to show, in the order given."""
    made: dict[UUID, InboxItem] = {}
    reader = InboxReader(viewer, territory)
    for kind, show in SHOW.items():
        mine = [row for row in rows if row.kind == kind]
        if mine:
            made |= {item.id: item for item in await show(session, reader, mine)}
    return [made[row.id] for row in rows if row.id in made]


@dataclass(frozen=True)
class InboxReader:
    """Who looks, and where they are."""

    viewer: Viewer
    territory: str | None

    @property
    def audience(self) -> Audience:
        """For whom rights are looked up."""
        return Audience(self.viewer.id, self.territory or self.viewer.territory, self.viewer.kids, self.viewer.ad_tier)

    @property
    def caller(self) -> Caller:
        """The same, as lists of comments know them: without a role."""
        return Caller(self.viewer, frozenset())


def _item(row: Notification, path: str) -> InboxItem:
    kind: NotificationKind = row.kind  # type: ignore[assignment]  # the table has no other
    return InboxItem(row.id, row.place, kind, row.at, row.read_at is None, path)


async def _titles(session: AsyncSession, moments: Sequence[Moment]) -> dict[UUID, Title]:
    found = await session.scalars(select(Title).where(among(Title.id, {each.title_id for each in moments})))
    return {title.id: title for title in found}


async def _named(
    session: AsyncSession, reader: InboxReader, titles: Sequence[Title]
) -> tuple[ViewerProgress, dict[UUID, str]]:
    """How far a viewer has got, and what each title may be called to them: of an episode that they have not come to,
    the series."""
    seen = await seen_by(session, reader.caller, titles)
    ahead = {title.id: title for title in titles if _is_ahead(seen, title)}
    series = {each.series_id for each in ahead.values()}
    names = {row.id: row.name for row in await session.scalars(select(Series).where(among(Series.id, series)))}
    return seen, {
        title.id: names.get(title.series_id, title.name) if title.id in ahead and title.series_id else title.name
        for title in titles
    }


def _is_ahead(seen: ViewerProgress, title: Title) -> bool:
    reached = None if title.series_id is None else seen.reached.get(title.series_id)
    if reached is None or title.season is None or title.episode is None:
        return False
    return (title.season, title.episode) > reached


async def _moments(session: AsyncSession, ids: set[UUID]) -> dict[UUID, Moment]:
    query = select(Moment).where(among(Moment.id, ids), Moment.deleted_at.is_(None))
    return {moment.id: moment for moment in await session.scalars(query)}


async def _catching_on(session: AsyncSession, reader: InboxReader, rows: Sequence[Notification]) -> list[InboxItem]:
    moments = await _moments(session, {row.subject_id for row in rows})
    if not moments:
        return []
    titles = await _titles(session, list(moments.values()))
    reach = await reach_of(session, list(moments), min(each.created_at for each in moments.values()))
    _, names = await _named(session, reader, list(titles.values()))
    return [
        replace(
            _item(row, f"/moments/{moment.code}"),
            count=reach[moment.id].plays,
            title=names[moment.title_id],
            words=moment.caption[:EXCERPT],
        )
        for row in rows
        if (moment := moments.get(row.subject_id)) is not None and step_of(reach[moment.id].plays)
    ]


async def _brought(session: AsyncSession, reader: InboxReader, rows: Sequence[Notification]) -> list[InboxItem]:
    moments = await _moments(session, {row.subject_id for row in rows})
    titles = await _titles(session, list(moments.values()))
    _, names = await _named(session, reader, list(titles.values()))
    joined = joined_by(reader.viewer.id, rows).with_only_columns(
        Notification.id, func.count(func.distinct(Conversion.viewer_id)).label("people")
    )
    counts = {row.id: row.people for row in await session.execute(joined.group_by(Notification.id))}
    return [
        replace(_item(row, f"/inbox/{row.id}"), count=counts[row.id], title=names[moment.title_id])
        for row in rows
        if (moment := moments.get(row.subject_id)) is not None and counts.get(row.id)
    ]


def joined_by(viewer_id: UUID, rows: Sequence[Notification]) -> Select[Notification]:
    """A query for what the shares that notifications are about brought: credit that stands, of who joined since."""
    query = select(Notification).join(
        JudgedCredit,
        and_(
            JudgedCredit.moment_id == Notification.subject_id,
            JudgedCredit.sharer_id == Notification.viewer_id,
            JudgedCredit.created_at >= Notification.since,
        ),
    )
    query = query.join(Conversion, Conversion.id == JudgedCredit.conversion_id)
    query = query.where(among(Notification.id, [row.id for row in rows]), Notification.viewer_id == viewer_id)
    query = query.where(JudgedCredit.model == DEFAULT_MODEL, JudgedCredit.model_version == MODELS_VERSION)
    return query.where(JudgedCredit.kind.in_(JOINED), JudgedCredit.weight_ppm > 0)


async def _comments(session: AsyncSession, reader: InboxReader, rows: Sequence[Notification]) -> list[InboxItem]:
    """Comments on a moment, or answers to a comment: those that its list shows to the viewer, but their own."""
    subject = Comment.parent_id if rows[0].kind == "reply" else Comment.moment_id
    visible = await visible_to(session, CommentReader(reader.caller, ViewerProgress({}, {}), keeper=False))
    there = visible.join(
        Notification, and_(subject == Notification.subject_id, Comment.created_at >= Notification.since)
    )
    there = there.where(among(Notification.id, [row.id for row in rows]))
    there = there.where(Comment.viewer_id != reader.viewer.id, Comment.deleted_at.is_(None))
    if rows[0].kind == "comment":  # an answer to what the maker said is told as that
        mine = select(Comment.id).where(Comment.viewer_id == reader.viewer.id)
        there = there.where(or_(Comment.parent_id.is_(None), Comment.parent_id.not_in(mine)))
    counted = there.with_only_columns(
        Notification.id,
        func.count().label("many"),
        func.count(func.distinct(Comment.viewer_id)).label("people"),
        func.max(cast(Comment.id, String)).label("newest"),
    )
    groups = {row.id: row for row in await session.execute(counted.group_by(Notification.id))}
    newest = {
        each.id: each
        for each in await session.scalars(
            select(Comment).where(among(Comment.id, [UUID(row.newest) for row in groups.values()]))
        )
    }
    moments = await _moments(session, {each.moment_id for each in newest.values()})
    titles = await _titles(session, list(moments.values()))
    seen, names = await _named(session, reader, list(titles.values()))
    people = await by_id(session, [each.viewer_id for each in newest.values()])
    items = []
    for row in rows:
        if (group := groups.get(row.id)) is None:
            continue
        comment = newest[UUID(group.newest)]
        if (moment := moments.get(comment.moment_id)) is None:
            continue
        late = is_late(seen, titles[moment.title_id], comment.at_us, marked=comment.spoiler)
        writer = people.get(comment.viewer_id)
        items.append(
            replace(
                _item(row, f"/m/{moment.code}#comments"),
                count=group.many,
                name=writer.name if writer is not None and not late else None,
                others=group.people - 1,
                title=names[moment.title_id],
                words="" if late else comment.text[:EXCERPT],
                veiled=late,
            )
        )
    return items


async def _followers(session: AsyncSession, reader: InboxReader, rows: Sequence[Notification]) -> list[InboxItem]:
    met = await not_apart(session, reader.viewer.id, Follow.follower_id)
    row = rows[0]  # there is one of a viewer
    newest_first = func.array_agg(aggregate_order_by(Follow.follower_id, Follow.created_at.desc(), Follow.follower_id))
    query = select(func.count(), newest_first[1], func.count().filter(Follow.state == "requested"))
    query = query.join(Viewer, Viewer.id == Follow.follower_id).where(Viewer.name != "", ~Viewer.kids)
    query = query.where(Follow.followed_id == reader.viewer.id, Follow.created_at >= row.since)
    count, newest, requested = (await session.execute(query.where(met))).one()
    if not count:
        return []
    person = (await by_id(session, [newest])).get(newest)
    state = "requested" if requested else None
    name = None if person is None else person.name
    return [replace(_item(row, "/people"), count=count, name=name, others=count - 1, state=state)]


async def _clips(session: AsyncSession, reader: InboxReader, rows: Sequence[Notification]) -> list[InboxItem]:
    """Each opens the following feed, where they stand; what marks itself as a spoiler, or is ahead, has no words."""
    query = followed_clips(reader.viewer.id, min(utc_now() - LOOKED_BACK, min(row.since for row in rows)))
    query = query.where(among(Moment.title_id, [row.subject_id for row in rows]))
    found = list(await session.scalars(query.order_by(Moment.id.desc()).limit(CLIPS_MAX)))
    sourced = await with_source(session, [each.id for each in found])
    may = await showable(session, sourced, reader.audience)
    clips = [each for each in sourced if each.moment.id in may]
    seen, names = await _named(session, reader, [each.title for each in clips])
    people = await by_id(session, [each.moment.viewer_id for each in clips])
    items = []
    for row in rows:
        theirs = [each for each in clips if each.title.id == row.subject_id and each.moment.created_at >= row.since]
        if not theirs or theirs[0].moment.viewer_id not in people:
            continue
        newest = theirs[0].moment
        late = spoils(seen, theirs[0].title, newest.start_us, marked=newest.spoiler)
        makers = {each.moment.viewer_id for each in theirs}
        items.append(
            replace(
                _item(row, f"/m/{newest.code}" if len(theirs) == 1 else "/following"),
                count=len(theirs),
                name=people[newest.viewer_id].name,
                others=len(makers) - 1,
                title=names[row.subject_id],
                words="" if late else newest.caption[:EXCERPT],
                veiled=late,
            )
        )
    return items


async def _statements(session: AsyncSession, reader: InboxReader, rows: Sequence[Notification]) -> list[InboxItem]:
    query = select(Statement, Pool).join(Pool, Pool.id == Statement.pool_id)
    query = query.where(among(Statement.id, [row.subject_id for row in rows]), Statement.cancelled_at.is_(None))
    found = {statement.id: (statement, pool) for statement, pool in await session.execute(query)}
    return [
        replace(
            _item(row, f"/creator/statements/{row.subject_id}"),
            amount_minor=found[row.subject_id][0].amount_minor,
            currency=found[row.subject_id][1].currency,
            about=found[row.subject_id][1].period,
        )
        for row in rows
        if row.subject_id in found
    ]


async def _payouts(session: AsyncSession, reader: InboxReader, rows: Sequence[Notification]) -> list[InboxItem]:
    query = select(Payout).where(among(Payout.id, [row.subject_id for row in rows]))
    found = {payout.id: payout for payout in await session.scalars(query)}
    return [
        replace(
            _item(row, "/creator"),
            amount_minor=payout.amount_minor,
            currency=payout.currency,
            state=None if payout.returned_at is None else "returned",
        )
        for row in rows
        if (payout := found.get(row.subject_id)) is not None
    ]


async def _decisions(session: AsyncSession, reader: InboxReader, rows: Sequence[Notification]) -> list[InboxItem]:
    query = select(Decision).where(among(Decision.id, [row.subject_id for row in rows]))
    found = {decision.id: decision for decision in await session.scalars(query)}
    contested = await _contested(session, reader, list(found))
    items = []
    for row in rows:
        if (decision := found.get(row.subject_id)) is None:
            continue
        state, words = contested.get(decision.id, (None, decision.explanation))
        if decision.lifted_at is not None and state != "reversed":
            state = "lifted"
        item = _item(row, f"/decisions/{decision.id}")  # with its reasons, and how to contest it
        item = replace(item, about=decision.subject_kind, words=words)
        items.append(replace(item, reason_code=decision.reason_code, state=state))
    return items


async def _contested(session: AsyncSession, reader: InboxReader, ids: Sequence[UUID]) -> dict[UUID, tuple[str, str]]:
    """What became of the reader's appeals against decisions, and why; those that are decided."""
    query = select(Appeal.decision_id, Appeal.outcome, Decision.explanation)
    query = query.join(Decision, Decision.id == Appeal.verdict_id).filter(Appeal.appellant_id == reader.viewer.id)
    rows = await session.execute(query.where(among(Appeal.decision_id, ids), Appeal.outcome.is_not(None)))
    return {row.decision_id: (row.outcome, row.explanation) for row in rows}


async def _invitations(session: AsyncSession, reader: InboxReader, rows: Sequence[Notification]) -> list[InboxItem]:
    """Those that wait for an answer."""
    ids = [row.subject_id for row in rows]
    query = select(CampaignMember.id, Campaign).join(Campaign, Campaign.id == CampaignMember.campaign_id)
    query = query.where(among(CampaignMember.id, ids), CampaignMember.status == "invited")
    query = query.where(func.least(Campaign.ends_at, Campaign.ended_at) > utc_now())
    campaigns = {row.id: row.Campaign for row in await session.execute(query)}
    asked = select(CreatorInvitation.id).where(among(CreatorInvitation.id, ids), CreatorInvitation.status == "invited")
    to_create = set(await session.scalars(asked))
    items = []
    for row in rows:
        if (campaign := campaigns.get(row.subject_id)) is not None:
            path = f"/creator/campaigns/{campaign.key}"
            items.append(replace(_item(row, path), about="campaign", name=campaign.name))
        elif row.subject_id in to_create:
            items.append(replace(_item(row, "/creator"), about="creator"))
    return items


Show = Callable[[AsyncSession, InboxReader, Sequence[Notification]], Awaitable[list[InboxItem]]]
SHOW: dict[NotificationKind, Show] = {
    "catching_on": _catching_on,
    "brought": _brought,
    "comment": _comments,
    "reply": _comments,
    "follower": _followers,
    "clip": _clips,
    "statement": _statements,
    "payout": _payouts,
    "decision": _decisions,
    "invitation": _invitations,
}
