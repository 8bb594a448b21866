"""The line whose best words are forgotten: found by the words that are left, and by what they mean beside them.

Sentences of English as people write it: those of the standard library's documentation strings, or ``--sentences FILE``,
one a line (of subtitles, say). Of each that is asked for, the two rarest words are left out; then one of the others is
misremembered as well. It is recalled when it is among the first ten. Making the points is timed too: it is what search
by meaning costs.
"""

import argparse
import ast
import random
import re
import sysconfig
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from bench import quotes
from bench.harness import Bench
from groundswell.discovery.search import embedding, meanings
from groundswell.discovery.search.findings import Asker, Narrowed, Search, placed_lines
from groundswell.discovery.search.known_titles import KnownTitles
from groundswell.discovery.search.line_index import Spoken, Utterance
from groundswell.discovery.search.query import Query
from groundswell.discovery.search.tables import SpokenLanguage
from groundswell.discovery.search.unfound import Misses
from groundswell.discovery.search.upkeep import INDEX, VERSION
from groundswell.discovery.search.words import texts_of
from groundswell.moments.availability import Audience
from groundswell.platform.database import Database
from groundswell.platform.embedded import EmbeddedPostgres
from groundswell.platform.migrations import migrate
from groundswell.platform.settings import Settings
from groundswell.web import features

SENTENCES, QUERIES, FIRST, FORGOTTEN = 4_000, 300, 10, 2
SEED = 20_26
GIVEN: list[Path] = []


def parse(arguments: list[str]) -> None:
    """Read the command line's options."""
    global SENTENCES, QUERIES
    parser = argparse.ArgumentParser(prog="python -m bench meaning", description=__doc__)
    parser.add_argument("--sentences", type=Path, action="append", default=[])
    parser.add_argument("--lines", type=int, default=SENTENCES)
    parser.add_argument("--queries", type=int, default=QUERIES)
    options = parser.parse_args(arguments)
    GIVEN[:], SENTENCES, QUERIES = options.sentences, options.lines, options.queries


def read() -> list[str]:
    """Sentences of 6 to 24 words, each once."""
    found = (line for path in GIVEN for line in path.read_text().splitlines()) if GIVEN else documented()
    fitting = dict.fromkeys(each.strip() for each in found if 6 <= len(texts_of(each)) <= 24)
    return random.Random(SEED).sample(list(fitting), min(SENTENCES, len(fitting)))


def documented() -> Iterator[str]:
    """What the standard library's documentation strings say."""
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
                said = re.sub(r"\s+", " ", ast.get_docstring(node) or "")
                yield from (
                    each for each in re.findall(r"[A-Z][^.!?]+[.!?]", said) if re.fullmatch(r"[\w ,;'.!?-]+", each)
                )


def gist(sentence: str, often: Counter[str]) -> str:
    """What is left of it without its rarest words."""
    words = texts_of(sentence)
    rarest = sorted(set(words), key=lambda word: (often[word], word))[:FORGOTTEN]
    return " ".join(word for word in words if word not in rarest) + " "


def misremembered(left: str, often: Counter[str], draw: random.Random) -> str:
    """The same with one word for which another was taken, as often said as it."""
    words = left.split()
    at = draw.randrange(len(words))
    others = sorted(often, key=lambda word: (abs(often[word] - often[words[at]]), word))[:50]
    words[at] = draw.choice([word for word in others if word != words[at]])
    return " ".join(words) + " "


async def run(bench: Bench) -> None:
    bench.plotted = "of lines"
    said = read()
    often = Counter(word for each in said for word in set(texts_of(each)))
    asked = random.Random(SEED).sample(range(len(said)), min(QUERIES, len(said)))
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres")
        server.start()
        try:
            features.load("tables")
            migrate(server.url())
            database = Database(server.url())
            begins = await indexed(bench, database, said)
            forgotten, draw = [(gist(said[n], often), n) for n in asked], random.Random(SEED)
            taken = [(misremembered(left, often, draw), n) for left, n in forgotten]
            for name, settings in (("words", Settings()), ("words and meaning", Settings(search_meaning=True))):
                await recalled(bench, database, f"{name}, best words forgotten", settings, forgotten, begins)
                await recalled(bench, database, f"{name}, and another misremembered", settings, taken, begins)
            await database.close()
        finally:
            server.stop()
    bench.note(f"{len(said):,} sentences, {len(asked)} asked for without their {FORGOTTEN} rarest words")


async def indexed(bench: Bench, database: Database, said: Sequence[str]) -> dict[object, int]:
    """Index the sentences, by words and by meaning; returns at which each title begins."""
    await meanings.prepare(database)
    async with database.transaction() as session:
        titles, _ = await quotes.catalogue(session, len(said))
        for n, title_id in enumerate(titles):
            some = said[n * quotes.OF_A_TITLE : (n + 1) * quotes.OF_A_TITLE]
            utterances = [
                Utterance(i * quotes.LINE_US, (i + 1) * quotes.LINE_US - 1, each, True) for i, each in enumerate(some)
            ]
            await INDEX.replace(session, [Spoken(title_id, "en", utterances)])
            session.add(SpokenLanguage(title_id=title_id, language="en", version=VERSION))
    model = embedding.Embedding(embedding.model_folder(None))
    began = time.perf_counter()
    async with database.transaction() as session:
        waiting = await meanings.waiting(session, len(titles))
    for each in waiting:
        await meanings.learn(database, model, each)
    bench.measure("sentences embedded", len(said) / (time.perf_counter() - began), "lines/s")
    return {title_id: n * quotes.OF_A_TITLE for n, title_id in enumerate(titles)}


async def recalled(
    bench: Bench,
    database: Database,
    name: str,
    settings: Settings,
    asked: Sequence[tuple[str, int]],
    begins: dict[object, int],
) -> None:
    by, asker = Search(settings, Misses(), KnownTitles()), Asker(Audience(), "en")
    times, hits = [], 0
    async with database.transaction() as session:
        for typed, line in asked:
            began = time.perf_counter()
            placed = await placed_lines(session, by, Query.read(typed), asker, Narrowed())
            times.append(1e3 * (time.perf_counter() - began))
            found = [begins[each.hit.title_id] + each.hit.start_us // quotes.LINE_US for each in placed[:FIRST]]
            hits += line in found
    bench.measure(f"recall among the first {FIRST}, by {name}", hits / len(asked), "of lines")
    bench.measure(f"a search by {name}", float(np.percentile(times, 95)), "ms p95")
