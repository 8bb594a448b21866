CREATE OR REPLACE FUNCTION link_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_now text := to_jsonb(coalesce(NEW, OLD)) ->> TG_ARGV[0];
    was text := to_jsonb(coalesce(OLD, NEW)) ->> TG_ARGV[0];
BEGIN
    PERFORM pg_notify('groundswell_links', coalesce(nullif(is_now, '*'), ''));
    IF was IS DISTINCT FROM is_now THEN
        PERFORM pg_notify('groundswell_links', coalesce(nullif(was, '*'), ''));
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER link_changed AFTER INSERT OR UPDATE OR DELETE ON rights_rules
    FOR EACH ROW EXECUTE FUNCTION link_changed('scope_key');

CREATE OR REPLACE TRIGGER link_changed AFTER UPDATE ON service_keys FOR EACH ROW EXECUTE FUNCTION link_changed('id');
