CREATE OR REPLACE VIEW current_verdicts AS
SELECT DISTINCT ON (at, event_id) at, event_id, kind, reason, rule, traffic, created_at
FROM verdicts ORDER BY at, event_id, created_at DESC, id DESC;

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
