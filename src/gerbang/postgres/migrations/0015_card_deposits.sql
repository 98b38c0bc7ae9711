-- Deposits by card, and the evidence of the integration checklist.

CREATE TYPE card_deposit_state AS ENUM ('open', 'credited', 'closed');

CREATE TABLE card_deposits (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reseller_id bigint NOT NULL REFERENCES resellers,
    merchant_id bigint NOT NULL REFERENCES merchants,
    payment_id bigint UNIQUE REFERENCES payments,
    amount bigint NOT NULL CHECK (amount > 0),
    taking_back bigint NOT NULL DEFAULT 0,
    taken_back bigint NOT NULL DEFAULT 0,
    state card_deposit_state NOT NULL DEFAULT 'open',
    actor text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    credited_at timestamptz,
    CONSTRAINT card_deposits_taken_back_within CHECK (0 <= taken_back AND taken_back <= taking_back AND taking_back <= amount),
    CONSTRAINT card_deposits_taken_back_of_credited CHECK (taking_back = 0 OR state = 'credited'),
    CONSTRAINT card_deposits_credited_has_payment CHECK (state <> 'credited' OR (payment_id IS NOT NULL AND credited_at IS NOT NULL))
);
COMMENT ON TABLE card_deposits IS 'A reseller pays into his balance with a card; credited once, after the acquirer was asked.';
COMMENT ON COLUMN card_deposits.taking_back IS 'The intention: so much in all is being taken back, taken_back of it is in the ledger.';
CREATE INDEX card_deposits_open ON card_deposits (id) WHERE state = 'open';
CREATE INDEX card_deposits_reseller ON card_deposits (reseller_id, id);

CREATE FUNCTION check_card_deposit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.reseller_id, OLD.merchant_id, OLD.amount) IS DISTINCT FROM (NEW.reseller_id, NEW.merchant_id, NEW.amount)
       OR (OLD.payment_id IS NOT NULL AND NEW.payment_id IS DISTINCT FROM OLD.payment_id)
       OR NEW.taken_back NOT IN (OLD.taken_back, OLD.taking_back)
       OR (NEW.taking_back <> OLD.taking_back AND OLD.taking_back <> OLD.taken_back)
       OR (NEW.state <> OLD.state AND OLD.state <> 'open') THEN
        RAISE EXCEPTION 'card deposit % takes a step that is not listed', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state = 'credited' AND OLD.state = 'open' AND NOT EXISTS (
        SELECT 1 FROM payments p
         WHERE p.id = NEW.payment_id AND p.amount = NEW.amount AND p.merchant_id = NEW.merchant_id AND p.booked
           AND p.paid_at IS NOT NULL
           AND (NOT p.sandboxed OR (SELECT demo FROM installation))) THEN
        RAISE EXCEPTION 'card deposit % has no money behind it', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER card_deposits_obey BEFORE UPDATE ON card_deposits
    FOR EACH ROW EXECUTE FUNCTION check_card_deposit();
CREATE TRIGGER card_deposits_never_deleted BEFORE DELETE OR TRUNCATE ON card_deposits
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE payment_inquiries (
    payment_id bigint PRIMARY KEY,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    count integer NOT NULL DEFAULT 1
);
COMMENT ON TABLE payment_inquiries IS 'When a merchant asked about a payment: evidence for his checklist, written behind the answer.';

CREATE TABLE merchant_evidence (
    merchant_id bigint NOT NULL REFERENCES merchants,
    item text NOT NULL,
    first_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    note text NOT NULL DEFAULT '',
    actor text NOT NULL DEFAULT '',
    PRIMARY KEY (merchant_id, item)
);
COMMENT ON TABLE merchant_evidence IS 'What was seen of a merchant, or what a person says was looked at.';

CREATE TYPE merchant_trial_kind AS ENUM ('callback', 'notification');

CREATE TABLE merchant_trials (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    merchant_id bigint NOT NULL REFERENCES merchants,
    kind merchant_trial_kind NOT NULL,
    payment_id bigint UNIQUE,
    callback_id bigint,
    armed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    valid_before timestamptz NOT NULL,
    proved_at timestamptz,
    ended_at timestamptz,
    CONSTRAINT merchant_trials_proved_has_payment CHECK (proved_at IS NULL OR payment_id IS NOT NULL)
);
COMMENT ON TABLE merchant_trials IS 'Armed for the next charge: its notification is held back, or its browser is not returned.';
CREATE UNIQUE INDEX merchant_trials_one_armed ON merchant_trials (merchant_id) WHERE ended_at IS NULL;
