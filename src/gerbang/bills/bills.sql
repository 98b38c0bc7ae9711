-- name: ask
-- Write a question down before it is asked; its id is that of an attempt that may follow.
INSERT INTO inquiries (id, reseller_id, credential_id, testing, dialect, reference, number, product_id, product_code,
                       product_name, service, biller, customer_no, quantity, supplier_id, route_id,
                       supplier_product_code, supplier_reference)
SELECT n.id, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17 || '-' || n.id
  FROM nextval('attempt_ids') AS n (id)
RETURNING id, supplier_reference, created_at

-- name: found
-- The bill that a question found, and until when it may be paid.
UPDATE inquiries
   SET state = 'found', bill = $2, fee = $3, share = $4, cost = $5, total = $6, supplier_total = $7, expires_at = $8,
       request = $9, answer = $10, elapsed_ms = $11, answered_at = clock_timestamp()
 WHERE id = $1 AND state = 'asked'

-- name: not_found
-- A question that found no bill, and why.
UPDATE inquiries
   SET state = $2::text::inquiry_state, reason = $3, message = $4, request = $5, answer = $6, elapsed_ms = $7,
       answered_at = clock_timestamp()
 WHERE id = $1 AND state = 'asked'

-- name: session_by_reference
-- The newest answered inquiry of a reseller's reference; whether its bill was found.
SELECT id, reseller_id, testing, reference, product_id, product_code, product_name, biller, customer_no, quantity,
       state::text AS state, supplier_id, route_id, supplier_product_code, supplier_total, bill, fee, share, cost,
       created_at, expires_at
  FROM inquiries
 WHERE reseller_id = $1 AND testing = $2 AND reference = $3 AND number > 0 AND state <> 'asked'
 ORDER BY id DESC LIMIT 1

-- name: session_by_customer
-- The newest bill that a reseller was shown of a product and customer.
SELECT id, reseller_id, testing, reference, product_id, product_code, product_name, biller, customer_no, quantity,
       state::text AS state, supplier_id, route_id, supplier_product_code, supplier_total, bill, fee, share, cost,
       created_at, expires_at
  FROM inquiries
 WHERE reseller_id = $1 AND testing = $2 AND product_id = $3 AND customer_no = $4 AND quantity = $5 AND number > 0
   AND state = 'found'
 ORDER BY id DESC LIMIT 1

-- name: has_order
-- Whether a reference has an order already.
SELECT EXISTS (SELECT 1 FROM orders WHERE reseller_id = $1 AND testing = $2 AND reference = $3)

-- name: inquiries_per_day
-- What a reseller asked each day (WIB), live; further suppliers and our own looks do not count.
SELECT i.business_day, count(*) AS asked
  FROM inquiries i
 WHERE i.reseller_id = $1 AND i.number = 1 AND NOT i.testing AND i.business_day BETWEEN $2 AND $3
 GROUP BY i.business_day ORDER BY i.business_day

-- name: list_inquiries
-- Inquiries newest first; every filter may be null.
SELECT i.id, r.code AS reseller_code, i.testing, i.dialect, i.reference, i.number, i.product_code, i.product_name,
       i.service, i.biller, i.customer_no, i.quantity, i.state::text AS state, i.reason, i.message,
       s.code AS supplier_code, i.supplier_reference, i.supplier_total, i.bill, i.fee, i.share, i.cost, i.total,
       i.created_at, i.answered_at, i.expires_at, i.elapsed_ms, b.order_id
  FROM inquiries i
  JOIN resellers r ON r.id = i.reseller_id
  LEFT JOIN suppliers s ON s.id = i.supplier_id
  LEFT JOIN bill_payments b ON b.session_id = i.id
 WHERE ($1::bigint IS NULL OR i.reseller_id = $1) AND ($2::text IS NULL OR i.reference = $2)
   AND ($3::text IS NULL OR i.customer_no = $3) AND i.id < $4
 ORDER BY i.id DESC LIMIT $5

-- name: lock_guards
-- What an order pays once, locked; with the order's state.
SELECT g.biller, g.customer_no, g.period, g.held, g.released_by, g.released_why, o.state::text AS state
  FROM bill_guards g JOIN orders o ON o.id = g.order_id
 WHERE g.order_id = $1 ORDER BY g.period FOR UPDATE OF g

-- name: release_guards
-- A person says that this bill may be paid once more.
UPDATE bill_guards SET held = false, released_at = clock_timestamp(), released_by = $2, released_why = $3
 WHERE order_id = $1 AND held
