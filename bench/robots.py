"""Verdicts on a thousand user agents, against calling crawler-user-agents alone.

Half are robots as they were seen in the wild (the examples that the crawler-user-agents list publishes), half are
browsers in the forms that browsers send since they froze them (Chrome's reduced form, Safari's, Firefox's, in-app
browsers). Ours looks a name up in three lists and is measured without its memory of names, and with it, as served.
"""

import random
import statistics
import time
from collections.abc import Callable, Sequence
from itertools import islice, product

from crawleruseragents import CRAWLER_USER_AGENTS_DATA, is_crawler

from bench.harness import Bench
from groundswell.events.traffic.client import see
from groundswell.events.traffic.verdicts import by_user_agent

EACH = 500
ROUNDS = 9
REPEATED = 20  # a thousand verdicts of ours are over in some milliseconds
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
SYSTEMS = (
    "Windows NT 10.0; Win64; x64",
    "Macintosh; Intel Mac OS X 10_15_7",
    "X11; Linux x86_64",
    "X11; CrOS x86_64 14541.0.0",
    "Linux; Android 10; K",
)


def browsers() -> list[str]:
    """People's browsers, no two alike."""
    chrome = (
        f"Mozilla/5.0 ({system}) {WEBKIT} Chrome/{version}.0.0.0 {mobile}Safari/537.36{brand.format(version)}"
        for version, system, brand in product(range(100, 145), SYSTEMS, ("", " Edg/{0}.0.0.0", " OPR/{0}.0.0.0"))
        for mobile in (["Mobile "] if "Android" in system else [""])
    )
    firefox = (
        f"Mozilla/5.0 ({s}; rv:{v}.0) Gecko/20100101 Firefox/{v}.0" for v, s in product(range(100, 145), SYSTEMS[:3])
    )
    safari = (
        f"Mozilla/5.0 (iPhone; CPU iPhone OS {a}_{b} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        + (f"Version/{a}.{b} Mobile/15E148 Safari/604.1" if end else f"Mobile/15E148 Instagram 3{a}{b}.0.0.28.85")
        for a, b, end in product(range(13, 20), range(8), (True, False))
    )
    return [*islice(chrome, 280), *islice(firefox, 110), *islice(safari, 110)][:EACH]


def robots() -> list[str]:
    """Robots as they were seen, no two alike."""
    seen = sorted({name for entry in CRAWLER_USER_AGENTS_DATA for name in entry.get("instances", ())})
    return random.Random(7).sample(seen, EACH)


async def run(bench: Bench) -> None:
    bench.plotted = "verdicts/s"
    people, machines = browsers(), robots()
    mix = random.Random(8).sample(people + machines, 2 * EACH)
    by_name = by_user_agent.__wrapped__
    first = rate(by_name, mix)
    ours, alone, served = [], [], []
    for _ in range(ROUNDS):
        ours.append(rate(by_name, mix * REPEATED))
        alone.append(rate(is_crawler, mix))
        served.append(rate(lambda name: see({"user-agent": name}, "192.0.2.1", b"salt"), mix * REPEATED))
    ratio = statistics.median(one / other for one, other in zip(ours, alone, strict=True))
    bench.note(f"the first thousand names, while the matcher warms up: {first:,.0f} verdicts/s")
    bench.measure("three lists, every name anew", statistics.median(ours), "verdicts/s")
    bench.measure("crawler-user-agents alone", statistics.median(alone), "verdicts/s")
    bench.measure("as served, names remembered", statistics.median(served), "verdicts/s")
    bench.measure("ours / crawler-user-agents", ratio, "ratio", 20)
    missed = sum(is_crawler(name) and by_name(name).kind == "human" for name in mix)
    wronged = sum(by_name(name).kind != "human" for name in people)
    bench.measure("robots that crawler-user-agents knows and we take for people", missed, "names", 0, at_most=True)
    bench.measure("browsers taken for robots", wronged, "names", 0, at_most=True)


def rate(judge_one: Callable[[str], object], names: Sequence[str]) -> float:
    """Verdicts a second over ``names``."""
    began = time.perf_counter()
    for name in names:
        judge_one(name)
    return len(names) / (time.perf_counter() - began)
