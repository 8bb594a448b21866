"""What the pages about campaigns and experiments, and those of the rows behind a number, must show."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import exp, factorial, log, sqrt
from typing import Any
from uuid import UUID

from .loop_pages import STEPS, Loop
from .rows import WHOLE, Raw, Rows

PER_UNIT = """
WITH person AS (
    SELECT x.unit, x.arm, x.at, coalesce(x.viewer_id, v.id) AS viewer_id,
        coalesce(coalesce(x.viewer_id, v.id)::text, x.viewer) AS person
    FROM exposures x LEFT JOIN viewers v ON v.subject = x.viewer WHERE x.experiment_id = %(id)s
), one AS (
    SELECT person, min(arm) = max(arm) AS of_one_arm, count(DISTINCT unit) AS units, (
        SELECT count(*) > 0 AND NOT bool_or(coalesce(e.verdict, 'human') = 'human')
        FROM person p JOIN touches t ON t.viewer_id = p.viewer_id AND t.at <= p.at LEFT JOIN seen e ON e.id = t.event_id
        WHERE p.person = person.person
    ) AS no_person
    FROM person GROUP BY person
), first AS (
    SELECT DISTINCT ON (p.person) p.* FROM person p JOIN one USING (person) WHERE one.of_one_arm AND NOT one.no_person
    ORDER BY p.person, p.at, p.unit
)
"""


class Campaigns:
    """One campaign's numbers: its own touches, in its own window, by its own model, of visits that are people's now."""

    def __init__(self, raw: Raw, key: str, as_of: datetime) -> None:
        self.raw, self.as_of = raw, as_of
        (self.campaign,) = raw.rows("SELECT * FROM campaigns WHERE key = %(key)s", key=key)
        self.credit = self._credit()

    def _own(self, touch: dict[str, Any]) -> bool:
        creators, titles = self.campaign["creators"], self.campaign["titles"]
        inside = self.campaign["begins_at"] <= touch["at"] < self.campaign["ends_at"]
        of_creator = creators is None or touch["maker_id"] in creators or touch["code_of"] in creators
        return inside and of_creator and (titles is None or touch["title_id"] in titles)

    def _credit(self) -> Rows:
        window = timedelta(days=self.campaign["attribution_window_days"])
        own = {touch["id"] for touch in self.raw.touches if self._own(touch)}
        found: Rows = []
        for sale in (each for each in self.raw.conversions if each["kind"] != "refund"):
            if self.campaign["begins_at"] <= sale["at"] < self.campaign["ends_at"] + window:
                # Divided anew at every look, over all that are known now.
                late = sale | {"received_at": self.as_of}
                given = self.raw.credit(late, self.campaign["model"], window, self.raw.human)
                found += [row for row in given if row["touch_id"] in own]
        return found

    def report(self, by: str = "title") -> dict[str, Any]:
        first, last = (self.raw.day(self.campaign[name]) for name in ("begins_at", "ends_at"))
        visits = Loop(self.raw, first, last, self.as_of)
        rows = self._visits(visits, by)
        total = self._visits(visits, "").get("", {"counts": {}, "revenue": {}})
        for credit in self.credit:
            for into in (total, rows[self._key(credit, by)]):
                Loop._earned(into, credit | {"weight": credit["weight_ppm"], "amount": credit["amount_minor"]})
        steps = {step: {"count": total["counts"].get(step, 0)} for step in STEPS}
        named = {key or "unknown": row for key, row in rows.items()}
        return {"steps": steps, "revenue": total["revenue"], "staying": self._staying(), "rows": named}

    def _visits(self, loop: Loop, by: str) -> Any:
        raw, campaign = self.raw, self.campaign
        raw.connection.execute("DROP TABLE IF EXISTS pg_temp.seen_all")
        raw.connection.execute("ALTER TABLE seen RENAME TO seen_all")
        raw.connection.execute(
            """CREATE TEMPORARY TABLE seen AS SELECT e.* FROM seen_all e JOIN moments m ON m.id = e.moment_id
            WHERE e.at >= %(begin)s AND e.at < %(end)s AND m.viewer_id = ANY(%(creators)s)""",
            {"begin": campaign["begins_at"], "end": campaign["ends_at"], "creators": campaign["creators"]},
        )
        raw.connection.execute("ALTER TABLE given RENAME TO given_all")
        raw.connection.execute("CREATE TEMPORARY TABLE given AS SELECT * FROM given_all WHERE false")
        found = loop.funnel(by)
        for name in ("seen", "given"):
            raw.connection.execute(f"DROP TABLE {name}")
            raw.connection.execute(f"ALTER TABLE {name}_all RENAME TO {name}")
        return defaultdict(lambda: {"counts": {}, "revenue": {}}, found)

    @staticmethod
    def _key(credit: Mapping[str, Any], by: str) -> str | None:
        key = {"title": credit["title_id"], "channel": credit["channel"], "maker": credit["maker_id"]}[by]
        return None if key is None else str(key)

    def _staying(self) -> dict[str, Any]:
        """As the loop counts it; of the campaign's own credit."""
        found = Loop._nobody()
        for days in (30, 90):
            span = timedelta(days=days)
            for credit in self.credit:
                if credit["kind"] == "subscription" and credit["at"] <= self.as_of - span:
                    found[str(days)]["due"] += credit["weight_ppm"] / WHOLE
                    found[str(days)]["stayed"] += 0 if self._gone(credit, span) else credit["weight_ppm"] / WHOLE
        return found

    def _gone(self, credit: Mapping[str, Any], span: timedelta) -> bool:
        """Cancelled, churned or given back, whole, within ``span``."""
        (sale,) = (each for each in self.raw.conversions if each["id"] == credit["conversion_id"])
        later = [
            each for each in self.raw.conversions if each["viewer_id"] == sale["viewer_id"] and each["at"] >= sale["at"]
        ]
        back = [
            each["amount_minor"]
            for each in later
            if each["original_id"] == sale["id"] and each["kind"] == "refund" and each["at"] < sale["at"] + span
        ]
        left = any(each["kind"] == "cancellation" and each["at"] < sale["at"] + span for each in later)
        churned = any(each["kind"] == "churn" and each["at"] < sale["at"] + span + timedelta(days=2) for each in later)
        return left or churned or (bool(back) and sum(back) >= sale["amount_minor"])

    def credits(self) -> dict[str, Any]:
        rows = {
            f"{row['conversion_id']} {row['touch_id']} {row['model']}": {
                name: row[name] for name in ("weight_ppm", "amount_minor")
            }
            for row in self.credit
        }
        total = sum(row["weight_ppm"] for row in self.credit) / WHOLE
        return {
            "credits": rows,
            "total": total,
            "conversions": len({r["conversion_id"] for r in self.credit}),
        }


