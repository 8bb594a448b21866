"""Finding a line among many: phrase, beginning, slip and two Chinese characters, ours beside SQLite FTS5 and Tantivy.

Ours is the product's own search with rights and a viewer's spoilers applied: all that is found, in its order (others
are asked for 50 lines, in any), and the page that it makes of the first of it, for information. ``--lines N``
(50,000; the goals are for a million), ``--queries N``.

A line is recalled when it is among the first 50, or when each of those says the same words: of a phrase that a hundred
lines have, no index knows which was meant.
"""

import argparse
import asyncio
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import psutil
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from bench.harness import Bench
from groundswell.accounts.tables import Viewer
from groundswell.catalog.tables import Progress, Series, Source, Title
from groundswell.discovery.jobs import BESIDE_EACH_OTHER, LANGUAGES_MAX
from groundswell.discovery.search.findings import Asker, Narrowed, Search, placed_lines, search
from groundswell.discovery.search.known_titles import KnownTitles
from groundswell.discovery.search.line_index import Spoken, Utterance
from groundswell.discovery.search.query import Query
from groundswell.discovery.search.unfound import Misses
from groundswell.discovery.search.upkeep import INDEX
from groundswell.discovery.search.words import texts_of
from groundswell.moments.availability import Audience
from groundswell.platform.database import Database
from groundswell.platform.embedded import EmbeddedPostgres
from groundswell.platform.ids import uuid7
from groundswell.platform.migrations import migrate
from groundswell.platform.notified_cache import listening
from groundswell.platform.settings import Settings
from groundswell.web import features

LINES, QUERIES = 50_000, 200
FIRST, WARM = 50, 20
OF_A_TITLE = 1_000
LINE_US = 4_000_000
AT_ONCE = LANGUAGES_MAX // BESIDE_EACH_OTHER
"""Titles indexed in a transaction, as the product's job does."""

RANK_SHIFT = 3.7
CHINESE_PART = 0.1
SEED = 20_26
GOALS = {"phrase": (6.0, 1.0), "beginning": (20.0, 1.0), "slip": (10.0, 0.99), "two characters": (2.0, 1.0)}
"""By kind of query: p95 in ms at most, recall at least; for a million lines."""


@dataclass(frozen=True)
class Remembered:
    """A query, the line that it was taken from, and how the words begin that were meant."""

    typed: str
    line: int
    meant: str

    def recalled(self, found: Sequence[int], lines: Sequence[str]) -> bool:
        """Whether the first lines ``found`` have it, or all of them what was meant."""
        first = found[:FIRST]
        says = (self.meant in lines[n].lower() for n in first)
        return self.line in first or (len(first) == FIRST and all(says))


def parse(arguments: list[str]) -> None:
    """Read the command line's options."""
    global LINES, QUERIES
    parser = argparse.ArgumentParser(prog="python -m bench quotes", description=__doc__)
    parser.add_argument("--lines", type=int, default=LINES)
    parser.add_argument("--queries", type=int, default=QUERIES)
    options = parser.parse_args(arguments)
    LINES, QUERIES = options.lines, options.queries


def draw(count: int) -> list[str]:
    """Lines of words that are as often as in speech (Zipf's law as Mandelbrot has it: the first of them is a thirtieth
    of all), a tenth of the lines Chinese."""
    rng = np.random.default_rng(SEED)
    shares = np.cumsum(1 / (np.arange(40_000) + RANK_SHIFT))
    letters, weights = list("etaoinshrdlucmfwypvbgk"), 1 / np.arange(1, 23) ** 0.7
    lengths = rng.integers(2, 12, 40_000)
    vocabulary = ["".join(rng.choice(letters, n, p=weights / weights.sum())) for n in lengths]
    ranks = np.searchsorted(shares, rng.random(count * 9) * shares[-1])
    characters = [chr(0x4E00 + n) for n in range(3_000)]
    lines, at = [], 0
    for words, chinese in zip(rng.integers(4, 10, count), rng.random(count), strict=True):
        picked = ranks[at : at + words]
        at += words
        if chinese < CHINESE_PART:
            lines.append("".join(characters[int(rank) % 3_000] for rank in picked) + "。")
        else:
            lines.append(" ".join(vocabulary[rank] for rank in picked).capitalize() + ".")
    return lines


