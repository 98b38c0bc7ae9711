-- Bills: inquiry sessions, payments and what may be paid only once.

ALTER TABLE products
    ADD COLUMN service text NOT NULL DEFAULT '',
    ADD COLUMN biller text NOT NULL DEFAULT '',
    ADD CONSTRAINT products_service_known CHECK (service IN (
        '', 'pln_postpaid', 'pln_prepaid', 'pln_non_taglis', 'pdam', 'bpjs_kesehatan', 'bpjs_ketenagakerjaan',
        'internet', 'mobile_postpaid', 'multifinance', 'gas', 'tv', 'pbb', 'ewallet'));
COMMENT ON COLUMN products.service IS 'What a postpaid product pays; pln_prepaid also marks tokens whose meter can be checked.';
COMMENT ON COLUMN products.biller IS 'Who sends the bill: products of one biller share one guard against paying twice. Empty: the product alone.';

INSERT INTO accounts (code, kind, normal_side, tracked) VALUES
    ('house:bill_margin', 'house', 'credit', false);

CREATE TYPE inquiry_state AS ENUM ('asked', 'found', 'refused', 'unclear');

-- One row per question to a supplier. Its id is drawn from attempt_ids: the payment's attempt has the
-- same id, so that one inquiry can be paid at most once and both carry one reference at the supplier.
CREATE TABLE inquiries (
    id bigint PRIMARY KEY,
    reseller_id bigint NOT NULL,
    credential_id bigint NOT NULL,
    testing boolean NOT NULL,
    dialect text NOT NULL,
    reference text NOT NULL,
    number smallint NOT NULL,
    product_id bigint NOT NULL,
    product_code text NOT NULL,
    product_name text NOT NULL,
    service text NOT NULL,
    biller text NOT NULL,
    customer_no text NOT NULL,
    quantity bigint NOT NULL,
    state inquiry_state NOT NULL DEFAULT 'asked',
    reason text,
    message text NOT NULL DEFAULT '',
    supplier_id bigint,
    route_id bigint,
    supplier_product_code text NOT NULL DEFAULT '',
    supplier_reference text NOT NULL DEFAULT '',
    supplier_total bigint,
    bill jsonb,
    fee bigint,
    share bigint,
    cost bigint,
    total bigint,
    request text NOT NULL DEFAULT '',
    answer text NOT NULL DEFAULT '',
    elapsed_ms integer NOT NULL DEFAULT 0,
    business_day date NOT NULL DEFAULT wib_day(clock_timestamp()),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    answered_at timestamptz,
    expires_at timestamptz,
    CONSTRAINT inquiries_quantity_positive CHECK (quantity > 0),
    CONSTRAINT inquiries_testing_asks_no_supplier CHECK (NOT testing OR supplier_id IS NULL),
    CONSTRAINT inquiries_found_is_whole CHECK (state <> 'found' OR num_nulls(bill, fee, share, cost, total, expires_at) = 0),
    CONSTRAINT inquiries_amounts_not_negative CHECK (coalesce(fee, 0) >= 0 AND coalesce(share, 0) >= 0
        AND coalesce(cost, 0) >= 0 AND coalesce(total, 0) >= 0 AND coalesce(share, 0) <= coalesce(fee, 0))
);
CREATE INDEX inquiries_reference ON inquiries (reseller_id, testing, reference, id);
CREATE INDEX inquiries_customer ON inquiries (reseller_id, testing, product_id, customer_no, id) WHERE state = 'found';
CREATE INDEX inquiries_day ON inquiries (reseller_id, business_day) WHERE number = 1 AND NOT testing;
COMMENT ON COLUMN inquiries.number IS '1 for what a reseller asked, more for further suppliers of the same question, 0 for our own look before a payment.';
CREATE TRIGGER inquiries_never_deleted BEFORE DELETE OR TRUNCATE ON inquiries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE bill_payments (
    order_id bigint PRIMARY KEY,
    session_id bigint NOT NULL UNIQUE,
    inquiry_id bigint NOT NULL UNIQUE,
    due bigint NOT NULL CHECK (due >= 0),
    fee bigint NOT NULL CHECK (fee >= 0),
    share bigint NOT NULL CHECK (share BETWEEN 0 AND fee),
    supplier_total bigint NOT NULL CHECK (supplier_total >= 0)
);
COMMENT ON TABLE bill_payments IS 'What a payment''s money is made of: due to the biller, our fee, the reseller''s share of it.';
COMMENT ON COLUMN bill_payments.session_id IS 'The inquiry the reseller saw; inquiry_id is the one that is paid at the supplier.';
CREATE TRIGGER bill_payments_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bill_payments
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE bill_guards (
    order_id bigint NOT NULL,
    biller text NOT NULL,
    customer_no text NOT NULL,
    period text NOT NULL,
    held boolean NOT NULL DEFAULT true,
    released_at timestamptz,
    released_by text NOT NULL DEFAULT '',
    released_why text NOT NULL DEFAULT '',
    PRIMARY KEY (order_id, period)
);
CREATE UNIQUE INDEX bill_guards_paid_once ON bill_guards (biller, customer_no, period) WHERE held;
COMMENT ON TABLE bill_guards IS 'The same customer and period are paid once: held from the order on, released when it failed or by a person.';
CREATE TRIGGER bill_guards_never_deleted BEFORE DELETE OR TRUNCATE ON bill_guards
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
