-- Deposits: where resellers send money, tickets that fix an exact amount, the bank's lines, and who decides.

CREATE TABLE bank_accounts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    bank_name text NOT NULL CHECK (bank_name <> ''),
    account_no text NOT NULL UNIQUE CHECK (account_no ~ '^[0-9]{4,32}$'),
    beneficiary_name text NOT NULL,
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE bank_accounts IS 'Our accounts that deposits may come to; tickets list the active ones.';
CREATE TRIGGER bank_accounts_never_deleted BEFORE DELETE OR TRUNCATE ON bank_accounts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- --- tickets -------------------------------------------------------------------------------------

CREATE TYPE deposit_ticket_state AS ENUM ('open', 'paid', 'expired', 'cancelled');

CREATE TABLE deposit_tickets (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reseller_id bigint NOT NULL REFERENCES resellers,
    testing boolean NOT NULL,
    sandboxed boolean NOT NULL,
    dialect text NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    unique_digits integer NOT NULL CHECK (unique_digits > 0),
    fee bigint NOT NULL CHECK (fee >= 0),
    grand_total bigint NOT NULL,
    state deposit_ticket_state NOT NULL DEFAULT 'open',
    valid_before timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_at timestamptz,
    closed_by text NOT NULL DEFAULT '',
    CONSTRAINT deposit_tickets_total_adds_up CHECK (grand_total = amount + unique_digits + fee),
    CONSTRAINT deposit_tickets_closed_has_time CHECK ((state = 'open') = (closed_at IS NULL)),
    CONSTRAINT deposit_tickets_testing_is_never_paid CHECK (NOT (testing AND state = 'paid')),
    UNIQUE (id, testing, grand_total),
    UNIQUE (id, reseller_id)
);
COMMENT ON COLUMN deposit_tickets.sandboxed IS 'Testing, or of a demo installation: its validity follows the sandbox clock.';
CREATE FUNCTION ticket_clock(sandboxed boolean) RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT clock_timestamp() + CASE WHEN sandboxed
           THEN coalesce((SELECT sandbox_clock_offset_s FROM installation), 0) ELSE 0 END * interval '1 second'
$$;
COMMENT ON FUNCTION ticket_clock IS 'The time by which tickets expire: the sandbox clock where it may, real time elsewhere.';
CREATE UNIQUE INDEX deposit_tickets_open_once ON deposit_tickets (reseller_id, testing, amount) WHERE state = 'open';
CREATE INDEX deposit_tickets_open ON deposit_tickets (valid_before) WHERE state = 'open';
CREATE INDEX deposit_tickets_reseller ON deposit_tickets (reseller_id, id);
CREATE TRIGGER deposit_tickets_never_deleted BEFORE DELETE OR TRUNCATE ON deposit_tickets
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE deposit_ticket_steps (
    from_state deposit_ticket_state NOT NULL,
    to_state deposit_ticket_state NOT NULL,
    PRIMARY KEY (from_state, to_state)
);
COMMENT ON TABLE deposit_ticket_steps IS 'The steps deposits/ticket.py lists; a test keeps the two equal.';
INSERT INTO deposit_ticket_steps VALUES
    ('open', 'paid'), ('open', 'expired'), ('open', 'cancelled'), ('expired', 'paid'), ('cancelled', 'paid');

CREATE FUNCTION check_deposit_ticket_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.reseller_id, OLD.testing, OLD.amount, OLD.grand_total) IS DISTINCT FROM
       (NEW.reseller_id, NEW.testing, NEW.amount, NEW.grand_total) THEN
        RAISE EXCEPTION 'deposit ticket % does not change what it asks for', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state <> OLD.state AND NOT EXISTS (
        SELECT 1 FROM deposit_ticket_steps s WHERE s.from_state = OLD.state AND s.to_state = NEW.state) THEN
        RAISE EXCEPTION 'deposit ticket % takes a step that is not listed', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER deposit_tickets_take_listed_steps BEFORE UPDATE ON deposit_tickets
    FOR EACH ROW EXECUTE FUNCTION check_deposit_ticket_step();

