"""The catalogue as the service says it: entries written, looked up, withdrawn.

Entries are written in batches, one writer at a time (``Lock.CATALOGUE``), each either whole or not at all; of many,
those that cannot be are refused one by one and the others are written. The same entry again changes nothing.

No title's slug is another's external id, so that either names one title (``titles.find_title``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, LargeBinary, Text, Uuid, and_, cast, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.database import PreparedStatement, among
from groundswell.platform.ids import random_code, uuid7
from groundswell.platform.locks import Lock, lock
from groundswell.platform.problems import Problem
from groundswell.platform.signals import send

from .entry import SourceIn, TitleEntry
from .given_sources import write_sources
from .signals import TitleReturned, TitleWithdrawn
from .slugs import slug_of
from .tables import CatalogEntry, Series, Title
from .title_rows import EpisodeTaken, ExternalIdTaken, SlugTaken
from .titles import TitleUnknown

Result = Literal["created", "changed", "unchanged", "refused"]
Place = tuple[UUID, int, int]
"""A series, a season and a number."""


@dataclass(frozen=True)
class Given:
    """One entry as it was said of the title ``external_id``; ``hash`` is over that, ``line_hash`` over the line that
    said it, where one did."""

    external_id: str
    entry: TitleEntry
    hash: bytes
    line_hash: bytes | None = None


class EntryOutcome(NamedTuple):
    """What became of one entry. ``id`` and ``slug`` are the title's; None where it was ``refused``."""

    external_id: str
    result: Result
    id: UUID | None = None
    slug: str | None = None
    refusal: Problem | None = None


class Known(NamedTuple):
    """A title that is there: what of it an entry may change, and the hash of the entry it has."""

    id: UUID
    slug: str
    place: Place | None
    withdrawn: bool
    hash: bytes | None


