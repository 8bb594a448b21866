"""What finance's pages must show: pools divided anew from what was seen when they were counted, what was taken back of
them since, by the words of docs/explanation/ledger.md, and accounts as the sum of all postings."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any
from uuid import UUID

from .rows import Raw, Rows

NOBODYS_MOMENT = UUID(int=0)


@dataclass
class Line:
    """What one moment (none: a code) brought its creator; ``of``: by which plays or sales, and what each weighed."""

    creator: UUID
    moment: UUID | None
    of: dict[UUID, int]
    amount: int = 0

    @property
    def weight(self) -> int:
        return sum(self.of.values())


@dataclass
class Pool:
    """A pool as it was divided."""

    id: UUID
    amount: int
    lines: list[Line] = field(default_factory=list)
    totals: dict[UUID, int] = field(default_factory=dict)

    def weight(self, creator: UUID | None = None) -> int:
        return sum(line.weight for line in self.lines if creator in (None, line.creator))

    def divide(self) -> "Pool":
        creators = sorted({line.creator for line in self.lines})
        self.totals = share_out(self.amount, {each: self.weight(each) for each in creators})
        for creator in creators:
            mine = {line.moment or NOBODYS_MOMENT: line for line in self.lines if line.creator == creator}
            for moment, part in share_out(self.totals[creator], {m: line.weight for m, line in mine.items()}).items():
                mine[moment].amount = part
        return self


def share_out(amount: int, weights: Mapping[UUID, int]) -> dict[UUID, int]:
    """By largest remainders; equal ones by the greater weight, then by the lesser id."""
    whole = sum(weights.values())
    exact = {key: Fraction(amount * weight, whole) for key, weight in weights.items()}
    given = {key: floor(each) for key, each in exact.items()}
    order = sorted(weights, key=lambda key: (given[key] - exact[key], -weights[key], key))
    for key in order[: amount - sum(given.values())]:
        given[key] += 1
    return given


def plays_pool(raw: Raw, id: UUID, amount: int, first: date, last: date) -> Pool:
    """One play a visitor, moment and day: people's, of five seconds or more, not the creator's own."""
    rows = raw.rows(
        """SELECT DISTINCT ON (m.id, e.utc_day, coalesce(e.visitor, e.viewer_id::text)) c.id AS creator, m.id AS moment,
            e.id FROM seen e JOIN moments m ON m.id = e.moment_id JOIN creators c ON c.viewer_id = m.viewer_id
        WHERE e.kind = 'play' AND e.verdict = 'human' AND (e.inputs ->> 'watched_ms')::int >= 5000
            AND coalesce(e.visitor, e.viewer_id::text) IS NOT NULL AND e.viewer_id IS DISTINCT FROM m.viewer_id
            AND e.utc_day BETWEEN %(first)s AND %(last)s
        ORDER BY m.id, e.utc_day, coalesce(e.visitor, e.viewer_id::text), e.at, e.id""",
        first=first, last=last,
    )  # fmt: skip
    return _pool(id, amount, ((row["creator"], row["moment"], row["id"], 1) for row in rows))


def revenue_pool(raw: Raw, id: UUID, amount: int, tax_ppm: int, first: date, last: date) -> Pool:
    """What sales brought, less what had been given back, net of tax, in euros at the day's rate."""
    sales = raw.rows(
        """SELECT g.*, c.id AS creator, c.viewer_id AS theirs FROM given g
        JOIN creators c ON c.viewer_id = coalesce(g.maker_id, g.sharer_id)
        WHERE g.kind IN ('subscription', 'renewal') AND g.model = 'last' AND g.stands AND g.amount_minor > 0
            AND g.viewer_id <> c.viewer_id AND g.utc_day BETWEEN %(first)s AND %(last)s""",
        first=first, last=last,
    )  # fmt: skip
    rates = {row["currency"]: row["rate"] for row in raw.rows("SELECT currency, rate FROM exchange_rates")}
    digits = {"EUR": 0, "USD": 0, "JPY": 2}
    counted = []
    for sale in sales:
        back = raw.value(
            "SELECT coalesce(sum(amount_minor), 0) FROM given WHERE original_id = %(id)s AND kind = 'refund'"
            " AND touch_id = %(touch)s AND model = 'last'",
            id=sale["conversion_id"], touch=sale["touch_id"],
        )  # fmt: skip
        rate = Decimal(1) if sale["currency"] == "EUR" else rates[sale["currency"]] * 10 ** digits[sale["currency"]]
        left = Fraction(int(sale["amount_minor"] + back)) * Fraction(rate) * (1_000_000 - tax_ppm) / 1_000_000
        counted.append((sale["creator"], sale["moment_id"], sale["conversion_id"], floor(left)))
    return _pool(id, amount, counted)


