"""Every page of the console that shows numbers: its address, who may read it, and what it must show."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from groundswell.insights.reports.dimensions import DIMENSIONS
from groundswell.platform.clock import utc_now

from . import loop_pages, other_pages
from .loop_pages import STEPS, Loop
from .money_pages import Books, Pool, refunds_by
from .month import EXPERIMENT, FIRST, LAST, PERIOD, RATES, Month
from .rows import Raw

DAYS = f"from={FIRST}&to={LAST}"
FUNNEL = ("share", "unfurl", "click", "play", "sign_up", "subscription")
EXPLORED = (*FUNNEL, "trial")
AGAINST = {"click": "share", "play": "click", "sign_up": "click", "subscription": "sign_up"}
VISITS = ("share", "unfurl", "click", "continue", "play")

WITHOUT_NUMBERS = {
    "/console": "the front door",
    "/console/appeals": "decisions that are contested, no visits",
    "/console/audit": "who did what",
    "/console/campaigns/{key}/earnings": "computed twice in tests/earnings/test_money_state.py",
    "/console/campaigns/{key}/pay": "the same",
    "/console/creators/import": "what another programme had, history that nobody is paid for",
    "/console/catalogue": "which facts of titles are missing",
    "/console/comments": "what was said and reported, no visits",
    "/console/connections": "how the service is joined to this one, no visits",
    "/console/connections/keys": "the same",
    "/console/connections/webhooks": "the same",
    "/console/connections/webhooks/{hook_id}": "the same",
    "/console/creators": "who would be a creator, and the terms",
    "/console/finance/exceptions": "what the bank says; the books are driven in tests/earnings/test_money_state.py",
    "/console/finance/months": "which months can be closed: tests/earnings/test_month_end.py",
    "/console/finance/runs": "payouts by runs: driven with the books in tests/earnings/test_money_state.py",
    "/console/finance/runs/{run_id}": "the same",
    "/console/finance/runs/{run_id}/file": "the same",
    "/console/finance/trail": "computed twice in tests/earnings/test_audit_trail.py, and by itself",
    "/console/jobs": "background jobs that failed",
    "/console/live/stream": "what the page has, as it changes",
    "/console/reviews": "what waits to be decided, no visits",
    "/console/reviews/{review_id}": "the same",
    "/console/shortlist": "each figure is held against its rows in tests/campaigns/test_shortlist.py",
    "/console/shortlist/{viewer_id}": "the same",
    "/console/staff": "who works here",
    "/console/transparency": "decisions, counted in tests/trust/test_notices.py",
    "/console/trending": "votes: read anew from the log in tests/discovery/test_heat.py",
    "/console/trending/titles/{title}": "the same",
    "/console/time-zone": "how it is shown",
    "/console/previews": "one page of ours as others see it",
    "/console/rights": "what may be clipped, of which titles",
    "/console/rights/draft": "the same",
    "/console/rights/rules/{rule_id}": "the same",
    "/console/rights/simulator": "the same",
    "/console/rights/{scope}/{name}": "the same",
    "/console/trust": "reports and decisions, no visits",
    "/console/trust/find": "a way to a moment",
    "/console/trust/moments/{code}": "reports and decisions, no visits",
    "/console/views": "names of views",
}
"""Pages that show no number of the loop or of money, or whose numbers are computed twice elsewhere, and why."""

STANDING = """
WITH mine AS (SELECT id, title_id FROM moments WHERE viewer_id = %(viewer)s),
seen_lately AS (SELECT * FROM seen WHERE at >= now() - interval '60 days'),
given_lately AS (SELECT * FROM given WHERE at >= now() - interval '60 days' AND model = 'last' AND stands AND (
    moment_id IN (SELECT id FROM mine) OR (moment_id IS NULL AND sharer_id = %(viewer)s))),
