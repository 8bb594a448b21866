"""Every number of every page of the console, computed a second time: from the docs, in SQL over the raw rows.

Before anything came later; after verdicts, refunds and erasures, in a time zone far from UTC whose clocks change (in
most months); and when all visits turn out to be no people's. What a page is given is read off the page itself
(``recomputed/figures.py``), pages off the application: a page or a number without a second computation fails here. When
nobody was a person, every number is 0 but those named in ``STANDS``.
"""

from fnmatch import fnmatchcase

import pytest

from groundswell.platform.clock import local_days
from groundswell.web.console.routers import routers
from tests.support import App

from .recomputed.figures import Figures, Pages, compare, figures
from .recomputed.money_pages import Pool, plays_pool, revenue_pool
from .recomputed.month import (
    FIRST,
    LAST,
    PLAYS_MINOR,
    REVENUE_MINOR,
    TAX_PPM,
    Month,
    all_judged,
    come_later,
    make_month,
)
from .recomputed.pages import WITHOUT_NUMBERS, Console
from .recomputed.rows import Raw, Told, read_rows

pytestmark = [pytest.mark.usefixtures("still_server"), pytest.mark.slow]

ROLES = {"mira": "marketer", "fay": "finance", "tess": "trust"}

ZONES = ("Pacific/Auckland", "America/Los_Angeles", "Europe/Berlin", "Africa/Cairo")

REPORTED = "the service reported it; no visit is in it"
SIGNED_IN = "sent by viewers who were signed in, which nobody judges"
LEFT_OUT = "what was left out, and is shown as that"
EVIDENCE = "evidence: what there was and was given, with what it is taken for now"
BOOKS = "books are never changed: what was taken back stands beside it"

STANDS = {
    "* report/steps/*/total": REPORTED,
    "* steps/*/total": REPORTED,
    "* funnel/*/total": REPORTED,
    "/console/loop* conversions/*/amount_minor": REPORTED,
    "* report/coverage/*/unmatched": "conversions that no person's visit is known of",
    "* changed_before/*": "as it was first told, and what came since",
    "* report/changed/*/before": "as it was first told",
    "* report/changed/causes/*": "what came since",
    "* report/excluded/*/events": LEFT_OUT,
    "* left_out/*": LEFT_OUT,
    "* report/virality/*/new_viewers": "those who signed up, and nobody's visit led to it",
    "* report/virality/*/closed": "whether their time is over",
    "* report/virality/*/high": "of so few, little can be said",
    "* steps/share/count": SIGNED_IN,
    "* */steps/share/count": SIGNED_IN,
    "* counts/share": SIGNED_IN,
    "* */counts/share": SIGNED_IN,
    "* funnel/share/*": SIGNED_IN,
    "* lines/share/*": SIGNED_IN,
    "* most/share": SIGNED_IN,
    "* cascades/*": SIGNED_IN,
    "* */ranks/*": "the order of the rows",
    "/console/weekly whole": "whether the week is over",
    "/console/experiments* */conversions/*": "what units bought; accounts that no person's visit led to are left out",
    "/console/experiments* */revenues/*": "the same",
    "/console/experiments* outcome/conversions/*": "the same",
    "/console/experiments* outcome/revenues/*": "the same",
    "/console/experiments* */sample_ratio": "whether the draw was fair",
    "/console/experiments* */balanced": "whether the draw was fair",
    "/console/experiments* */crossed": LEFT_OUT,
    "/console/experiments* */judged": LEFT_OUT,
    "/console/experiments* */again": "counted once, and said",
    "/console/events rows/*/amount_minor": REPORTED,
    "/console/events numbers/*": "rows of what was reported, and of shares that nobody judges",
    "/console/conversions/* evidence/*": EVIDENCE,
    "/console/conversions/* touch_count": EVIDENCE,
    "/console/conversions/* cascade/total": EVIDENCE,
    "/console/shares/* cascade/total": EVIDENCE,
    "/console/moments/* forest/total": EVIDENCE,
    "/console/moments/* shape/*": EVIDENCE,
    "/console/cases* size*": EVIDENCE,
    "/console/cases/* items/*": EVIDENCE,
    "/console/cases/* standing/rank": "the order of moments, of which all are last",
    "/console/cases/* standing/money/*": BOOKS,
    "/console/finance*": BOOKS,
}
"""What stays when nobody was a person, by page and path, and why."""


