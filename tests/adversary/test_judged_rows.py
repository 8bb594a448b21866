"""Whatever counts, counts what verdicts left: every place in the code that reads the log, the credit or the lake as
they were first written is known, and has its reason. A new number that reads past the verdicts fails here.

What verdicts do to the numbers themselves: ``test_verdicts.py``.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import groundswell

SOURCE = Path(groundswell.__file__).parent

RAW = {
    "events": re.compile(r"\b(?:FROM|JOIN) (?:published_)?events\b|\bLoggedEvent\b"),
    "credits": re.compile(r"\b(?:FROM|JOIN) (?:published_)?credits\b|\bselect\(Credit\b|\bCredit\.\w"),
    "lake": re.compile(r"\blake\.logged\b"),
}
"""How what was first written is read: with the verdict an event was logged with, credit given whatever came later."""

WRITES = "writes them, or recognises what was written before"
CURRENT = "asks for the current verdict itself, as of the snapshot that the money was counted at"
CONVERSIONS = "conversions only: the service reports these, and no verdict is on them but by their credit"

ALLOWED = {
    "events": {
        "attribution/reverdicts.py": "judges them",
        "discovery/tally.py": "which are new; what they count as is read from judged_events",
        "earnings/acquittals.py": "which visit was judged a person's after all",
        "earnings/audit_trail.py": "finds one event by its id; whether it counted, eligible_views says",
        "earnings/clawback.py": CURRENT,
        "earnings/eligible_views.py": CURRENT,
        "events/lifespan.py": "when the newest was received",
        "events/log/conflicts.py": WRITES,
        "events/log/event_log.py": WRITES,
        "events/tables.py": "defines them",
        "events/traffic/current_verdict.py": "defines the current verdict",
        "insights/reports/closed_periods.py": "how many came late, whatever they were judged, as a cause of a change",
        "insights/reports/event_rows.py": "shows one event with every verdict on it",
    },
    "credits": {
        "attribution/backfill.py": WRITES,
        "attribution/credits.py": WRITES,
        "attribution/suspicions.py": "opens cases on sales of nothing, whatever is thought of their visits",
        "attribution/tables.py": "defines judged_credits",
        "campaigns/results.py": "reads none: sends on, column by column, what was divided among eligible visits",
        "earnings/audit_trail.py": "which visits and sales belong together, and counts none: amounts are reckoned anew",
        "earnings/clawback.py": CURRENT,
        "earnings/eligible_views.py": CURRENT,
        "webhooks/subscriptions.py": "tells what was given, and what a verdict takes back",
    },
    "lake": {
        "campaigns/results.py": CONVERSIONS,
        "insights/reports/breakdown.py": CONVERSIONS,
        "insights/reports/loop.py": CONVERSIONS,
    },
}


def readers(what: re.Pattern[str]) -> Iterator[str]:
    for path in SOURCE.rglob("*.py"):
        name = path.relative_to(SOURCE).as_posix()
        if not name.startswith(("platform/migrations/", "demo/")) and what.search(path.read_text()):
            yield name


@pytest.mark.parametrize("what", sorted(RAW))
def test_nothing_else_reads_past_the_verdicts(what: str) -> None:
    found, allowed = set(readers(RAW[what])), ALLOWED[what]
    assert not found - set(allowed), f"read judged_events, judged_credits or lake.events, or say why not in {__file__}"
    assert set(allowed) <= found, "no longer read there: take it from the list"


def test_it_would_find_one() -> None:
    assert RAW["events"].search("SELECT count(*) FROM events e")
    assert not RAW["events"].search("SELECT count(*) FROM judged_events e")
    assert RAW["credits"].search("select(Credit.id)")
    assert not RAW["credits"].search("select(JudgedCredit.id)")