class Trial:
    """An experiment's outcome, unit by unit, and its interval from the formulas in the docs."""

    def __init__(self, raw: Raw, id: UUID) -> None:
        self.raw, self.id = raw, id
        (self.experiment,) = raw.rows("SELECT * FROM experiments WHERE id = %(id)s", id=id)

    def rows(self, sql: str) -> Rows:
        return self.raw.rows(
            PER_UNIT + sql, id=self.id, end=self.experiment["stopped_at"], begin=self.experiment["started_at"]
        )

    def outcome(self) -> dict[str, Any]:
        units = self.rows("SELECT DISTINCT unit, arm FROM first ORDER BY unit")
        arms: dict[str, list[str]] = {"control": [], "treatment": []}
        for row in units:
            arms[row["arm"]].append(row["unit"])
        since = "JOIN conversions c ON c.viewer_id = f.viewer_id AND c.at >= f.at AND c.at < %(end)s"
        sold = self._by_unit(
            f"SELECT f.unit, count(*) AS n FROM first f {since} WHERE c.kind = 'subscription' GROUP BY 1"
        )
        before = self._by_unit(
            """SELECT f.unit, count(*) AS n FROM first f JOIN seen e ON e.viewer_id = f.viewer_id
                AND e.at >= f.at - interval '28 days' AND e.at < f.at
            WHERE coalesce(e.verdict, 'human') = 'human' GROUP BY 1"""
        )
        money = self.rows(
            f"""SELECT f.unit, c.currency, sum(CASE c.kind WHEN 'refund' THEN -1 ELSE 1 END * c.amount_minor) AS n
            FROM first f {since} WHERE c.currency IS NOT NULL GROUP BY 1, 2"""
        )
        paid: defaultdict[str, dict[str, float]] = defaultdict(dict)
        for row in money:
            paid[row["currency"]][row["unit"]] = float(row["n"])
        (people,) = self.rows(
            """SELECT count(*) FILTER (WHERE NOT of_one_arm AND NOT no_person) AS crossed,
            count(*) FILTER (WHERE of_one_arm AND units > 1 AND NOT no_person) AS again,
            count(*) FILTER (WHERE no_person) AS judged FROM one"""
        )
        claimed = self.rows(
            """SELECT coalesce(sum(g.weight_ppm), 0) AS n FROM first f JOIN given g ON g.viewer_id = f.viewer_id
            WHERE f.arm = 'treatment' AND g.model = 'last' AND g.stands AND g.kind = 'subscription'
                AND g.at >= f.at AND g.at < %(end)s"""
        )
        return {
            "experiment": {},
            "conversions": lift(arms, sold, before),
            "revenues": {currency: lift(arms, values, before) for currency, values in paid.items()},
            "claimed": float(claimed[0]["n"]) / WHOLE,
            "sample_ratio": ratio(len(arms["control"]), len(arms["treatment"]), self.experiment["control_ppm"]),
            "balanced": not decided(lift(arms, before, {}, alpha=0.001)),
            **people,
        }

    def _by_unit(self, sql: str) -> dict[str, float]:
        return {row["unit"]: float(row["n"]) for row in self.rows(sql)}


