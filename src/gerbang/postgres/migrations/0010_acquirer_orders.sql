-- Orders of ours at a card acquirer beyond the network: what was asked there, written before it was asked.

CREATE TYPE acquirer_order_state AS ENUM ('new', 'closed', 'open', 'sent', 'approved', 'declined');

CREATE TABLE acquirer_orders (
    reference text PRIMARY KEY,
    acquirer_id bigint NOT NULL REFERENCES acquirers,
    kind payment_attempt_kind NOT NULL,
    state acquirer_order_state NOT NULL DEFAULT 'new',
    txid text NOT NULL DEFAULT '',
    order_reference text NOT NULL DEFAULT '',
    order_amount bigint NOT NULL DEFAULT 0,
    asked bigint NOT NULL,
    given_back_before bigint NOT NULL DEFAULT 0,
    undo text NOT NULL DEFAULT '' CHECK (undo IN ('', 'sent', 'done', 'unclear')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT acquirer_orders_sent_has_txid CHECK (state IN ('new', 'closed') OR txid <> ''),
    CONSTRAINT acquirer_orders_undo_of_declined CHECK (undo = '' OR state = 'declined')
);
COMMENT ON TABLE acquirer_orders IS 'One row per attempt at an acquirer beyond the network; a closed one was never sent and never will be.';
COMMENT ON COLUMN acquirer_orders.order_reference IS 'What the acquirer knows the order by: of a void or refund the order it takes back.';
COMMENT ON COLUMN acquirer_orders.given_back_before IS 'The sum of cancels there before this one was sent: a larger sum proves that it happened.';
COMMENT ON COLUMN acquirer_orders.undo IS 'A charge that succeeded after it was told declined is taken back, once.';
CREATE INDEX acquirer_orders_txid ON acquirer_orders (acquirer_id, txid) WHERE txid <> '';

CREATE FUNCTION check_acquirer_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.reference, OLD.acquirer_id, OLD.kind, OLD.asked) IS DISTINCT FROM
       (NEW.reference, NEW.acquirer_id, NEW.kind, NEW.asked)
       OR (OLD.txid <> '' AND NEW.txid <> OLD.txid)
       OR (NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
           ('new', 'closed'), ('new', 'open'), ('new', 'sent'), ('open', 'sent'),
           ('open', 'approved'), ('open', 'declined'), ('sent', 'approved'), ('sent', 'declined')))
       OR (NEW.undo <> OLD.undo AND (OLD.undo, NEW.undo) NOT IN (
           ('', 'sent'), ('sent', 'done'), ('sent', 'unclear'), ('unclear', 'done'))) THEN
        RAISE EXCEPTION 'acquirer order % takes a step that is not listed', OLD.reference
            USING ERRCODE = 'check_violation';
    END IF;
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER acquirer_orders_obey BEFORE UPDATE ON acquirer_orders
    FOR EACH ROW EXECUTE FUNCTION check_acquirer_order();
CREATE TRIGGER acquirer_orders_never_deleted BEFORE DELETE OR TRUNCATE ON acquirer_orders
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
