-- name: claim_due_attempts
-- Attempts somebody must look at; the claim is by the database's clock and other nodes skip it.
WITH due AS (
    SELECT id FROM attempts WHERE due_at <= clock_timestamp() ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
)
UPDATE attempts a
   SET claimed_by = $1, due_at = clock_timestamp() + interval '60 seconds',
       asks = a.asks + CASE WHEN a.state = 'prepared' THEN 0 ELSE 1 END
  FROM due WHERE a.id = due.id
RETURNING a.id, a.order_id

-- name: attempts_with_orders
-- The claimed attempts and their orders.
SELECT a.id AS a_id, a.order_id, a.number, a.supplier_id AS a_supplier_id, a.route_id, a.supplier_product_code,
       a.reference AS a_reference, a.state::text AS a_state, a.cost_expected, a.cost AS a_cost, a.sn AS a_sn,
       a.supplier_order_id, a.reason AS a_reason, a.message AS a_message, a.due_at, a.sends, a.asks, a.not_found,
       a.not_found_since, a.sent_at, a.created_at AS a_created_at, o.*
  FROM attempts a JOIN (
       SELECT id, reseller_id, credential_id, testing, dialect, kind::text AS kind, reference, signature_key,
              product_id, product_code, product_name, destination, quantity, counter, same_day_counter, price,
              hold_id, state::text AS state, reason, sn, message, data, supplier_id, cost, created_at, updated_at,
              final_at, needs_decision_at
         FROM orders) o ON o.id = a.order_id
 WHERE a.id = ANY($1::bigint[])
 ORDER BY a.id

-- name: locate_attempt
-- Where an attempt belongs, for news that names only its reference.
SELECT a.id, a.order_id, a.supplier_id, a.reference, o.reseller_id
  FROM attempts a JOIN orders o ON o.id = a.order_id
 WHERE a.id = $1
