ALTER TABLE decisions DROP CONSTRAINT ck_decisions_action;
ALTER TABLE decisions ADD CONSTRAINT ck_decisions_action CHECK (action IN ('hide', 'hold', 'collapse', 'demote', 'withhold', 'keep', 'confirm', 'reverse', 'restore'));

ALTER TABLE decisions ADD CONSTRAINT ck_decisions_source CHECK (source IN ('notice', 'report', 'own', 'rule', 'appeal', 'order'));

ALTER TABLE reports ADD CONSTRAINT ck_reports_kind CHECK (kind IN ('report', 'notice'));

ALTER TABLE reports ADD CONSTRAINT ck_reports_subject CHECK ((num_nonnulls(moment_id, collection_id, person_id) = 1));

-- Verdicts restrict nothing, so one thing may have any number of them.
DROP INDEX uq_decisions_live;
CREATE UNIQUE INDEX uq_decisions_live ON decisions (subject_kind, subject_id, action)
    WHERE lifted_at IS NULL AND action IN ('hide', 'hold', 'collapse', 'demote', 'withhold');

-- Whom decisions met that were taken before, and what led to them.
UPDATE decisions d SET person_id = m.viewer_id FROM moments m WHERE d.subject_kind = 'moment' AND m.id = d.subject_id;
UPDATE decisions d SET person_id = s.viewer_id FROM shares s WHERE d.subject_kind = 'share' AND s.id = d.subject_id;
UPDATE decisions d SET person_id = c.viewer_id FROM comments c WHERE d.subject_kind = 'comment' AND c.id = d.subject_id;
UPDATE decisions d SET person_id = v.id FROM viewers v WHERE d.subject_kind = 'viewer' AND v.id = d.subject_id;
UPDATE decisions d SET person_id = c.viewer_id
    FROM statement_lines l JOIN statements s ON s.id = l.statement_id JOIN creators c ON c.id = s.creator_id
    WHERE d.subject_kind = 'earning' AND l.id = d.subject_id;
UPDATE decisions SET source = 'rule' WHERE decided_by NOT LIKE 'viewer:%';
UPDATE decisions d SET source = 'report' WHERE d.source = 'own' AND EXISTS (SELECT FROM reports r WHERE r.decision_id = d.id);

-- What waits is one review a thing.
INSERT INTO reviews (id, subject_kind, subject_id, lane, reason_code, opened_at, due_at)
    SELECT gen_random_uuid(), CASE WHEN comment_id IS NULL THEN 'moment' ELSE 'comment' END,
        coalesce(comment_id, moment_id), 'community', min(reason_code), min(created_at),
        min(created_at) + interval '48 hours'
    FROM reports WHERE closed_at IS NULL GROUP BY moment_id, comment_id;
UPDATE reports r SET review_id = v.id FROM reviews v
    WHERE r.closed_at IS NULL AND v.subject_id = coalesce(r.comment_id, r.moment_id);
INSERT INTO reviews (id, subject_kind, subject_id, lane, reason_code, opened_at, due_at)
    SELECT gen_random_uuid(), 'comment', id, 'held', held_for, created_at, created_at + interval '12 hours'
    FROM comments WHERE held_for IS NOT NULL AND deleted_at IS NULL
    ON CONFLICT (subject_kind, subject_id) WHERE closed_at IS NULL DO UPDATE SET lane = 'held';
