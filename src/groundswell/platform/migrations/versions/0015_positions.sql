CREATE TABLE log_homes (
    number BIGINT NOT NULL,
    database VARCHAR NOT NULL,
    base BIGINT NOT NULL,
    since TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_log_homes PRIMARY KEY (number)
);

CREATE OR REPLACE FUNCTION log_position() RETURNS xid8 LANGUAGE sql AS $$ SELECT pg_current_xact_id() $$;
CREATE OR REPLACE FUNCTION log_snapshot() RETURNS pg_snapshot LANGUAGE sql STABLE AS $$ SELECT pg_current_snapshot() $$;

ALTER TABLE events ALTER COLUMN xid SET DEFAULT log_position();
ALTER TABLE verdicts ALTER COLUMN xid SET DEFAULT log_position();
ALTER TABLE credits ALTER COLUMN xid SET DEFAULT log_position();
