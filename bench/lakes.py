# ruff: noqa: E501 - SQL is easier to read in columns
"""A lake of any size, made by DuckDB in minutes: the same rows for the same arguments, in a real Delta table each.

Every twentieth event is a share; what follows comes of one that was there the day before it or on the same day.
Visitors, shares and moments are drawn with long tails (a few are everywhere); some visitors ask not to be told apart;
robots, some of them found out only later, ties of the same instant, conversions without credit, refunds and
cancellations are all there.
"""

from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import duckdb
import pyarrow as pa
from deltalake import DeltaTable, Schema, convert_to_deltalake

from groundswell.attribution.lake import CREDITS
from groundswell.attribution.models import MODELS_VERSION
from groundswell.events.lake.delta import EVENTS, VERDICTS, SealedTable

FIRST = date(2026, 6, 1)
DAYS = 60
LAST = FIRST + timedelta(days=DAYS - 1)
CHANNELS = ("whatsapp", "copy", "x", "telegram", "email", "qr")
ROW_GROUP = 200_000
SHARE_EVERY = 20  # events

PREFIX = {"share": "a", "moment": "b", "title": "c", "viewer": "d", "event": "e", "credit": "f", "touch": "9"}


def name(kind: str, number: int) -> str:
    """The id of the ``number``-th thing of a kind: a UUID, as the lake holds them."""
    return str(UUID(f"0000000{PREFIX[kind]}-0000-7000-8000-{number:012x}"))


def _name(kind: str, number: str) -> str:
    return f"'0000000{PREFIX[kind]}-0000-7000-8000-' || lpad(lower(to_hex(({number})::BIGINT)), 12, '0')"


def make_lake(folder: Path, events: int, days: int = DAYS) -> None:
    """Write ``events`` events over ``days`` days from ``FIRST``, and their credits, below ``folder``.

    Leaves alone what is there already.
    """
    if (folder / "done").exists():
        return
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'; SET memory_limit = '3GB'; SET preserve_insertion_order = false")
    daily = events // days
    for number in range(days):
        day = FIRST + timedelta(days=number)
        _write(connection, folder / "events" / f"day={day}", _events(number, daily, events))
        _write(connection, folder / "credits" / f"day={day}", _credits(folder / "events" / f"day={day}"))
        _write(connection, folder / "verdicts" / f"day={day}", _verdicts(folder / "events" / f"day={day}"))
    for table in (EVENTS, CREDITS, VERDICTS):
        _to_delta(folder / table.name, table)
    (folder / "done").write_text(str(events))


def _write(connection: duckdb.DuckDBPyConnection, folder: Path, query: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "part-0.parquet"
    connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})")


def _to_delta(folder: Path, table: SealedTable) -> DeltaTable:
    convert_to_deltalake(
        str(folder),
        partition_by=Schema.from_arrow(pa.schema([("day", pa.date32())])),
        partition_strategy="hive",
        name=table.name,
    )
    return DeltaTable(str(folder))


