CREATE OR REPLACE VIEW published_events AS
    SELECT id, at, kind, moment_id, viewer_id, visitor, inputs, verdict, xid FROM events;

CREATE OR REPLACE VIEW published_verdicts AS SELECT id, at, event_id, kind, xid FROM verdicts;

CREATE OR REPLACE VIEW published_conversions AS SELECT id, viewer_id, original_id FROM conversions;

CREATE OR REPLACE VIEW published_touches AS SELECT id, at, event_id FROM touches;

CREATE OR REPLACE VIEW published_credits AS
    SELECT conversion_id, kind, at, model, model_version, touch_id, moment_id, sharer_id, weight_ppm, amount_minor,
        currency, xid
    FROM credits;

CREATE OR REPLACE VIEW published_creators AS SELECT id, viewer_id FROM creators;

CREATE OR REPLACE VIEW published_decisions AS
    SELECT action, subject_kind, subject_id, created_at, lifted_at FROM decisions;
