CREATE TABLE cases (
    id UUID NOT NULL,
    rule VARCHAR NOT NULL,
    subject_id UUID NOT NULL,
    status VARCHAR NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE,
    closed_by VARCHAR,
    CONSTRAINT pk_cases PRIMARY KEY (id),
    CONSTRAINT ck_cases_status CHECK (status IN ('open', 'upheld', 'cleared')),
    CONSTRAINT ck_cases_closed CHECK ((status = 'open') = (closed_at IS NULL)),
    CONSTRAINT fk_cases_subject_id_viewers FOREIGN KEY(subject_id) REFERENCES viewers (id)
);
CREATE UNIQUE INDEX uq_cases_open ON cases (rule, subject_id) WHERE status = 'open';
CREATE INDEX ix_cases_subject ON cases (subject_id);

CREATE TABLE case_items (
    case_id UUID NOT NULL,
    item_id UUID NOT NULL,
    kind VARCHAR NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    reason VARCHAR NOT NULL,
    facts JSONB NOT NULL,
    added_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_case_items PRIMARY KEY (case_id, item_id),
    CONSTRAINT fk_case_items_case_id_cases FOREIGN KEY(case_id) REFERENCES cases (id)
);

CREATE TABLE case_steps (
    id UUID NOT NULL,
    case_id UUID NOT NULL,
    action VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    by VARCHAR NOT NULL,
    decision_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    undone_at TIMESTAMP WITH TIME ZONE,
    undone_by VARCHAR,
    CONSTRAINT pk_case_steps PRIMARY KEY (id),
    CONSTRAINT ck_case_steps_action
        CHECK (action IN ('reject', 'accept', 'hold', 'ban', 'notice', 'appeal', 'uphold', 'clear')),
    CONSTRAINT fk_case_steps_case_id_cases FOREIGN KEY(case_id) REFERENCES cases (id),
    CONSTRAINT fk_case_steps_decision_id_decisions FOREIGN KEY(decision_id) REFERENCES decisions (id)
);
CREATE INDEX ix_case_steps_case ON case_steps (case_id, id);
