"""A small world for the tests of money: a title, creators with moments, and plays of them."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.catalog.tables import Source, Title
from groundswell.creators.tables import Creator
from groundswell.earnings.rules import PoolTerms, period_bounds
from groundswell.earnings.tables import LedgerAccount
from groundswell.earnings.trial_balance import trial_balance
from groundswell.events.event import Event, Kind
from groundswell.events.log.event_log import record
from groundswell.events.tables import LoggedEvent, Reverdict
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.ids import random_code, uuid7
from groundswell.shares.tables import Share

MINUTE_US = 60_000_000


async def prove_books(session: AsyncSession) -> None:
    """Debits equal credits, running totals equal the sum of postings; and the service has one account of its own for
    what it funds, and one for what it has paid, in each currency."""
    trial = await trial_balance(session)
    assert trial.balanced
    assert trial.agrees
    own = select(LedgerAccount.owner).where(LedgerAccount.kind.in_(["funding", "paid"]))
    assert set(await session.scalars(own)) <= {"service"}


def this_month() -> str:
    return f"{utc_now():%Y-%m}"


def closed_month() -> str:
    """The last month that is over."""
    return f"{in_closed_month():%Y-%m}"


def in_closed_month() -> datetime:
    """An instant of the last month that is over."""
    return utc_now().replace(day=1, hour=0, minute=0, second=0, microsecond=0) - timedelta(hours=12)


NOT_HELD = PoolTerms(hold_days=0)
"""Terms of a pool whose statements can be paid at once."""


def month_before(back: int) -> str:
    """The month ``back`` months before this one."""
    now = utc_now()
    months = now.year * 12 + now.month - 1 - back
    return f"{months // 12}-{months % 12 + 1:02}"


def in_month(period: str) -> datetime:
    """An instant of a month that is over."""
    return period_bounds(period)[1] - timedelta(hours=12)


def early_this_month() -> datetime:
    """An instant of this month that is past, whatever the day."""
    now = utc_now()
    return max(now.replace(day=1, hour=0, minute=0, second=0, microsecond=0), now - timedelta(hours=1)).astimezone(UTC)


@dataclass
class World:
    """What exists; made by ``build``."""

    database: Database
    title: UUID
    source: UUID
    creators: dict[str, UUID] = field(default_factory=dict)
    viewers: dict[str, UUID] = field(default_factory=dict)
    moments: dict[str, UUID] = field(default_factory=dict)

    async def viewer(self, subject: str) -> UUID:
        if subject not in self.viewers:
            async with self.database.transaction() as session:
                viewer = Viewer(
                    id=uuid7(), issuer="groundswell-demo", subject=subject, name=subject.title(), handle=subject
                )
                session.add(viewer)
            self.viewers[subject] = viewer.id
        return self.viewers[subject]

    async def established(self, subject: str) -> UUID:
        """A viewer whose account has been there for a year."""
        id = await self.viewer(subject)
        async with self.database.transaction() as session:
            joined = utc_now() - timedelta(days=365)
            await session.execute(update(Viewer).where(Viewer.id == id).values(created_at=joined))
        return id

    async def creator(self, subject: str) -> UUID:
        viewer_id = await self.viewer(subject)
        async with self.database.transaction() as session:
            creator = Creator(
                id=uuid7(),
                viewer_id=viewer_id,
                handle=subject,
                code=f"{subject.upper()}10",
                display_name=subject.title(),
            )
            session.add(creator)
        self.creators[subject] = creator.id
        return creator.id

    async def moment(
        self,
        subject: str,
        name: str,
        start_us: int = 0,
        end_us: int = 10_000_000,
        visibility: str = "public",
        title: UUID | None = None,
    ) -> UUID:
        viewer_id = await self.viewer(subject)
        async with self.database.transaction() as session:
            moment = Moment(
                id=uuid7(),
                code=random_code(),
                viewer_id=viewer_id,
                title_id=title or self.title,
                source_id=self.source,
                start_us=start_us,
                end_us=end_us,
                caption=name,
                visibility=visibility,
            )
            session.add(moment)
        self.moments[name] = moment.id
        return moment.id

    async def share(self, name: str, subject: str | None = None) -> UUID:
        id = uuid7()
        async with self.database.transaction() as session:
            session.add(
                Share(
                    id=id,
                    code=random_code(),
                    moment_id=self.moments[name],
                    viewer_id=self.viewers[subject] if subject else None,
                    channel="copy",
                    root_id=id,
                    generation=0,
                )
            )
        return id

    async def happen(
        self,
        name: str,
        kind: Kind = "play",
        *visitors: str,
        at: datetime | None = None,
        verdict: str | None = "human",
        viewer: UUID | None = None,
        share: UUID | None = None,
    ) -> list[UUID]:
        """One event of each visitor."""
        events = [
            Event(
                id=uuid4(),
                kind=kind,
                at=at or early_this_month(),
                moment_id=self.moments[name],
                title_id=self.title,
                share_id=share,
                visitor=visitor,
                viewer_id=viewer,
                verdict=verdict,
                inputs={"watched_ms": 9_000} if kind == "play" else None,
            )
            for visitor in visitors
        ]
        async with self.database.transaction() as session:
            await record(session, *events)
        return [event.id for event in events]

    async def judge(self, event: UUID, kind: str, rule: str) -> None:
        """A later verdict on an event."""
        reason, traffic = ("ring", "sivt") if kind == "robot" else ("nothing_says_otherwise", None)
        async with self.database.transaction() as session:
            logged = await session.scalar(select(LoggedEvent.at).where(LoggedEvent.id == event))
            row = {"event_id": event, "at": logged, "kind": kind, "rule": rule}
            session.add(Reverdict(reason=reason, traffic=traffic, **row))


async def build(database: Database, slug: str = "night-train") -> World:
    async with database.transaction() as session:
        title = Title(id=uuid7(), slug=slug, name="Night Train", released_on=date(2020, 1, 1))
        session.add(title)
        await session.flush()
        source = Source(
            id=uuid7(),
            title_id=title.id,
            version=1,
            storage_key="x",
            sha256="0" * 64,
            size_bytes=1,
            status="ready",
            duration_us=10 * MINUTE_US,
        )
        session.add(source)
        title.current_source_id = source.id
    return World(database, title.id, source.id)