votes AS (
    SELECT m.viewer_id, rank() OVER (PARTITION BY m.title_id ORDER BY count(e.id) DESC) AS place
    FROM moments m LEFT JOIN seen_lately e
        ON e.moment_id = m.id AND e.kind IN ('click', 'play') AND e.verdict = 'human'
    WHERE m.title_id IN (SELECT title_id FROM mine) GROUP BY m.title_id, m.viewer_id, m.id
)
SELECT
    (SELECT count(DISTINCT (utc_day, share_id, coalesce(visitor, viewer_id::text, id::text))) FROM seen_lately
        WHERE kind = 'click' AND verdict = 'human' AND moment_id IN (SELECT id FROM mine)) AS clicks,
    (SELECT count(DISTINCT (utc_day, moment_id, coalesce(visitor, viewer_id::text, id::text))) FROM seen_lately
        WHERE kind = 'play' AND verdict = 'human' AND moment_id IN (SELECT id FROM mine)
            AND viewer_id IS DISTINCT FROM %(viewer)s) AS plays,
    (SELECT coalesce(sum(weight_ppm), 0) FROM given_lately WHERE kind = 'sign_up') AS sign_ups_millionths,
    (SELECT coalesce(sum(weight_ppm), 0) FROM given_lately WHERE kind = 'subscription') AS subscriptions_millionths,
    (SELECT min(place) FROM votes WHERE viewer_id = %(viewer)s) AS rank,
    (SELECT coalesce(jsonb_object_agg(currency, amount), '{}') FROM (
        SELECT currency, sum(amount_minor) AS amount FROM given_lately WHERE currency IS NOT NULL GROUP BY 1
    ) by_currency WHERE amount <> 0) AS revenue
