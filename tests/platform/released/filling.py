"""Statements that put a row into every table of the newest revision, with every column filled.

At each release they are written down beside this (``python -m tests.platform.released.filling``), so that the tests
can fill a database as that version's shape allowed, and upgrade it.
"""

import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import Column, Table

from groundswell.platform.database import Base
from groundswell.web import features

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 12, 1, 12, tzinfo=UTC)
SPACE = UUID("6a0e1c52-90d4-4f5b-8f6c-4f1d6b4b1f4e")
OMITTED = object()

FIXED: dict[str, Any] = {
    "amount_minor": 250,
    "arm": "treatment",
    "captions": True,
    "channel": "whatsapp",
    "code": "ABC123",
    "currency": "EUR",
    "end_us": 2_000_000,
    "key": "autumn",
    "period": "2026-10",
    "start_us": 1_000_000,
    "territory": "DE",
    "unit": "viewer",
    "visibility": "public",
    "xid": OMITTED,
}
"""Columns of one meaning wherever they are."""

PLACED: dict[str, Any] = {
    "spoken_sentences.words": "said:1",
    "feed_impressions.outcome": "watched",
    "adjustments.amount_minor": -250,
    "audit_log.entry": '{"actor": "staff", "at": "2026-11-01T12:00:00+00:00"}',
    "covered_ranges.kind": "clip",
    "decisions.action": "hide",
    "decisions.source": "own",
    "reports.kind": "notice",
    "reports.collection_id": None,
    "reports.person_id": None,
    "reviews.lane": "law",
    "appeals.outcome": "confirmed",
    "counter_notices.state": "stopped",
    "collaborators.state": "joined",
    "events.kind": "click",
    "events.verdict": "human",
    "verdicts.kind": "robot",
    "verdicts.traffic": "sivt",
    "ledger_accounts.balance_limit": "none",
    "ledger_accounts.debits_minor": 0,
    "ledger_accounts.credits_minor": 0,
    "pools.cancelled_at": None,
    "pools.status": "divided",
    "postings.number": OMITTED,
    "rights_rules.scope": "title",
    "rights_rules.captions": True,
    "rights_rules.speaks_until": LATER,
    "rights_rules.closes_at": LATER,
    "rights_rules.max_clip_us": 60_000_000,
    "rights_rules.title_total_percent": None,
    "rights_rules.viewer_total_percent": None,
    "campaign_briefs.captions": '["Look."]',
    "campaign_briefs.creator_cap_minor": 100_000,
    "campaign_briefs.day_cap_minor": 100_000,
    "campaign_briefs.entry": "open",
    "campaign_earnings.cut_by": "budget",
    "campaign_members.status": "accepted",
    "campaign_submissions.status": "accepted",
    "campaigns.ends_at": LATER,
    "campaigns.budget_minor": 100_000,
    "case_steps.action": "reject",
    "cases.status": "upheld",
    "conversions.kind": "subscription",
    "conversions.original_id": None,
    "conversions.day": None,
    "exchange_rates.into": "USD",
    "experiments.subject": "sharing",
    "experiments.control_ppm": 500_000,
    "experiments.stopped_at": LATER,
    "scene_decisions.action": "hold",
    "scene_standings.state": "waiting",
    "scene_votes.length_us": 1_000_000,
    "saved_views.address": "/console/explore",
    "sources.status": "ready",
    "sources.failure_code": None,
    "renditions.status": "ready",
    "renditions.captions": "captions",
    "renditions.failure_code": None,
    "renditions.failure_words": None,
    "supercuts.status": "ready",
    "supercuts.failure_code": None,
    "shares.parent_id": None,
    "shares.generation": 0,
    "shares.shape": "wide",
    "stripe_invoices.settled_as": "subscription",
    "touches.matched_by": "token",
    "touches.sharer_id": None,
    "credits.weight_ppm": 1_000_000,
    "barriers.kind": "mute",
    "comments.deleted_by": "writer",
    "follows.state": "following",
    "given_sources.form": "hls",
    "given_sources.status": "used",
    "notification_choices.digest": "weekly",
    "notification_choices.quiet_from": 1320,
    "notification_choices.quiet_to": 420,
    "notifications.kind": "comment",
    "creator_applications.status": "accepted",
    "creator_invitations.status": "accepted",
    "month_closings.act": "close",
    "month_closings.outcome": "withdrawn",
    "payout_runs.status": "filed",
    "payout_runs.rail": "csv",
    "imported_partners.programme": "dub",
    "imported_commissions.state": "paid",
    "payout_runs.approved_by": "approver",
    "payout_runs.cancelled_at": None,
    "payout_items.status": "confirmed",
    "bank_lines.outcome": "exception",
    "reactions.kind": "love",
    "reactions.verdict": "human",
    "webhook_deliveries.status": "delivered",
    "webhook_endpoints.status": "on",
}


