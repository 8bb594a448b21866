"""Rights decisions on one core, with a thousand rules: how many a second, and whether memory stays flat.

Rules are spread over a catalogue of series, seasons and titles, a third of them for one territory and a tenth for a
window of time; requests name titles, territories and purposes at random, with a viewer's and a title's spans to count.
Time is what this process spent on its core, so that neighbours on the machine do not count.
"""

import gc
import random
import resource
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import psutil

from bench.harness import Bench
from groundswell.trust.intervals import IntervalUnion
from groundswell.trust.policy import PolicyRequest, Purpose, decide
from groundswell.trust.rules import BlockedRange, Rule, RuleBook, TitleFacts, Total

S = 1_000_000
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
RULES, TITLES, REQUESTS, ROUNDS = 1_000, 2_000, 20_000, 20
TERRITORIES = ("DE", "FR", "US", "JP", "BR", None)
PURPOSES: tuple[Purpose, ...] = ("clip", "play", "play", "play", "share", "download")


async def run(bench: Bench) -> None:
    bench.plotted = "1/s"
    chance = random.Random(20261123)
    titles = catalogue(chance)
    rules = written(chance, titles)
    book, empty = RuleBook(rules), RuleBook()
    asked = requests(chance, titles)
    decided(book, asked)
    decided(empty, asked)
    rates, bare, verdicts = [], [], Counter[str]()
    before = memory()
    for _ in range(ROUNDS):
        rate, said = decided(book, asked)
        rates.append(rate)
        verdicts += said
        bare.append(decided(empty, asked)[0])
    grown = memory() - before
    bench.measure(f"decisions, {RULES:,} rules", sorted(rates)[len(rates) // 2], "1/s", 100_000)
    bench.measure("decisions, slowest round", min(rates), "1/s")
    bench.measure("decisions, no rules", sorted(bare)[len(bare) // 2], "1/s")
    bench.measure("memory grown over all rounds", grown / 2**20, "MiB", 2, at_most=True)
    bench.measure("memory, greatest", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MiB")
    bench.measure("different verdicts met", len(verdicts), "codes", 12)
    bench.note(f"{ROUNDS * REQUESTS:,} decisions: " + ", ".join(f"{k} {n:,}" for k, n in verdicts.most_common()))


def catalogue(chance: random.Random) -> list[TitleFacts]:
    """Films, and episodes of a hundred series."""
    titles = []
    for number in range(TITLES):
        series = UUID(int=10**9 + number % 100) if number % 2 else None
        released = date(2026, 11, 23) - timedelta(days=chance.choice((1, 10, 400)))
        titles.append(
            TitleFacts(
                UUID(int=number + 1),
                chance.randrange(600, 9_000) * S,
                series,
                None if series is None else 1 + number % 4,
                released,
                chance.choice(("6", "12", "16", "18", None)),
                live=number % 50 == 0,
                captioned=number % 7 != 0,
            )
        )
    return titles


def written(chance: random.Random, titles: list[TitleFacts]) -> list[Rule]:
    """A thousand rules, each saying a few things."""
    found: dict[tuple[str, str, str | None], Rule] = {}
    while len(found) < RULES:
        title = chance.choice(titles)
        scope, key = chance.choice(title.places)
        territory = chance.choice(TERRITORIES) if chance.random() < 0.33 else None
        found[scope, key, territory] = rule(chance, UUID(int=len(found)), scope, key, territory)
    return list(found.values())


def rule(chance: random.Random, id: UUID, scope: str, key: str, territory: str | None) -> Rule:
    says = {
        "sharing": chance.random() < 0.9,
        "max_clip_us": chance.choice((20, 30, 60)) * S,
        "viewer_total": Total(percent=chance.randrange(2, 20)),
        "title_total": Total(percent=chance.randrange(5, 60)),
        "download": chance.random() < 0.5,
        "public_playback": chance.random() < 0.8,
        "targets": frozenset({"copy", "whatsapp", "x"}),
        "ratings_off": frozenset({"18"}),
        "ad_tier": False,
        "live": False,
        "captions": True,
        "closes_at": NOW + timedelta(days=chance.choice((-1, 30, 900))),
        "blocked_ranges": (BlockedRange(0, 30 * S, "titles"), BlockedRange(500 * S, 520 * S, "music")),
    }
    few = dict(chance.sample(sorted(says.items()), 3))
    window = {"speaks_from": NOW - timedelta(days=1), "speaks_until": NOW + timedelta(days=chance.choice((-0.5, 9)))}
    return Rule(id, scope, key, territory, **few | (window if chance.random() < 0.1 else {}))  # type: ignore[arg-type]


def requests(chance: random.Random, titles: list[TitleFacts]) -> list[tuple[PolicyRequest, Purpose]]:
    """What viewers ask for."""
    asked = []
    for _ in range(REQUESTS):
        title = chance.choice(titles)
        start = chance.randrange(0, title.duration_us - 20 * S)
        had = IntervalUnion((at, at + 15 * S) for at in (chance.randrange(0, title.duration_us) for _ in range(4)))
        out = IntervalUnion((at, at + 20 * S) for at in (chance.randrange(0, title.duration_us) for _ in range(12)))
        request = PolicyRequest(
            title,
            start,
            start + chance.choice((3, 15, 20, 40)) * S,
            NOW,
            chance.choice(TERRITORIES),
            kids=chance.random() < 0.05,
            ad_tier=chance.random() < 0.2,
            member=chance.random() < 0.5,
            target=chance.choice(("copy", "tiktok", None)),
            viewer_clips=had,
            title_clips=out,
        )
        asked.append((request, chance.choice(PURPOSES)))
    return asked


def decided(book: RuleBook, asked: list[tuple[PolicyRequest, Purpose]]) -> tuple[float, Counter[str]]:
    """Decisions a second of this process's core, and what they said."""
    said: Counter[str] = Counter()
    began = time.process_time()
    verdicts = [decide(book, request, purpose) for request, purpose in asked]
    took = time.process_time() - began
    said.update(verdict.code for verdict in verdicts)
    return len(asked) / took, said


def memory() -> int:
    """Bytes that this process holds, garbage collected."""
    gc.collect()
    return int(psutil.Process().memory_info().rss)
