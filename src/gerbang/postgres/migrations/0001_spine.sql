-- The spine: ledger, catalogue, resellers, suppliers, orders, attempts, callbacks.
-- Laws that a per-row foreign key would enforce on hot tables are enforced by statement triggers
-- over transition tables: the same law, set-based, without row locks on hot parents.

-- --- time ------------------------------------------------------------------------------------

CREATE FUNCTION wib_day(at timestamptz) RETURNS date
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (at AT TIME ZONE INTERVAL '+07:00')::date;

-- --- this installation -------------------------------------------------------------------------

CREATE TABLE installation (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    tag text NOT NULL CHECK (tag ~ '^[A-Z0-9]{4}$'),
    demo boolean NOT NULL DEFAULT false,
    sandbox_clock_offset_s bigint NOT NULL DEFAULT 0 CHECK (sandbox_clock_offset_s >= 0),
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN installation.tag IS 'Prefix of our references at suppliers, so that two installations never share one.';

-- Rows that nodes keep in memory carry the transaction that changed them last: a node asks for
-- everything at or after the xmin of its previous snapshot, so no change is missed or waited for.
CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_xid := pg_current_xact_id();
    RETURN NEW;
END $$;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is not allowed', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

-- --- ledger --------------------------------------------------------------------------------------

CREATE TYPE account_kind AS ENUM ('reseller', 'receivable', 'supplier_float', 'bank', 'merchant', 'house');
CREATE TYPE account_side AS ENUM ('debit', 'credit');

CREATE TABLE accounts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE,
    kind account_kind NOT NULL,
    normal_side account_side NOT NULL,
    tracked boolean NOT NULL,
    balance bigint NOT NULL DEFAULT 0,
    held bigint NOT NULL DEFAULT 0,
    credit_limit bigint NOT NULL DEFAULT 0,
    version bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT accounts_held_not_negative CHECK (held >= 0),
    CONSTRAINT accounts_credit_limit_not_negative CHECK (credit_limit >= 0),
    CONSTRAINT accounts_untracked_carry_nothing CHECK (tracked OR (balance = 0 AND held = 0 AND version = 0)),
    CONSTRAINT accounts_within_credit_limit CHECK (kind <> 'reseller' OR balance - held >= -credit_limit)
) WITH (fillfactor = 50);
COMMENT ON TABLE accounts IS 'Balances are credit-positive rupiah; untracked (house) accounts are a checkpoint plus entries.';
CREATE TRIGGER accounts_never_deleted BEFORE DELETE OR TRUNCATE ON accounts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TYPE transfer_phase AS ENUM ('direct', 'pending', 'posted', 'voided');

CREATE SEQUENCE transfer_ids INCREMENT BY 256;

