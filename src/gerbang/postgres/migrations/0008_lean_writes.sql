-- Fewer indexes and fewer checks' queries on the tables every order writes to; the laws are the same.

-- The transfers of an order are found by its hold, by the hold's end and by the keys of its costs;
-- only what seldom happens needs an index by order.
CREATE INDEX transfers_order_seldom ON transfers (order_id)
    WHERE order_id IS NOT NULL AND event NOT IN ('sale.hold', 'sale.post', 'sale.void', 'cost');
DROP INDEX transfers_order;

-- Transfers are stored in the order of days, so a summary of each range of pages finds a day.
CREATE INDEX transfers_of_days ON transfers USING brin (business_day) WITH (pages_per_range = 32, autosummarize = on);
DROP INDEX transfers_day;

CREATE OR REPLACE FUNCTION check_new_transfers() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad text;
    problem text;
BEGIN
    SELECT n.key, CASE WHEN d.id IS NULL OR c.id IS NULL THEN 'account'
                       WHEN n.pending_id IS NOT NULL
                            AND (p.phase IS DISTINCT FROM 'pending'
                                 OR p.debit_account_id <> n.debit_account_id
                                 OR p.credit_account_id <> n.credit_account_id
                                 OR n.amount > p.amount
                                 OR (n.phase = 'voided' AND n.amount <> p.amount)) THEN 'pending'
                       ELSE 'sealed' END
      INTO bad, problem
      FROM new_rows n
      LEFT JOIN accounts d ON d.id = n.debit_account_id
      LEFT JOIN accounts c ON c.id = n.credit_account_id
      LEFT JOIN transfers p ON p.id = n.pending_id
     WHERE d.id IS NULL OR c.id IS NULL
        OR (n.pending_id IS NOT NULL
            AND (p.phase IS DISTINCT FROM 'pending'
                 OR p.debit_account_id <> n.debit_account_id
                 OR p.credit_account_id <> n.credit_account_id
                 OR n.amount > p.amount
                 OR (n.phase = 'voided' AND n.amount <> p.amount)))
        OR n.business_day <= (SELECT max(business_day) FROM seals)
     LIMIT 1;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF problem = 'account' THEN
        RAISE EXCEPTION 'transfer % names an unknown account', bad USING ERRCODE = 'foreign_key_violation';
    ELSIF problem = 'pending' THEN
        RAISE EXCEPTION 'transfer % does not fit its pending transfer', bad USING ERRCODE = 'check_violation';
    END IF;
    RAISE EXCEPTION 'the business day is sealed' USING ERRCODE = 'check_violation';
END $$;

CREATE OR REPLACE FUNCTION check_new_attempts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad bigint;
    forbidden boolean;
BEGIN
    SELECT n.order_id, o.id IS NULL OR o.testing INTO bad, forbidden
      FROM new_rows n LEFT JOIN orders o ON o.id = n.order_id
     WHERE o.id IS NULL OR o.testing
        OR (n.number > 1 AND EXISTS (
            SELECT 1 FROM attempts a
             WHERE a.order_id = n.order_id AND a.id <> n.id AND a.state NOT IN ('rejected', 'unavailable')))
     LIMIT 1;
    IF FOUND AND forbidden THEN
        RAISE EXCEPTION 'order % may not have attempts', bad USING ERRCODE = 'check_violation';
    ELSIF FOUND THEN
        RAISE EXCEPTION 'order % has an attempt whose outcome is not a refusal', bad USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
