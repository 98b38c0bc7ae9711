-- Sums of finished days, so that a page over months reads a few rows a day. A day counts from its sums only while
-- nothing in it changed since: what changes an old day's order or card attempt raises `changes` in the same COMMIT.

CREATE TABLE counted_days (
    subject text NOT NULL CHECK (subject IN ('orders', 'cards')),
    business_day date NOT NULL,
    changes bigint NOT NULL DEFAULT 0,
    counted bigint,
    counted_at timestamptz,
    PRIMARY KEY (subject, business_day),
    CONSTRAINT counted_days_never_ahead CHECK (counted <= changes),
    CONSTRAINT counted_days_have_time CHECK ((counted IS NULL) = (counted_at IS NULL))
);
COMMENT ON TABLE counted_days IS 'Days that are over. Their sums hold while counted = changes; otherwise they are read anew from the rows.';

CREATE TABLE order_day_sums (
    business_day date NOT NULL,
    dimension text NOT NULL CHECK (dimension IN ('product', 'supplier', 'reseller')),
    name text NOT NULL,
    orders bigint NOT NULL CHECK (orders > 0),
    sales bigint NOT NULL,
    cost bigint NOT NULL,
    PRIMARY KEY (business_day, dimension, name)
);
COMMENT ON TABLE order_day_sums IS 'Delivered orders of a counted day, by product, by supplier and by reseller.';

CREATE TABLE card_day_sums (
    business_day date NOT NULL,
    imid text NOT NULL,
    acquirer text NOT NULL,
    brand text NOT NULL,
    kind payment_attempt_kind NOT NULL,
    state payment_attempt_state NOT NULL,
    code text NOT NULL,
    attempts bigint NOT NULL CHECK (attempts > 0),
    amount bigint NOT NULL,
    PRIMARY KEY (business_day, imid, acquirer, brand, kind, state, code)
);
COMMENT ON TABLE card_day_sums IS 'What acquirers answered on a counted day, of payments that move money.';

CREATE FUNCTION note_late_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'orders' THEN
        UPDATE counted_days SET changes = changes + 1 WHERE subject = 'orders' AND business_day = OLD.business_day;
    ELSE
        UPDATE counted_days SET changes = changes + 1
         WHERE subject = 'cards' AND business_day = wib_day(OLD.created_at);
    END IF;
    RETURN NULL;
END $$;

-- The first condition is all that an order of today costs.
CREATE TRIGGER orders_note_late_change AFTER UPDATE ON orders FOR EACH ROW
    WHEN (OLD.business_day < wib_day(clock_timestamp())
          AND (OLD.state IS DISTINCT FROM NEW.state OR OLD.price IS DISTINCT FROM NEW.price
               OR OLD.cost IS DISTINCT FROM NEW.cost OR OLD.supplier_id IS DISTINCT FROM NEW.supplier_id))
    EXECUTE FUNCTION note_late_change();
CREATE TRIGGER payment_attempts_note_late_change AFTER UPDATE ON payment_attempts FOR EACH ROW
    WHEN (wib_day(OLD.created_at) < wib_day(clock_timestamp())
          AND (OLD.state IS DISTINCT FROM NEW.state OR OLD.code IS DISTINCT FROM NEW.code
               OR OLD.card_mask IS DISTINCT FROM NEW.card_mask))
    EXECUTE FUNCTION note_late_change();

-- Card attempts are found by day; they are written in the order of time, so a few bytes a block do.
CREATE INDEX payment_attempts_of_days ON payment_attempts USING brin (created_at)
    WITH (pages_per_range = 32, autosummarize = on);
