-- The sandbox clock: who lives by it, and that it only moves in a demo, and only forward.

ALTER TABLE resellers ADD COLUMN sandboxed boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN resellers.sandboxed IS 'Lives by the sandbox clock as testing orders do; only in an installation made by `gerbang demo`.';
UPDATE resellers SET sandboxed = true WHERE (SELECT demo FROM installation);

CREATE FUNCTION check_sandboxed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT coalesce((SELECT demo FROM installation), false) THEN
        RAISE EXCEPTION 'only a demo installation has sandboxed resellers' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER resellers_sandboxed_only_in_a_demo BEFORE INSERT OR UPDATE OF sandboxed ON resellers
    FOR EACH ROW WHEN (NEW.sandboxed) EXECUTE FUNCTION check_sandboxed();

CREATE FUNCTION check_sandbox_clock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sandbox_clock_offset_s < OLD.sandbox_clock_offset_s THEN
        RAISE EXCEPTION 'the sandbox clock never goes back' USING ERRCODE = 'check_violation';
    END IF;
    IF NOT NEW.demo AND NEW.sandbox_clock_offset_s > 0 THEN
        RAISE EXCEPTION 'only a demo installation has a clock that can be moved' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER installation_clock_goes_forward BEFORE UPDATE OF sandbox_clock_offset_s, demo ON installation
    FOR EACH ROW EXECUTE FUNCTION check_sandbox_clock();

CREATE FUNCTION sandbox_now(sandboxed boolean) RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT clock_timestamp() + CASE WHEN sandboxed
           THEN coalesce((SELECT sandbox_clock_offset_s FROM installation), 0) ELSE 0 END * interval '1 second'
$$;
COMMENT ON FUNCTION sandbox_now IS 'What time it is for a testing order or a sandboxed reseller (true), and for everybody else.';
COMMENT ON FUNCTION ticket_clock IS 'The former name of sandbox_now.';
COMMENT ON COLUMN deposit_tickets.sandboxed IS 'Testing, or of a sandboxed reseller: its validity follows the sandbox clock.';

CREATE TABLE sandbox_ageing (
    attempt_id bigint PRIMARY KEY,
    aged_s bigint NOT NULL CHECK (aged_s > 0)
);
COMMENT ON TABLE sandbox_ageing IS 'How far the sandbox clock was moved while an attempt of a sandboxed reseller was open.';