def _pool(id: UUID, amount: int, counted: Any) -> Pool:
    lines: dict[tuple[UUID, UUID | None], Line] = {}
    for creator, moment, what, weight in counted:
        if weight:
            lines.setdefault((creator, moment), Line(creator, moment, {})).of[what] = weight
    return Pool(id, amount, list(lines.values())).divide()


class Books:
    """The books of a month: pools as they were divided, and what has been taken back of them by now."""

    def __init__(self, raw: Raw, pools: Mapping[str, Pool], refunded_then: Mapping[UUID, int]) -> None:
        self.raw, self.pools, self.refunded_then = raw, pools, refunded_then

    def taken_back(self) -> dict[tuple[UUID, UUID, UUID | None, str], int]:
        """(creator, pool, moment, why) → what is taken back: fractions of a cent stay, and of one play or sale no more
        is taken than it brought. Why: the refund's id, or that of the play or sale that a verdict took away."""
        found: dict[tuple[UUID, UUID, UUID | None, str], int] = {}
        for line in self.pools["revenue"].lines:
            for sale, weight in line.of.items():
                for why, amount in self._of_sale(line, sale, weight):
                    found[line.creator, self.pools["revenue"].id, line.moment, why] = amount
        for line in self.pools["plays"].lines:
            for play, weight in line.of.items():
                if (amount := line.amount * weight // line.weight) and self._nobody_played(play):
                    found[line.creator, self.pools["plays"].id, line.moment, str(play)] = amount
        return found

    def _of_sale(self, line: Line, sale: UUID, weight: int) -> list[tuple[str, int]]:
        most = line.amount * weight // line.weight
        (paid,) = (each["amount_minor"] for each in self.raw.conversions if each["id"] == sale)
        standing, found, left = paid - self.refunded_then.get(sale, 0), [], most
        refunds = [each for each in self.raw.conversions if each["original_id"] == sale and each["kind"] == "refund"]
        for refund in refunds[len(refunds) - self._later(sale) :]:
            part = min(line.amount * weight * min(refund["amount_minor"], standing) // (line.weight * standing), left)
            if part > 0:
                found.append((str(refund["id"]), part))
                left -= part
        stands = self.raw.value(
            "SELECT bool_or(stands) FROM given WHERE conversion_id = %(id)s AND model = 'last'", id=sale
        )
        return found if stands or left <= 0 else [*found, (str(sale), left)]

    def _later(self, sale: UUID) -> int:
        """How many of a sale's refunds came after the pool was counted."""
        counted = self.raw.value("SELECT counted_at FROM pools WHERE id = %(id)s", id=self.pools["revenue"].id)
        return sum(
            each["original_id"] == sale and each["kind"] == "refund" and each["received_at"] > counted
            for each in self.raw.conversions
        )

    def _nobody_played(self, play: UUID) -> bool:
        """Whether nobody's play of the moment by that visitor on that day stands any more."""
        return not self.raw.value(
            """SELECT bool_or(o.verdict = 'human') FROM seen e JOIN seen o ON o.kind = 'play' AND o.utc_day = e.utc_day
            AND o.moment_id = e.moment_id AND o.visitor IS NOT DISTINCT FROM e.visitor WHERE e.id = %(id)s""",
            id=play,
        )

    def accounts(self, creator: UUID) -> tuple[int, int]:
        """What a creator is owed, and what they owe: earned, less what was paid out and what was taken back."""
        earned = sum(pool.totals.get(creator, 0) for pool in self.pools.values())
        paid = self.raw.value(
            "SELECT coalesce(sum(amount_minor), 0) FROM payouts WHERE creator_id = %(id)s", id=creator
        )
        back = sum(amount for (whose, *_), amount in self.taken_back().items() if whose == creator)
        left = earned - int(paid) - back
        return max(left, 0), max(-left, 0)

    def trial_balance(self) -> dict[str, Any]:
        rows = self.raw.rows(
            """SELECT a.kind, a.currency, count(DISTINCT a.id) AS accounts,
                coalesce(sum(p.amount_minor) FILTER (WHERE p.debit_account_id = a.id), 0) AS debits_minor,
                coalesce(sum(p.amount_minor) FILTER (WHERE p.credit_account_id = a.id), 0) AS credits_minor
            FROM ledger_accounts a LEFT JOIN postings p ON a.id IN (p.debit_account_id, p.credit_account_id)
            GROUP BY 1, 2"""
        )
        named = {f"{row.pop('kind')} {row.pop('currency')}": row for row in rows}
        for row in named.values():
            row["balance_minor"] = row["credits_minor"] - row["debits_minor"]
        count = self.raw.value("SELECT count(*) FROM postings")
        return {"postings": count, "balanced": True, "agrees": True, "rows": named}

    def held(self, creator: UUID, now: datetime) -> int:
        """What statements that are still held have left in them."""
        back: defaultdict[UUID, int] = defaultdict(int)
        for (whose, pool, *_), amount in self.taken_back().items():
            back[pool] += amount if whose == creator else 0
        rows = self.raw.rows(
            "SELECT pool_id, amount_minor, held_until FROM statements WHERE creator_id = %(id)s", id=creator
        )
        return sum(max(row["amount_minor"] - back[row["pool_id"]], 0) for row in rows if row["held_until"] > now)

    def pool(self, basis: str) -> dict[str, Any]:
        pool = self.pools[basis]
        return {
            "amount_minor": pool.amount, "weight": pool.weight(), "left_minor": 0, "statements": len(pool.totals),
        }  # fmt: skip

    def statement(self, basis: str, creator: UUID) -> dict[str, Any]:
        pool = self.pools[basis]
        return {
            "weight": pool.weight(creator), "pool_weight": pool.weight(), "pool_amount_minor": pool.amount,
            "amount_minor": pool.totals[creator],
        }  # fmt: skip

    def lines(self, basis: str, creator: UUID, period: str) -> dict[str, Any]:
        mine = (line for line in self.pools[basis].lines if line.creator == creator)
        return {f"{each.moment} {period}": {"weight": each.weight, "amount_minor": each.amount} for each in mine}

    def postings(self) -> dict[str, int]:
        """Id → amount: a share of a pool is what the statement says, what was taken back is as recomputed."""
        back = self.taken_back()
        found = {}
        for row in self.raw.rows("SELECT * FROM postings"):
            found[str(row["id"])] = self._posting(row, back)
        return found

    def posted(self) -> dict[str, dict[str, Any]]:
        """Id → what a posting shows: its amount; of a payout how many changes of what campaigns brought it paid."""
        paid = {
            str(row["id"]): {"evidence": {"campaign_earnings": row["earnings"]}}
            for row in self.raw.rows(
                """SELECT p.id, (SELECT count(*) FROM campaign_earnings e WHERE e.payout_id = p.id) AS earnings
                FROM postings p WHERE p.reason = 'payout'"""
            )
        }
        return {id: {"amount_minor": amount} | paid.get(id, {}) for id, amount in self.postings().items()}

    def _posting(self, row: Mapping[str, Any], back: Mapping[tuple[UUID, UUID, UUID | None, str], int]) -> int:
        told = row["evidence"]
        if row["reason"] == "pool_funded":
            return next(pool.amount for pool in self.pools.values() if str(pool.id) == told["pool"])
        if row["reason"] == "pool_share":
            (of,) = self.raw.rows("SELECT pool_id, creator_id FROM statements WHERE id = %(id)s", id=told["statement"])
            return next(pool.totals[of["creator_id"]] for pool in self.pools.values() if pool.id == of["pool_id"])
        if row["reason"] == "payout":
            ids = [UUID(each) for each in told["statements"]]
            of_payout = self.raw.rows("SELECT pool_id, creator_id FROM statements WHERE id = ANY(%(ids)s)", ids=ids)
            pools = {pool.id: pool for pool in self.pools.values()}
            return sum(pools[each["pool_id"]].totals[each["creator_id"]] for each in of_payout)
        # One reversal is up to two postings: what was covered, and what became a debt.
        why = told.get("refund") or told.get("conversion") or told["event"]
        whole = sum(amount for (*_, reason), amount in back.items() if reason == why)
        same = "evidence = CAST(%(evidence)s AS jsonb) AND id <> %(id)s"
        other = self.raw.rows(f"SELECT amount_minor FROM postings WHERE {same}", evidence=_json(told), id=row["id"])
        return whole - sum(each["amount_minor"] for each in other)

    def adjustments(self) -> dict[str, int]:
        """Id → what a line of the next statement says, by the adjustments' own evidence of why."""
        back, found = self.taken_back(), {}
        for row in self.raw.rows("SELECT * FROM adjustments"):
            why = row["evidence"].get("refund") or row["evidence"].get("conversion") or row["evidence"]["event"]
            found[str(row["id"])] = -sum(amount for (*_, reason), amount in back.items() if reason == why)
        return found


def _json(value: Any) -> str:
    import json

    return json.dumps(value)


def refunds_by(raw: Raw, pool_id: UUID) -> dict[UUID, int]:
    """Sale → what of it had been given back when the pool was counted."""
    rows: Rows = raw.rows(
        """SELECT c.original_id, sum(c.amount_minor) AS back FROM conversions c, pools p
        WHERE p.id = %(id)s AND c.kind = 'refund' AND c.received_at <= p.counted_at GROUP BY 1""",
        id=pool_id,
    )
    return {row["original_id"]: int(row["back"]) for row in rows}


__all__ = ["Books", "Pool", "Sequence", "plays_pool", "refunds_by", "revenue_pool"]