CREATE TABLE transfers (
    id bigint PRIMARY KEY,
    key text NOT NULL,
    event text NOT NULL,
    phase transfer_phase NOT NULL,
    pending_id bigint,
    debit_account_id bigint NOT NULL,
    credit_account_id bigint NOT NULL,
    amount bigint NOT NULL,
    order_id bigint,
    actor text NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT '',
    business_day date NOT NULL DEFAULT wib_day(clock_timestamp()),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT transfers_key_unique UNIQUE (key),
    CONSTRAINT transfers_amount_positive CHECK (amount > 0),
    CONSTRAINT transfers_two_accounts CHECK (debit_account_id <> credit_account_id),
    CONSTRAINT transfers_end_names_its_pending CHECK ((phase IN ('posted', 'voided')) = (pending_id IS NOT NULL))
);
CREATE UNIQUE INDEX transfers_pending_ends_once ON transfers (pending_id) WHERE pending_id IS NOT NULL;
CREATE INDEX transfers_order ON transfers (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX transfers_day ON transfers (business_day, id);

CREATE TABLE entries (
    transfer_id bigint NOT NULL,
    account_id bigint NOT NULL,
    amount bigint NOT NULL,
    previous bigint,
    balance bigint,
    version bigint,
    PRIMARY KEY (transfer_id, account_id),
    CONSTRAINT entries_amount_not_zero CHECK (amount <> 0),
    CONSTRAINT entries_balance_follows CHECK (balance = previous + amount),
    CONSTRAINT entries_all_or_nothing CHECK (num_nulls(previous, balance, version) IN (0, 3))
);
COMMENT ON COLUMN entries.amount IS 'Credit-positive rupiah: the debit side is negative.';
CREATE UNIQUE INDEX entries_account_version ON entries (account_id, version) WHERE version IS NOT NULL;
CREATE INDEX entries_untracked_account ON entries (account_id, transfer_id) WHERE version IS NULL;

CREATE TABLE seals (
    business_day date PRIMARY KEY,
    transfers_count bigint NOT NULL,
    entries_count bigint NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    sealed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE checkpoints (
    account_id bigint NOT NULL REFERENCES accounts,
    business_day date NOT NULL REFERENCES seals,
    balance bigint NOT NULL,
    PRIMARY KEY (account_id, business_day)
);

CREATE FUNCTION check_new_transfers() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad text;
BEGIN
    SELECT n.key INTO bad
      FROM new_rows n
      LEFT JOIN accounts d ON d.id = n.debit_account_id
      LEFT JOIN accounts c ON c.id = n.credit_account_id
     WHERE d.id IS NULL OR c.id IS NULL
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'transfer % names an unknown account', bad USING ERRCODE = 'foreign_key_violation';
    END IF;
    SELECT n.key INTO bad
      FROM new_rows n
      LEFT JOIN transfers p ON p.id = n.pending_id
     WHERE n.pending_id IS NOT NULL
       AND (p.phase IS DISTINCT FROM 'pending'
            OR p.debit_account_id <> n.debit_account_id
            OR p.credit_account_id <> n.credit_account_id
            OR n.amount > p.amount
            OR (n.phase = 'voided' AND n.amount <> p.amount))
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'transfer % does not fit its pending transfer', bad USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT 1 FROM new_rows n WHERE n.business_day <= (SELECT max(business_day) FROM seals)) THEN
        RAISE EXCEPTION 'the business day is sealed' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER transfers_obey AFTER INSERT ON transfers
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION check_new_transfers();
CREATE TRIGGER transfers_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transfers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION check_new_entries() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad bigint;
BEGIN
    SELECT n.transfer_id INTO bad
      FROM new_rows n
      LEFT JOIN transfers t ON t.id = n.transfer_id
      LEFT JOIN accounts a ON a.id = n.account_id
     WHERE t.id IS NULL
        OR t.phase NOT IN ('direct', 'posted')
        OR NOT ((n.account_id = t.debit_account_id AND n.amount = -t.amount)
             OR (n.account_id = t.credit_account_id AND n.amount = t.amount))
        OR a.tracked IS DISTINCT FROM (n.version IS NOT NULL)
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'an entry does not fit transfer %', bad USING ERRCODE = 'check_violation';
    END IF;
    SELECT n.transfer_id INTO bad FROM new_rows n GROUP BY n.transfer_id HAVING count(*) <> 2 OR sum(n.amount) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'transfer % needs its two entries together', bad USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER entries_obey AFTER INSERT ON entries
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION check_new_entries();
CREATE TRIGGER entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER seals_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

INSERT INTO accounts (code, kind, normal_side, tracked) VALUES
    ('house:sales', 'house', 'credit', false),
    ('house:cost', 'house', 'debit', false),
    ('house:fees', 'house', 'credit', false),
    ('house:surcharges', 'house', 'credit', false),
    ('house:corrections', 'house', 'debit', false),
    ('house:late_success', 'house', 'debit', false),
    ('house:opening', 'house', 'credit', false),
    ('bank:main', 'bank', 'debit', false);

-- --- catalogue -------------------------------------------------------------------------------------

CREATE TYPE product_kind AS ENUM ('prepaid', 'game', 'open', 'postpaid');
CREATE TYPE product_status AS ENUM ('open', 'closed', 'disturbed');
CREATE TYPE same_day_rule AS ENUM ('off', 'on', 'reseller');

CREATE TABLE categories (
    code text PRIMARY KEY,
    name text NOT NULL,
    destination_pattern text NOT NULL DEFAULT '^[0-9]{4,20}$',
    destination_hint text NOT NULL DEFAULT 'digits only, 4 to 20',
    uses_operator_prefix boolean NOT NULL DEFAULT false,
    changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id()
);

CREATE TABLE operator_prefixes (
    prefix text PRIMARY KEY CHECK (prefix ~ '^[0-9]{3,6}$'),
    operator text NOT NULL,
    changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id()
);

CREATE TABLE products (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE CHECK (code ~ '^[A-Z0-9_/-]{1,32}$'),
    name text NOT NULL,
    category text NOT NULL REFERENCES categories,
    brand text NOT NULL DEFAULT '',
    operator text NOT NULL DEFAULT '',
    kind product_kind NOT NULL DEFAULT 'prepaid',
    status product_status NOT NULL DEFAULT 'open',
    status_reason text NOT NULL DEFAULT '',
    base_price bigint CHECK (base_price >= 0),
    cost bigint CHECK (cost >= 0),
    admin_fee bigint NOT NULL DEFAULT 0 CHECK (admin_fee >= 0),
    amount_min bigint,
    amount_max bigint,
    amount_step bigint NOT NULL DEFAULT 1 CHECK (amount_step > 0),
    cut_off_start time,
    cut_off_end time,
    same_day_rule same_day_rule NOT NULL DEFAULT 'reseller',
    description text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    CONSTRAINT products_cut_off_has_both_ends CHECK (num_nulls(cut_off_start, cut_off_end) IN (0, 2)),
    CONSTRAINT products_open_amounts CHECK (kind <> 'open' OR coalesce(amount_min > 0 AND amount_max >= amount_min, false))
);
COMMENT ON COLUMN products.base_price IS 'Rupiah; for an open denomination the price above the amount itself.';

CREATE TABLE price_lists (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE,
    name text NOT NULL,
    changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id()
);

INSERT INTO price_lists (code, name) VALUES ('default', 'Default');

CREATE TABLE margins (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    price_list_id bigint NOT NULL REFERENCES price_lists,
    category text REFERENCES categories,
    amount bigint NOT NULL DEFAULT 0,
    basis_points integer NOT NULL DEFAULT 0,
    changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    UNIQUE NULLS NOT DISTINCT (price_list_id, category)
);
COMMENT ON TABLE margins IS 'Added to base_price: whole list (category null) or one category; rupiah plus basis points, rounded up.';

CREATE TABLE prices (
    price_list_id bigint NOT NULL REFERENCES price_lists,
    product_id bigint NOT NULL REFERENCES products,
    price bigint CHECK (price >= 0),
    changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (price_list_id, product_id)
);
COMMENT ON COLUMN prices.price IS 'Fixed price for one list; null takes the margin rule again.';

-- --- resellers --------------------------------------------------------------------------------------

CREATE TYPE reseller_status AS ENUM ('active', 'suspended', 'closed');

CREATE TABLE resellers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE CHECK (code ~ '^[A-Z0-9_-]{2,32}$'),
    name text NOT NULL,
    status reseller_status NOT NULL DEFAULT 'active',
    account_id bigint NOT NULL UNIQUE REFERENCES accounts,
    receivable_account_id bigint NOT NULL UNIQUE REFERENCES accounts,
    price_list_id bigint NOT NULL REFERENCES price_lists,
    allowed_ips text[] NOT NULL DEFAULT '{}',
    dialects text[] NOT NULL DEFAULT '{isikuota,socx}',
    callback_url text NOT NULL DEFAULT '',
    callback_format text NOT NULL DEFAULT 'auto',
    callback_secret_sealed bytea,
    live boolean NOT NULL DEFAULT true,
    late_success_paid_by text NOT NULL DEFAULT 'us' CHECK (late_success_paid_by IN ('us', 'reseller')),
    requests_per_second_max integer NOT NULL DEFAULT 0 CHECK (requests_per_second_max >= 0),
    concurrent_requests_max integer NOT NULL DEFAULT 0 CHECK (concurrent_requests_max >= 0),
    orders_per_day_max integer NOT NULL DEFAULT 0 CHECK (orders_per_day_max >= 0),
    reply_wait_ms jsonb NOT NULL DEFAULT '{}',
    settings jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id()
);
COMMENT ON COLUMN resellers.requests_per_second_max IS 'Limits: 0 means the installation''s default.';

