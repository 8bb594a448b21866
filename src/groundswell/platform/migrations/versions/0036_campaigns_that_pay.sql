CREATE OR REPLACE FUNCTION public.campaign_briefs_stay()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'paused_at' = to_jsonb(OLD) - 'paused_at' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a brief is fixed when it is published; it can only be paused' USING ERRCODE = 'restrict_violation';
END $function$;

CREATE OR REPLACE FUNCTION public.campaign_earnings_stay()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
    END $function$;

CREATE OR REPLACE FUNCTION public.campaign_spend()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
    END $function$;

CREATE OR REPLACE VIEW published_briefs AS
 SELECT campaign_id,
    creator_cap_minor,
    day_cap_minor
   FROM campaign_briefs;

CREATE OR REPLACE TRIGGER frozen BEFORE DELETE OR UPDATE ON public.campaign_briefs FOR EACH ROW EXECUTE FUNCTION campaign_briefs_stay();

CREATE OR REPLACE TRIGGER campaign_earnings_stay BEFORE DELETE OR UPDATE ON public.campaign_earnings FOR EACH ROW EXECUTE FUNCTION campaign_earnings_stay();

CREATE OR REPLACE TRIGGER campaign_spend AFTER INSERT ON public.campaign_earnings REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION campaign_spend();