def remembered(lines: Sequence[str]) -> dict[str, list[Remembered]]:
    """What is asked for, by kind."""
    rng = random.Random(SEED)
    found: dict[str, list[Remembered]] = {kind: [] for kind in GOALS}
    for number in rng.sample(range(len(lines)), len(lines)):
        words = lines[number].rstrip(".").lower().split()
        if len(words) >= 4:
            phrase = words[:4]
            meant = " ".join(phrase)
            found["phrase"].append(Remembered(meant + " ", number, meant))
            begun = " ".join([*phrase[:3], phrase[3][: max(2, len(phrase[3]) // 2)]])
            found["beginning"].append(Remembered(begun, number, begun))
            long = [n for n, word in enumerate(phrase) if len(word) >= 5]
            if long:
                phrase[long[0]] = slip(phrase[long[0]], rng)
                found["slip"].append(Remembered(" ".join(phrase) + " ", number, meant))
        elif len(lines[number]) > 3:
            found["two characters"].append(Remembered(lines[number][1:3], number, lines[number][1:3]))
        if min(map(len, found.values())) >= QUERIES:
            break
    return {kind: some[:QUERIES] for kind, some in found.items()}


def slip(word: str, rng: random.Random) -> str:
    """One edit away from ``word``."""
    at, kind = rng.randrange(len(word) - 1), rng.randrange(3)
    if kind == 0:
        return word[:at] + word[at + 1 :]
    if kind == 1:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word[:at] + rng.choice("etaoin") + word[at:]


async def run(bench: Bench) -> None:
    bench.plotted = "ms p95"
    lines = draw(LINES)
    asked = remembered(lines)
    bench.note(f"{LINES:,} lines, {OF_A_TITLE:,} a title; {QUERIES} queries of a kind")
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres")
        server.start()
        try:
            await ours(bench, server, lines, asked)
        finally:
            server.stop()
        sqlite(bench, Path(folder), lines, asked)
        tantivy(bench, lines, asked)


async def ours(
    bench: Bench, server: EmbeddedPostgres, lines: Sequence[str], asked: dict[str, list[Remembered]]
) -> None:
    features.load("tables")
    migrate(server.url())
    database = Database(server.url())
    full = len(lines) >= 1_000_000
    async with database.transaction() as session:
        titles, viewer = await catalogue(session, len(lines))
    here, there = time.process_time(), processor_time(server)
    bench.measure("ours: lines indexed", await indexed(database, titles, lines), "lines/s", 50_000 if full else None)
    here, there = time.process_time() - here, processor_time(server) - there
    bench.measure("ours: the processor's time for a line, here", here / len(lines) * 1e6, "µs")
    bench.measure("ours: the processor's time for a line, in the database", there / len(lines) * 1e6, "µs")
    async with await database.connect(autocommit=True) as connection:
        await connection.execute("VACUUM ANALYZE")
    asker, by = Asker(Audience(viewer), "en"), Search(Settings(), Misses(), KnownTitles())
    begins = {title_id: n * OF_A_TITLE for n, title_id in enumerate(titles)}
    async with listening(database, by.titles.known):  # as where it serves
        for kind, queries in asked.items():
            times, pages, hits = [], [], 0
            async with database.transaction() as session:
                for each in queries[:WARM]:
                    await search(session, by, each.typed, asker, Narrowed())
                for each in queries:
                    begun = time.perf_counter()
                    placed = await placed_lines(session, by, Query.read(each.typed), asker, Narrowed())
                    times.append(time.perf_counter() - begun)
                    found = [begins[hit.title_id] + hit.start_us // LINE_US for hit, *_ in placed]
                    hits += each.recalled(found, lines)
                    begun = time.perf_counter()
                    await search(session, by, each.typed, asker, Narrowed(), limit=24)
                    pages.append(time.perf_counter() - begun)
            most, least = GOALS[kind]
            bench.measure(f"ours: {kind}", p95(times), "ms p95", most if full else None, at_most=True)
            bench.measure(f"ours: {kind}, recall among the first 50", hits / len(queries), "", least if full else None)
            bench.measure(f"ours: {kind}, a page of 24 with all that stands on it", p95(pages), "ms p95")
    await database.close()


def processor_time(server: EmbeddedPostgres) -> float:
    """Seconds of processors that the database's processes have had, those that still run."""
    postmaster = psutil.Process(server.postmaster_pid())
    times = [each.cpu_times() for each in (postmaster, *postmaster.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))


async def indexed(database: Database, titles: Sequence[UUID], lines: Sequence[str]) -> float:
    """Index ``lines``, some titles in each of the transactions that the product's job has at the same time; returns how
    many a second."""
    spoken = []
    for n, title_id in enumerate(titles):
        some = lines[n * OF_A_TITLE : (n + 1) * OF_A_TITLE]
        said = [Utterance(i * LINE_US, (i + 1) * LINE_US - 1, line, True) for i, line in enumerate(some)]
        spoken.append(Spoken(title_id, "en", said))
    batches = iter([spoken[at : at + AT_ONCE] for at in range(0, len(spoken), AT_ONCE)])

    async def index() -> None:
        for batch in batches:
            async with database.transaction() as session:
                await INDEX.replace(session, batch)

    begun = time.perf_counter()
    await asyncio.gather(*(index() for _ in range(BESIDE_EACH_OTHER)))
    return len(lines) / (time.perf_counter() - begun)


async def catalogue(session: AsyncSession, lines: int) -> tuple[list[UUID], UUID]:
    """Titles for so many lines, and a viewer in the middle of a series of ten more."""
    viewer = Viewer(id=uuid7(), issuer="bench", subject="ada", name="Ada", handle="ada")
    series = Series(id=uuid7(), slug="series", name="Series")
    session.add_all([viewer, series])
    await session.flush()
    titles = []
    for n in range(-(-lines // OF_A_TITLE) + 10):
        place = {} if n >= 10 else {"series_id": series.id, "season": 1, "episode": n + 1}
        title = Title(id=uuid7(), slug=f"t{n}", name=f"Title {n}", released_on=date(2020, 1, 1), **place)
        session.add(title)
        await session.flush()
        facts = {"version": 1, "storage_key": "x", "sha256": "0" * 64, "size_bytes": 1, "status": "ready"}
        source = Source(id=uuid7(), title_id=title.id, duration_us=2 * OF_A_TITLE * LINE_US, **facts)
        session.add(source)
        title.current_source_id = source.id
        titles.append(title.id)
    session.add(Progress(viewer_id=viewer.id, title_id=titles[4], position_us=LINE_US))
    await session.flush()
    await session.execute(text("ANALYZE titles"))
    return titles[10:], viewer.id


def sqlite(bench: Bench, folder: Path, lines: Sequence[str], asked: dict[str, list[Remembered]]) -> None:
    """FTS5 over our words, without rights or spoilers; of slips it knows nothing."""
    connection = sqlite3.connect(folder / "lines.db")
    connection.execute("CREATE VIRTUAL TABLE said USING fts5 (words, content='', prefix='2 3')")
    begun = time.perf_counter()
    words = ((n, " ".join(texts_of(line))) for n, line in enumerate(lines))
    connection.executemany("INSERT INTO said (rowid, words) VALUES (?, ?)", words)
    connection.commit()
    bench.measure("SQLite FTS5: lines indexed", len(lines) / (time.perf_counter() - begun), "lines/s")

    def find(each: Remembered, kind: str) -> list[int]:
        star = " *" if kind == "beginning" else ""
        typed = texts_of(each.typed)[: 1 if kind == "two characters" else None]
        asks = f'"{" ".join(typed)}"{star}'
        return [row[0] for row in connection.execute("SELECT rowid FROM said WHERE said MATCH ? LIMIT 50", (asks,))]

    for kind in ("phrase", "beginning", "two characters"):
        others(bench, "SQLite FTS5", kind, lines, asked[kind], lambda each, kind=kind: find(each, kind))  # type: ignore[misc]


def tantivy(bench: Bench, lines: Sequence[str], asked: dict[str, list[Remembered]]) -> None:
    """Tantivy over our words, where it is installed."""
    try:
        engine: Any = import_module("tantivy")
    except ImportError:
        bench.note("Tantivy is not installed: pip install tantivy to see it beside")
        return
    schema = engine.SchemaBuilder()
    schema.add_text_field("words", stored=False, tokenizer_name="spaces")
    schema.add_integer_field("id", stored=True)
    built = schema.build()
    index = engine.Index(built)
    spaces = engine.TextAnalyzerBuilder(engine.Tokenizer.whitespace()).build()
    index.register_tokenizer("spaces", spaces)
    begun = time.perf_counter()
    writer = index.writer(64_000_000, 1)
    for n, line in enumerate(lines):
        document = engine.Document()
        document.add_text("words", " ".join(texts_of(line)))
        document.add_integer("id", n)
        writer.add_document(document)
    writer.commit()
    index.reload()
    bench.measure("Tantivy: lines indexed", len(lines) / (time.perf_counter() - begun), "lines/s")
    searcher = index.searcher()

    def find(each: Remembered) -> list[int]:
        typed = texts_of(each.typed)
        query = engine.Query.phrase_query(built, "words", typed)
        return [searcher.doc(place)["id"][0] for _, place in searcher.search(query, 50).hits]

    others(bench, "Tantivy", "phrase", lines, asked["phrase"], find)


def others(
    bench: Bench,
    name: str,
    kind: str,
    lines: Sequence[str],
    queries: Sequence[Remembered],
    find: Callable[[Remembered], list[int]],
) -> None:
    for each in queries[:WARM]:
        find(each)
    times, hits = [], 0
    for each in queries:
        begun = time.perf_counter()
        found = find(each)
        times.append(time.perf_counter() - begun)
        hits += each.recalled(found, lines)
    bench.measure(f"{name}: {kind}", p95(times), "ms p95")
    bench.measure(f"{name}: {kind}, recall among the first 50", hits / len(queries), "")


def p95(times: Sequence[float]) -> float:
    return float(np.percentile(np.array(times), 95) * 1_000)