CREATE TABLE credentials (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reseller_id bigint NOT NULL REFERENCES resellers,
    dialect text NOT NULL,
    key text NOT NULL,
    sealed bytea NOT NULL,
    testing boolean NOT NULL DEFAULT false,
    label text NOT NULL DEFAULT '',
    expires_at timestamptz,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    UNIQUE (dialect, key)
);
COMMENT ON COLUMN credentials.key IS 'What finds it: api_id, memberID in upper case, or the SHA-256 of a token.';

CREATE TABLE api_tokens (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    token_sha256 text NOT NULL UNIQUE,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- --- suppliers -----------------------------------------------------------------------------------------

CREATE TYPE supplier_status AS ENUM ('active', 'paused', 'closed');

CREATE TABLE suppliers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE CHECK (code ~ '^[a-z0-9_-]{2,32}$'),
    name text NOT NULL,
    dialect text NOT NULL,
    base_url text NOT NULL,
    sealed bytea NOT NULL,
    status supplier_status NOT NULL DEFAULT 'active',
    float_account_id bigint NOT NULL UNIQUE REFERENCES accounts,
    callback_ips text[] NOT NULL DEFAULT '{}',
    timeout_ms integer NOT NULL DEFAULT 130000 CHECK (timeout_ms BETWEEN 100 AND 300000),
    concurrency_max integer NOT NULL DEFAULT 100 CHECK (concurrency_max > 0),
    orders_per_day_max integer NOT NULL DEFAULT 0,
    float_min bigint NOT NULL DEFAULT 0,
    float_reported bigint,
    float_reported_at timestamptz,
    decide_after_s integer NOT NULL DEFAULT 86400,
    settings jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id()
);
COMMENT ON COLUMN suppliers.decide_after_s IS 'An unknown order goes to the queue for a person after this long; nothing else happens then.';

