-- Cards: acquirers, merchants, payments and their attempts, tokens, settlements; the sandbox issuer's own book.
-- A card number is kept as first six + last four and a keyed fingerprint, never more; a CVV never.

-- --- acquirers and merchants -------------------------------------------------------------------------

CREATE TABLE acquirers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE CHECK (code ~ '^[a-z0-9_-]{2,32}$'),
    kind text NOT NULL,
    base_url text NOT NULL DEFAULT '',
    sealed bytea NOT NULL DEFAULT ''::bytea,
    sandbox boolean NOT NULL,
    account_id bigint NOT NULL UNIQUE REFERENCES accounts,
    settings jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    UNIQUE (id, sandbox)
);
COMMENT ON TABLE acquirers IS 'Who charges cards for us. The account is what it owes us: the receivable.';

INSERT INTO accounts (code, kind, normal_side, tracked) VALUES
    ('house:card_fees', 'house', 'credit', false), ('acquirer:sandbox', 'house', 'debit', false);
INSERT INTO acquirers (code, kind, sandbox, account_id)
SELECT 'sandbox', 'sandbox', true, id FROM accounts WHERE code = 'acquirer:sandbox';

CREATE TYPE merchant_status AS ENUM ('active', 'suspended', 'closed');

CREATE TABLE merchants (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    imid text NOT NULL UNIQUE CHECK (imid ~ '^[A-Za-z0-9]{10}$'),
    name text NOT NULL,
    status merchant_status NOT NULL DEFAULT 'active',
    account_id bigint NOT NULL UNIQUE REFERENCES accounts,
    reseller_id bigint REFERENCES resellers,
    acquirer_id bigint NOT NULL,
    sandboxed boolean NOT NULL,
    sealed bytea NOT NULL,
    features jsonb NOT NULL DEFAULT '{}',
    limits jsonb NOT NULL DEFAULT '{}',
    mdr jsonb NOT NULL DEFAULT '{}',
    settings jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    FOREIGN KEY (acquirer_id, sandboxed) REFERENCES acquirers (id, sandbox)
);
COMMENT ON COLUMN merchants.sandboxed IS 'Charges through a sandbox acquirer; its clock is the sandbox clock.';
COMMENT ON COLUMN merchants.mdr IS 'Merchant discount rate: basis points by card brand, "default" for the others.';
CREATE INDEX merchants_changed ON merchants (changed_xid);
CREATE TRIGGER merchants_note_change BEFORE INSERT OR UPDATE ON merchants FOR EACH ROW EXECUTE FUNCTION note_change();
CREATE TRIGGER merchants_never_deleted BEFORE DELETE OR TRUNCATE ON merchants
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER acquirers_note_change BEFORE INSERT OR UPDATE ON acquirers FOR EACH ROW EXECUTE FUNCTION note_change();
CREATE TRIGGER acquirers_never_deleted BEFORE DELETE OR TRUNCATE ON acquirers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- --- payments ----------------------------------------------------------------------------------------

CREATE TYPE payment_state AS ENUM ('initialised', 'processing', 'challenged', 'paid', 'preauthed', 'settled',
    'partly_refunded', 'captured', 'void', 'refunded', 'failed', 'expired');
CREATE TYPE payment_kind AS ENUM ('sale', 'recurring', 'preauth', 'capture');

