CREATE TABLE audit_log (
    seq bigint CONSTRAINT pk_audit_log PRIMARY KEY,
    entry varchar NOT NULL,
    hash bytea NOT NULL,
    actor varchar NOT NULL,
    made_at timestamptz NOT NULL
);
CREATE INDEX ix_audit_log_actor ON audit_log (actor, seq);
CREATE FUNCTION audit_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last audit_log;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('audit_log', 0));
    SELECT * INTO last FROM audit_log ORDER BY seq DESC LIMIT 1;
    NEW.seq := coalesce(last.seq, 0) + 1;
    NEW.hash := sha256(
        coalesce(last.hash, decode(repeat('00', 32), 'hex')) || convert_to(NEW.seq || chr(10) || NEW.entry, 'UTF8')
    );
    NEW.actor := NEW.entry::jsonb ->> 'actor';
    NEW.made_at := (NEW.entry::jsonb ->> 'at')::timestamptz;
    RETURN NEW;
END $$;
CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END $$;
CREATE TRIGGER audit_chain BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_chain();
CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_stays();
CREATE TRIGGER audit_stays_whole BEFORE TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION audit_stays();