def _events(day: int, daily: int, total: int) -> str:
    """One day's events as SQL. ``h`` is a number drawn from the event's own; ``u`` and ``w`` lie in [0, 1)."""
    moments, people = max(total // 400, 20), max(total // 4, 50)
    channels = ", ".join(f"'{channel}'" for channel in CHANNELS)
    begin = f"TIMESTAMPTZ '{FIRST + timedelta(days=day)} 00:00:00+00'"
    return f"""
    WITH drawn AS (
        SELECT n, (hash(n, 1) >> 1)::BIGINT AS h, (hash(n, 2) % 1000000) / 1000000.0 AS u, (hash(n, 3) % 1000000) / 1000000.0 AS w
        FROM range({day * daily}::BIGINT, {(day + 1) * daily}::BIGINT) AS r(n)
    ), placed AS (
        SELECT *, CASE WHEN n % {SHARE_EVERY} = 0 THEN n // {SHARE_EVERY}
                ELSE floor((n // {SHARE_EVERY} + 1) * u * u * u)::BIGINT END AS share,
            CASE WHEN n % {SHARE_EVERY} = 0 THEN 'share' WHEN h % 200 < 30 THEN 'unfurl' WHEN h % 200 < 130 THEN 'click'
                 WHEN h % 200 < 136 THEN 'continue' WHEN h % 200 < 188 THEN 'play' WHEN h % 200 < 193 THEN 'sign_up'
                 WHEN h % 200 < 196 THEN 'subscription' WHEN h % 200 < 197 THEN 'trial' WHEN h % 200 < 198 THEN 'renewal'
                 WHEN h % 200 < 199 THEN 'cancellation' ELSE 'refund' END AS kind
        FROM drawn
    ), told AS (SELECT *, kind IN ('click', 'continue', 'play') AS visit, share % {moments} AS moment FROM placed)
    SELECT {_name("event", "n")} AS id,
        {begin} + to_microseconds((hash(n, 4) % 86400)::BIGINT * 1000000) AS "at", "at" AS received_at, kind,
        CASE WHEN visit OR kind IN ('share', 'unfurl') OR h % 3 > 0 THEN {_name("share", "share")} END AS share_id,
        {_name("moment", "moment")} AS moment_id, {_name("title", "moment % 37")} AS title_id,
        CASE WHEN visit AND h % 50 > 0 THEN 'v{day}-' || floor({people} * w * w)::BIGINT END AS visitor,
        CASE WHEN kind IN ('share', 'unfurl') OR visit THEN CASE WHEN kind = 'share' THEN {_name("viewer", "share % 997")} END
             ELSE {_name("viewer", f"floor({people} * w)")} END AS viewer_id,
        CASE WHEN share_id IS NOT NULL THEN [{channels}][1 + share % {len(CHANNELS)}] END AS channel,
        CASE WHEN visit AND h % 7 > 0 THEN ['DE', 'FR', 'US', 'JP', 'BR'][1 + (h // 7) % 5] END AS territory,
        CASE kind WHEN 'subscription' THEN 999::BIGINT WHEN 'renewal' THEN 999 WHEN 'refund' THEN -999 END AS amount_minor,
        CASE WHEN amount_minor IS NOT NULL THEN CASE WHEN h % 4 = 0 THEN 'USD' ELSE 'EUR' END END AS currency,
        CASE WHEN kind = 'unfurl' THEN 'unfurl' WHEN visit THEN CASE WHEN h % 9 = 0 THEN 'robot' ELSE 'human' END END AS verdict,
        CASE WHEN verdict = 'robot' THEN ['crawler:A', 'no_user_agent', 'data_centre'][1 + (h // 9) % 3] WHEN visit THEN 'nothing' END
            AS verdict_reason,
        CASE WHEN verdict IS NOT NULL THEN '1' END AS verdict_rule, NULL::VARCHAR AS inputs
    FROM told
    """


def _credits(events: Path) -> str:
    """Credit for the day's conversions that a share led to: all to one touch, or (linear, position) half each to two."""
    version = f"{MODELS_VERSION}::BIGINT AS model_version"
    return f"""
    SELECT md5(c.id || model || half) AS id, c."at", c."at" AS created_at, c.id AS conversion_id, c.kind, model, {version},
        {_name("touch", "hash(c.id, half) % 1000000000")} AS touch_id,
        CASE WHEN half = 0 THEN c.share_id ELSE {_name("share", "hash(c.id) % 40")} END AS share_id,
        c.moment_id, c.title_id, {_name("viewer", "hash(c.share_id) % 997")} AS sharer_id, c.channel,
        CASE WHEN halves = 1 THEN 1000000 ELSE 500000 END::BIGINT AS weight_ppm,
        CASE WHEN c.amount_minor IS NULL THEN NULL WHEN halves = 1 THEN c.amount_minor
             WHEN half = 0 THEN c.amount_minor - c.amount_minor // 2 ELSE c.amount_minor // 2 END AS amount_minor, c.currency
    FROM read_parquet('{events}/*.parquet') AS c,
        (VALUES ('last', 1, 0), ('first', 1, 1), ('linear', 2, 0), ('linear', 2, 1), ('position', 2, 0), ('position', 2, 1))
            AS m(model, halves, half)
    WHERE c.share_id IS NOT NULL AND (c.amount_minor IS NOT NULL OR c.kind IN ('sign_up', 'trial', 'cancellation'))
    """


def _verdicts(events: Path) -> str:
    """What was found out later: one visit in four hundred was a robot's after all, and a few of those were not."""
    return f"""
    SELECT md5(e.id || again) AS id, e."at", e."at" + to_days(again) AS created_at, e.id AS event_id,
        CASE again WHEN 1 THEN 'robot' ELSE 'human' END AS kind,
        CASE again WHEN 1 THEN ['rate:over 30 a minute', 'ring', 'seo:Crawler'][1 + (hash(e.id, 5) % 3)::BIGINT]
             ELSE 'nothing_says_otherwise' END AS reason,
        CASE again WHEN 1 THEN 'behaviour-1' ELSE '2' END AS rule,
        CASE WHEN again = 1 THEN CASE WHEN hash(e.id, 5) % 3 < 2 THEN 'sivt' ELSE 'givt' END END AS traffic
    FROM read_parquet('{events}/*.parquet') AS e, (VALUES (1), (2)) AS n(again)
    WHERE e.verdict = 'human' AND hash(e.id, 6) % 400 = 0 AND (again = 1 OR hash(e.id, 7) % 5 = 0)
    """
