"""Shared by tests: rows for events to point at."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import viewer_of
from groundswell.accounts.tables import Viewer
from groundswell.accounts.tokens import Claims
from groundswell.catalog.tables import Source, Title
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.ids import random_code, uuid7
from groundswell.platform.settings import Settings
from groundswell.platform.signatures import signed
from groundswell.shares.tables import Share


@dataclass(frozen=True)
class Shared:
    """A title, a moment of it, and one share of the moment."""

    title: Title
    moment: Moment
    share: Share
    token: str


async def viewer(session: AsyncSession, subject: str) -> Viewer:
    """The viewer whom the demo service calls ``subject``, as if their token had been seen."""
    return await viewer_of(session, Claims("groundswell-demo", subject, subject.title(), frozenset(), "DE", False))


async def make_shared(database: Database, settings: Settings, *, subject: str = "noor", channel: str = "x") -> Shared:
    """A title from 0 to 120 s, a moment of 72 to 87 s and a share of it."""
    async with database.transaction() as session:
        owner = await viewer(session, subject)
        title = Title(id=uuid7(), slug=f"film-{random_code(6).lower()}", name="A film", released_on=date(2020, 1, 1))
        session.add(title)
        await session.flush()
        source = Source(
            id=uuid7(), title_id=title.id, version=1, storage_key="k", sha256="0", size_bytes=1, status="ready",
            duration_us=120_000_000,
        )  # fmt: skip
        session.add(source)
        await session.flush()
        title.current_source_id = source.id
        moment = Moment(
            id=uuid7(), code=random_code(), viewer_id=owner.id, title_id=title.id, source_id=source.id,
            start_us=72_480_000, end_us=87_480_000, created_at=utc_now(), visibility="public",
        )  # fmt: skip
        session.add(moment)
        await session.flush()
    share, token = await make_share(database, settings, moment, owner.id, channel=channel)
    return Shared(title, moment, share, token)


async def make_share(
    database: Database,
    settings: Settings,
    moment: Moment,
    viewer_id: UUID | None,
    *,
    channel: str = "x",
    parent: Share | None = None,
) -> tuple[Share, str]:
    """One more share of ``moment``, and its token."""
    id, code = uuid7(), random_code()
    share = Share(
        id=id, code=code, moment_id=moment.id, viewer_id=viewer_id, channel=channel, created_at=utc_now(),
        parent_id=parent.id if parent else None, root_id=parent.root_id if parent else id,
        generation=parent.generation + 1 if parent else 0,
    )  # fmt: skip
    async with database.transaction() as session:
        session.add(share)
    return share, signed(settings.secret, "share", code)
