"""The ledger's promises in the database's own language, so that no program, ours included, can break them.

They hold for every role that cannot alter the tables, whatever ``session_replication_role`` says.
"""

from sqlalchemy import DDL

ACCOUNTS = """
    CREATE FUNCTION ledger_account_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW.debits_minor <> 0 OR NEW.credits_minor <> 0 THEN
                RAISE EXCEPTION 'an account opens empty' USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END IF;
        -- Only the trigger on postings may change an account, and only its totals.
        IF TG_OP = 'UPDATE' AND pg_trigger_depth() > 1
           AND (NEW.id, NEW.kind, NEW.owner, NEW.currency, NEW.balance_limit)
             = (OLD.id, OLD.kind, OLD.owner, OLD.currency, OLD.balance_limit) THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'account balances change by posting only' USING ERRCODE = 'restrict_violation';
    END $$;

    CREATE TRIGGER ledger_account_guard BEFORE INSERT OR UPDATE OR DELETE ON ledger_accounts
        FOR EACH ROW EXECUTE FUNCTION ledger_account_guard();
    ALTER TABLE ledger_accounts ENABLE ALWAYS TRIGGER ledger_account_guard;

    CREATE FUNCTION ledger_is_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the ledger is only ever added to' USING ERRCODE = 'restrict_violation';
    END $$;

    CREATE TRIGGER ledger_accounts_stay BEFORE DELETE OR TRUNCATE ON ledger_accounts
        FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_immutable();
    ALTER TABLE ledger_accounts ENABLE ALWAYS TRIGGER ledger_accounts_stay;
"""

POSTINGS = """
    CREATE TRIGGER postings_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON postings
        FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_immutable();
    ALTER TABLE postings ENABLE ALWAYS TRIGGER postings_stay;

    CREATE FUNCTION ledger_apply() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        -- Locked in the order of ids, so that two statements never wait for each other.
        PERFORM 1 FROM ledger_accounts
            WHERE id IN (SELECT debit_account_id FROM fresh UNION SELECT credit_account_id FROM fresh)
            ORDER BY id FOR NO KEY UPDATE;
        UPDATE ledger_accounts a
            SET debits_minor = a.debits_minor + moved.debits, credits_minor = a.credits_minor + moved.credits
            FROM (
                SELECT account_id, sum(debit) AS debits, sum(credit) AS credits FROM (
                    SELECT debit_account_id AS account_id, amount_minor AS debit, 0 AS credit FROM fresh
                    UNION ALL
                    SELECT credit_account_id, 0, amount_minor FROM fresh
                ) sides GROUP BY account_id
            ) moved
            WHERE a.id = moved.account_id;
        RETURN NULL;
    END $$;

    CREATE TRIGGER ledger_apply AFTER INSERT ON postings REFERENCING NEW TABLE AS fresh
        FOR EACH STATEMENT EXECUTE FUNCTION ledger_apply();
    ALTER TABLE postings ENABLE ALWAYS TRIGGER ledger_apply;
"""

STATEMENTS_SQL = """
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
"""

STATEMENTS = DDL(STATEMENTS_SQL)  # type: ignore[no-untyped-call]
"""After every table is there: a statement's guard looks at payouts and pools."""

GUARDS: dict[str, DDL] = {
    "ledger_accounts": DDL(ACCOUNTS),  # type: ignore[no-untyped-call]
    "postings": DDL(POSTINGS),  # type: ignore[no-untyped-call]
}

CAMPAIGNS_SQL = """
    CREATE OR REPLACE FUNCTION campaign_earnings_stay() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        -- Paid once; due again only when the payout came back.
        IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'payout_id' = to_jsonb(OLD) - 'payout_id' AND (
            OLD.payout_id IS NULL AND NEW.held_until <= clock_timestamp()
            OR NEW.payout_id IS NULL
               AND EXISTS (SELECT FROM payouts WHERE id = OLD.payout_id AND returned_at IS NOT NULL)
        ) THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'what a campaign brought is never changed, and paid once' USING ERRCODE = 'restrict_violation';
    END $$;
    CREATE TRIGGER campaign_earnings_stay BEFORE UPDATE OR DELETE ON campaign_earnings
        FOR EACH ROW EXECUTE FUNCTION campaign_earnings_stay();

    CREATE OR REPLACE FUNCTION campaign_spend() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO campaign_spending AS kept (campaign_id, scope, spent_minor, cap_minor)
            SELECT f.campaign_id, of.scope, sum(f.amount_minor), of.cap_minor
            FROM fresh f JOIN published_briefs b ON b.campaign_id = f.campaign_id
            CROSS JOIN LATERAL (VALUES
                ('creator/' || f.creator_id, b.creator_cap_minor), ('day/' || f.day, b.day_cap_minor)
            ) of (scope, cap_minor)
            GROUP BY f.campaign_id, of.scope, of.cap_minor ORDER BY f.campaign_id, of.scope
            ON CONFLICT (campaign_id, scope) DO UPDATE SET spent_minor = kept.spent_minor + EXCLUDED.spent_minor;
        RETURN NULL;
    END $$;
    CREATE TRIGGER campaign_spend AFTER INSERT ON campaign_earnings REFERENCING NEW TABLE AS fresh
        FOR EACH STATEMENT EXECUTE FUNCTION campaign_spend();
"""

CAMPAIGNS = DDL(CAMPAIGNS_SQL)  # type: ignore[no-untyped-call]
"""After every table is there: what is spent of a cap is counted where the earning is written."""

MONTHS_SQL = """
    CREATE OR REPLACE FUNCTION postings_into_open_months() RETURNS trigger LANGUAGE plpgsql AS $$
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
    CREATE TRIGGER postings_into_open_months AFTER INSERT ON postings REFERENCING NEW TABLE AS fresh
        FOR EACH STATEMENT EXECUTE FUNCTION postings_into_open_months();
    ALTER TABLE postings ENABLE ALWAYS TRIGGER postings_into_open_months;

    CREATE OR REPLACE FUNCTION month_closings_stay() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' AND OLD.outcome IS NULL AND NEW.outcome IS NOT NULL
           AND to_jsonb(NEW) - ARRAY['outcome', 'decided_by', 'decided_at', 'figures']
             = to_jsonb(OLD) - ARRAY['outcome', 'decided_by', 'decided_at', 'figures'] THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'what was done to a month is undone by another row' USING ERRCODE = 'restrict_violation';
    END $$;
    CREATE TRIGGER month_closings_stay BEFORE UPDATE OR DELETE ON month_closings
        FOR EACH ROW EXECUTE FUNCTION month_closings_stay();
"""

MONTHS = DDL(MONTHS_SQL.replace("%", "%%"))  # type: ignore[no-untyped-call]
"""After every table is there: nothing is posted into a month that is closed."""
