-- Testing: who listens for callbacks on his own machine, and which testing orders were asked about.

ALTER TABLE resellers ADD COLUMN listening_until timestamptz;
COMMENT ON COLUMN resellers.listening_until IS 'Until then `gerbang listen` takes testing callbacks, with or without a callback address.';

CREATE TABLE testing_questions (
    order_id bigint PRIMARY KEY REFERENCES orders,
    asks integer NOT NULL DEFAULT 1 CHECK (asks > 0),
    asked_pending boolean NOT NULL,
    asked_final boolean NOT NULL,
    first_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE testing_questions IS 'Status questions about testing orders: the go-live checklist asks whether pending was handled.';

CREATE FUNCTION check_testing_question() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (SELECT testing FROM orders WHERE id = NEW.order_id) THEN
        RAISE EXCEPTION 'order % is no testing order', NEW.order_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER testing_questions_of_testing BEFORE INSERT ON testing_questions
    FOR EACH ROW EXECUTE FUNCTION check_testing_question();