CREATE TABLE routes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id bigint NOT NULL REFERENCES products,
    supplier_id bigint NOT NULL REFERENCES suppliers,
    supplier_product_code text NOT NULL,
    cost bigint NOT NULL CHECK (cost >= 0),
    priority integer NOT NULL DEFAULT 100,
    weight integer NOT NULL DEFAULT 1 CHECK (weight > 0),
    enabled boolean NOT NULL DEFAULT true,
    disabled_reason text NOT NULL DEFAULT '',
    rules jsonb NOT NULL DEFAULT '{}',
    updated_at timestamptz NOT NULL DEFAULT now(),
    changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    UNIQUE (product_id, supplier_id, supplier_product_code)
);
COMMENT ON COLUMN routes.rules IS 'Time window, destination prefixes, reseller groups, below_cost: see routing/route.py.';

-- --- orders --------------------------------------------------------------------------------------------

CREATE TYPE order_state AS ENUM ('pending', 'success', 'failed', 'reversed');
CREATE TYPE attempt_state AS ENUM
    ('prepared', 'sending', 'accepted', 'unknown', 'delivered', 'rejected', 'unavailable');

CREATE SEQUENCE order_ids INCREMENT BY 256;

CREATE TABLE orders (
    id bigint PRIMARY KEY,
    reseller_id bigint NOT NULL,
    credential_id bigint NOT NULL,
    testing boolean NOT NULL,
    dialect text NOT NULL,
    kind product_kind NOT NULL,
    reference text NOT NULL,
    signature_key text,
    product_id bigint NOT NULL,
    product_code text NOT NULL,
    product_name text NOT NULL,
    destination text NOT NULL,
    quantity bigint NOT NULL,
    counter integer NOT NULL,
    same_day_counter integer,
    price bigint NOT NULL,
    hold_id bigint,
    state order_state NOT NULL DEFAULT 'pending',
    reason text,
    sn text NOT NULL DEFAULT '',
    message text NOT NULL DEFAULT '',
    data jsonb,
    supplier_id bigint,
    cost bigint,
    business_day date NOT NULL DEFAULT wib_day(clock_timestamp()),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    final_at timestamptz,
    needs_decision_at timestamptz,
    CONSTRAINT orders_price_not_negative CHECK (price >= 0),
    CONSTRAINT orders_quantity_positive CHECK (quantity > 0),
    CONSTRAINT orders_counter_positive CHECK (counter > 0),
    CONSTRAINT orders_testing_moves_no_money CHECK (testing = (hold_id IS NULL)),
    CONSTRAINT orders_final_has_time CHECK ((state = 'pending') = (final_at IS NULL))
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX orders_reference ON orders (reseller_id, testing, reference);
CREATE UNIQUE INDEX orders_signature ON orders (credential_id, signature_key) WHERE signature_key IS NOT NULL;
CREATE UNIQUE INDEX orders_same_day ON orders (reseller_id, product_id, destination, business_day, same_day_counter)
    WHERE same_day_counter IS NOT NULL;
CREATE INDEX orders_day_destination ON orders (business_day, destination);
CREATE INDEX orders_reseller ON orders (reseller_id, id);
CREATE INDEX orders_needing_decision ON orders (id) WHERE needs_decision_at IS NOT NULL;
COMMENT ON COLUMN orders.same_day_counter IS 'The counter where the same-day rule holds; null where it does not, and null again once the order failed.';
COMMENT ON COLUMN orders.signature_key IS 'Idempotency key of a request sent without a reference.';

CREATE TABLE order_history (
    order_id bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    from_state order_state NOT NULL,
    to_state order_state NOT NULL,
    reason text
);
CREATE INDEX order_history_order ON order_history (order_id);

CREATE TABLE order_steps (
    from_state order_state NOT NULL,
    to_state order_state NOT NULL,
    PRIMARY KEY (from_state, to_state)
);
COMMENT ON TABLE order_steps IS 'The steps orders/transitions.py lists; a test keeps the two equal.';
INSERT INTO order_steps VALUES
    ('pending', 'success'), ('pending', 'failed'), ('success', 'reversed'), ('failed', 'success'), ('reversed', 'success');

CREATE FUNCTION check_new_orders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM new_rows n
                 LEFT JOIN resellers r ON r.id = n.reseller_id
                 LEFT JOIN products p ON p.id = n.product_id
                WHERE r.id IS NULL OR p.id IS NULL) THEN
        RAISE EXCEPTION 'an order names an unknown reseller or product' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER orders_have_parents AFTER INSERT ON orders
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION check_new_orders();