CREATE TABLE payments (
    id bigint PRIMARY KEY,
    txid text NOT NULL UNIQUE CHECK (length(txid) = 30),
    merchant_id bigint NOT NULL,
    reference text NOT NULL,
    channel text NOT NULL CHECK (channel IN ('direct', 'redirect')),
    sandboxed boolean NOT NULL,
    booked boolean NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    refunded bigint NOT NULL DEFAULT 0,
    kind payment_kind NOT NULL DEFAULT 'sale',
    state payment_state NOT NULL DEFAULT 'initialised',
    instalment_months smallint NOT NULL DEFAULT 1,
    instalment_type text NOT NULL DEFAULT '1',
    recurring_option smallint NOT NULL DEFAULT 2 CHECK (recurring_option BETWEEN 0 AND 2),
    details jsonb NOT NULL,
    notify_url text NOT NULL,
    return_url text NOT NULL DEFAULT '',
    card_mask text NOT NULL DEFAULT '' CHECK (card_mask = '' OR card_mask ~ '^[0-9]{6}\*{2,9}[0-9]{4}$'
                                              OR card_mask ~ '^[0-9]{8}\*{4}[0-9]{4}$'),
    card_fingerprint text NOT NULL DEFAULT '',
    card_brand text NOT NULL DEFAULT '',
    issuer_bank text NOT NULL DEFAULT '',
    issuer_name text NOT NULL DEFAULT '',
    auth_code text NOT NULL DEFAULT '',
    acquirer_reference text NOT NULL DEFAULT '',
    hold_id bigint,
    token_id bigint,
    open_attempt_id bigint,
    failures smallint NOT NULL DEFAULT 0,
    cancel_wanted boolean NOT NULL DEFAULT false,
    fee bigint NOT NULL DEFAULT 0 CHECK (fee >= 0),
    settlement_id bigint,
    registered_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    paid_at timestamptz,
    due_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT payments_reference_once UNIQUE (merchant_id, reference),
    CONSTRAINT payments_refunds_within_charge CHECK (refunded BETWEEN 0 AND amount),
    CONSTRAINT payments_refunded_fits_state CHECK (
        (state = 'refunded') = (refunded = amount AND state NOT IN ('void'))
        AND (state <> 'partly_refunded' OR (refunded > 0 AND refunded < amount))
        AND (refunded = 0 OR state IN ('partly_refunded', 'refunded'))),
    CONSTRAINT payments_capture_names_its_hold CHECK ((kind = 'capture') = (hold_id IS NOT NULL))
) WITH (fillfactor = 60);
COMMENT ON COLUMN payments.id IS 'From the same numbers as orders, so that a callback''s order_id names exactly one of both.';
COMMENT ON COLUMN payments.booked IS 'Moves money in the ledger: not so for a sandbox merchant outside a demo installation.';
COMMENT ON COLUMN payments.due_at IS 'When its clock has something to do: expiry, settlement, end of a hold. By the sandbox clock where sandboxed.';
COMMENT ON COLUMN payments.open_attempt_id IS 'The one attempt whose outcome is awaited; of a hold also the capture of it.';
CREATE INDEX payments_due ON payments (sandboxed, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX payments_cancel_wanted ON payments (id) WHERE cancel_wanted;
CREATE INDEX payments_merchant ON payments (merchant_id, id);
CREATE INDEX payments_settlement ON payments (settlement_id) WHERE settlement_id IS NOT NULL;

CREATE TABLE payment_steps (
    from_state payment_state NOT NULL,
    to_state payment_state NOT NULL,
    PRIMARY KEY (from_state, to_state)
);
COMMENT ON TABLE payment_steps IS 'The steps cards/transitions.py lists; a test keeps the two equal.';
INSERT INTO payment_steps VALUES
    ('initialised', 'processing'), ('initialised', 'expired'), ('failed', 'processing'),
    ('processing', 'challenged'), ('processing', 'paid'), ('processing', 'preauthed'), ('processing', 'failed'),
    ('challenged', 'processing'), ('challenged', 'paid'), ('challenged', 'preauthed'), ('challenged', 'failed'),
    ('paid', 'void'), ('paid', 'settled'),
    ('settled', 'partly_refunded'), ('settled', 'refunded'), ('partly_refunded', 'refunded'),
    ('preauthed', 'void'), ('preauthed', 'captured');

CREATE TABLE payment_history (
    payment_id bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    from_state payment_state NOT NULL,
    to_state payment_state NOT NULL
);
CREATE INDEX payment_history_payment ON payment_history (payment_id);

CREATE FUNCTION check_new_payments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM new_rows n LEFT JOIN merchants m ON m.id = n.merchant_id
                WHERE m.id IS NULL OR m.sandboxed <> n.sandboxed OR n.state <> 'initialised') THEN
        RAISE EXCEPTION 'a payment does not fit its merchant' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER payments_have_parents AFTER INSERT ON payments
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION check_new_payments();

