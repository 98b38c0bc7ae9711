-- What was tried, decided and compared stays, and what two persons agreed to is what the first one wrote.

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['attempts', 'order_history', 'cases', 'proposals', 'recon_runs', 'recon_differences',
                                'recon_corrections', 'payment_history', 'card_tokens', 'settlements']
    LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()',
                       name || '_never_deleted', name);
    END LOOP;
END $$;
CREATE TRIGGER checkpoints_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION check_as_written() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    may_change text[] := TG_ARGV;
BEGIN
    IF to_jsonb(OLD) - may_change IS DISTINCT FROM to_jsonb(NEW) - may_change THEN
        RAISE EXCEPTION 'what % says is decided about as it was written', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION check_as_written IS 'Only the columns that its arguments name may change.';
CREATE TRIGGER proposals_stay_as_written BEFORE UPDATE ON proposals FOR EACH ROW
    EXECUTE FUNCTION check_as_written('state', 'checker', 'decided_at', 'result', 'finished_at');
CREATE TRIGGER deposit_proposals_stay_as_written BEFORE UPDATE ON deposit_proposals FOR EACH ROW
    EXECUTE FUNCTION check_as_written('state', 'checker', 'decided_at');
CREATE TRIGGER deposit_credits_stay_as_written BEFORE UPDATE ON deposit_credits FOR EACH ROW
    EXECUTE FUNCTION check_as_written('posted_at');
CREATE TRIGGER recon_corrections_stay_as_written BEFORE UPDATE ON recon_corrections FOR EACH ROW
    EXECUTE FUNCTION check_as_written('transfer_id');

CREATE FUNCTION refuse_to_decide_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'proposal % is decided', OLD.id USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER proposals_are_decided_once BEFORE UPDATE OF state ON proposals FOR EACH ROW
    WHEN (OLD.state IN ('rejected', 'done', 'overtaken') AND NEW.state <> OLD.state)
    EXECUTE FUNCTION refuse_to_decide_again();
CREATE TRIGGER deposit_proposals_are_decided_once BEFORE UPDATE OF state ON deposit_proposals FOR EACH ROW
    WHEN (OLD.state <> 'waiting' AND NEW.state <> OLD.state) EXECUTE FUNCTION refuse_to_decide_again();
