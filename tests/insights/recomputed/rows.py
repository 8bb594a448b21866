"""The raw rows, judged and credited anew: from the words of docs/explanation, with none of the product's code.

Two temporary tables are what all else is counted from: ``seen``, every event with its current verdict, and ``given``,
the credit that each conversion gives by each model. The credit is divided here over the touches themselves; what the
product wrote down as credit is not looked at.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import dict_row

Rows = list[dict[str, Any]]
Told = dict[Any, tuple[dict[str, float], datetime]]
WINDOW = timedelta(days=30)
HALF_LIFE = timedelta(days=7)
WHOLE = 1_000_000

SEEN = """
CREATE TEMPORARY TABLE seen AS
SELECT e.id, e.at, e.received_at, (e.at AT TIME ZONE %(zone)s)::date AS day,
    (e.at AT TIME ZONE 'UTC')::date AS utc_day, e.kind, e.share_id, e.moment_id, e.title_id,
    e.visitor, e.viewer_id, e.channel, e.territory, e.inputs, e.verdict AS first_verdict,
    CASE WHEN v.id IS NULL THEN e.verdict ELSE v.kind END AS verdict,
    CASE WHEN v.id IS NULL THEN e.verdict_reason ELSE v.reason END AS reason,
    CASE WHEN v.id IS NULL THEN e.verdict_rule ELSE v.rule END AS rule
FROM events e
LEFT JOIN LATERAL (
    SELECT * FROM verdicts v WHERE v.event_id = e.id ORDER BY v.created_at DESC, v.id DESC LIMIT 1
) v ON true
"""
TOUCHES = """
SELECT t.id, t.viewer_id, t.event_id, t.at, t.bound_at, t.share_id, t.matched_by, s.moment_id, m.title_id,
    m.viewer_id AS maker_id, coalesce(s.viewer_id, t.sharer_id) AS sharer_id, coalesce(s.channel, 'code') AS channel,
    s.viewer_id AS by_id, t.sharer_id AS code_of
FROM touches t LEFT JOIN shares s ON s.id = t.share_id LEFT JOIN moments m ON m.id = s.moment_id
ORDER BY t.at, t.event_id
"""
VERDICTS = "SELECT event_id, kind, created_at FROM verdicts ORDER BY created_at, id"
CONVERSIONS = "SELECT * FROM conversions ORDER BY received_at, id"
GIVEN = """
CREATE TEMPORARY TABLE given (
    conversion_id uuid, kind text, at timestamptz, day date, utc_day date, model text, touch_id uuid, share_id uuid,
    moment_id uuid, title_id uuid, maker_id uuid, sharer_id uuid, channel text, viewer_id uuid, matched_by text,
    weight_ppm bigint, amount_minor bigint, currency text, stands boolean, received_at timestamptz, original_id uuid
)
"""
COLUMNS = (
    "conversion_id kind at day utc_day model touch_id share_id moment_id title_id maker_id sharer_id channel viewer_id"
    " matched_by weight_ppm amount_minor currency stands received_at original_id"
).split()


def share_out(total: int, parts: Sequence[Fraction]) -> list[int]:
    """``total`` by largest remainders; of equal ones the later touch's comes first."""
    whole = sum(parts)
    exact = [abs(total) * part / whole for part in parts]
    given = [int(each) for each in exact]
    order = sorted(range(len(parts)), key=lambda n: (given[n] - exact[n], -n))
    for n in order[: abs(total) - sum(given)]:
        given[n] += 1
    return given if total >= 0 else [-each for each in given]


def parts_of(model: str, touches: Rows) -> list[Fraction]:
    """What each touch (oldest first) has of a conversion, as the docs say of each model."""
    n = len(touches)
    if model == "last":
        return [Fraction(each is touches[-1]) for each in touches]
    if model == "first":
        return [Fraction(each is touches[0]) for each in touches]
    if model == "position":
        between = Fraction(1, 5) / (n - 2) if n > 2 else Fraction(0)
        ends = Fraction(2, 5) if n > 2 else Fraction(1, n)
        return [ends if k in (0, n - 1) else between for k in range(n)]
    if model == "time_decay":
        ages = [(touches[-1]["at"] - each["at"]) / HALF_LIFE for each in touches]
        return [Fraction(round(2**30 * 0.5**age)) for age in ages]
    if model == "shapley":  # the same to each channel, and of a channel to each of its touches
        of_channel = Counter(each["channel"] for each in touches)
        return [Fraction(1, of_channel[each["channel"]]) for each in touches]
    return [Fraction(1)] * n  # linear; and markov, which has learned nothing here


MODELS = ("last", "first", "linear", "position", "time_decay", "shapley", "markov")