def lift(
    arms: Mapping[str, list[str]], outcome: Mapping[str, float], before: Mapping[str, float], alpha: float = 0.05
) -> dict[str, Any]:
    """Formula by formula: CUPED (Deng et al. 2013), the Gaussian mixture boundary (Waudby-Smith et al. 2024, (9))."""
    units = [*arms["control"], *arms["treatment"]]
    x, y = ({unit: values.get(unit, 0.0) for unit in units} for values in (before, outcome))
    plain, adjusted = dict(y), dict(y)
    middle = sum(x.values()) / len(units)
    spread = sum((x[u] - middle) ** 2 for u in units)
    if spread:
        mean_y = sum(y.values()) / len(units)
        theta = sum((x[u] - middle) * (y[u] - mean_y) for u in units) / spread
        adjusted = {unit: y[unit] - theta * (x[unit] - middle) for unit in units}
    found = {f"{arm}_units": len(names) for arm, names in arms.items()}
    found |= {f"{arm}_mean": sum(plain[u] for u in names) / len(names) for arm, names in arms.items()}
    means = {arm: sum(adjusted[u] for u in names) / len(names) for arm, names in arms.items()}
    difference = means["treatment"] - means["control"]
    variance, was = spread_of(arms, adjusted), spread_of(arms, plain)
    found |= {"difference": difference, "reduced": max(0.0, 1 - variance / was) if was else 0.0}
    if min(len(names) for names in arms.values()) >= 100 and variance > 0:
        t = len(units)
        rho2 = (-2 * log(alpha) + log(-2 * log(alpha)) + 1) / 2000
        s2 = t * variance
        radius = sqrt(s2) * sqrt((t * rho2 + 1) / (t**2 * rho2) * log((t * rho2 + 1) / alpha**2))
        found |= {"low": difference - radius, "high": difference + radius}
    return found


def spread_of(arms: Mapping[str, list[str]], values: Mapping[str, float]) -> float:
    """Of the difference of means; an arm whose units all did the same has the spread of both."""

    def variance(names: list[str]) -> float:
        mean = sum(values[u] for u in names) / len(names)
        return sum((values[u] - mean) ** 2 for u in names) / (len(names) - 1)

    both = variance([*arms["control"], *arms["treatment"]])
    return sum((variance(names) or both) / len(names) for names in arms.values())


def decided(found: Mapping[str, Any]) -> bool:
    return "low" in found and not found["low"] <= 0 <= found["high"]


def ratio(control: int, treatment: int, control_ppm: int) -> float:
    """The Bayes factor of a uniform prior against the draw's own ratio (Lindon & Malek 2022), exactly."""
    part = Fraction(control_ppm, WHOLE)
    seen = Fraction(factorial(control) * factorial(treatment), factorial(control + treatment + 1))
    against = part**control * (1 - part) ** treatment / seen
    return min(1.0, float(against)) if against else exp(-1e9)


