"""The evidence behind one conversion: its touches, its credit by every model, the cascade it came out of, the rows.

Read from the rows themselves and not from any report, so that a report's number can be checked against it.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.attribution.credits import credits_of
from groundswell.attribution.eligibility import CODE_CHANNEL
from groundswell.attribution.models import DEFAULT_MODEL, PPM
from groundswell.attribution.tables import CERTAIN, Conversion, Credit, JudgedCredit, Touch
from groundswell.catalog.tables import Title
from groundswell.events.tables import JudgedEvent
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.shares.tables import Share

VISITS = ("unfurl", "click", "play")
MOST_SHARES = 2000
MOST_EVENTS = 200
MATCHED = {
    "login": "signed in",
    "token": "token passed on by the service",
    "referrer": "token passed on by the app store",
    "cookie": "our own cookie",
    "code": "a creator's code, typed in",
}


@dataclass(frozen=True)
class TouchSeen:
    """A visit (or a code; then there is no share) that is known to be the viewer's, with the event it was logged as
    (None: retention took it)."""

    touch: Touch
    share: Share | None
    event: JudgedEvent | None

    @property
    def certain(self) -> bool:
        return self.touch.matched_by in CERTAIN

    @property
    def matched(self) -> str:
        return MATCHED[self.touch.matched_by]

    @property
    def channel(self) -> str:
        return self.share.channel if self.share else CODE_CHANNEL

    @property
    def verdict(self) -> tuple[str, str, str] | None:
        """The current verdict, its reason and its rule."""
        event = self.event
        return None if event is None else (event.verdict or "", event.verdict_reason or "", event.verdict_rule or "")


@dataclass(frozen=True)
class ShareSeen:
    """One share of the cascade and what it brought since, from the event log and the credits."""

    share: Share
    sharer: str | None
    counts: dict[str, int]

    def of(self, kind: str) -> int:
        return self.counts.get(kind, 0)

    def steps(self) -> dict[str, float]:
        """``counts`` with the conversions as numbers rather than millionths."""
        return {kind: count if kind in VISITS else count / PPM for kind, count in self.counts.items()}


@dataclass(frozen=True)
class Cascade:
    """All shares that go back to one root, and those on the way from the root to the share of the conversion."""

    moment: Moment
    title: Title
    maker: Viewer
    shares: dict[UUID, ShareSeen]
    way: list[ShareSeen]
    total: int

    @property
    def root_id(self) -> UUID:
        return next(iter(self.shares.values())).share.root_id

    @property
    def depth(self) -> int:
        return max(seen.share.generation for seen in self.shares.values())


@dataclass(frozen=True)
class Evidence:
    """Everything that is known about why a conversion happened."""

    conversion: Conversion
    viewer: Viewer
    touches: list[TouchSeen]
    credits: dict[str, list[Credit]]
    cascade: Cascade | None
    events: list[JudgedEvent]
    related: list[Conversion] = field(default_factory=list)


async def evidence_of(session: AsyncSession, conversion: Conversion) -> Evidence:
    """The evidence behind ``conversion``."""
    viewer = await session.get_one(Viewer, conversion.viewer_id)
    credits = await _credits(session, conversion)
    touches = await _touches(session, conversion, credits)
    leading = max(credits.get(DEFAULT_MODEL, ()), key=lambda credit: credit.weight_ppm, default=None)
    share_id = leading.share_id if leading else None
    cascade = None if share_id is None else await cascade_of(session, share_id)
    events = await _events(session, conversion, touches)
    return Evidence(conversion, viewer, touches, credits, cascade, events, await _related(session, conversion))


async def _credits(session: AsyncSession, conversion: Conversion) -> dict[str, list[Credit]]:
    by_model: dict[str, list[Credit]] = defaultdict(list)
    for credit in await credits_of(session, conversion.id):
        by_model[credit.model].append(credit)
    return dict(sorted(by_model.items(), key=lambda item: (item[0] != DEFAULT_MODEL, item[0])))


async def _touches(session: AsyncSession, conversion: Conversion, credits: dict[str, list[Credit]]) -> list[TouchSeen]:
    credited = {credit.touch_id for rows in credits.values() for credit in rows}
    query = (
        select(Touch, Share)
        .outerjoin(Share, Share.id == Touch.share_id)
        .where(Touch.viewer_id == conversion.viewer_id)
        .where(or_(Touch.at <= conversion.at, among(Touch.id, credited)))
        .order_by(Touch.at.desc(), Touch.id)
        .limit(MOST_EVENTS)
    )
    rows = (await session.execute(query)).all()
    keys = [(touch.at, touch.event_id) for touch, _ in rows]
    found = select(JudgedEvent).where(tuple_(JudgedEvent.at, JudgedEvent.id).in_(keys))
    events = {event.id: event for event in await session.scalars(found)}
    return [TouchSeen(touch, share, events.get(touch.event_id)) for touch, share in reversed(rows)]


async def _events(session: AsyncSession, conversion: Conversion, touches: Sequence[TouchSeen]) -> list[JudgedEvent]:
    """What the log holds of the viewer, or of the browsers that their touches came from, up to the conversion."""
    visitors = {seen.event.visitor for seen in touches if seen.event and seen.event.visitor}
    begin = min((seen.touch.at for seen in touches), default=conversion.at) - timedelta(hours=1)
    theirs = or_(JudgedEvent.viewer_id == conversion.viewer_id, among(JudgedEvent.visitor, visitors))
    query = select(JudgedEvent).where(JudgedEvent.at >= begin, JudgedEvent.at <= conversion.at, theirs)
    return list(await session.scalars(query.order_by(JudgedEvent.at, JudgedEvent.id).limit(MOST_EVENTS)))


async def _related(session: AsyncSession, conversion: Conversion) -> list[Conversion]:
    query = select(Conversion).where(Conversion.viewer_id == conversion.viewer_id, Conversion.id != conversion.id)
    return list(await session.scalars(query.order_by(Conversion.at).limit(50)))


async def cascade_of(session: AsyncSession, share_id: UUID) -> Cascade:
    """The whole cascade that a share belongs to; of one larger than ``MOST_SHARES``, its first generations."""
    share = await session.get_one(Share, share_id)
    shares, total = await _shares(session, Share.root_id == share.root_id)
    return Cascade(*await _origin(session, share.moment_id), shares, _way(shares, share_id), total)


@dataclass(frozen=True)
class Forest:
    """All shares of one moment, parents before their children, and what each brought; the first ``MOST_SHARES``."""

    moment: Moment
    title: Title
    maker: Viewer
    shares: dict[UUID, ShareSeen]
    total: int

    def sum_of(self, kind: str) -> int:
        return sum(seen.of(kind) for seen in self.shares.values())


async def forest_of(session: AsyncSession, moment_id: UUID) -> Forest:
    """The trees of re-shares that grew from one moment."""
    shares, total = await _shares(session, Share.moment_id == moment_id)
    return Forest(*await _origin(session, moment_id), shares, total)


async def _origin(session: AsyncSession, moment_id: UUID) -> tuple[Moment, Title, Viewer]:
    """A moment, its title and its maker."""
    query = select(Moment, Title, Viewer).join(Title, Title.id == Moment.title_id)
    query = query.join(Viewer, Viewer.id == Moment.viewer_id).where(Moment.id == moment_id)
    moment, title, maker = (await session.execute(query)).one()
    return moment, title, maker


async def _shares(session: AsyncSession, which: ColumnElement[bool]) -> tuple[dict[UUID, ShareSeen], int]:
    """The first ``MOST_SHARES``, parents before children, with what each brought; and how many there are in all."""
    query = select(Share, Viewer.name).outerjoin(Viewer, Viewer.id == Share.viewer_id).where(which)
    found = await session.execute(query.order_by(Share.generation, Share.id).limit(MOST_SHARES))
    rows = [(row.Share, row.name) for row in found]
    since = min((share.created_at for share, _ in rows), default=utc_now())
    counts = await _counts(session, since, [share.id for share, _ in rows])
    total = await session.scalar(select(func.count()).select_from(Share).where(which)) or 0
    return {share.id: ShareSeen(share, name, counts[share.id]) for share, name in rows}, total


def _way(shares: dict[UUID, ShareSeen], share_id: UUID) -> list[ShareSeen]:
    way: list[ShareSeen] = []
    at: UUID | None = share_id
    while at is not None and at in shares:
        way.insert(0, shares[at])
        at = shares[at].share.parent_id
    return way


async def _counts(session: AsyncSession, since: datetime, ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """What each share brought: unfurls, people's clicks and plays, and conversions credited to it in millionths."""
    counted: dict[UUID, dict[str, int]] = defaultdict(dict)
    kinds = JudgedEvent.kind.in_(VISITS)
    shown = JudgedEvent.verdict == case((JudgedEvent.kind == "unfurl", "unfurl"), else_="human")
    moments = select(Share.moment_id).where(among(Share.id, ids))
    events = (
        select(JudgedEvent.share_id, JudgedEvent.kind, func.count())
        .where(JudgedEvent.moment_id.in_(moments), among(JudgedEvent.share_id, ids))  # as the index has them
        .where(JudgedEvent.at >= since, kinds, shown)
        .group_by(JudgedEvent.share_id, JudgedEvent.kind)
    )
    credits = (
        select(JudgedCredit.share_id, JudgedCredit.kind, func.sum(JudgedCredit.weight_ppm))
        .where(among(JudgedCredit.share_id, ids), JudgedCredit.model == DEFAULT_MODEL)
        .group_by(JudgedCredit.share_id, JudgedCredit.kind)
    )
    for rows in (await session.execute(events), await session.execute(credits)):
        for share, kind, count in rows:
            if share is not None:
                counted[share][kind] = int(count)
    return counted
