"""The current verdict on an event: the newest of its later verdicts (by instant, then id), or the one it was logged
with. This module is the rule's only owner; everything else asks one of its forms.

- SQL reads the view ``judged_events`` where it would read ``events``; ORM queries select ``tables.JudgedEvent``. Both
  have the current verdict in ``verdict``, ``verdict_reason`` and ``verdict_rule``, the one that the event was logged
  with in ``logged_verdict``, and when it was judged again in ``judged_at`` (null: never).
- The view ``current_verdicts`` has the newest later verdict of each event that was judged again. Ask it in a scalar
  subquery: the key is then looked up in the index and the view is not computed whole.
- What is counted for money is counted as of a snapshot of the database: ``verdict_as_of``.
- Reports read the lake: ``judged``.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir

NEWEST_FIRST = "created_at DESC, id DESC"

CURRENT_VERDICTS = f"""
CREATE OR REPLACE VIEW current_verdicts AS
SELECT DISTINCT ON (at, event_id) at, event_id, kind, reason, rule, traffic, created_at
FROM verdicts ORDER BY at, event_id, {NEWEST_FIRST};
"""  # noqa: S608 - constants of ours

JUDGED_EVENTS = """
CREATE OR REPLACE VIEW judged_events AS
SELECT e.at, e.id, e.received_at, e.kind, e.share_id, e.moment_id, e.title_id, e.visitor, e.viewer_id, e.channel,
    e.territory, e.amount_minor, e.currency, e.inputs, e.xid, e.verdict AS logged_verdict,
    coalesce((SELECT v.kind FROM current_verdicts v WHERE v.at = e.at AND v.event_id = e.id), e.verdict) AS verdict,
    coalesce((SELECT v.reason FROM current_verdicts v WHERE v.at = e.at AND v.event_id = e.id), e.verdict_reason)
        AS verdict_reason,
    coalesce((SELECT v.rule FROM current_verdicts v WHERE v.at = e.at AND v.event_id = e.id), e.verdict_rule)
        AS verdict_rule,
    (SELECT v.created_at FROM current_verdicts v WHERE v.at = e.at AND v.event_id = e.id) AS judged_at
FROM events e;
"""

VIEWS = CURRENT_VERDICTS + JUDGED_EVENTS


def verdict_as_of(snapshot: str, event: str = "e") -> str:
    """SQL for the verdict on ``event`` (an alias of ``events``) that was current as of ``snapshot``.

    Args:
        snapshot: SQL for a ``log_snapshot()`` or its text, such as a parameter.
    """
    return f"""coalesce((
        SELECT v.kind FROM verdicts v WHERE {_of(event)} AND {_visible(snapshot)}
        ORDER BY {NEWEST_FIRST} LIMIT 1
    ), {event}.verdict)"""  # noqa: S608 - constants of ours


def once_human_as_of(snapshot: str, event: str = "e") -> str:
    """SQL for whether any verdict on ``event``, current or not, took it for a person's as of ``snapshot``."""
    return f"""({event}.verdict = 'human' OR EXISTS (
        SELECT FROM verdicts v WHERE {_of(event)} AND v.kind = 'human' AND {_visible(snapshot)}
    ))"""


def _of(event: str) -> str:
    return f"v.at = {event}.at AND v.event_id = {event}.id"


def _visible(snapshot: str) -> str:
    return f"pg_visible_in_snapshot(v.xid, CAST({snapshot} AS pg_snapshot))"


def judged(events: "ir.Table", verdicts: "ir.Table") -> "ir.Table":
    """The lake's ``events`` with their current verdicts, as the view ``judged_events`` has them."""
    import ibis

    later = _newest(verdicts)
    met = events.left_join(later, events.id == later.judged_id)
    return met.mutate(
        verdict=ibis.coalesce(met.judged, met.verdict),
        verdict_reason=ibis.ifelse(met.judged.isnull(), met.verdict_reason, met.why),
        verdict_rule=ibis.ifelse(met.judged.isnull(), met.verdict_rule, met.by),
    ).drop("judged_id", "judged", "why", "by")


def of_people(rows: "ir.Table", verdicts: "ir.Table") -> "ir.Table":
    """Those of the lake's ``rows`` (with an ``id``, without a verdict of their own) that no current verdict takes for
    anything but a person's."""
    later = _newest(verdicts)
    met = rows.left_join(later, rows.id == later.judged_id)
    return met.filter((met.judged == "human") | met.judged.isnull()).drop("judged_id", "judged", "why", "by")


def _newest(verdicts: "ir.Table") -> "ir.Table":
    import ibis

    newest = ibis.window(
        group_by=[verdicts.event_id], order_by=[ibis.desc(verdicts.created_at), ibis.desc(verdicts.id)]
    )
    later = verdicts.mutate(place=ibis.row_number().over(newest)).filter(lambda each: each.place == 0)
    return later.select(judged_id="event_id", judged="kind", why="reason", by="rule")
