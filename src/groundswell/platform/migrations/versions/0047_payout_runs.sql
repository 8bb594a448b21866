CREATE OR REPLACE FUNCTION public.payout_items_stay()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    DECLARE
        may_change constant text[] :=
            ARRAY['status', 'code', 'payout_id', 'bank_reference', 'settled_on', 'changed_at'];
    BEGIN
        IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - may_change = to_jsonb(OLD) - may_change
           AND (NEW.status = OLD.status OR OLD.status || '>' || NEW.status IN (
               'waiting>held_out', 'waiting>sent', 'waiting>cancelled',
               'sent>confirmed', 'sent>returned', 'confirmed>returned'))
           AND (OLD.payout_id IS NULL OR NEW.payout_id = OLD.payout_id) THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'a line of a payout run stays what was approved' USING ERRCODE = 'restrict_violation';
    END $function$;

CREATE OR REPLACE TRIGGER payout_items_stay BEFORE DELETE OR UPDATE ON public.payout_items FOR EACH ROW EXECUTE FUNCTION payout_items_stay();
