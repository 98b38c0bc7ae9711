-- name: listen
-- Somebody listens for testing callbacks; written only when it is about to run out.
UPDATE resellers SET listening_until = clock_timestamp() + interval '60 seconds'
 WHERE id = $1 AND coalesce(listening_until, '-infinity') < clock_timestamp() + interval '30 seconds'
RETURNING id

-- name: callbacks_since
-- Testing callbacks of a reseller, as they happen.
SELECT c.id, c.order_id, c.reseller_id, c.merchant_id, c.event, c.format, c.occurred_at, c.snapshot,
       c.attempts_count, c.state::text AS state
  FROM orders o JOIN callbacks c ON c.order_id = o.id
 WHERE o.reseller_id = $1 AND o.testing AND c.occurred_at > $2
 ORDER BY c.occurred_at, c.id LIMIT 200

-- name: testing_callback
-- One testing callback of a reseller.
SELECT c.id, c.order_id, c.state::text AS state FROM callbacks c JOIN orders o ON o.id = c.order_id
 WHERE c.id = $1 AND o.reseller_id = $2 AND o.testing

-- name: log_since
-- What happened to a reseller's newest orders and requests, in time's order; $3 null is testing and live.
-- Testing orders are few and found by the index of references: going back over the live ones would be slow.
WITH tests AS MATERIALIZED (
    SELECT id, testing, reference, product_code, destination, created_at, state
      FROM orders WHERE reseller_id = $1 AND testing AND $3::boolean IS DISTINCT FROM false
), recent AS MATERIALIZED (
    (SELECT * FROM tests ORDER BY id DESC LIMIT 300)
    UNION ALL
    (SELECT id, testing, reference, product_code, destination, created_at, state
       FROM orders WHERE reseller_id = $1 AND NOT testing AND $3::boolean IS DISTINCT FROM true
      ORDER BY id DESC LIMIT 300)
)
SELECT o.created_at AS at, 'order.placed' AS what, 'p' || o.id AS key, o.testing, o.reference, o.product_code,
       o.destination, '' AS detail
  FROM recent o WHERE o.created_at > $2
UNION ALL
SELECT h.at, 'order.' || h.to_state, 'h' || o.id || h.to_state, o.testing, o.reference, o.product_code,
       o.destination, coalesce(h.reason, '')
  FROM recent o JOIN order_history h ON h.order_id = o.id WHERE h.at > $2
UNION ALL
SELECT d.at, 'callback.' || CASE WHEN d.error = '' THEN 'acknowledged' ELSE 'not_acknowledged' END, 'd' || d.id,
       o.testing, o.reference, o.product_code, o.destination,
       c.event || coalesce(' ' || d.status, '') || CASE WHEN d.error = '' THEN '' ELSE ' ' || d.error END
  FROM recent o JOIN callbacks c ON c.order_id = o.id JOIN callback_deliveries d ON d.callback_id = c.id
 WHERE d.at > $2
UNION ALL
SELECT q.last_at, 'status.asked', 'q' || o.id || ':' || q.asks, o.testing, o.reference, o.product_code, o.destination,
       o.state::text
  FROM recent o JOIN testing_questions q ON q.order_id = o.id WHERE q.last_at > $2
UNION ALL
SELECT f.at, 'order.refused', 'f' || f.id, f.testing, f.reference, f.product_code, f.destination,
       f.reason || CASE WHEN f.message = '' THEN '' ELSE ' ' || f.message END
  FROM (SELECT * FROM refusals WHERE reseller_id = $1 AND ($3::boolean IS NULL OR testing = $3)
         ORDER BY id DESC LIMIT 300) f
 WHERE f.at > $2
 ORDER BY at LIMIT 500