-- An exact total belongs to one ticket on each bank it lists: while it is open, and seven days longer.
CREATE TABLE deposit_ticket_banks (
    ticket_id bigint NOT NULL,
    bank_account_id bigint NOT NULL REFERENCES bank_accounts,
    testing boolean NOT NULL,
    grand_total bigint NOT NULL,
    reserved boolean NOT NULL DEFAULT true,
    PRIMARY KEY (ticket_id, bank_account_id),
    FOREIGN KEY (ticket_id, testing, grand_total) REFERENCES deposit_tickets (id, testing, grand_total)
);
CREATE UNIQUE INDEX deposit_totals_unique ON deposit_ticket_banks (bank_account_id, testing, grand_total) WHERE reserved;
CREATE INDEX deposit_totals ON deposit_ticket_banks (bank_account_id, grand_total) WHERE NOT testing;
CREATE TRIGGER deposit_ticket_banks_never_deleted BEFORE DELETE OR TRUNCATE ON deposit_ticket_banks
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION check_deposit_total_release() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.ticket_id, OLD.bank_account_id, OLD.testing, OLD.grand_total) IS DISTINCT FROM
       (NEW.ticket_id, NEW.bank_account_id, NEW.testing, NEW.grand_total) OR (NEW.reserved AND NOT OLD.reserved) THEN
        RAISE EXCEPTION 'a reserved total can only be released' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.reserved AND NOT NEW.reserved AND NOT EXISTS (
        SELECT 1 FROM deposit_tickets t
         WHERE t.id = OLD.ticket_id AND t.closed_at <= clock_timestamp() - interval '7 days') THEN
        RAISE EXCEPTION 'the total of deposit ticket % is reserved until seven days after it closes', OLD.ticket_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER deposit_totals_are_released_late BEFORE UPDATE ON deposit_ticket_banks
    FOR EACH ROW EXECUTE FUNCTION check_deposit_total_release();

-- --- the bank's lines ------------------------------------------------------------------------------