def live(raw: Raw) -> Rows:
    """People's events of the last day by the minute in which they were received."""
    return raw.rows(
        """SELECT date_trunc('minute', received_at) AS minute, kind, count(*) AS n FROM seen
        WHERE verdict IS DISTINCT FROM 'robot' AND at >= now() - interval '24 hours' GROUP BY 1, 2"""
    )


def credits(raw: Raw, first: date, last: date, model: str) -> dict[str, Any]:
    found = raw.rows(
        """SELECT * FROM given WHERE model = %(model)s AND stands AND day BETWEEN %(first)s AND %(last)s""",
        model=model, first=first, last=last,
    )  # fmt: skip
    rows: dict[str, Any] = {}
    for row in found:
        name = f"{row['conversion_id']} {row['touch_id']} {row['model']}"
        rows[name] = {name: {each: row[each] for each in ("weight_ppm", "amount_minor")}}
    total = sum(row["weight_ppm"] for row in found) / WHOLE
    return {"rows": rows, "total": total, "conversions": len({row["conversion_id"] for row in found})}


def brought(raw: Raw, share_ids: list[UUID]) -> dict[str, Any]:
    """Share → what it brought: visits as they were, not people; and what is credited to it by the last touch."""
    counts: dict[str, Any] = {str(id): {"counts": {}} for id in share_ids}
    visits = """
        SELECT share_id, kind, count(*) AS n FROM seen WHERE share_id = ANY(%(ids)s) AND (
            (kind IN ('click', 'play') AND verdict = 'human') OR (kind = 'unfurl' AND verdict = 'unfurl')
        ) GROUP BY 1, 2
        UNION ALL
        SELECT share_id, kind, sum(weight_ppm) FROM given
        WHERE share_id = ANY(%(ids)s) AND model = 'last' AND stands GROUP BY 1, 2
    """
    for row in raw.rows(visits, ids=share_ids):
        counts[str(row["share_id"])]["counts"][row["kind"]] = int(row["n"])
    return counts


def conversion(raw: Raw, id: UUID) -> dict[str, Any]:
    """The credit as it was given, whatever became of it, and the tree that its share is of."""
    (about,) = (each for each in raw.conversions if each["id"] == id)
    touches = [each for each in raw.touches if each["viewer_id"] == about["viewer_id"] and each["at"] <= about["at"]]
    models: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for row in raw.rows("SELECT * FROM given WHERE conversion_id = %(id)s", id=id):
        name = f"{id} {row['touch_id']} {row['model']}"
        models[row["model"]][name] = {each: row[each] for each in ("weight_ppm", "amount_minor")}
    related = {
        str(each["id"]): {"amount_minor": each["amount_minor"]}
        for each in raw.conversions
        if each["viewer_id"] == about["viewer_id"] and each["id"] != id
    }
    (share,) = raw.rows("SELECT share_id FROM given WHERE conversion_id = %(id)s AND model = 'last'", id=id)
    evidence = {
        "conversion": {"amount_minor": about["amount_minor"]},
        "credits": dict(models),
        "cascade": tree(raw, share["share_id"]),
        "related": related,
        "events": {
            str(each["id"]): {"amount_minor": signed(each)}
            for each in raw.conversions
            if each["viewer_id"] == about["viewer_id"] and each["at"] <= about["at"]
        },
    }
    return {"evidence": evidence, "cascade": evidence["cascade"], "touch_count": len(touches)}


def signed(conversion: Mapping[str, Any]) -> int | None:
    money: int | None = conversion["amount_minor"]
    return -money if money is not None and conversion["kind"] == "refund" else money


def tree(raw: Raw, share_id: UUID) -> dict[str, Any]:
    ids = raw.rows("SELECT id FROM shares WHERE root_id = (SELECT root_id FROM shares WHERE id = %(id)s)", id=share_id)
    shares = brought(raw, [row["id"] for row in ids])
    way = raw.rows(
        """WITH RECURSIVE up AS (SELECT * FROM shares WHERE id = %(id)s
            UNION ALL SELECT s.* FROM shares s JOIN up ON up.parent_id = s.id)
        SELECT id FROM up ORDER BY generation""",
        id=share_id,
    )
    return {
        "shares": shares, "total": len(ids), "way": {str(n): shares[str(row["id"])] for n, row in enumerate(way)},
    }  # fmt: skip