CREATE FUNCTION note_payment_steps() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad bigint;
BEGIN
    SELECT n.id INTO bad
      FROM new_rows n JOIN old_rows o ON o.id = n.id
     WHERE (n.txid, n.merchant_id, n.reference, n.amount, n.booked) IS DISTINCT FROM
           (o.txid, o.merchant_id, o.reference, o.amount, o.booked)
        OR n.refunded < o.refunded
        OR (n.state <> o.state
            AND NOT EXISTS (SELECT 1 FROM payment_steps s WHERE s.from_state = o.state AND s.to_state = n.state))
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'payment % takes a step that is not listed', bad USING ERRCODE = 'check_violation';
    END IF;
    INSERT INTO payment_history (payment_id, from_state, to_state)
    SELECT n.id, o.state, n.state FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE n.state <> o.state;
    RETURN NULL;
END $$;
CREATE TRIGGER payments_take_listed_steps AFTER UPDATE ON payments
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION note_payment_steps();
CREATE TRIGGER payments_never_deleted BEFORE DELETE OR TRUNCATE ON payments
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- --- attempts: every intention, written before the acquirer hears of it --------------------------------

CREATE TYPE payment_attempt_kind AS ENUM ('charge', 'hold', 'capture', 'void', 'release', 'refund');
CREATE TYPE payment_attempt_state AS ENUM ('sent', 'challenged', 'unknown', 'approved', 'declined');

CREATE TABLE payment_attempts (
    id bigint PRIMARY KEY,
    payment_id bigint NOT NULL,
    kind payment_attempt_kind NOT NULL,
    state payment_attempt_state NOT NULL DEFAULT 'sent',
    amount bigint NOT NULL CHECK (amount > 0),
    reference text NOT NULL UNIQUE,
    hold_id bigint,
    code text NOT NULL DEFAULT '',
    message text NOT NULL DEFAULT '',
    acquirer_reference text NOT NULL DEFAULT '',
    auth_code text NOT NULL DEFAULT '',
    card_mask text NOT NULL DEFAULT '',
    card_fingerprint text NOT NULL DEFAULT '',
    challenge_sha256 text,
    challenge_used_at timestamptz,
    request jsonb NOT NULL DEFAULT '{}',
    claimed_by text,
    due_at timestamptz,
    asks integer NOT NULL DEFAULT 0,
    settlement_id bigint,
    at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT payment_attempts_open_is_watched CHECK ((state IN ('approved', 'declined')) = (due_at IS NULL)),
    CONSTRAINT payment_attempts_capture_names_its_hold CHECK ((kind = 'capture') = (hold_id IS NOT NULL)),
    CONSTRAINT payment_attempts_challenge_has_secret CHECK (state <> 'challenged' OR challenge_sha256 IS NOT NULL)
) WITH (fillfactor = 70);
COMMENT ON COLUMN payment_attempts.due_at IS 'When somebody must ask the acquirer for the truth; null when final.';
COMMENT ON COLUMN payment_attempts.at IS 'By the merchant''s clock: the sandbox clock where sandboxed.';
COMMENT ON COLUMN payment_attempts.challenge_sha256 IS 'Of the secret inside the sealed field of the challenge page, good for one use.';
CREATE INDEX payment_attempts_payment ON payment_attempts (payment_id, id);
CREATE INDEX payment_attempts_due ON payment_attempts (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX payment_attempts_fingerprint ON payment_attempts (card_fingerprint, at) WHERE card_fingerprint <> '';
-- The laws of one charge, one at a time, one void, one capture of a hold.
CREATE UNIQUE INDEX payment_attempts_one_open ON payment_attempts (payment_id)
    WHERE state IN ('sent', 'challenged', 'unknown');
CREATE UNIQUE INDEX payment_attempts_one_charge ON payment_attempts (payment_id)
    WHERE kind IN ('charge', 'hold', 'capture') AND state = 'approved';
CREATE UNIQUE INDEX payment_attempts_one_void ON payment_attempts (payment_id)
    WHERE kind IN ('void', 'release') AND state = 'approved';
CREATE UNIQUE INDEX payment_attempts_one_capture ON payment_attempts (hold_id)
    WHERE kind = 'capture' AND state <> 'declined';

CREATE FUNCTION check_payment_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.payment_id, OLD.kind, OLD.amount, OLD.reference, OLD.hold_id) IS DISTINCT FROM
       (NEW.payment_id, NEW.kind, NEW.amount, NEW.reference, NEW.hold_id)
       OR OLD.state IN ('approved', 'declined') AND NEW.state <> OLD.state
       OR (OLD.challenge_used_at IS NOT NULL
           AND (NEW.challenge_used_at IS DISTINCT FROM OLD.challenge_used_at OR NEW.state = 'challenged')) THEN
        RAISE EXCEPTION 'payment attempt % takes a step that is not listed', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payment_attempts_obey BEFORE UPDATE ON payment_attempts
    FOR EACH ROW EXECUTE FUNCTION check_payment_attempt();