CREATE TABLE bank_line_formats (
    name text PRIMARY KEY CHECK (name ~ '^[a-z0-9_-]{2,32}$'),
    map jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE bank_line_formats IS 'Saved column maps of CSV statements: see deposits/statement.py.';

CREATE TABLE bank_line_sources (
    name text PRIMARY KEY CHECK (name ~ '^[a-z0-9_-]{2,32}$'),
    sealed bytea NOT NULL,
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE bank_line_sources IS 'Statement services that push lines, each with the secret that signs them.';

CREATE TYPE bank_line_state AS ENUM ('new', 'queued', 'crediting', 'credited', 'set_aside');

CREATE TABLE bank_lines (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    bank_account_id bigint NOT NULL REFERENCES bank_accounts,
    identity text NOT NULL,
    direction text NOT NULL CHECK (direction IN ('in', 'out')),
    amount bigint NOT NULL CHECK (amount > 0),
    description text NOT NULL,
    reference text NOT NULL,
    at timestamptz NOT NULL,
    at_is_day boolean NOT NULL,
    source text NOT NULL,
    state bank_line_state NOT NULL DEFAULT 'new',
    verdict text NOT NULL DEFAULT '',
    explanation jsonb NOT NULL DEFAULT '{}',
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT bank_lines_known_once UNIQUE (bank_account_id, identity),
    CONSTRAINT bank_lines_out_is_never_credited CHECK (direction = 'in' OR state IN ('new', 'set_aside')),
    UNIQUE (id, amount)
);
COMMENT ON COLUMN bank_lines.identity IS 'The source''s own id, else the hash of its fields and its occurrence in its file.';
COMMENT ON COLUMN bank_lines.at_is_day IS 'The source gave only a day: `at` is its beginning in WIB.';
CREATE INDEX bank_lines_waiting ON bank_lines (id) WHERE state IN ('new', 'crediting');
CREATE INDEX bank_lines_queue ON bank_lines (id) WHERE state = 'queued';
CREATE TRIGGER bank_lines_never_deleted BEFORE DELETE OR TRUNCATE ON bank_lines
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE bank_line_steps (
    from_state bank_line_state NOT NULL,
    to_state bank_line_state NOT NULL,
    PRIMARY KEY (from_state, to_state)
);
COMMENT ON TABLE bank_line_steps IS 'The steps deposits/line.py lists; a test keeps the two equal.';
INSERT INTO bank_line_steps VALUES
    ('new', 'queued'), ('new', 'crediting'), ('new', 'set_aside'), ('queued', 'crediting'), ('queued', 'set_aside'),
    ('crediting', 'credited');

CREATE FUNCTION check_bank_line_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.bank_account_id, OLD.identity, OLD.direction, OLD.amount, OLD.description, OLD.reference, OLD.at, OLD.source)
       IS DISTINCT FROM
       (NEW.bank_account_id, NEW.identity, NEW.direction, NEW.amount, NEW.description, NEW.reference, NEW.at, NEW.source) THEN
        RAISE EXCEPTION 'bank line % is what the bank said', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state <> OLD.state AND NOT EXISTS (
        SELECT 1 FROM bank_line_steps s WHERE s.from_state = OLD.state AND s.to_state = NEW.state) THEN
        RAISE EXCEPTION 'bank line % takes a step that is not listed', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bank_lines_take_listed_steps BEFORE UPDATE ON bank_lines
    FOR EACH ROW EXECUTE FUNCTION check_bank_line_step();

-- --- credits -----------------------------------------------------------------------------------------

-- The intention to credit, committed before the ledger is asked. One per line, one per ticket, never more
-- than the line brought.
CREATE TABLE deposit_credits (
    bank_line_id bigint PRIMARY KEY,
    line_amount bigint NOT NULL,
    reseller_id bigint NOT NULL REFERENCES resellers,
    ticket_id bigint UNIQUE,
    amount bigint NOT NULL CHECK (amount > 0),
    fee bigint NOT NULL CHECK (fee >= 0),
    actor text NOT NULL CHECK (actor <> ''),
    note text NOT NULL,
    intended_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    posted_at timestamptz,
    CONSTRAINT deposit_credits_take_the_whole_line CHECK (amount + fee = line_amount),
    FOREIGN KEY (bank_line_id, line_amount) REFERENCES bank_lines (id, amount),
    FOREIGN KEY (ticket_id, reseller_id) REFERENCES deposit_tickets (id, reseller_id)
);
CREATE INDEX deposit_credits_unposted ON deposit_credits (bank_line_id) WHERE posted_at IS NULL;
CREATE TRIGGER deposit_credits_never_deleted BEFORE DELETE OR TRUNCATE ON deposit_credits
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE deposit_proposals (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    bank_line_id bigint NOT NULL REFERENCES bank_lines,
    action text NOT NULL CHECK (action IN ('credit', 'set_aside')),
    reseller_id bigint REFERENCES resellers,
    ticket_id bigint REFERENCES deposit_tickets,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'approved', 'rejected')),
    maker text NOT NULL CHECK (maker <> ''),
    note text NOT NULL CHECK (note <> ''),
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    checker text,
    decided_at timestamptz,
    CONSTRAINT deposit_proposals_four_eyes CHECK (checker IS DISTINCT FROM maker),
    CONSTRAINT deposit_proposals_decided_by_somebody
        CHECK ((state = 'waiting') = (checker IS NULL) AND (checker IS NULL) = (decided_at IS NULL)),
    CONSTRAINT deposit_proposals_credit_somebody CHECK ((action = 'credit') = (reseller_id IS NOT NULL))
);
CREATE UNIQUE INDEX deposit_proposals_one_waiting ON deposit_proposals (bank_line_id) WHERE state = 'waiting';
CREATE INDEX deposit_proposals_line ON deposit_proposals (bank_line_id);
CREATE TRIGGER deposit_proposals_never_deleted BEFORE DELETE OR TRUNCATE ON deposit_proposals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