def statements(connection: psycopg.Connection[Any]) -> list[str]:
    """A statement for every row, in an order in which they can be run; the day of the events first."""
    features.load("tables")
    cursor = psycopg.ClientCursor(connection)
    day = f"'{AT:%Y-%m-%d} 00:00+00'"
    made = [
        f"CREATE TABLE events_{AT:%Y%m%d} PARTITION OF events FOR VALUES FROM ({day}) TO ('{AT:%Y-%m}-02 00:00+00');",
        "INSERT INTO procrastinate_jobs (queue_name, task_name, args) VALUES ('default', 'of_old', '{}');",
    ]
    for table in Base.metadata.sorted_tables:
        rows = [row_of(table)]
        if table.name == "ledger_accounts":  # a posting is from one to another
            rows.append(rows[0] | {"id": id_of("ledger_accounts", "credit"), "kind": "credit"})
        if table.name == "viewers":  # who follows follows another
            rows.append(rows[0] | {"id": id_of("viewers", "other"), "subject": "other", "handle": "other"})
        for row in rows:
            names, marks = ", ".join(f'"{name}"' for name in row), ", ".join(["%s"] * len(row))
            values = [Jsonb(value) if isinstance(value, dict) else value for value in row.values()]
            made.append(cursor.mogrify(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks});', values))
    return made


def row_of(table: Table) -> dict[str, Any]:
    """A value for every column of ``table`` that does not give itself one."""
    row = {column.name: value_of(table, column) for column in table.columns}
    return {name: value for name, value in row.items() if value is not OMITTED}


def value_of(table: Table, column: Column[Any]) -> Any:
    """What the checks allow there, or anything of the right type."""
    if (placed := f"{table.name}.{column.name}") in PLACED:
        return PLACED[placed]
    if placed == "postings.credit_account_id":
        return id_of("ledger_accounts", "credit")
    if placed in ("barriers.other_id", "follows.followed_id"):
        return id_of("viewers", "other")
    if placed == "payout_items.id":
        return id_of("payouts", "id")
    if placed == "shares.root_id":
        return id_of("shares", "id")
    if column.identity is not None and column.identity.always:
        return OMITTED
    if column.foreign_keys:
        (key,) = list(column.foreign_keys)[:1]
        return value_of(key.column.table, key.column)
    if column.name in FIXED:
        return FIXED[column.name]
    return of_type(table, column)


def of_type(table: Table, column: Column[Any]) -> Any:
    """Some value of the column's type."""
    try:
        kind = column.type.python_type
    except NotImplementedError:
        return OMITTED
    some: dict[type, Any] = {
        UUID: id_of(table.name, column.name),
        str: f"{table.name}"[: getattr(column.type, "length", None) or 12],
        int: 1,
        bool: True,
        float: 0.5,
        Decimal: Decimal("0.5"),
        datetime: AT,
        date: AT.date(),
        bytes: b"\x00\x01",
        timedelta: timedelta(hours=1),
        dict: {"of": table.name},
    }
    if kind is list:
        items = of_type(table, Column(column.name, column.type.item_type))  # type: ignore[attr-defined]
        return [items]
    return some.get(kind, {"of": table.name})


def id_of(table: str, column: str) -> UUID:
    """The same id at every run."""
    return uuid5(SPACE, f"{table}.{column}")


def main() -> None:
    """Write the statements for the newest revision beside this file."""
    import tempfile

    from groundswell.platform.embedded import EmbeddedPostgres
    from groundswell.platform.migrations import migrate, newest_revision

    with tempfile.TemporaryDirectory(prefix="groundswell-") as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres", {"fsync": "off"})
        server.start()
        try:
            migrate(server.url())
            with psycopg.connect(server.url()) as connection:
                made = statements(connection)
                for statement in made:
                    connection.execute(statement.encode())
        finally:
            server.stop()
    path = Path(__file__).with_name(f"{newest_revision()}.sql")
    path.write_text("\n".join(made) + "\n")
    print(f"wrote {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