CREATE TRIGGER payment_attempts_never_deleted BEFORE DELETE OR TRUNCATE ON payment_attempts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- --- tokens ----------------------------------------------------------------------------------------

CREATE TABLE card_tokens (
    id bigint PRIMARY KEY,
    merchant_id bigint NOT NULL REFERENCES merchants,
    kind text NOT NULL CHECK (kind IN ('recurring', 'preauth')),
    payment_id bigint NOT NULL UNIQUE REFERENCES payments,
    token_sha256 text NOT NULL UNIQUE,
    card_mask text NOT NULL,
    card_fingerprint text NOT NULL,
    card_brand text NOT NULL,
    card_expiry text NOT NULL,
    vault text NOT NULL,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE card_tokens IS 'Tokens are made anew from the payment and our key, so only their hash is here; vault is the acquirer''s name for the card.';

-- --- settlement --------------------------------------------------------------------------------------

CREATE TABLE settlements (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    merchant_id bigint NOT NULL REFERENCES merchants,
    day date NOT NULL,
    charges_count integer NOT NULL DEFAULT 0,
    gross bigint NOT NULL DEFAULT 0,
    fee bigint NOT NULL DEFAULT 0,
    refunds_count integer NOT NULL DEFAULT 0,
    refunded bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (merchant_id, day)
);
COMMENT ON TABLE settlements IS 'One report per merchant and day (WIB, the merchant''s clock): what the acquirer settled.';

-- --- the sandbox issuer's own book -------------------------------------------------------------------

CREATE TABLE sandbox_issuer_book (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reference text NOT NULL UNIQUE,
    kind text NOT NULL,
    of_reference text NOT NULL DEFAULT '',
    amount bigint NOT NULL,
    outcome jsonb NOT NULL,
    heard integer NOT NULL DEFAULT 1,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE sandbox_issuer_book IS 'What the sandbox issuer did, committed before it answers; heard counts requests before they are told apart.';

-- --- notifications go through the outbox of callbacks ---------------------------------------------------

ALTER TABLE callbacks ALTER COLUMN reseller_id DROP NOT NULL;
ALTER TABLE callbacks ADD COLUMN merchant_id bigint;
ALTER TABLE callbacks ADD CONSTRAINT callbacks_tell_one CHECK (num_nulls(reseller_id, merchant_id) = 1);
CREATE INDEX callbacks_merchant ON callbacks (merchant_id, id) WHERE merchant_id IS NOT NULL;
COMMENT ON COLUMN callbacks.order_id IS 'The order, or where merchant_id is given the payment: both have numbers from one sequence.';
