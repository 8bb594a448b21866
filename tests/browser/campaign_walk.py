"""What the campaign walk has in hand: who walks, what everybody should come to by hand, and what the books say."""

import asyncio
import re
from dataclasses import dataclass

from playwright.async_api import Locator, Page

from groundswell.platform.jobs import Job, defer
from groundswell.platform.runtime import Runtime
from tests.earnings.world import month_before

from .campaign_audience import PRICE_MINOR, Audience
from .conftest import PATIENCE_MS, Lumen

MONTH = month_before(2)
MINE = "/creator/campaigns/lamp-nights"
BUDGET, POST, SUBSCRIPTION, PLAYS, POOL = 50_000, 500, 400, 2_000, 6_000
"""In cents: what is set aside, and what is paid for a first post, a subscription, a thousand plays; and the pool."""

FOLLOWERS = {"ada": [f"a{n}" for n in range(6)], "noor": [f"n{n}" for n in range(4)]}
BACK = {"a0": PRICE_MINOR, "a1": PRICE_MINOR // 2}
"""Who had money back, and how much."""

WATCHED = {"ada": 144, "noor": 46}
"""How many others watched and did nothing more."""


@dataclass(frozen=True)
class Walk:
    """The service, who walks it, and who comes."""

    lumen: Lumen
    runtime: Runtime
    pages: dict[str, Page]
    audience: Audience

    async def open(self, who: str, path: str) -> Page:
        """Somebody's page, at ``path``."""
        await self.pages[who].goto(self.lumen.url + path)
        return self.pages[who]

    async def job(self, job: Job) -> None:
        """Have the service's own worker do now what it does by the clock."""
        async with self.runtime.database.transaction() as session:
            await defer(session, job, timestamp=0)
        none_left = "SELECT count(*) = 0 FROM procrastinate_jobs WHERE task_name = %s AND status IN ('todo', 'doing')"
        await self.until(none_left, job.name)
        ended = "SELECT status::text FROM procrastinate_jobs WHERE task_name = %s ORDER BY id DESC LIMIT 1"
        assert self.lumen.rows(ended, job.name) == [("succeeded",)]

    async def until(self, query: str, *values: object) -> None:
        """Wait until the database says yes."""
        for _ in range(PATIENCE_MS // 100):
            if self.lumen.rows(query, *values)[0][0]:
                return
            await asyncio.sleep(0.1)
        raise AssertionError(query)

    def sum(self, query: str, *values: object) -> int:
        """One sum of the database's."""
        return int(self.lumen.rows(query, *values)[0][0] or 0)


def by_hand(who: str) -> int:
    """What a creator earned by the brief: a first post, subscriptions less what was given back of them, and plays."""
    kept = sum(PRICE_MINOR - BACK.get(name, 0) for name in FOLLOWERS[who])
    plays = len(FOLLOWERS[who]) + WATCHED[who]
    return POST + SUBSCRIPTION * kept // PRICE_MINOR + PLAYS * plays // 1000


def pool_parts() -> dict[str, int]:
    """The pool by what each creator's people paid and kept paying; the cent that is left over goes to whoever was cut
    most."""
    kept = {who: sum(PRICE_MINOR - BACK.get(name, 0) for name in names) for who, names in FOLLOWERS.items()}
    parts = {who: POOL * minor // sum(kept.values()) for who, minor in kept.items()}
    cut = max(kept, key=lambda who: POOL * kept[who] % sum(kept.values()))
    parts[cut] += POOL - sum(parts.values())
    return parts


def due(who: str) -> int:
    """What a creator is due of both."""
    return by_hand(who) + pool_parts()[who]


def ledger_of(walk: Walk, who: str) -> int:
    """What a creator's account holds."""
    return balance(walk, "creator", f"SELECT id::text FROM creators WHERE handle = '{who}'")


def balance(walk: Walk, kind: str, owner: str) -> int:
    """What the account of somebody's holds, by its postings alone."""
    sides = f"""SELECT sum(CASE WHEN p.credit_account_id = a.id THEN p.amount_minor ELSE -p.amount_minor END)
        FROM ledger_accounts a JOIN postings p ON a.id IN (p.debit_account_id, p.credit_account_id)
        WHERE a.kind = '{kind}' AND a.owner IN ({owner})"""
    return walk.sum(sides)


def row(place: Page | Locator, text: str) -> Locator:
    """The row of a table that says ``text``."""
    return place.get_by_role("row").filter(has_text=text)


def figure(page: Page, label: str) -> Locator:
    """The value of the figure with this label."""
    return page.locator(".figure").filter(has=page.locator("dt", has_text=re.compile(f"^{label}$"))).locator(".value")


def euros(minor: int) -> str:
    return f"€{minor / 100:.2f}"