"""

Numbers = dict[str, Any]
NOTHING: Numbers = {"counts": {}, "revenue": {}}


@dataclass(frozen=True)
class ConsolePage:
    """One page: of which route, at which address, read by whom, and what it must show."""

    route: str
    address: str
    by: str
    expected: Callable[[], Numbers]


class Console:
    """The pages of one state of the month."""

    def __init__(self, month: Month, raw: Raw, pools: dict[str, Pool]) -> None:
        self.month, self.raw = month, raw
        self.as_of = raw.value("SELECT min(as_of) AS it FROM lake_seals")
        self.books = Books(raw, pools, refunds_by(raw, month.pools["revenue"]))

    def loop(self, model: str = "last", **where: Any) -> Loop:
        return Loop(self.raw, FIRST, LAST, self.as_of, model, where)

    def pages(self) -> Iterator[ConsolePage]:
        yield from self.of_the_loop()
        yield from self.of_rows()
        yield from self.of_campaigns_and_experiments()
        yield from self.of_money()
        yield from self.of_trust()

    # the loop

    def of_the_loop(self) -> Iterator[ConsolePage]:
        loop, mira = "/console/loop", "mira"
        title = self.month.other_title
        for more, narrowed in (
            ("", {}),
            ("&model=linear", {"model": "linear"}),
            ("&channel=whatsapp", {"channel": "whatsapp"}),
            ("&title=second-sight&model=position", {"title_id": title, "model": "position"}),
        ):
            yield ConsolePage(loop, f"{loop}?{DAYS}{more}", mira, lambda n=narrowed: self.overview(**n))
        yield ConsolePage(f"{loop}/conversions", f"{loop}/conversions?{DAYS}", mira, self.conversions)
        for by in DIMENSIONS:
            address = f"/console/explore?{DAYS}&by={by}&other=linear"
            yield ConsolePage("/console/explore", address, mira, lambda by=by: self.explored(by))
        yield ConsolePage("/console/cohorts", f"/console/cohorts?{DAYS}", mira, self.cohorts)
        yield ConsolePage("/console/traffic", f"/console/traffic?{DAYS}", "tess", self.traffic)
        monday = FIRST + timedelta(days=-FIRST.weekday() % 7)
        yield ConsolePage("/console/weekly", f"/console/weekly?week={monday}", mira, lambda: self.weekly(monday))
        yield ConsolePage("/console/live", "/console/live", mira, self.live)

    def overview(self, model: str = "last", **where: Any) -> Numbers:
        loop = self.loop(model, **where)
        report = loop.report()
        return {
            "report": report,
            "before": loop.before(),
            "steps": report["steps"],
            "funnel": funnel(report["steps"]),
            "conversions": self.conversions(12, **where)["conversions"],
        }

    def conversions(self, limit: int = 50, **where: Any) -> Numbers:
        """Each with what was paid, and whether it was matched for certain."""
        rows = self.raw.rows(
            """SELECT c.id, c.amount_minor, g.matched_by, g.channel, g.title_id FROM conversions c
            LEFT JOIN given g ON g.conversion_id = c.id AND g.model = 'last' AND g.stands
            WHERE (c.at AT TIME ZONE %(zone)s)::date BETWEEN %(first)s AND %(last)s ORDER BY c.at DESC, c.id DESC""",
            first=FIRST, last=LAST, zone=self.raw.zone,
        )  # fmt: skip
        here = [row for row in rows if all(row[name] == value for name, value in where.items())][:limit]
        sure = ("login", "token", "referrer")
        return {
            "conversions": {
                str(row["id"]): {
                    "amount_minor": row["amount_minor"],
                    "certain": row["matched_by"] in sure if row["matched_by"] else None,
                }
                for row in here
            }
        }

    def explored(self, by: str) -> Numbers:
        report = self.loop().breakdown(by, "linear")
        rows = report["rows"].values()
        most = {step: max((row["counts"].get(step, 0) for row in rows), default=0) for step in EXPLORED}
        return {"report": report, "most": most}

    def cohorts(self) -> Numbers:
        loop = self.loop()
        return {
            "report": loop.report(),
            "before": loop.before(),
            "cascades": loop_pages.cascades(self.raw, FIRST, LAST),
        }

    def traffic(self) -> Numbers:
        report = self.loop().report()
        counts = {step: numbers["count"] for step, numbers in report["steps"].items()}
        return {
            "report": report,
            "counts": counts,
            "before": self.loop().before(),
            "left_out": loop_pages.left_out(report),
        }

    def weekly(self, monday: Any) -> Numbers:
        sunday, week = monday + timedelta(days=6), timedelta(days=7)
        this, before = (Loop(self.raw, monday - back, sunday - back, self.as_of) for back in (timedelta(), week))
        report, then = this.report(), before.report()
        tops, parts = {}, {}
        for by in ("scene", "channel", "maker"):
            rows = this.breakdown(by)["rows"]
            parts[by] = rows, before.breakdown(by)["rows"]
            first = sorted(rows, key=lambda key: rows[key]["ranks"]["last"])[:5]
            unshown = {"staying"}  # the report says nothing of who stays
            tops[by] = {key: {name: rows[key][name] for name in rows[key].keys() - unshown} for key in first}
        lines = {
            step: {"count": report["steps"][step]["count"], "before": then["steps"][step]["count"]} for step in FUNNEL
        }
        movers = {
            step: {"change": change, "by": most_changed(step, change, parts)}
            for step in ("click", "sign_up", "subscription")
            if (change := lines[step]["count"] - lines[step]["before"])
        }
        changed = {"changed_before": then["changed"]} if "changed" in then else {}
        shown = {"report": report, "lines": lines, "tops": tops, "movers": movers}
        return shown | changed | {"whole": True, "can_mail": False}

    def live(self) -> Numbers:
        now = utc_now().replace(second=0, microsecond=0)
        minutes: Numbers = {str(now - timedelta(minutes=n)): {} for n in range(60)}
        for row in other_pages.live(self.raw):
            if str(row["minute"]) in minutes:
                minutes[str(row["minute"])][row["kind"]] = row["n"]
        return {"minutes": minutes}

    # rows

    def of_rows(self) -> Iterator[ConsolePage]:
        mira, raw = "mira", self.raw
        for kind, verdict in (("click", "human"), ("share", "human"), ("unfurl", "unfurl"), ("subscription", "")):
            address = f"/console/events?{DAYS}&kind={kind}" + (f"&verdict={verdict}" if verdict else "")
            yield ConsolePage("/console/events", address, mira, lambda k=kind, v=verdict: self.events(k, v))
        for model in ("last", "position"):
            address = f"/console/credits?{DAYS}&model={model}"
            expected = lambda model=model: other_pages.credits(raw, FIRST, LAST, model)  # noqa: E731
            yield ConsolePage("/console/credits", address, mira, expected)
        sold = raw.value("SELECT id FROM conversions WHERE kind = 'subscription' AND amount_minor = 1501")
        route = "/console/conversions/{conversion_id}"
        yield ConsolePage(route, f"/console/conversions/{sold}", mira, lambda: other_pages.conversion(raw, sold))
        share = self.month.shares["lenas"].id
        route = "/console/shares/{share_id}"
        expected = lambda: {"cascade": other_pages.tree(raw, share)}  # noqa: E731
        yield ConsolePage(route, f"/console/shares/{share}", mira, expected)
        moment = self.month.world.moments["kiss"]
        yield ConsolePage(
            "/console/moments/{moment_id}", f"/console/moments/{moment}", mira, lambda: self.forest(moment)
        )

    def events(self, kind: str, verdict: str) -> Numbers:
        counts = "verdict IS NOT DISTINCT FROM 'human' OR (kind = 'share' AND verdict IS NULL)"
        judged = {"human": counts, "unfurl": "verdict = 'unfurl'", "": "true"}[verdict]
        rows = self.raw.rows(
            f"""SELECT id, (day, coalesce(visitor, id::text))::text AS who FROM seen
            WHERE kind = %(kind)s AND ({judged}) AND day BETWEEN %(first)s AND %(last)s""",
            kind=kind, first=FIRST, last=LAST,
        )  # fmt: skip
        money = {row["id"]: other_pages.signed(row) for row in self.raw.conversions}
        shown = {str(row["id"]): {"amount_minor": money.get(row["id"])} for row in rows}
        return {"rows": shown, "numbers": {"0": len(rows), "1": len({row["who"] for row in rows})}}

    def forest(self, moment: UUID) -> Numbers:
        shares = self.raw.rows("SELECT id, parent_id FROM shares WHERE moment_id = %(id)s", id=moment)
        parents: dict[Any, Any] = {moment: None} | {row["id"]: row["parent_id"] or moment for row in shares}
        return {
            "forest": {"shares": other_pages.brought(self.raw, [row["id"] for row in shares]), "total": len(shares)},
            "shape": loop_pages.shape(parents),
            "unfolded": False,
        }

    # campaigns and experiments

    def of_campaigns_and_experiments(self) -> Iterator[ConsolePage]:
        campaigns, mira = "/console/campaigns", "mira"
        campaign = other_pages.Campaigns(self.raw, "autumn", self.as_of)
        named = {str(campaign.campaign["id"]): campaign.report()}
        yield ConsolePage(campaigns, campaigns, mira, lambda: {"campaigns": named})
        for by in ("title", "channel", "maker"):
            expected = lambda by=by: {"report": campaign.report(by)}  # noqa: E731
            yield ConsolePage(campaigns + "/{key}", f"{campaigns}/autumn?by={by}", mira, expected)
        yield ConsolePage(campaigns + "/{key}/credits", f"{campaigns}/autumn/credits", mira, campaign.credits)
        outcome = other_pages.Trial(self.raw, EXPERIMENT).outcome()
        experiments = "/console/experiments"
        yield ConsolePage(experiments, experiments, mira, lambda: {"outcomes": {"0": outcome}})
        yield ConsolePage(experiments + "/{key}", f"{experiments}/holdout", mira, lambda: {"outcome": outcome})

    # money

    def of_money(self) -> Iterator[ConsolePage]:
        finance, fay = "/console/finance", "fay"
        yield ConsolePage(finance, finance, fay, self.finance)
        yield ConsolePage(f"{finance}/payouts", f"{finance}/payouts", fay, self.payouts)
        shown = self.books.posted()
        yield ConsolePage(f"{finance}/postings", f"{finance}/postings", fay, lambda: {"rows": shown})
        for id in shown:
            address = f"{finance}/postings/{id}"
            yield ConsolePage(finance + "/postings/{posting_id}", address, fay, lambda id=id: self.posting(id))
        for basis, pool in self.month.pools.items():
            expected = lambda basis=basis: self.pool(basis)  # noqa: E731
            yield ConsolePage(finance + "/pools/{pool_id}", f"{finance}/pools/{pool}", fay, expected)
        for row in self.raw.rows("SELECT * FROM statements"):
            address = f"{finance}/statements/{row['id']}"
            route = finance + "/statements/{statement_id}"
            yield ConsolePage(route, address, fay, lambda row=row: self.statement(row))
            expected = lambda row=row: self.evidence(row)  # noqa: E731
            yield ConsolePage(f"{route}/evidence", f"{address}/evidence", fay, expected)
        for id, due in self.dues().items():
            (row,) = self.raw.rows("SELECT owner, currency FROM ledger_accounts WHERE id = CAST(%(id)s AS uuid)", id=id)
            address = f"{finance}/creators/{row['owner']}/{row['currency']}"
            route = finance + "/creators/{creator_id}/{currency}"
            yield ConsolePage(route, address, fay, lambda due=due: {"due": due})
        found = self.raw.rows("SELECT id, currency FROM exchange_rates")
        entered = {str(row["id"]): {"rate": float(RATES[row["currency"]])} for row in found}
        yield ConsolePage(f"{finance}/rates", f"{finance}/rates", fay, lambda: {"rows": entered})
        event = self.month.events["plays-1"]
        address = f"{finance}/events/{event.id}?at={event.at.isoformat().replace('+', '%2B')}"
        yield ConsolePage(finance + "/events/{event_id}", address, fay, dict)

    def basis(self, pool_id: UUID) -> str:
        return next(basis for basis, id in self.month.pools.items() if id == pool_id)

    def finance(self) -> Numbers:
        posted = self.books.posted()
        newest = self.raw.rows("SELECT id FROM postings ORDER BY number DESC LIMIT 8")
        return {
            "balance": self.books.trial_balance(),
            "pools": {str(pool): self.books.pool(basis) for basis, pool in self.month.pools.items()},
            "postings": {str(row["id"]): posted[str(row["id"])] for row in newest},
            "dues": self.dues(),
            **self.payouts("payouts"),
        }

    def dues(self) -> Numbers:
        """Who is owed anything: by account."""
        found = {}
        for creator in self.month.world.creators.values():
            owed, _ = self.books.accounts(creator)
            id = self.raw.rows(
                "SELECT id FROM ledger_accounts WHERE owner = %(id)s AND kind = 'creator'", id=str(creator)
            )
            if owed:
                held = self.books.held(creator, utc_now())
                found[str(id[0]["id"])] = {"due_minor": owed, "payable_now": {"due_minor": owed, "held_minor": held}}
        return found

    def payouts(self, name: str = "rows") -> Numbers:
        return {
            name: {
                str(row["id"]): {"amount_minor": self.books.postings()[str(row["id"])]}
                for row in self.raw.rows("SELECT id FROM payouts")
            }
        }

    def posting(self, id: str) -> Numbers:
        sides = self.raw.rows(
            """SELECT a.id, coalesce(sum(p.amount_minor) FILTER (WHERE p.debit_account_id = a.id), 0) AS debits_minor,
                coalesce(sum(p.amount_minor) FILTER (WHERE p.credit_account_id = a.id), 0) AS credits_minor
            FROM ledger_accounts a JOIN postings p ON a.id IN (p.debit_account_id, p.credit_account_id)
            WHERE a.id IN (SELECT unnest(ARRAY[debit_account_id, credit_account_id]) FROM postings WHERE id = %(id)s)
            GROUP BY a.id""",
            id=id,
        )
        (row,) = self.raw.rows("SELECT reason FROM postings WHERE id = %(id)s", id=id)
        given = {"pool_share", "clawback", "clawback_owed"}
        return {
            "posting": self.books.posted()[id],
            "sides": {str(side.pop("id")): side for side in sides},
            "reversible": row["reason"] in given,
        }

    def pool(self, basis: str) -> Numbers:
        pool = self.month.pools[basis]
        rows = self.raw.rows("SELECT id, creator_id, payout_id FROM statements WHERE pool_id = %(id)s", id=pool)
        return {
            "pool": self.books.pool(basis),
            "rows": {str(row["id"]): self.books.statement(basis, row["creator_id"]) for row in rows},
            "complete": True, "running": False, "runnable": False, "cancellable": True, "posted": len(rows),
        }  # fmt: skip

    def statement(self, row: Any) -> Numbers:
        basis, creator = self.basis(row["pool_id"]), row["creator_id"]
        owed, owing = self.books.accounts(creator)
        held = self.books.held(creator, utc_now())
        erased = self.raw.value(
            """SELECT v.subject LIKE 'erased:%%' AS it FROM creators c JOIN viewers v ON v.id = c.viewer_id
            WHERE c.id = %(id)s""",
            id=creator,
        )
        payable = max(owed - held, 0)
        due = {
            "due_minor": owed, "held_minor": held, "payable_minor": payable, "owed_back_minor": owing,
            "payable": payable >= 1_000 and not erased,
        }  # fmt: skip
        lines = self.books.lines(basis, creator, PERIOD)
        return {
            "statement": self.books.statement(basis, creator) | {"lines": lines, "adjustments": {}},
            "dues": {"EUR": due},
        }

    def evidence(self, row: Any) -> Numbers:
        pool = self.books.pools[self.basis(row["pool_id"])]
        mine = [line for line in pool.lines if line.creator == row["creator_id"]]
        counted = {str(id): {"weight": weight} for line in mine for id, weight in line.of.items()}
        found: Numbers = {"rows": counted, "statement": self.statement(row)["statement"]}
        by_code = next((line for line in mine if line.moment is None), None)
        if by_code:  # the page is of no moment; so is that line
            found["line"] = {"weight": by_code.weight, "amount_minor": by_code.amount}
        return found

    # trust

    def of_trust(self) -> Iterator[ConsolePage]:
        cases, tess = "/console/cases", "tess"
        rows = self.raw.rows(
            "SELECT c.id, count(i.item_id) AS n FROM cases c JOIN case_items i ON i.case_id = c.id GROUP BY 1"
        )
        yield ConsolePage(cases, cases, tess, lambda: {"sizes": {str(row["id"]): row["n"] for row in rows}})
        for row in rows:
            yield ConsolePage(cases + "/{case_id}", f"{cases}/{row['id']}", tess, lambda row=row: self.case(row["id"]))

    def case(self, id: UUID) -> Numbers:
        """What it rests on, and how its subject stands: of the last 60 days, and by the books."""
        items = self.raw.rows("SELECT item_id, kind FROM case_items WHERE case_id = %(id)s", id=id)
        taken = self.books.adjustments()
        facts = {str(row["item_id"]): {"facts": {"amount_minor": taken.get(str(row["item_id"]))}} for row in items}
        subject = self.raw.value("SELECT subject_id FROM cases WHERE id = %(id)s", id=id)
        return {"items": facts, "size": len(items), "standing": self.standing(subject)}

    def standing(self, viewer: UUID) -> Numbers:
        (brought,) = self.raw.rows(STANDING, viewer=viewer)
        creators = self.raw.rows("SELECT id FROM creators WHERE viewer_id = %(id)s", id=viewer)
        money: Numbers = {}
        for creator in creators:
            owed, owing = self.books.accounts(creator["id"])
            row = self.raw.rows("SELECT * FROM statements WHERE creator_id = %(id)s LIMIT 1", id=creator["id"])[0]
            due = self.statement(row)["dues"]["EUR"]
            money = {
                "money": {"EUR": owed - owing},
                "payable": {"EUR": due["payable_minor"] if due["payable"] else 0},
            }
        return brought | money


def most_changed(step: str, change: float, parts: dict[str, tuple[Numbers, Numbers]]) -> Numbers:
    """By dimension: the most that one row changed in the direction of the whole."""
    found = {}
    for by, (now, then) in parts.items():
        each = [now.get(key, NOTHING)["counts"].get(step, 0) - then.get(key, NOTHING)["counts"].get(step, 0)
                for key in {*now, *then}]  # fmt: skip
        most = max(each, default=0) if change > 0 else min(each, default=0)
        if most * change > 0:
            found[by] = {"change": most}
    return found


def funnel(steps: Numbers) -> Numbers:
    """The same steps as drawn: to scale, and set against the one before."""
    widest = max(steps[name]["count"] for name in FUNNEL) or 1
    drawn = {}
    for name in FUNNEL:
        count, against = steps[name]["count"], steps[AGAINST[name]]["count"] if name in AGAINST else 0
        drawn[name] = steps[name] | {"width": count / widest} | ({"ratio": count / against} if against else {})
    return drawn


__all__ = ["STEPS", "WITHOUT_NUMBERS", "Console", "ConsolePage"]
