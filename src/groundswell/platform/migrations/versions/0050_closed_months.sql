CREATE OR REPLACE FUNCTION month_closings_stay()
 RETURNS trigger
 LANGUAGE plpgsql
AS $$
    BEGIN
        IF TG_OP = 'UPDATE' AND OLD.outcome IS NULL AND NEW.outcome IS NOT NULL
           AND to_jsonb(NEW) - ARRAY['outcome', 'decided_by', 'decided_at', 'figures']
             = to_jsonb(OLD) - ARRAY['outcome', 'decided_by', 'decided_at', 'figures'] THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'what was done to a month is undone by another row' USING ERRCODE = 'restrict_violation';
    END $$;

CREATE OR REPLACE FUNCTION postings_into_open_months()
 RETURNS trigger
 LANGUAGE plpgsql
AS $$
    DECLARE
        month text;
    BEGIN
        FOR month IN SELECT DISTINCT period FROM fresh ORDER BY period LOOP
            -- The number of the lock MONTH (platform/locks.py): whoever closes the month takes it alone.
            PERFORM pg_advisory_xact_lock_shared(
                ('x' || left(encode(sha256(convert_to('MONTH:' || month, 'UTF8')), 'hex'), 16))::bit(64)::bigint
            );
            IF (SELECT act FROM month_closings WHERE period = month AND outcome = 'done'
                ORDER BY decided_at DESC LIMIT 1) = 'close' THEN
                RAISE EXCEPTION '% is closed', month
                    USING ERRCODE = 'restrict_violation', CONSTRAINT = 'month_closed', TABLE = 'postings';
            END IF;
        END LOOP;
        RETURN NULL;
    END $$;

CREATE OR REPLACE TRIGGER month_closings_stay BEFORE DELETE OR UPDATE ON month_closings FOR EACH ROW EXECUTE FUNCTION month_closings_stay();

CREATE OR REPLACE TRIGGER postings_into_open_months AFTER INSERT ON postings REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION postings_into_open_months();
ALTER TABLE postings ENABLE ALWAYS TRIGGER postings_into_open_months;