@dataclass
class EntryContext:
    """What the titles of a batch must agree with: kept up to date as its entries are looked at, in their order."""

    titles: dict[str, Known] = field(default_factory=dict)
    series: dict[str, UUID] = field(default_factory=dict)
    places: dict[Place, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """Slugs and external ids, each with the external id of the title that has it."""


async def known_hashes(session: AsyncSession, external_ids: Iterable[str]) -> dict[str, bytes]:
    """The hashes of the entries of those titles that are there and not withdrawn, by external id."""
    query = select(Title.external_id, CatalogEntry.hash).join(CatalogEntry, CatalogEntry.title_id == Title.id)
    query = query.where(among(Title.external_id, external_ids), Title.withdrawn_at.is_(None))
    return {row.external_id: row.hash for row in await session.execute(query)}


KNOWN_LINES = PreparedStatement(
    """
    WITH alike AS MATERIALIZED (
        SELECT line_hash, title_id FROM catalog_entries WHERE line_hash = ANY (
            ARRAY(SELECT decode(hash, 'hex') FROM unnest(string_to_array(%(hashes)s, ',')) AS given (hash))
        )
    )
    SELECT alike.line_hash, titles.external_id FROM alike JOIN titles ON titles.id = alike.title_id
    WHERE titles.withdrawn_at IS NULL
    """
)
"""Hashes as one text: a driver that escapes each of an array takes longer than the search for them. In this order, not
left to the planner: without statistics, as in a catalogue just filled, it begins with every title there is."""


async def known_lines(session: AsyncSession, hashes: Iterable[bytes]) -> dict[bytes, str]:
    """Which of the lines with these hashes say what is there already, each with the external id of its title."""
    await session.flush()
    return dict(await KNOWN_LINES.rows(session, hashes=",".join([hash.hex() for hash in hashes])))


async def note_lines(session: AsyncSession, lines: Sequence[tuple[str, bytes]]) -> None:
    """Note by which line (its hash) a title was said that is as it was: it is known again without being read."""
    if not lines:
        return
    given = func.unnest(
        literal([id for id, _ in lines], ARRAY(Text)), literal([hash for _, hash in lines], ARRAY(LargeBinary))
    )
    said = given.table_valued("external_id", "line_hash").render_derived(name="said")
    title = select(Title.id, said.c.line_hash).join(said, Title.external_id == said.c.external_id).subquery()
    noted = update(CatalogEntry).values(line_hash=title.c.line_hash).where(CatalogEntry.title_id == title.c.id)
    await session.execute(noted, execution_options={"synchronize_session": False})


async def write(session: AsyncSession, given: Sequence[Given], given_by: str) -> list[EntryOutcome]:
    """Write entries; returns what became of each, in their order. Of several for one title the last one stays.

    A title that was withdrawn is back (``TitleReturned``).
    """
    await lock(session, Lock.CATALOGUE)
    around = await _surroundings(session, given)
    batch = _Batch(given_by)
    outcomes = [_settle(around, batch, each) for each in given]
    await batch.write(session)
    for title_id in batch.returned:
        await send(session, TitleReturned(title_id, given_by))
    return outcomes


async def _surroundings(session: AsyncSession, given: Sequence[Given]) -> EntryContext:
    around = EntryContext()
    await _look_up_titles(session, around, {each.external_id for each in given})
    await _look_up_series(session, around, {each.entry.series for each in given if each.entry.series is not None})
    wanted = {name for each in given for name in (each.external_id, _slug_wanted(each.entry))}
    query = select(Title.external_id, Title.slug)
    for row in await session.execute(query.where(or_(among(Title.slug, wanted), among(Title.external_id, wanted)))):
        around.names |= {row.slug: row.external_id, row.external_id: row.external_id}
    await _look_up_places(session, around, [place for each in given if (place := _place(around, each.entry))])
    return around


async def _look_up_places(session: AsyncSession, around: EntryContext, places: Sequence[Place]) -> None:
    """Which titles are these episodes."""
    series, seasons, episodes = zip(*places, strict=True) if places else ((), (), ())
    given = func.unnest(
        literal(list(series), ARRAY(Uuid)),
        literal(list(seasons), ARRAY(BigInteger)),
        literal(list(episodes), ARRAY(BigInteger)),
    )
    wanted = given.table_valued("series_id", "season", "episode").render_derived(name="wanted")
    there = [Title.series_id == wanted.c.series_id, Title.season == wanted.c.season, Title.episode == wanted.c.episode]
    query = select(Title.external_id, Title.series_id, Title.season, Title.episode).join(wanted, and_(*there))
    for id, of, season, episode in await session.execute(query):
        if of is not None and season is not None and episode is not None:
            around.places[of, season, episode] = id


async def _look_up_titles(session: AsyncSession, around: EntryContext, ids: set[str]) -> None:
    columns = (Title.id, Title.external_id, Title.slug, Title.series_id, Title.season, Title.episode)
    query = select(*columns, Title.withdrawn_at, CatalogEntry.hash)
    query = query.outerjoin(CatalogEntry, CatalogEntry.title_id == Title.id).where(among(Title.external_id, ids))
    around.titles = {row.external_id: _known(row) for row in await session.execute(query)}
    around.names = {known.slug: external_id for external_id, known in around.titles.items()}


def _known(row: Any) -> Known:
    place = None if row.series_id is None else (row.series_id, row.season, row.episode)
    return Known(row.id, row.slug, place, row.withdrawn_at is not None, row.hash)


async def _look_up_series(session: AsyncSession, around: EntryContext, names: set[str]) -> None:
    """The series of those names; those that are not there are made."""
    around.series = await _series_named(session, names)
    missing = sorted(names - around.series.keys())
    if not missing:
        return
    slugs = {name: slug_of(name) for name in missing}
    taken = set(await session.scalars(select(Series.slug).where(among(Series.slug, slugs.values()))))
    rows = []
    for name, slug in slugs.items():
        free = slug if slug not in taken else slug_of("")
        taken.add(free)
        rows.append({"id": uuid7(), "slug": free, "name": name, "synopsis": ""})
    await session.execute(insert(Series).values(rows).on_conflict_do_nothing())
    around.series = await _series_named(session, names)


async def _series_named(session: AsyncSession, names: set[str]) -> dict[str, UUID]:
    query = select(Series.name, func.min(cast(Series.id, Text)).label("id"))
    found = await session.execute(query.where(among(Series.name, names)).group_by(Series.name))
    return {row.name: UUID(row.id) for row in found}


def _slug_wanted(entry: TitleEntry) -> str:
    return entry.slug or slug_of(entry.name)


def _place(around: EntryContext, entry: TitleEntry) -> Place | None:
    if entry.series is None or entry.season is None or entry.episode is None:
        return None
    return around.series[entry.series], entry.season, entry.episode


class _Batch:
    """Rows to write, in the order in which they were given."""

    def __init__(self, given_by: str) -> None:
        self.given_by, self.now = given_by, utc_now()
        self.titles: list[dict[str, Any]] = []
        self.entries: dict[UUID, dict[str, Any]] = {}
        self.returned: list[UUID] = []
        self.sources: dict[UUID, list[SourceIn]] = {}

    def add(self, id: UUID, slug: str, place: Place | None, given: Given) -> None:
        row = given.entry.columns() | {"id": id, "external_id": given.external_id, "slug": slug}
        self.titles.append(row | {"series_id": place and place[0], "withdrawn_at": None})
        self.entries[id] = {
            "title_id": id,
            "hash": given.hash,
            "line_hash": given.line_hash,
            "entry": given.entry.model_dump(mode="json", exclude_unset=True),
            "given_by": self.given_by,
            "updated_at": self.now,
        }
        self.sources[id] = given.entry.sources

    async def write(self, session: AsyncSession) -> None:
        if not self.titles:
            return
        await session.execute(UPSERT_TITLE, self.titles)
        await session.execute(UPSERT_ENTRY, list(self.entries.values()))
        await write_sources(session, self.sources)
        session.expire_all()


def _upsert(table: Any, key: str, columns: Iterable[str]) -> Any:
    statement = insert(table)
    return statement.on_conflict_do_update(
        index_elements=[key], set_={name: statement.excluded[name] for name in columns}
    )


WRITTEN = {*TitleEntry(name="-").columns(), "slug", "series_id", "withdrawn_at"}
UPSERT_TITLE = _upsert(
    Title.__table__,
    "id",
    [column.name for column in Title.__table__.columns if column.name in WRITTEN],
)
UPSERT_ENTRY = _upsert(CatalogEntry.__table__, "title_id", ("hash", "line_hash", "entry", "given_by", "updated_at"))


def _settle(around: EntryContext, batch: _Batch, given: Given) -> EntryOutcome:
    known = around.titles.get(given.external_id)
    if known is not None and known.hash == given.hash and not known.withdrawn:
        return EntryOutcome(given.external_id, "unchanged", known.id, known.slug)
    try:
        slug, place = _slug_for(around, given, known), _free_place(around, given)
    except Problem as refusal:
        return EntryOutcome(given.external_id, "refused", refusal=refusal)
    id = uuid7() if known is None else known.id
    if known is not None:
        around.names.pop(known.slug, None)
        if known.place is not None:
            around.places.pop(known.place, None)
        if known.withdrawn:
            batch.returned.append(id)
    around.names |= {slug: given.external_id, given.external_id: given.external_id}
    if place is not None:
        around.places[place] = given.external_id
    around.titles[given.external_id] = Known(id, slug, place, False, given.hash)
    batch.add(id, slug, place, given)
    return EntryOutcome(given.external_id, "created" if known is None else "changed", id, slug)


def _slug_for(around: EntryContext, given: Given, known: Known | None) -> str:
    """The address of the title: the one asked for, else the one it has, else one made from its name.

    Raises:
        SlugTaken, ExternalIdTaken: another title is reached by it.
    """
    if around.names.get(given.external_id, given.external_id) != given.external_id:
        raise ExternalIdTaken(f"{given.external_id} is the address of {around.names[given.external_id]}.")
    wanted = given.entry.slug or (None if known is None else known.slug)
    if wanted is not None:
        if around.names.get(wanted, given.external_id) != given.external_id:
            raise SlugTaken(f"{around.names[wanted]} is at {wanted} already.")
        return wanted
    made = slug_of(given.entry.name)
    if around.names.get(made, given.external_id) == given.external_id:
        return made
    return f"{made[:70].rstrip('-')}-{random_code(8).lower()}"


def _free_place(around: EntryContext, given: Given) -> Place | None:
    place = _place(around, given.entry)
    if place is not None and around.places.get(place, given.external_id) != given.external_id:
        entry = given.entry
        raise EpisodeTaken(
            f"{around.places[place]} is S{entry.season}E{entry.episode} of {entry.series} already; move it first."
        )
    return place


async def withdraw(session: AsyncSession, external_id: str, by: str) -> Title:
    """Take a title out of the catalogue: its links and media end with this transaction (``TitleWithdrawn``); what
    happened with it stays. Withdrawing twice is withdrawing once.

    Raises:
        TitleUnknown: there is none.
    """
    await lock(session, Lock.CATALOGUE)
    title = await find_entry(session, external_id)
    if title.withdrawn_at is None:
        await session.execute(update(Title).filter_by(id=title.id).values(withdrawn_at=utc_now()))
        await session.refresh(title)
        await send(session, TitleWithdrawn(title.id, by))
    return title


async def find_entry(session: AsyncSession, external_id: str) -> Title:
    """The title of that external id.

    Raises:
        TitleUnknown: there is none.
    """
    title = await session.scalar(select(Title).filter_by(external_id=external_id))
    if title is None:
        raise TitleUnknown(f"There is no title {external_id}.")
    return title
