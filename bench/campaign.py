"""A thousand conversions a second against one campaign's budget: what paying costs, and that it is never overdrawn.

Every conversion is a paid subscription of somebody who came by the share of one creator's accepted post, and is worth a
fixed amount and a part of revenue. The budget is for half of them. What is timed is all that the job does: conversions
are taken off the list, credited by the campaign's own rule, paid by postings, and committed, by two workers at once. It
is held to the same conversions credited and valued without a budget: nothing posted, nothing kept.
"""

import asyncio
import os
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bench.harness import Bench
from bench.served import make_links
from groundswell.attribution.models import MODELS_VERSION
from groundswell.attribution.tables import Campaign
from groundswell.campaigns.tables import CampaignBrief, CampaignMember, CampaignSubmission
from groundswell.creators.tables import Creator
from groundswell.earnings import campaign_budgets, campaign_sources
from groundswell.earnings.campaign_results import spending
from groundswell.earnings.trial_balance import trial_balance
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from groundswell.platform.runtime import Runtime, open_runtime
from groundswell.platform.settings import Settings
from groundswell.web import features

SIZE = float(os.environ.get("BENCH_SIZE", "1"))
"""For trying the benchmark out: a part of its size."""

CONVERSIONS = round(20_000 * SIZE)
BATCH = 500
WORKERS = 2
EACH_MINOR = 300 + 99
TERMS = [
    {"kind": "subscription", "amount_minor": 300, "share_ppm": 0, "months": 0},
    {"kind": "revenue", "amount_minor": 0, "share_ppm": 100_000, "months": 3},
]
ID = "('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"
FILL = (
    f"""
    INSERT INTO viewers (id, issuer, subject, name, handle, kids, ad_tier)
    SELECT {ID}, 'bench', 'v' || n, 'V', 'v' || n, false, false FROM generate_series(1, :conversions) n
    """,
    f"""
    INSERT INTO touches (id, viewer_id, event_id, at, share_id, matched_by)
    SELECT {ID}, {ID}, {ID}, now() - interval '2 hours', (SELECT min(id::text)::uuid FROM shares), 'token'
    FROM generate_series(1, :conversions) n
    """,
    f"""
    INSERT INTO conversions (id, external_id, kind, viewer_id, at, amount_minor, currency)
    SELECT {ID}, 'c' || n, 'subscription', {ID}, now() - interval '1 hour', 999, 'EUR'
    FROM generate_series(1, :conversions) n
    """,
)


async def run(bench: Bench) -> None:
    bench.plotted = "conversions/s"
    for room in ("tables", "jobs"):
        features.load(room)
    with tempfile.TemporaryDirectory(prefix="groundswell-bench-") as folder:
        os.chmod(folder, 0o755)  # the embedded PostgreSQL runs as another user when we are root
        async with open_runtime(Settings(data_dir=Path(folder) / "data", log_level="WARNING")) as runtime:
            await make_links(runtime, 1)
            async with runtime.database.transaction() as session:
                for statement in FILL:
                    await session.execute(text(statement), {"conversions": CONVERSIONS})
                await _campaign(session)
                await session.execute(text("ANALYZE"))
            free = await without_budget(runtime)
            paid = await with_budget(runtime)
            over, books, earned = await _checked(runtime)
    bench.measure("credited and valued, without a budget", free, "conversions/s")
    bench.measure("paid from one budget", paid, "conversions/s", 1_000)
    bench.measure("of the rate without a budget", paid / free, "ratio", 0.5)
    bench.measure("paid beyond the budget", over, "minor units", 0, at_most=True)
    bench.measure("books that do not balance", books, "books", 0, at_most=True)
    bench.note(f"{earned:,} minor units paid for {CONVERSIONS:,} conversions, half of which found room.")


async def _campaign(session: AsyncSession) -> None:
    now = utc_now()
    (row,) = (await session.execute(text("SELECT id, viewer_id FROM moments LIMIT 1"))).all()
    creator = Creator(id=uuid7(), viewer_id=row.viewer_id, handle="noor", code="NOOR10", display_name="Noor")
    budget = CONVERSIONS // 2 * EACH_MINOR + 1
    campaign = Campaign(
        id=uuid7(), key="bench", name="Bench", begins_at=now - timedelta(days=1), ends_at=now + timedelta(days=1),
        model="last", model_version=MODELS_VERSION, attribution_window_days=30, budget_minor=budget, currency="EUR",
        terms="",
    )  # fmt: skip
    session.add_all([creator, campaign])
    await session.flush()
    brief = {
        "campaign_id": campaign.id, "entry": "open", "about": "x", "dos": [], "donts": [], "captions": [], "scenes": [],
        "terms": TERMS, "hold_days": 0, "review_hours": 1, "published_by": "mira",
    }  # fmt: skip
    await session.execute(insert(CampaignBrief).values(brief))
    part = {"campaign_id": campaign.id, "creator_id": creator.id}
    session.add(CampaignMember(status="accepted", **part))
    session.add(
        CampaignSubmission(moment_id=row.id, url="x", mark="", due_at=now, status="accepted", decided_at=now, **part)
    )
    await session.flush()
    await campaign_budgets.fund(session, campaign, "fay")


async def without_budget(runtime: Runtime) -> float:
    """Conversions a second that are credited and valued, and no more."""
    async with runtime.database.transaction() as session:
        ids = list(await session.scalars(text("SELECT id FROM conversions ORDER BY id")))
    begun = time.perf_counter()

    async def reckon(mine: list[list[object]]) -> None:
        for batch in mine:
            async with runtime.database.transaction() as session:
                (each,) = await campaign_budgets.funded(session)
                await campaign_sources.worths_of(session, each, batch)  # type: ignore[arg-type]

    batches = [ids[n : n + BATCH] for n in range(0, len(ids), BATCH)]
    await asyncio.gather(*(reckon(batches[n::WORKERS]) for n in range(WORKERS)))
    return len(ids) / (time.perf_counter() - begun)


async def with_budget(runtime: Runtime) -> float:
    """Conversions a second that are paid."""
    begun = time.perf_counter()

    async def work() -> None:
        while await campaign_sources.settle_noted(runtime.database, BATCH):
            pass

    await asyncio.gather(*(work() for _ in range(WORKERS)))
    return CONVERSIONS / (time.perf_counter() - begun)


async def _checked(runtime: Runtime) -> tuple[int, int, int]:
    """What was paid beyond the budget, books that do not balance, and what was paid."""
    async with runtime.database.transaction() as session:
        (each,) = await campaign_budgets.funded(session)
        told, trial = await spending(session, each.campaign), await trial_balance(session)
    return max(told.earned_minor - told.amount_minor, 0), int(not (trial.balanced and trial.agrees)), told.earned_minor
