-- name: today
-- One reseller's live orders of a WIB day, by state, with what they cost it.
SELECT o.state::text AS state, count(*) AS orders, coalesce(sum(o.price), 0)::bigint AS amount
  FROM orders o
 WHERE o.reseller_id = $1 AND NOT o.testing AND o.created_at >= $2
 GROUP BY o.state

-- name: orders
-- One reseller's orders, newest first; every filter but the reseller may be null.
SELECT o.id, o.reference, o.testing, o.dialect, o.product_code, o.product_name, o.destination, o.price,
       o.state::text AS state, o.reason, o.sn, o.created_at, o.final_at
  FROM orders o
 WHERE o.reseller_id = $1 AND o.id < $2
   AND ($3::text IS NULL OR o.state = $3::order_state)
   AND ($4::boolean IS NULL OR o.testing = $4)
   AND ($5::text IS NULL OR o.reference = $5 OR o.destination = $5 OR o.sn = $5 OR o.product_code = upper($5)
        OR o.id = $6)
   AND ($7::timestamptz IS NULL OR o.created_at >= $7)
   AND ($8::timestamptz IS NULL OR o.created_at < $8)
 ORDER BY o.id DESC LIMIT $9

-- name: order_owner
-- Whose order it is.
SELECT reseller_id FROM orders WHERE id = $1

-- name: statement
-- One account's entries, newest first, with the balance after each; days are WIB business days.
SELECT e.version, e.transfer_id, e.amount, e.balance, t.event, t.order_id, t.note, t.business_day, t.created_at,
       o.reference, o.product_code, o.destination
  FROM entries e
  JOIN transfers t ON t.id = e.transfer_id
  LEFT JOIN orders o ON o.id = t.order_id
 WHERE e.account_id = $1 AND e.version IS NOT NULL AND e.version < $2
   AND ($3::date IS NULL OR t.business_day >= $3)
   AND ($4::date IS NULL OR t.business_day <= $4)
   AND ($5::text IS NULL OR t.event = $5)
 ORDER BY e.version DESC LIMIT $6

-- name: holds
-- What is held on a reseller's account now: its orders on their way.
SELECT o.id, o.reference, o.product_code, o.destination, o.price, o.created_at
  FROM orders o
 WHERE o.reseller_id = $1 AND o.state = 'pending' AND NOT o.testing
 ORDER BY o.id DESC LIMIT 20

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
