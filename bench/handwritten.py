"""The loop page's numbers as somebody who knows DuckDB would write them by hand: one statement for each table.

Visitors are made distinct before they are counted: ``count(DISTINCT …)`` of a hundred million events does not fit into
the memory that the report may have, and does not go to disk. Nor does ``quantile_disc`` of as many.
"""

from datetime import timedelta

from bench.lakes import LAST

AS_OF = f"TIMESTAMPTZ '{LAST + timedelta(days=1)} 00:00:00+00'"
WEEK = "7 * 86400"

JUDGED = """
judged AS (
    SELECT e.* REPLACE (coalesce(v.kind, e.verdict) AS verdict,
        CASE WHEN v.kind IS NULL THEN e.verdict_reason ELSE v.reason END AS verdict_reason,
        CASE WHEN v.kind IS NULL THEN e.verdict_rule ELSE v.rule END AS verdict_rule)
    FROM events e LEFT JOIN (
        SELECT event_id, kind, reason, rule FROM verdicts
        QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY created_at DESC, id DESC) = 1
    ) v ON v.event_id = e.id
)"""
LAST_TOUCH = "model = 'last' AND model_version = 1 AND weight_ppm > 0"
KEYS = {"None": "''", "day": 'CAST(CAST("at" AS DATE) AS VARCHAR)', "channel": "channel", "title": "title_id"}


def _visits(key: str) -> str:
    return f"""
    WITH {JUDGED}
    SELECT key, kind, count(*) AS count FROM (
        SELECT DISTINCT {key} AS key, kind, coalesce(visitor, id) FROM judged
        WHERE kind IN ('click', 'continue', 'play') AND verdict = 'human'
    ) people GROUP BY ALL
    UNION ALL
    SELECT {key} AS key, kind, count(*) AS count FROM judged
    WHERE (kind = 'share' AND coalesce(verdict, 'human') = 'human') OR (kind = 'unfurl' AND verdict = 'unfurl')
    GROUP BY ALL
    ORDER BY key, kind
    """


def _conversions(key: str) -> str:
    return f"""
    SELECT {key} AS key, kind, currency, sum(weight_ppm)::BIGINT AS millionths,
        sum(amount_minor)::BIGINT AS amount_minor
    FROM credits WHERE {LAST_TOUCH} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    """


def _staying(days: int) -> str:
    return f"""
    WITH paid AS (
        SELECT id, viewer_id, epoch("at")::BIGINT AS s, amount_minor FROM events
        WHERE kind = 'subscription' AND "at" <= {AS_OF} - INTERVAL {days} DAY
    ), gone AS (
        SELECT paid.id FROM paid JOIN events e ON e.viewer_id = paid.viewer_id
        WHERE e.kind IN ('cancellation', 'refund', 'churn')
            AND floor(epoch(e.at)) - paid.s >= 0
            AND floor(epoch(e.at)) - paid.s < {days * 86400} + CASE WHEN e.kind = 'churn' THEN 172800 ELSE 0 END
        GROUP BY paid.id, paid.amount_minor
        HAVING bool_or(e.kind <> 'refund')
            OR paid.amount_minor + sum(e.amount_minor) FILTER (WHERE e.kind = 'refund') <= 0
    )
    SELECT '' AS key, sum(weight_ppm)::BIGINT AS due,
        sum(CASE WHEN gone.id IS NULL THEN weight_ppm ELSE 0 END)::BIGINT AS stayed
    FROM credits JOIN paid ON paid.id = conversion_id LEFT JOIN gone ON gone.id = conversion_id
    WHERE kind = 'subscription' AND {LAST_TOUCH}
    GROUP BY 1
    """


REPORTED = """
SELECT kind, count(*) AS total FROM events
WHERE kind IN ('sign_up', 'trial', 'subscription', 'renewal', 'refund', 'cancellation') GROUP BY 1 ORDER BY 1
"""
EXCLUDED = f"""
WITH {JUDGED}
SELECT verdict, verdict_reason AS reason, verdict_rule AS rule, count(*) AS events FROM judged
WHERE verdict = 'robot' GROUP BY ALL ORDER BY events DESC, verdict, reason, rule LIMIT 50
"""
CYCLE = f"""
WITH taken AS (
    SELECT c.id, floor(epoch(c.at))::BIGINT - floor(epoch(s.at))::BIGINT AS seconds
    FROM credits c JOIN events s ON s.share_id = c.share_id AND s.kind = 'share'
    WHERE c.kind = 'sign_up' AND c.weight_ppm = 1000000 AND {LAST_TOUCH}
), ranked AS (
    SELECT seconds, count(*) AS times, sum(times) OVER (ORDER BY seconds) AS rank, sum(times) OVER () AS total
    FROM taken GROUP BY seconds
)
SELECT sum(times)::BIGINT AS sign_ups, min(seconds) FILTER (rank * 100 >= total * 50) AS median_s,
    min(seconds) FILTER (rank * 100 >= total * 90) AS p90_s
FROM ranked
"""
OFFSPRING = f"""
WITH fresh AS (
    SELECT viewer_id, min("at") AS "at" FROM events WHERE kind = 'sign_up' AND viewer_id IS NOT NULL GROUP BY 1
), made AS (
    SELECT s.viewer_id, s.share_id, s."at" FROM events s JOIN fresh USING (viewer_id)
    WHERE s.kind = 'share' AND floor(epoch(s.at)) - floor(epoch(fresh.at)) BETWEEN 0 AND {WEEK}
), brought AS (
    SELECT made.viewer_id, sum(c.weight_ppm) AS millionths FROM credits c JOIN made USING (share_id)
    WHERE c.kind = 'sign_up' AND {LAST_TOUCH} AND floor(epoch(c.at)) - floor(epoch(made.at)) BETWEEN 0 AND {WEEK}
    GROUP BY 1
), shared AS (SELECT viewer_id, count(*) AS shares FROM made GROUP BY 1)
SELECT CAST(CAST(fresh.at AS DATE) AS VARCHAR) AS day, coalesce(shares, 0) AS shares,
    coalesce(millionths, 0)::BIGINT AS millionths, count(*) AS viewers, max(fresh.at) AS newest
FROM fresh LEFT JOIN shared USING (viewer_id) LEFT JOIN brought USING (viewer_id)
GROUP BY ALL ORDER BY 1, 2, 3
"""
STATEMENTS = {
    **{f"visits {dimension}": _visits(key) for dimension, key in KEYS.items()},
    **{f"conversions {dimension}": _conversions(key) for dimension, key in KEYS.items()},
    **{f"staying {days}": _staying(days) for days in (30, 90)},
    "reported": REPORTED,
    "excluded": EXCLUDED,
    "cycle": CYCLE,
    "offspring": OFFSPRING,
}
