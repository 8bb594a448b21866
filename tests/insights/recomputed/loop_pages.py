"""What the pages about the loop must show, in plain SQL over ``rows.py``'s two tables and the raw ones."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from itertools import combinations
from math import ceil, exp, log
from typing import Any

from .figures import Between
from .rows import MODELS, WHOLE, Raw, Rows

PLACED = """
    {table} e LEFT JOIN shares s ON s.id = e.share_id LEFT JOIN moments m ON m.id = e.moment_id
    {more}
"""
OF_CREDIT = """LEFT JOIN conversions c ON c.id = e.conversion_id LEFT JOIN viewers v ON v.id = c.viewer_id"""
KEYS = {
    "": "''",
    "day": "e.day::text",
    "channel": "e.channel",
    "title": "e.title_id::text",
    "moment": "e.moment_id::text",
    "scene": "e.moment_id::text",  # none overlap here: each is a scene of its own
    "maker": "m.viewer_id::text",
    "sharer": "s.viewer_id::text",
    "territory": "{territory}",
    "generation": "s.generation::text",
    "cohort": "to_char(date_trunc('week', s.created_at AT TIME ZONE %(zone)s), 'YYYY-MM-DD')",
}
STEPS = ("share", "unfurl", "click", "continue", "play", "sign_up", "trial", "subscription", "renewal", "refund",
         "cancellation")  # fmt: skip
OF_SERVICE = STEPS[5:]
WIDTH = 1.6 * 1.96
"""Of how many standard errors a resampled limit may be from the exact one."""


class Loop:
    """The numbers of one period, narrowed to some channel or title or not."""

    def __init__(
        self, raw: Raw, first: date, last: date, as_of: datetime, model: str = "last", where: Mapping[str, Any] = {}
    ) -> None:
        self.raw, self.first, self.last, self.as_of, self.model, self.where = raw, first, last, as_of, model, where

    def rows(self, sql: str, **values: Any) -> Rows:
        period = {"first": self.first, "last": self.last, "model": self.model, "as_of": self.as_of}
        period["zone"] = self.raw.zone
        return self.raw.rows(sql, **(period | dict(self.where) | values))

    def placed(self, table: str, dimension: str, alone: bool = True) -> tuple[str, str, str]:
        """SELECT's key, FROM and WHERE for one of the two tables, told apart by a dimension."""
        key = KEYS[dimension].format(territory="e.territory" if table == "seen" else "v.territory")
        more = OF_CREDIT if table == "given" else ""
        inside = "e.day BETWEEN %(first)s AND %(last)s"
        for name in self.where if alone else ():
            inside += f" AND {name} = %({name})s" if name in ("channel", "title_id") else ""
        return (
            key,
            PLACED.format(table=table, more=more),
            inside.replace(" channel ", " e.channel ").replace(" title_id ", " e.title_id "),
        )

    def funnel(self, dimension: str = "", model: str = "") -> dict[str | None, dict[str, Any]]:
        """Key → counts and revenue."""
        found: defaultdict[str | None, dict[str, Any]] = defaultdict(lambda: {"counts": {}, "revenue": {}})
        key, tables, inside = self.placed("seen", dimension)
        people = f"""
            SELECT key, kind, count(*) AS n FROM (
                SELECT DISTINCT {key} AS key, e.kind, e.day, coalesce(e.visitor, e.id::text) FROM {tables}
                WHERE {inside} AND e.kind IN ('click', 'continue', 'play') AND e.verdict = 'human'
            ) once GROUP BY key, kind
            UNION ALL
            SELECT {key}, e.kind, count(*) FROM {tables} WHERE {inside} AND (
                (e.kind = 'share' AND coalesce(e.verdict, 'human') = 'human')
                OR (e.kind = 'unfurl' AND e.verdict = 'unfurl')
            ) GROUP BY 1, 2
        """
        for row in self.rows(people):
            found[row["key"]]["counts"][row["kind"]] = row["n"]
        key, tables, inside = self.placed("given", dimension)
        credited = f"""
            SELECT {key} AS key, e.kind, e.currency, sum(e.weight_ppm) AS weight, sum(e.amount_minor) AS amount
            FROM {tables} WHERE {inside} AND e.stands AND e.model = %(model)s GROUP BY 1, 2, 3
        """
        for row in self.rows(credited, model=model or self.model):
            self._earned(found[row["key"]], row)
        return dict(found)

    @staticmethod
    def _earned(into: dict[str, Any], row: Mapping[str, Any]) -> None:
        counts, kind = into["counts"], row["kind"]
        counts[kind] = counts.get(kind, 0) + row["weight"] / WHOLE
        if row["currency"]:
            empty = {"gross_minor": 0, "refunded_minor": 0, "net_minor": 0}
            money = into["revenue"].setdefault(row["currency"], empty)
            money["refunded_minor" if kind == "refund" else "gross_minor"] += abs(row["amount"])
            money["net_minor"] += row["amount"]

    def staying(self, dimension: str = "") -> dict[str | None, dict[str, Any]]:
        """Key → days → sold long enough ago, and still paid so long after."""
        key, tables, inside = self.placed("given", dimension)
        sql = f"""
            SELECT {key} AS key, sum(e.weight_ppm) AS due, coalesce(sum(e.weight_ppm) FILTER (WHERE NOT EXISTS (
                SELECT FROM conversions x WHERE x.viewer_id = e.viewer_id AND x.at >= e.at AND (
                    (x.kind = 'cancellation' AND x.at < e.at + %(span)s)
                    OR (x.kind = 'churn' AND x.at < e.at + %(span)s + interval '2 days'))
            ) AND NOT (
                SELECT coalesce(sum(x.amount_minor), 0) >= e.amount_minor AND count(*) > 0 FROM conversions x
                WHERE x.original_id = e.conversion_id AND x.kind = 'refund' AND x.at < e.at + %(span)s
            )), 0) AS stayed
            FROM {tables} WHERE {inside} AND e.kind = 'subscription' AND e.stands AND e.model = %(model)s
                AND e.at <= %(as_of)s - %(span)s
            GROUP BY 1
        """
        found: defaultdict[str | None, dict[str, Any]] = defaultdict(self._nobody)
        for days in (30, 90):
            for row in self.rows(sql, span=timedelta(days=days)):
                numbers = {name: row[name] / WHOLE for name in ("due", "stayed")}
                found[row["key"]][str(days)] = numbers
        return found

    @staticmethod
    def _nobody() -> dict[str, Any]:
        return {"30": {"due": 0, "stayed": 0}, "90": {"due": 0, "stayed": 0}}

    def excluded(self) -> dict[str, Any]:
        _, tables, inside = self.placed("seen", "")
        sql = f"""SELECT e.verdict, e.reason, coalesce(e.rule, '') AS rule, count(*) AS n FROM {tables}
            WHERE {inside} AND e.verdict = 'robot' GROUP BY 1, 2, 3"""
        return {f"{r['verdict']} {r['reason']} {r['rule']}": {"events": r["n"]} for r in self.rows(sql)}

    def reported(self) -> dict[str, int]:
        sql = """SELECT kind, count(*) AS n FROM conversions
            WHERE (at AT TIME ZONE %(zone)s)::date BETWEEN %(first)s AND %(last)s GROUP BY kind"""
        return {row["kind"]: row["n"] for row in self.rows(sql)}

    def coverage(self) -> dict[str, Any]:
        sql = """
            SELECT c.kind, count(*) FILTER (WHERE by.certain) AS certain,
                count(*) FILTER (WHERE NOT by.certain) AS probable,
                count(*) FILTER (WHERE by.certain IS NULL) AS unmatched
            FROM conversions c LEFT JOIN (
                SELECT conversion_id, bool_or(matched_by IN ('login', 'token', 'referrer')) AS certain
                FROM given WHERE model = 'last' AND stands GROUP BY 1
            ) by ON by.conversion_id = c.id
            WHERE (c.at AT TIME ZONE %(zone)s)::date BETWEEN %(first)s AND %(last)s AND c.kind <> 'churn' GROUP BY 1
        """
        names = ("certain", "probable", "unmatched")
        return {row["kind"]: {name: row[name] for name in names} for row in self.rows(sql)}

    def cycle(self) -> dict[str, Any]:
        _, tables, inside = self.placed("given", "")
        sql = f"""SELECT extract(epoch FROM e.at - s.created_at) AS s FROM {tables}
            WHERE {inside} AND e.kind = 'sign_up' AND e.stands AND e.model = 'last' AND s.id IS NOT NULL ORDER BY 1"""
        times = [row["s"] for row in self.rows(sql)]
        nearest = (
            {name: times[ceil(len(times) * part) - 1] for name, part in (("median_s", 0.5), ("p90_s", 0.9))}
            if times
            else {}
        )
        return {"sign_ups": len(times), **nearest}

    def newcomers(self) -> Rows:
        """Each new viewer with the shares they made within a week, and what these brought within a week."""
        return self.rows(
            """
            WITH doubted AS (
                SELECT id FROM seen WHERE kind = 'sign_up' AND (verdict <> 'human' OR rule = 'doubt-1')
            )
            SELECT n.viewer_id, n.at, count(s.id) AS shares, coalesce(sum(b.weight), 0) AS brought FROM (
                SELECT viewer_id, min(at) AS at FROM conversions
                WHERE kind = 'sign_up' AND (at AT TIME ZONE %(zone)s)::date BETWEEN %(first)s AND %(last)s
                    AND (SELECT bool_or(stands) FROM given g WHERE g.conversion_id = conversions.id
                        AND g.model = 'last') IS NOT FALSE
                    AND id NOT IN (SELECT id FROM doubted)
                GROUP BY 1
            ) n
            LEFT JOIN shares s ON s.viewer_id = n.viewer_id AND s.created_at BETWEEN n.at AND n.at + interval '7 days'
            LEFT JOIN LATERAL (
                SELECT sum(weight_ppm) AS weight FROM given g WHERE g.share_id = s.id AND g.kind = 'sign_up'
                    AND g.stands AND g.model = 'last' AND g.conversion_id NOT IN (SELECT id FROM doubted)
                    AND g.at BETWEEN s.created_at AND s.created_at + interval '7 days'
            ) b ON true
            GROUP BY 1, 2
            """
        )

    def virality(self) -> dict[str, Any]:
        weeks: defaultdict[str, Rows] = defaultdict(list)
        everybody = self.newcomers()
        for row in everybody:
            day = self.raw.day(row["at"])
            weeks[str(day - timedelta(days=day.weekday()))].append(row)
        return {"cohort": self._k(everybody), "weeks": {week: self._k(rows) for week, rows in weeks.items()}}

    def _k(self, rows: Rows) -> dict[str, Any]:
        n, shares = len(rows), sum(row["shares"] for row in rows)
        brought = float(sum(row["brought"] for row in rows)) / WHOLE
        closed = all(row["at"] + timedelta(days=14) <= self.as_of for row in rows)
        if not n:
            return {"new_viewers": 0, "shares": 0, "sign_ups": 0, "closed": True}
        found = {"value": brought / n, "new_viewers": n, "shares": shares, "sign_ups": round(brought), "closed": closed}
        found |= {"shares_per_new_viewer": shares / n, **({"sign_ups_per_share": brought / shares} if shares else {})}
        return found | k_limits([float(row["brought"]) / WHOLE for row in rows])

    def before(self) -> dict[str, Any]:
        """The headline numbers of as many days just before."""
        length = self.last - self.first + timedelta(days=1)
        then = Loop(self.raw, self.first - length, self.last - length, self.as_of, self.model, self.where).report()
        k, cycle = then["virality"]["cohort"].get("value"), then["cycle"].get("median_s")
        return {
            "counts": {step: numbers["count"] for step, numbers in then["steps"].items()},
            "net_minor": {currency: money["net_minor"] for currency, money in then["revenue"].items()},
            "left_out": left_out(then),
            **({} if k is None else {"k": k}), **({} if cycle is None else {"median_s": cycle}),
        }  # fmt: skip

    def changed(self, total: Mapping[str, Any]) -> dict[str, Any]:
        """What differs from what was first told, and what came since."""
        figures = {step: count for step, count in total["counts"].items() if count}
        money = {f"revenue {name}": each["net_minor"] for name, each in total["revenue"].items() if each["net_minor"]}
        key = (self.first, self.last, self.model, tuple(sorted(self.where.items())), self.raw.zone)
        then, since = self.raw.told.setdefault(key, (figures | money, self.as_of))
        now = figures | money
        differ = {name for name in then | now if abs(then.get(name, 0) - now.get(name, 0)) > 1e-9}
        if not differ:
            return {}
        inside = "(at AT TIME ZONE %(zone)s)::date BETWEEN %(first)s AND %(last)s"
        counted = {
            "verdicts": f"SELECT count(*) AS n FROM verdicts WHERE created_at > %(since)s AND {inside}",
            "refunds": f"""SELECT count(*) AS n FROM conversions
                WHERE kind = 'refund' AND received_at > %(since)s AND {inside}""",
            "late": f"SELECT count(*) AS n FROM events WHERE kind <> 'refund' AND received_at > %(since)s AND {inside}",
        }
        causes = {name: self.rows(sql, since=since)[0]["n"] for name, sql in counted.items()}
        shown = {name: {"before": then.get(name, 0), "now": now.get(name, 0)} for name in differ}
        return {"changed": {"figures": shown, "causes": causes}}

    def report(self) -> dict[str, Any]:
        total = self.funnel().get("", {"counts": {}, "revenue": {}})
        days = [str(self.first + timedelta(days=n)) for n in range((self.last - self.first).days + 1)]
        by_day, reported = self.funnel("day"), self.reported()
        nothing: dict[str, Any] = {"counts": {}, "revenue": {}}
        steps: dict[str, Any] = {step: {"count": total["counts"].get(step, 0)} for step in STEPS}
        for step in OF_SERVICE:
            steps[step]["total"] = reported.get(step, 0)
        return {
            "steps": steps,
            "revenue": total["revenue"],
            "days": {day: by_day.get(day, nothing) for day in days},
            "channels": {key: row for key, row in self.funnel("channel").items() if key},
            "titles": {key: row for key, row in self.funnel("title").items() if key},
            "virality": self.virality(),
            "cycle": self.cycle(),
            "staying": self.staying()[""],
            "coverage": self.coverage(),
            "excluded": self.excluded(),
            **self.changed(total),
        }

    def breakdown(self, dimension: str, other: str = "") -> dict[str, Any]:
        models = sorted({self.model, other or self.model})
        tables = {model: self.funnel(dimension, model) for model in models}
        staying = self.staying(dimension)
        named = {model: {key or "unknown": row for key, row in table.items()} for model, table in tables.items()}
        ranks = {model: ranked(table) for model, table in named.items()}
        rows = {}
        for key, row in named[self.model].items():
            its = {model: ranks[model][key] for model in models if key in ranks[model]}
            rows[key] = row | {"ranks": its, "staying": staying[None if key == "unknown" else key]}
        return {"rows": rows}


