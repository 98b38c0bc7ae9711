-- name: today
-- One reseller's live orders of a WIB day, by state, with what they cost it.
SELECT o.state::text AS state, count(*) AS orders, coalesce(sum(o.price), 0)::bigint AS amount
  FROM orders o
 WHERE o.reseller_id = $1 AND NOT o.testing AND o.business_day = $2
 GROUP BY o.state

-- name: orders
-- One reseller's orders, newest first, of the $9 that follow $2; every filter but the reseller may be null.
SELECT o.id, o.reference, o.testing, o.dialect, o.product_code, o.product_name, o.destination, o.price,
       o.state::text AS state, o.reason, o.sn, o.created_at, o.final_at
  FROM (SELECT * FROM orders WHERE reseller_id = $1 AND id < $2 ORDER BY id DESC LIMIT $9) o
 WHERE ($3::text IS NULL OR o.state = $3::order_state)
   AND ($4::boolean IS NULL OR o.testing = $4)
   AND ($5::text IS NULL OR o.product_code = $5)
   AND ($6::date IS NULL OR o.business_day >= $6)
   AND ($7::date IS NULL OR o.business_day <= $7)
 ORDER BY o.id DESC LIMIT $8

-- name: orders_looked_at
-- How far $3 orders before $2 reach; null where there are fewer.
SELECT id FROM orders WHERE reseller_id = $1 AND id < $2 ORDER BY id DESC OFFSET $3 LIMIT 1

-- name: orders_of_days
-- One reseller's orders of a few days, newest first, by the index of days.
SELECT o.id, o.reference, o.testing, o.dialect, o.product_code, o.product_name, o.destination, o.price,
       o.state::text AS state, o.reason, o.sn, o.created_at, o.final_at
  FROM orders o
 WHERE o.business_day = ANY($6::date[]) AND o.reseller_id = $1 AND o.id < $2
   AND ($3::text IS NULL OR o.state = $3::order_state)
   AND ($4::boolean IS NULL OR o.testing = $4)
   AND ($5::text IS NULL OR o.product_code = $5)
 ORDER BY o.id + 0 DESC LIMIT $7

-- name: pending
-- The same of what is not final, found by what waits: real orders by their attempts, tests by being few.
SELECT o.id, o.reference, o.testing, o.dialect, o.product_code, o.product_name, o.destination, o.price,
       o.state::text AS state, o.reason, o.sn, o.created_at, o.final_at
  FROM orders o
 WHERE o.id = ANY (ARRAY(
        SELECT order_id FROM attempts WHERE due_at IS NOT NULL
         UNION SELECT id FROM orders WHERE needs_decision_at IS NOT NULL
         UNION SELECT id FROM orders WHERE reseller_id = $1 AND testing AND state = 'pending'))
   AND o.reseller_id = $1 AND o.state = 'pending' AND o.id < $2
   AND ($3::boolean IS NULL OR o.testing = $3)
   AND ($4::text IS NULL OR o.product_code = $4)
   AND ($5::date IS NULL OR o.business_day >= $5)
   AND ($6::date IS NULL OR o.business_day <= $6)
 ORDER BY o.id DESC LIMIT $7

-- name: search
-- One reseller's orders by id, reference or destination; each part by an index.
WITH found AS (
    SELECT id FROM orders WHERE id = $3::bigint
    UNION
    SELECT id FROM orders WHERE reseller_id = $1 AND testing AND reference = $2
    UNION
    SELECT id FROM orders WHERE reseller_id = $1 AND NOT testing AND reference = $2
    UNION
    SELECT o.id FROM unnest($4::date[]) AS d(day)
      CROSS JOIN LATERAL (SELECT id FROM orders
                           WHERE business_day = d.day AND destination = ANY($5::text[]) AND reseller_id = $1
                           ORDER BY id DESC LIMIT 50) o
)
SELECT o.id, o.reference, o.testing, o.dialect, o.product_code, o.product_name, o.destination, o.price,
       o.state::text AS state, o.reason, o.sn, o.created_at, o.final_at
  FROM found f JOIN orders o ON o.id = f.id
 WHERE o.reseller_id = $1
   AND ($6::text IS NULL OR o.state = $6::order_state)
   AND ($7::boolean IS NULL OR o.testing = $7)
   AND ($8::date IS NULL OR o.business_day >= $8)
   AND ($9::date IS NULL OR o.business_day <= $9)
 ORDER BY o.id DESC LIMIT 50

-- name: search_serial
-- One reseller's orders of some days with a serial number; the days are read.
SELECT o.id, o.reference, o.testing, o.dialect, o.product_code, o.product_name, o.destination, o.price,
       o.state::text AS state, o.reason, o.sn, o.created_at, o.final_at
  FROM orders o
 WHERE o.business_day = ANY($3::date[]) AND o.reseller_id = $1 AND o.sn = $2
   AND ($4::text IS NULL OR o.state = $4::order_state)
   AND ($5::boolean IS NULL OR o.testing = $5)
 ORDER BY o.id DESC LIMIT 50

-- name: product_code
-- The code of a product, however it was typed.
SELECT code FROM products WHERE code = upper($1)

