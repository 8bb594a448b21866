"""Bringing the catalogue up to date with a feed: what is new is written, what is the same left alone, and what is gone
withdrawn where that is asked for.

One sync of a name runs at once. Lines are written in batches, each in a transaction of its own, so that one that was
killed is gone on with by the next: what it wrote is unchanged then. Every sync leaves a row (``CatalogSync``).
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.bulk import LineResult, RawLine, ReadLine, results, with_live
from groundswell.catalog.entries import withdraw
from groundswell.catalog.tables import CatalogEntry, CatalogSync, Title
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.ids import uuid7
from groundswell.platform.locks import Lock, held
from groundswell.platform.outbound import Outbound
from groundswell.platform.problems import Problem

from .source import LIBRARIES, Format, fetched, format_of, lines_of, without_secrets
from .table import FeedUnreadable

BATCH = 1_000
REFUSALS_KEPT = 100
GONE_AT_MOST_PERCENT = 10
"""More than that of a catalogue does not leave in a day: a feed that was cut short looks so."""


class SyncRunning(Problem):
    status, code, title = 409, "sync_running", "A sync of this name is running already."


class TooManyGone(Problem):
    status, code, title = 409, "too_many_gone", "More titles are gone from the feed than a sync may withdraw."


@dataclass
class SyncReport:
    """What a sync did. ``counts`` by result, with ``withdrawn``; ``refusals`` are the first lines that were refused;
    ``fresh`` is False where the feed is the very version that was synced before."""

    counts: Counter[str] = field(default_factory=Counter)
    refusals: list[LineResult] = field(default_factory=list)
    fresh: bool = True

    def add(self, lines: list[LineResult]) -> None:
        self.counts.update(line.result for line in lines)
        refused = [line for line in lines if line.result == "refused"]
        self.refusals += refused[: REFUSALS_KEPT - len(self.refusals)]


@dataclass(frozen=True)
class FeedOptions:
    """What to sync.

    Args:
        name: of the feed; what it brought is known by it.
        source: a file or an address.
        format: None: by the ending of its name.
        not_live: nothing in it is a live event, unless a line says so.
        withdraw_missing: withdraw what this feed brought and has no more.
        gone_at_most_percent: of those that it has brought.
        token: with which a media server is asked.
    """

    name: str
    source: str
    format: str | None = None
    not_live: bool = False
    withdraw_missing: bool = False
    gone_at_most_percent: int = GONE_AT_MOST_PERCENT
    token: str = field(default="", repr=False)

    @property
    def given_by(self) -> str:
        return f"sync:{self.name}"


async def sync(
    database: Database,
    outbound: Outbound,
    wanted: FeedOptions,
    on_progress: Callable[[int], object] = lambda lines: None,
) -> SyncReport:
    """Sync the catalogue with a feed; one at an address is fetched by ``outbound``.

    Raises:
        SyncRunning: another one of that name is.
        FeedUnreadable: it cannot be read, or not to its end: what was written before stays, and nothing is withdrawn.
        AddressNotAllowed, AddressUnreachable, AnswerTooSlow, AnswerRefused, AnswerTooLarge: it cannot be fetched.
        TooManyGone: more of it is gone than may be; all else is written.
    """
    format = format_of(wanted.source, wanted.format)
    async with _alone(database, wanted.name):
        id, report = await _begin(database, wanted), SyncReport()
        problem: str | None = "It was interrupted."
        etag: str | None = None
        try:
            etag = await _sync(database, outbound, wanted, format, report, on_progress)
            problem = None
        except (FeedUnreadable, Problem) as error:
            problem = str(error)
            raise
        finally:
            with suppress(asyncio.CancelledError):
                await asyncio.shield(_end(database, id, report, problem, etag))
    return report


@asynccontextmanager
async def _alone(database: Database, name: str) -> AsyncIterator[None]:
    """No other sync of that name runs; given up by the database when this process dies."""
    async with await database.connect(autocommit=True) as connection:
        async with held(connection, Lock.CATALOGUE_SYNC, name, wait=False) as ours:
            if not ours:
                raise SyncRunning(f"A sync of {name} is running already; it does what this one would.")
            yield


async def _begin(database: Database, wanted: FeedOptions) -> UUID:
    row = CatalogSync(id=uuid7(), name=wanted.name, source=without_secrets(wanted.source), began_at=utc_now())
    async with database.transaction() as session:
        session.add(row)
    return row.id


async def _end(database: Database, id: UUID, report: SyncReport, problem: str | None, etag: str | None) -> None:
    counts = {name: report.counts[name] for name in ("created", "changed", "unchanged", "refused", "withdrawn")}
    refusals = [line.model_dump(exclude_none=True) for line in report.refusals]
    said = {**counts, "ended_at": utc_now(), "problem": problem, "etag": etag, "refusals": refusals}
    async with database.transaction() as session:
        await session.execute(update(CatalogSync).filter_by(id=id).values(**said))


async def _sync(
    database: Database,
    outbound: Outbound,
    wanted: FeedOptions,
    format: Format,
    report: SyncReport,
    on_progress: Callable[[int], object],
) -> str | None:
    seen: set[str] = set()
    known = None if wanted.withdraw_missing else await _etag(database, wanted)
    library = format if format in LIBRARIES else None
    async with fetched(outbound, wanted.source, known, library=library, token=wanted.token) as feed:
        if feed.unchanged:
            report.fresh = False
            return feed.etag
        lines = lines_of(feed.path, format)
        while batch := await asyncio.to_thread(_some, lines, wanted):
            async with database.transaction() as session:
                written = await results(session, batch, wanted.given_by)
            report.add(written)
            seen |= {line.external_id for line in written if line.external_id is not None}
            on_progress(sum(report.counts.values()))
    if wanted.withdraw_missing:
        await _withdraw_gone(database, wanted, seen, report)
    return feed.etag if not report.counts["refused"] else None


def _some(lines: Iterator[ReadLine | RawLine], wanted: FeedOptions) -> list[ReadLine | RawLine]:
    some = list(islice(lines, BATCH))
    return [_not_live(line) for line in some] if wanted.not_live else some


def _not_live(line: ReadLine | RawLine) -> ReadLine | RawLine:
    return line._replace(not_live=True) if isinstance(line, RawLine) else with_live(line)


async def _etag(database: Database, wanted: FeedOptions) -> str | None:
    """What the feed's server called the version that was synced last, wholly and without refusals."""
    query = select(CatalogSync.etag).filter_by(name=wanted.name, source=without_secrets(wanted.source), problem=None)
    query = query.where(CatalogSync.ended_at.is_not(None)).order_by(CatalogSync.id.desc()).limit(1)
    async with database.transaction() as session:
        found: str | None = await session.scalar(query)
    return found


async def _withdraw_gone(database: Database, wanted: FeedOptions, seen: set[str], report: SyncReport) -> None:
    async with database.transaction() as session:
        brought = await _brought(session, wanted.given_by)
        gone = sorted(brought - seen)
        if len(gone) * 100 > len(brought) * wanted.gone_at_most_percent:
            raise TooManyGone(
                f"{len(gone)} of {len(brought)} titles are gone from the feed, which is more than "
                f"{wanted.gone_at_most_percent} %; nothing was withdrawn."
            )
        for external_id in gone:
            await withdraw(session, external_id, wanted.given_by)
    report.counts["withdrawn"] = len(gone)


async def _brought(session: AsyncSession, given_by: str) -> set[str]:
    """The titles that a feed was the last to say, which are not withdrawn."""
    query = select(Title.external_id).join(CatalogEntry, CatalogEntry.title_id == Title.id)
    return set(await session.scalars(query.where(CatalogEntry.given_by == given_by, Title.withdrawn_at.is_(None))))


async def latest_syncs(session: AsyncSession, limit: int) -> list[CatalogSync]:
    """Syncs, the newest first."""
    return list(await session.scalars(select(CatalogSync).order_by(CatalogSync.id.desc()).limit(limit)))
