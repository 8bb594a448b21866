ALTER TABLE pools ADD COLUMN supplement BIGINT NOT NULL DEFAULT 0;
ALTER TABLE pools ALTER COLUMN supplement DROP DEFAULT;
ALTER TABLE pools ADD COLUMN hold_days BIGINT NOT NULL DEFAULT 0;
ALTER TABLE pools ALTER COLUMN hold_days DROP DEFAULT;
ALTER TABLE pools ADD COLUMN floor_minor BIGINT;
ALTER TABLE pools ADD COLUMN creator_cap_minor BIGINT;
ALTER TABLE pools ADD COLUMN person_cap BIGINT;
ALTER TABLE pools ADD COLUMN tax_ppm BIGINT NOT NULL DEFAULT 0;
ALTER TABLE pools ALTER COLUMN tax_ppm DROP DEFAULT;
ALTER TABLE pools ADD COLUMN carried JSONB NOT NULL DEFAULT '{}';
ALTER TABLE pools ALTER COLUMN carried DROP DEFAULT;
ALTER TABLE pools ADD COLUMN cancelled_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE pools ADD COLUMN cancelled_by VARCHAR;
ALTER TABLE pools ADD COLUMN cancel_reason VARCHAR;
ALTER TABLE pools DROP CONSTRAINT ck_pools_status;
ALTER TABLE pools ADD CONSTRAINT ck_pools_status
    CHECK (status IN ('funded', 'dividing', 'divided', 'nothing_eligible', 'cancelled'));
ALTER TABLE pools ADD CONSTRAINT ck_pools_terms CHECK (tax_ppm BETWEEN 0 AND 999999 AND hold_days >= 0);
ALTER TABLE pools ADD CONSTRAINT ck_pools_limits CHECK (floor_minor >= 0 AND creator_cap_minor > 0 AND person_cap > 0);
ALTER TABLE pools ADD CONSTRAINT ck_pools_cancelled CHECK ((status = 'cancelled') = (cancelled_at IS NOT NULL));
-- Months that were given several pools keep them.
UPDATE pools SET supplement = placed.place FROM (
    SELECT id, row_number() OVER (PARTITION BY period, basis, currency ORDER BY created_at, id) - 1 AS place FROM pools
) placed WHERE placed.id = pools.id AND placed.place > 0;
CREATE UNIQUE INDEX uq_pools_month ON pools (period, basis, currency, supplement) WHERE status <> 'cancelled';

ALTER TABLE payouts ADD COLUMN returned_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE payouts ADD COLUMN returned_by VARCHAR;
ALTER TABLE payouts ADD COLUMN return_reason VARCHAR;

ALTER TABLE statements ADD COLUMN held_until TIMESTAMP WITH TIME ZONE;
ALTER TABLE statements ADD COLUMN cancelled_at TIMESTAMP WITH TIME ZONE;

ALTER TABLE statement_lines ADD COLUMN period VARCHAR(7);
UPDATE statement_lines line SET period = pool.period
FROM statements s JOIN pools pool ON pool.id = s.pool_id WHERE s.id = line.statement_id;
ALTER TABLE statement_lines ALTER COLUMN period SET NOT NULL;
DROP INDEX uq_statement_lines_moment;
CREATE UNIQUE INDEX uq_statement_lines_moment ON statement_lines (statement_id, moment_id, period) NULLS NOT DISTINCT;

ALTER TABLE adjustments DROP CONSTRAINT ck_adjustments_amount;
ALTER TABLE adjustments ADD CONSTRAINT ck_adjustments_amount CHECK (amount_minor <> 0);

CREATE TABLE statement_documents (
    statement_id UUID NOT NULL,
    number VARCHAR NOT NULL,
    document JSONB NOT NULL,
    pdf BYTEA,
    issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
    erased_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_statement_documents PRIMARY KEY (statement_id),
    CONSTRAINT uq_statement_documents_number UNIQUE (number),
    CONSTRAINT fk_statement_documents_statement_id_statements FOREIGN KEY(statement_id) REFERENCES statements (id)
);

CREATE TABLE exchange_rates (
    id UUID NOT NULL,
    currency VARCHAR(3) NOT NULL,
    "into" VARCHAR(3) NOT NULL,
    valid_from DATE NOT NULL,
    rate NUMERIC NOT NULL,
    exponent BIGINT NOT NULL,
    entered_by VARCHAR NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_exchange_rates PRIMARY KEY (id),
    CONSTRAINT uq_exchange_rates_currency_into_valid_from UNIQUE (currency, "into", valid_from),
    CONSTRAINT ck_exchange_rates_rate CHECK (rate > 0 AND currency <> "into")
);

    CREATE OR REPLACE FUNCTION statements_stay() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' OR to_jsonb(NEW) - ARRAY['posted_at', 'payout_id', 'cancelled_at']
                            <> to_jsonb(OLD) - ARRAY['posted_at', 'payout_id', 'cancelled_at'] THEN
            RAISE EXCEPTION 'a statement is never changed' USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.payout_id IS NULL OR NEW.payout_id IS NOT DISTINCT FROM OLD.payout_id THEN
            RETURN NEW;
        END IF;
        IF OLD.payout_id IS NOT NULL OR NEW.cancelled_at IS NOT NULL OR NEW.posted_at IS NULL
           OR NEW.held_until > clock_timestamp() THEN
            RAISE EXCEPTION 'a statement is paid once, posted and no longer held' USING ERRCODE = 'restrict_violation';
        END IF;
        IF EXISTS (
            SELECT FROM payouts paid JOIN pools pool ON pool.id = NEW.pool_id
            WHERE paid.id = NEW.payout_id AND paid.paid_by IN (pool.created_by, pool.run_by)
        ) THEN
            RAISE EXCEPTION 'whoever funded or ran a pool does not pay from it' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$;

    CREATE TRIGGER statements_stay BEFORE UPDATE OR DELETE ON statements
        FOR EACH ROW EXECUTE FUNCTION statements_stay();
    CREATE TRIGGER statement_lines_stay BEFORE UPDATE OR DELETE ON statement_lines
        FOR EACH ROW EXECUTE FUNCTION ledger_is_immutable();
    CREATE TRIGGER exchange_rates_stay BEFORE UPDATE OR DELETE ON exchange_rates
        FOR EACH ROW EXECUTE FUNCTION ledger_is_immutable();

    CREATE OR REPLACE FUNCTION statement_documents_stay() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        -- Its pictures may be made, once; names may go from it when its creator is erased, once.
        IF TG_OP = 'UPDATE' AND (NEW.statement_id, NEW.number, NEW.issued_at)
                              = (OLD.statement_id, OLD.number, OLD.issued_at) AND (
            OLD.pdf IS NULL AND NEW.document = OLD.document AND NEW.erased_at IS NOT DISTINCT FROM OLD.erased_at
            OR OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.pdf IS NULL
               AND NEW.document -> 'amount_minor' = OLD.document -> 'amount_minor'
        ) THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'a document is never changed' USING ERRCODE = 'restrict_violation';
    END $$;

    CREATE TRIGGER statement_documents_stay BEFORE UPDATE OR DELETE ON statement_documents
        FOR EACH ROW EXECUTE FUNCTION statement_documents_stay();