-- name: order_owner
-- Whose order it is.
SELECT reseller_id FROM orders WHERE id = $1

-- name: statement
-- One account's entries from version $3 to below $2, newest first, with the balance after each; days are WIB days.
SELECT e.version, e.transfer_id, e.amount, e.balance, t.event, t.order_id, t.note, t.business_day, t.created_at,
       o.reference, o.product_code, o.destination
  FROM entries e
  JOIN transfers t ON t.id = e.transfer_id
  LEFT JOIN orders o ON o.id = t.order_id
 WHERE e.account_id = $1 AND e.version IS NOT NULL AND e.version < $2 AND e.version >= $3
   AND ($4::date IS NULL OR t.business_day >= $4)
   AND ($5::date IS NULL OR t.business_day <= $5)
   AND ($6::text IS NULL OR t.event = $6)
 ORDER BY e.version DESC LIMIT $7

-- name: newest_version
-- How many entries an account has had.
SELECT max(version) FROM entries WHERE account_id = $1 AND version IS NOT NULL

-- name: day_of_version
-- The day of an account's first entry from a version on.
SELECT e.version, t.business_day FROM entries e JOIN transfers t ON t.id = e.transfer_id
 WHERE e.account_id = $1 AND e.version IS NOT NULL AND e.version >= $2 ORDER BY e.version LIMIT 1

-- name: callbacks
-- One reseller's callbacks, newest first, of the $5 that follow $2.
SELECT c.id, c.order_id, c.event, c.occurred_at, c.state::text AS state, c.attempts_count, c.last_status, c.last_error,
       coalesce(c.snapshot->>'reference', c.snapshot->'payment'->>'reference') AS reference,
       coalesce(c.snapshot->>'testing', c.snapshot->'payment'->>'sandboxed')::boolean AS testing
  FROM (SELECT * FROM callbacks WHERE reseller_id = $1 AND id < $2 ORDER BY id DESC LIMIT $5) c
 WHERE $3::text IS NULL OR c.state = $3::callback_state
 ORDER BY c.id DESC LIMIT $4

-- name: callbacks_looked_at
-- How far $3 callbacks before $2 reach; null where there are fewer.
SELECT id FROM callbacks WHERE reseller_id = $1 AND id < $2 ORDER BY id DESC OFFSET $3 LIMIT 1

-- name: lately_exhausted
-- Whether one of a reseller's newest callbacks was given up.
SELECT EXISTS (SELECT 1 FROM (SELECT state FROM callbacks WHERE reseller_id = $1 ORDER BY id DESC LIMIT 1000) c
                WHERE c.state = 'exhausted')

-- name: merchants
-- One reseller's card merchants.
SELECT imid, name, status::text AS status, sandboxed FROM merchants WHERE reseller_id = $1 ORDER BY imid

-- name: payments
-- Card payments of one reseller's merchants, newest first; every filter but the reseller may be null.
SELECT p.id, p.txid, m.imid, p.reference, p.amount, p.refunded, p.state::text AS state, p.card_mask, p.card_brand,
       p.registered_at, p.sandboxed
  FROM payments p JOIN merchants m ON m.id = p.merchant_id
 WHERE m.reseller_id = $1 AND p.id < $2
   AND ($3::text IS NULL OR p.state::text = $3)
   AND ($4::text IS NULL OR p.reference = $4 OR p.txid = $4 OR m.imid = $4)
 ORDER BY p.id DESC LIMIT $5

-- name: payment_owner
-- Whose payment it is; null where its merchant belongs to nobody.
SELECT m.reseller_id FROM payments p JOIN merchants m ON m.id = p.merchant_id WHERE p.txid = $1

-- name: settlements
-- Settlement reports of one reseller's merchants, newest first; net is what the merchant gets.
SELECT s.id, m.imid, s.day, s.charges_count, s.gross, s.fee, s.refunds_count, s.refunded,
       s.gross - s.fee - s.refunded AS net
  FROM settlements s JOIN merchants m ON m.id = s.merchant_id
 WHERE m.reseller_id = $1 AND s.id < $2 ORDER BY s.id DESC LIMIT $3

-- name: last_tried_order
-- The newest order that a reseller tried on the developer pages in a dialect; they are few.
SELECT reference, product_code, destination FROM orders
 WHERE reseller_id = $1 AND testing AND reference >= 'TRY-' AND reference < 'TRY.' AND dialect = $2
 ORDER BY id DESC LIMIT 1

-- name: last_tried_bill
-- The newest bill that a reseller asked for on the developer pages in a dialect.
SELECT reference, product_code, customer_no AS destination FROM inquiries
 WHERE reseller_id = $1 AND testing AND reference >= 'TRY-' AND reference < 'TRY.' AND dialect = $2
 ORDER BY id DESC LIMIT 1

-- name: surcharges
-- What a reseller was charged for only asking for bills, the newest month first.
SELECT month, inquiries, days, per_inquiries, rate, amount, paid_from, posted_at
  FROM surcharges WHERE reseller_id = $1 AND posted_at IS NOT NULL ORDER BY month DESC LIMIT 12