CREATE FUNCTION note_order_steps() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad bigint;
BEGIN
    SELECT n.id INTO bad
      FROM new_rows n JOIN old_rows o ON o.id = n.id
     WHERE n.state <> o.state
       AND NOT EXISTS (SELECT 1 FROM order_steps s WHERE s.from_state = o.state AND s.to_state = n.state)
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'order % takes a step that is not listed', bad USING ERRCODE = 'check_violation';
    END IF;
    INSERT INTO order_history (order_id, from_state, to_state, reason)
    SELECT n.id, o.state, n.state, n.reason
      FROM new_rows n JOIN old_rows o ON o.id = n.id
     WHERE n.state <> o.state;
    RETURN NULL;
END $$;
CREATE TRIGGER orders_take_listed_steps AFTER UPDATE ON orders
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION note_order_steps();
CREATE TRIGGER orders_never_deleted BEFORE DELETE OR TRUNCATE ON orders
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE SEQUENCE attempt_ids INCREMENT BY 256;

CREATE TABLE attempts (
    id bigint PRIMARY KEY,
    order_id bigint NOT NULL,
    number smallint NOT NULL,
    supplier_id bigint NOT NULL,
    route_id bigint NOT NULL,
    supplier_product_code text NOT NULL,
    reference text NOT NULL,
    state attempt_state NOT NULL DEFAULT 'prepared',
    cost_expected bigint NOT NULL,
    cost bigint,
    sn text NOT NULL DEFAULT '',
    supplier_order_id text NOT NULL DEFAULT '',
    reason text,
    message text NOT NULL DEFAULT '',
    claimed_by text,
    due_at timestamptz,
    sent_at timestamptz,
    sends smallint NOT NULL DEFAULT 0,
    asks integer NOT NULL DEFAULT 0,
    not_found smallint NOT NULL DEFAULT 0,
    not_found_since timestamptz,
    explanation jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT attempts_reference_ends_with_id CHECK (right(reference, length(id::text)) = id::text)
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX attempts_order_number ON attempts (order_id, number);
CREATE INDEX attempts_due ON attempts (due_at) WHERE due_at IS NOT NULL;
COMMENT ON COLUMN attempts.due_at IS 'When somebody must look at it: a claim runs out, or a question is due. Null when final.';
COMMENT ON COLUMN attempts.reference IS 'Ours at the supplier: installation tag and the attempt''s own id, so unique by construction.';

-- An attempt is money on the wire: never for a testing order, and only one open per order.
CREATE FUNCTION check_new_attempts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad bigint;
BEGIN
    SELECT n.order_id INTO bad
      FROM new_rows n LEFT JOIN orders o ON o.id = n.order_id
     WHERE o.id IS NULL OR o.testing
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'order % may not have attempts', bad USING ERRCODE = 'check_violation';
    END IF;
    SELECT n.order_id INTO bad
      FROM new_rows n JOIN attempts a ON a.order_id = n.order_id AND a.id <> n.id
     WHERE n.number > 1 AND a.state NOT IN ('rejected', 'unavailable')
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'order % has an attempt whose outcome is not a refusal', bad USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER attempts_obey AFTER INSERT ON attempts
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION check_new_attempts();

CREATE TABLE attempt_messages (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    attempt_id bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind text NOT NULL CHECK (kind IN ('buy', 'ask', 'callback', 'person')),
    request text NOT NULL,
    answer text NOT NULL,
    outcome text NOT NULL,
    elapsed_ms integer NOT NULL DEFAULT 0
);
CREATE INDEX attempt_messages_attempt ON attempt_messages (attempt_id);
COMMENT ON TABLE attempt_messages IS 'Scrubbed transcripts: what was said to and by a supplier.';

CREATE TABLE refusals (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    reseller_id bigint NOT NULL,
    dialect text NOT NULL,
    testing boolean NOT NULL,
    reference text NOT NULL DEFAULT '',
    product_code text NOT NULL DEFAULT '',
    destination text NOT NULL DEFAULT '',
    reason text NOT NULL,
    message text NOT NULL DEFAULT ''
);
CREATE INDEX refusals_reseller ON refusals (reseller_id, id);

CREATE TABLE sandbox_steps (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id bigint NOT NULL REFERENCES orders,
    due_at timestamptz NOT NULL,
    outcome jsonb NOT NULL,
    done_at timestamptz
);
CREATE INDEX sandbox_steps_due ON sandbox_steps (due_at) WHERE done_at IS NULL;
COMMENT ON TABLE sandbox_steps IS 'What will happen to testing orders, by the magic numbers.';

CREATE TABLE cases (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    subject text NOT NULL UNIQUE,
    order_id bigint,
    attempt_id bigint,
    detail jsonb NOT NULL DEFAULT '{}',
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_at timestamptz,
    closed_by text NOT NULL DEFAULT '',
    resolution text NOT NULL DEFAULT ''
);
CREATE INDEX cases_open ON cases (id) WHERE closed_at IS NULL;
CREATE INDEX cases_order ON cases (order_id) WHERE order_id IS NOT NULL;

-- --- callbacks -------------------------------------------------------------------------------------------

CREATE TYPE callback_state AS ENUM ('waiting', 'due', 'delivered', 'exhausted');

CREATE SEQUENCE callback_ids INCREMENT BY 256;

CREATE TABLE callbacks (
    id bigint PRIMARY KEY,
    order_id bigint NOT NULL,
    reseller_id bigint NOT NULL,
    sequence smallint NOT NULL,
    event text NOT NULL,
    format text NOT NULL,
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    snapshot jsonb NOT NULL,
    state callback_state NOT NULL DEFAULT 'due',
    attempts_count integer NOT NULL DEFAULT 0,
    due_at timestamptz,
    claimed_by text,
    delivered_at timestamptz,
    last_status integer,
    last_error text NOT NULL DEFAULT '',
    CONSTRAINT callbacks_due_has_time CHECK ((state = 'due') = (due_at IS NOT NULL))
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX callbacks_order_sequence ON callbacks (order_id, sequence);
CREATE INDEX callbacks_due ON callbacks (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX callbacks_reseller ON callbacks (reseller_id, id);
COMMENT ON COLUMN callbacks.due_at IS 'Next delivery, or while claimed the moment the claim runs out.';

CREATE TABLE callback_deliveries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    callback_id bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    status integer,
    error text NOT NULL DEFAULT '',
    request text NOT NULL,
    answer text NOT NULL,
    duration_ms integer NOT NULL
);
CREATE INDEX callback_deliveries_callback ON callback_deliveries (callback_id);

-- --- who changed what -------------------------------------------------------------------------------------

CREATE TABLE audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    before jsonb,
    after jsonb
);
CREATE INDEX audit_log_subject ON audit_log (subject, id);
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- --- change tracking ----------------------------------------------------------------------------------------

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['categories', 'operator_prefixes', 'products', 'price_lists', 'margins',
                                'prices', 'resellers', 'credentials', 'suppliers', 'routes']
    LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE INSERT OR UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION note_change()',
                       name || '_note_change', name);
        EXECUTE format('CREATE INDEX %I ON %I (changed_xid)', name || '_changed', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['products', 'resellers', 'credentials', 'suppliers']
    LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()',
                       name || '_never_deleted', name);
    END LOOP;
END $$;