def test_every_page_of_the_console_is_recomputed_or_says_why_not() -> None:
    pages = {route.path for router in routers for route in router.routes if "GET" in route.methods}  # type: ignore[attr-defined]
    shown = {page for page in pages if "." not in page}  # files hold what their pages show
    assert set(WITHOUT_NUMBERS) <= shown
    assert shown - set(WITHOUT_NUMBERS) == RECOMPUTED


RECOMPUTED = {
    "/console/campaigns", "/console/campaigns/{key}", "/console/campaigns/{key}/credits", "/console/cases",
    "/console/cases/{case_id}", "/console/cohorts", "/console/conversions/{conversion_id}", "/console/credits",
    "/console/events", "/console/experiments", "/console/experiments/{key}", "/console/explore", "/console/finance",
    "/console/finance/rates", "/console/finance/events/{event_id}", "/console/finance/payouts",
    "/console/finance/creators/{creator_id}/{currency}",
    "/console/finance/pools/{pool_id}", "/console/finance/postings", "/console/finance/postings/{posting_id}",
    "/console/finance/statements/{statement_id}", "/console/finance/statements/{statement_id}/evidence",
    "/console/live", "/console/loop", "/console/loop/conversions", "/console/moments/{moment_id}",
    "/console/shares/{share_id}", "/console/traffic", "/console/weekly",
}  # fmt: skip


async def check(month: Month, pages: Pages, pools: dict[str, Pool], raw: Raw) -> dict[str, Figures]:
    """Every page shows what was recomputed; what each shows."""
    console = Console(month, raw, pools)
    headers = {name: month.app.signed_in(name, role) for name, role in ROLES.items()}
    wrong: list[str] = []
    shown: dict[str, Figures] = {}
    routes = set()
    for page in console.pages():
        found = await pages.read(page.address, headers[page.by])
        shown[page.address] = found
        routes.add(page.route)
        wrong += [f"{page.address}: {each}" for each in compare(found, figures(page.expected()))]
    assert not wrong, "\n".join([f"{len(wrong)} numbers differ:", *wrong[:60]])
    assert routes <= RECOMPUTED
    return shown


def changing_zone() -> str:
    """A zone whose clocks change in the month; where none does, one in which most days' events are the next day's."""
    changing = (zone for zone in ZONES if len(local_days(zone, FIRST, LAST).ahead) > 1)
    return next(changing, ZONES[0])


@pytest.mark.timeout(900)
async def test_every_number_is_computed_twice(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    month, pages = await make_month(app), Pages(app.http, monkeypatch)
    url = app.runtime.settings.database_url
    assert url is not None
    told: Told = {}
    with read_rows(url, told) as raw:
        pools = {
            "revenue": revenue_pool(raw, month.pools["revenue"], REVENUE_MINOR, TAX_PPM, FIRST, LAST),
            "plays": plays_pool(raw, month.pools["plays"], PLAYS_MINOR, FIRST, LAST),
        }
        await check(month, pages, pools, raw)
    await come_later(month)
    zone = changing_zone()
    for name, role in ROLES.items():
        await app.http.post("/console/time-zone", data={"time_zone": zone}, headers=app.signed_in(name, role))
    with read_rows(url, told, zone) as raw:
        await check(month, pages, pools, raw)
    await all_judged(month)
    with read_rows(url, told, zone) as raw:
        shown = await check(month, pages, pools, raw)
    left = [
        f"{address.partition('?')[0]} {'/'.join(path)}"
        for address, numbers in shown.items()
        for path, value in numbers.items()
        if value
    ]
    unexplained = [name for name in left if not any(fnmatchcase(name, known) for known in STANDS)]
    assert not unexplained, "\n".join(unexplained[:80])
    idle = [known for known in STANDS if not any(fnmatchcase(name, known) for name in left)]
    assert not idle, "nothing stands by these any more: take them from the list"
    with read_rows(url, told) as raw:
        books = Console(month, raw, pools).books
        for creator in month.world.creators.values():
            lines = sum(len(line.of) for pool in pools.values() for line in pool.lines if line.creator == creator)
            owed, _ = books.accounts(creator)
            assert owed <= lines, "nothing but fractions of a cent is left of what no person brought"
