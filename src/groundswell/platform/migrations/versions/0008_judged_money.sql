CREATE INDEX ix_touches_event ON touches (event_id);

CREATE OR REPLACE VIEW judged_credits AS
SELECT c.id, c.conversion_id, c.kind, c.at, c.model, c.model_version, c.touch_id, c.share_id, c.moment_id, c.title_id,
    c.sharer_id, c.channel, c.weight_ppm, c.amount_minor, c.currency, c.created_at, c.xid
FROM credits c JOIN touches t ON t.id = c.touch_id
WHERE coalesce(
    (SELECT v.kind FROM current_verdicts v WHERE v.at = t.at AND v.event_id = t.event_id), 'human'
) = 'human';

-- A line is a moment's, or (null) what a creator's code brought.
ALTER TABLE statement_lines ADD COLUMN id UUID NOT NULL DEFAULT gen_random_uuid();
ALTER TABLE statement_lines ALTER COLUMN id DROP DEFAULT;
ALTER TABLE statement_lines DROP CONSTRAINT pk_statement_lines;
ALTER TABLE statement_lines ALTER COLUMN moment_id DROP NOT NULL;
ALTER TABLE statement_lines ADD CONSTRAINT pk_statement_lines PRIMARY KEY (id);
CREATE UNIQUE INDEX uq_statement_lines_moment ON statement_lines (statement_id, moment_id) NULLS NOT DISTINCT;

-- What is taken back of a statement after it was drawn up: a negative line of the next one.
CREATE TABLE adjustments (
    id UUID NOT NULL,
    creator_id UUID NOT NULL,
    statement_id UUID NOT NULL,
    moment_id UUID,
    amount_minor BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    reason_code VARCHAR NOT NULL,
    explanation VARCHAR NOT NULL,
    appeal VARCHAR NOT NULL,
    evidence JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    shown_on UUID,
    CONSTRAINT pk_adjustments PRIMARY KEY (id),
    CONSTRAINT ck_adjustments_amount CHECK (amount_minor < 0),
    CONSTRAINT fk_adjustments_creator_id_creators FOREIGN KEY(creator_id) REFERENCES creators (id),
    CONSTRAINT fk_adjustments_statement_id_statements FOREIGN KEY(statement_id) REFERENCES statements (id),
    CONSTRAINT fk_adjustments_moment_id_moments FOREIGN KEY(moment_id) REFERENCES moments (id),
    CONSTRAINT fk_adjustments_shown_on_statements FOREIGN KEY(shown_on) REFERENCES statements (id)
);
CREATE INDEX ix_adjustments_creator ON adjustments (creator_id, currency, shown_on);
CREATE INDEX ix_adjustments_statement_id ON adjustments (statement_id);

ALTER TABLE pools ADD COLUMN run_by VARCHAR;