@dataclass
class Raw:
    """The raw rows of one database at one moment."""

    connection: "psycopg.Connection[dict[str, Any]]"
    touches: Rows
    conversions: Rows
    verdicts: dict[UUID, list[tuple[datetime, str]]]
    zone: str = "UTC"
    told: Told = field(default_factory=dict)

    def __enter__(self) -> "Raw":
        return self

    def __exit__(self, *error: object) -> None:
        self.connection.close()

    def rows(self, sql: str, **values: Any) -> Rows:
        return self.connection.execute(sql, values).fetchall()

    def value(self, sql: str, **values: Any) -> Any:
        (row,) = self.rows(sql, **values)
        return next(iter(row.values()))

    def day(self, at: datetime) -> date:
        """By the clocks of the zone that the pages are read in."""
        return at.astimezone(ZoneInfo(self.zone)).date()

    def human(self, touch: dict[str, Any], by: datetime | None = None) -> bool:
        """Whether the visit of ``touch`` was taken for a person's, now or by an instant."""
        said = [kind for when, kind in self.verdicts.get(touch["event_id"], []) if by is None or when <= by]
        return not said or said[-1] == "human"

    def path(
        self, conversion: dict[str, Any], window: timedelta, counts: Callable[[dict[str, Any]], bool]
    ) -> list[dict[str, Any]]:
        """The touches that may have led to a conversion, oldest first: nobody earns by their own."""
        since = conversion["at"] - window
        return [
            each
            for each in self.touches
            if each["viewer_id"] == conversion["viewer_id"]
            and since <= each["at"] <= conversion["at"]
            and each["bound_at"] <= conversion["received_at"]
            and each["sharer_id"] != conversion["viewer_id"]
            and counts(each)
        ]

    def credit(
        self, conversion: dict[str, Any], model: str, window: timedelta, counts: Callable[[dict[str, Any]], bool]
    ) -> Iterator[dict[str, Any]]:
        """A sale's credit and that of its refunds, which all together are divided as its money was."""
        touches = self.path(conversion, window, counts)
        if not touches:
            return
        parts = parts_of(model, touches)
        weights, money = share_out(WHOLE, parts), conversion["amount_minor"]
        amounts = [None] * len(parts) if money is None else share_out(money, parts)
        had = [n for n, weight in enumerate(weights) if weight]
        yield from (self._row(conversion, model, touches[n], weights[n], amounts[n]) for n in had)
        back, before = 0, [0] * len(had)
        by = [Fraction(amounts[n] or 0) for n in had] if money else [Fraction(weights[n]) for n in had]
        for refund in (each for each in self.conversions if each["original_id"] == conversion["id"]):
            if refund["kind"] == "refund":
                back += refund["amount_minor"]
                now = share_out(-back, by)
                for n, part, then in zip(had, now, before, strict=True):
                    yield self._row(refund, model, touches[n], weights[n], part - then)
                before = now

    def _row(
        self, of: dict[str, Any], model: str, touch: dict[str, Any], weight: int, amount: int | None
    ) -> dict[str, Any]:
        about = {name: of[name] for name in ("kind", "at", "viewer_id", "currency", "received_at", "original_id")}
        by = {name: touch[name] for name in ("share_id", "moment_id", "title_id", "maker_id", "sharer_id", "channel")}
        more = {"conversion_id": of["id"], "day": self.day(of["at"]), "model": model, "touch_id": touch["id"]}
        more["utc_day"] = of["at"].astimezone(UTC).date()
        more |= {"matched_by": touch["matched_by"], "weight_ppm": weight, "amount_minor": amount}
        return about | by | more | {"stands": self.human(touch)}


def read_rows(url: str, told: Told, zone: str = "UTC") -> Raw:
    """Connect, and make ``seen`` and ``given``; days are of ``zone``, those of money UTC's. ``told`` is
    what was first told of periods that are over."""
    connection = psycopg.connect(url, row_factory=dict_row, options="-c timezone=UTC")
    connection.execute(SEEN, {"zone": zone})
    verdicts: defaultdict[UUID, list[tuple[datetime, str]]] = defaultdict(list)
    for row in connection.execute(VERDICTS):
        verdicts[row["event_id"]].append((row["created_at"], row["kind"]))
    touches, conversions = (connection.execute(sql).fetchall() for sql in (TOUCHES, CONVERSIONS))
    raw = Raw(connection, touches, conversions, verdicts, zone, told)
    connection.execute(GIVEN)
    insert = f"INSERT INTO given ({', '.join(COLUMNS)}) VALUES ({', '.join(f'%({name})s' for name in COLUMNS)})"
    for conversion in (each for each in conversions if each["kind"] != "refund"):
        by = conversion["received_at"]
        for model in MODELS:
            for row in raw.credit(conversion, model, WINDOW, lambda touch, by=by: raw.human(touch, by)):
                connection.execute(insert, row)
    return raw
