"""Writes docs/reference/benchmarks.md from what the benchmarks last measured on this machine.

Usage: python scripts/benchmarks.py NAME… (after ``make bench NAME=…`` of each); what the page says of others stays.
"""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "benchmarks.md"
WITH_NOTE = ("robots", "loop", "touches", "cold")
"""Whose last note belongs on the page."""

HEAD = """# Benchmarks

What the server's own benchmarks measured, each beside its yardstick in the same run. `make bench NAME=redirect` runs
one and leaves its table, JSON and plot in `bench/results`. This page is written from them by `python
scripts/benchmarks.py` with the names redirect, ingest, robots, landing, policy, touches, loop, engines, trending,
gaming, forecast, heat, pages, overload, servers, scale, cold, quotes, campaign, streams-cuts, streams-playing and web.
Compare ratios rather than rates: the yardstick saw the same machine and the same load. The last line of each says how
busy the machine was.
"""


def section(name: str, measured: dict[str, Any]) -> str:
    """One benchmark: what it is, its table, and where it ran."""
    module = name.partition("-")[0]  # one may have several tables: streams-cuts, streams-playing
    summary = (import_module(f"bench.{module}").__doc__ or "").split("\n\n", 1)[0].replace("\n", " ").strip()
    machine = measured["machine"]
    lines = [f"## {name}", "", summary, "", "| measure | value | unit | goal | holds |", "|---|---|---|---|---|"]
    for measure in measured["measures"]:
        sign = "≤" if measure["at_most"] else "≥"
        goal = "" if measure["goal"] is None else f"{sign} {measure['goal']:g}"
        holds = {True: "yes", False: "no", None: ""}[measure["holds"]]
        lines.append(f"| {measure['name']} | {measure['value']:,.6g} | {measure['unit']} | {goal} | {holds} |")
    lines += ["", *measured["notes"][-1:]] if name in WITH_NOTE else [""]
    lines += [
        f"{measured['at'][:10]}, {machine['cores']} cores, {machine['memory_gib']} GiB, Python {machine['python']}, "
        f"load {machine['load_before']:g} when it ended."
    ]
    return "\n".join(lines) + "\n"


def sections(page: str) -> dict[str, str]:
    """What the page says of each benchmark, by its name."""
    parts = ("\n" + page).split("\n## ")[1:]
    return {part.split("\n", 1)[0]: f"## {part.rstrip()}\n" for part in parts}


def main(names: list[str]) -> None:
    sys.path.insert(0, str(ROOT))
    told = sections(PAGE.read_text())
    for name in names:
        told[name] = section(name, json.loads((ROOT / "bench" / "results" / f"{name}.json").read_text()))
    PAGE.write_text("\n".join([HEAD, *told.values()]))


if __name__ == "__main__":
    main(sys.argv[1:])