def left_out(report: Mapping[str, Any]) -> dict[str, int]:
    """Visits that are no people's, by kind of traffic."""
    kinds = {"givt": 0, "sivt": 0}
    for name, each in report["excluded"].items():
        kinds["sivt" if name.split()[1] == "ring" else "givt"] += each["events"]
    return kinds


def ranked(table: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """1 for the most subscriptions; equal ones in the order of their keys."""
    order = sorted(table, key=lambda key: (-table[key]["counts"].get("subscription", 0), key))
    return {key: n for n, key in enumerate(order, 1)}


def k_limits(brought: list[float]) -> dict[str, Any]:
    """Between which bounds K's limits must lie. The bootstrap's are exact here, by convolution (whole sign-ups only),
    up to what 2,000 drawn samples may differ by; so few of a Poisson count, and so uneven ones, allow no less."""
    n, total = len(brought), sum(brought)
    low, high = poisson_limits(total)
    chances = [1.0]
    for _ in range(n):
        longer = [0.0] * (len(chances) + int(max(brought)))
        for so_far, chance in enumerate(chances):
            for each in brought:
                longer[so_far + int(each)] += chance / n
        chances = longer
    slack = 4 * (0.025 * 0.975 / 2000) ** 0.5
    least_score, most_score = score_limits(brought)
    least = [min(quantile(chances, 0.025 + s) / n, low / n, least_score) for s in (-slack, slack)]
    most = [max(quantile(chances, 0.975 + s) / n, high / n, most_score) for s in (-slack, slack)]
    return {
        "low": Between(least[0] * 0.99 - 1e-3, least[1] * 1.01 + 1e-3),
        "high": Between(most[0] * 0.99, most[1] * 1.01),
    }


def quantile(chances: list[float], level: float) -> int:
    total = 0.0
    for value, chance in enumerate(chances):
        total += chance
        if total >= level - 1e-12:
            return value
    return len(chances) - 1


def poisson_limits(count: float) -> tuple[float, float]:
    """Garwood's, by bisection of the Poisson distribution itself; of nothing seen, the rule of three."""
    if count == 0:
        return 0.0, -log(0.05)
    return solve(lambda mean: 1 - below(count, mean), 0.025), solve(
        lambda mean: below(count + 1, mean), 0.025, falls=True
    )


def score_limits(brought: list[float]) -> tuple[float, float]:
    """Where the mean lies 1.96 standard errors off, if the variance is to the mean as it is here, by bisection."""
    n, mean = len(brought), sum(brought) / len(brought)
    if n < 2 or not mean:
        return mean, mean
    uneven = max(sum((each - mean) ** 2 for each in brought) / (n - 1) / mean, 1.0)

    def errors(at: float) -> float:
        return abs(mean - at) / (uneven * at / n) ** 0.5

    low, high = [1e-12, mean], [mean, 1000.0]
    for _ in range(200):
        middle = sum(low) / 2
        low = [middle, low[1]] if errors(middle) > 1.959964 else [low[0], middle]
        middle = sum(high) / 2
        high = [high[0], middle] if errors(middle) > 1.959964 else [middle, high[1]]
    return low[0], high[0]


def below(count: float, mean: float) -> float:
    """The probability of fewer than ``count`` (whole) of a Poisson count."""
    term = total = exp(-mean)
    for k in range(1, round(count)):
        term *= mean / k
        total += term
    return total


def solve(chance: Any, wanted: float, *, falls: bool = False) -> float:
    low, high = 0.0, 1000.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if (chance(middle) > wanted) == falls else (low, middle)
    return low


def cascades(raw: Raw, first: date, last: date) -> dict[str, Any]:
    """Trees of shares: what no person sent is passed over, and what went on from it hangs on what was before."""
    shares = raw.rows(
        """SELECT s.id, s.parent_id, s.root_id, s.channel, s.generation, s.created_at,
            coalesce(e.verdict, 'human') = 'human' AS human
        FROM shares s LEFT JOIN seen e ON e.id = s.id ORDER BY s.generation, s.id"""
    )
    by_id = {each["id"]: each for each in shares}
    trees: defaultdict[Any, dict[Any, Any]] = defaultdict(dict)
    generations: defaultdict[str, int] = defaultdict(int)
    for share in (each for each in shares if each["human"]):
        root = by_id[share["root_id"]]
        if root["channel"] == "page" or not first <= raw.day(root["created_at"]) <= last:
            continue
        above = share["parent_id"]
        while above is not None and not by_id[above]["human"]:
            above = by_id[above]["parent_id"]
        trees[share["id"] if above is None else next(r for r, t in trees.items() if above in t)][share["id"]] = above
        generations[str(share["generation"])] += 1
    shapes = {str(root): shape(tree) for root, tree in trees.items()}
    spread = [each for each in shapes.values() if each["shares"] > 1]
    means = {
        name: sum(each[name] for each in spread) / len(spread)
        for name in ("structural_virality", "broadcast")
        if spread
    }
    return {
        "roots": len(shapes), "shares": sum(each["shares"] for each in shapes.values()), "passed_on": len(spread),
        "generations": dict(generations), "largest": shapes, **means,
    }  # fmt: skip


def shape(parents: Mapping[Any, Any]) -> dict[str, Any]:
    """How large and deep a tree is, the mean distance of two of it, and what part of all one share brought itself."""
    way = {each: path_up(parents, each) for each in parents}
    found: dict[str, Any] = {"shares": len(parents), "depth": max(len(up) for up in way.values()) - 1}
    if len(parents) > 1:
        apart = [len(set(way[a]) ^ set(way[b])) for a, b in combinations(parents, 2)]
        children = [sum(parent == each for parent in parents.values()) for each in parents]
        found |= {"structural_virality": sum(apart) / len(apart), "broadcast": max(children) / (len(parents) - 1)}
    return found


def path_up(parents: Mapping[Any, Any], at: Any) -> list[Any]:
    way = []
    while at is not None:
        way.append(at)
        at = parents[at]
    return way


__all__ = ["MODELS", "STEPS", "Loop", "cascades"]
