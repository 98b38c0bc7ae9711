-- name: claim_due_callbacks
-- Callbacks to deliver now, claimed by this node by the database's clock. Found as an array, so that no
-- plan, however many it expects, reads all callbacks to find them.
UPDATE callbacks c SET claimed_by = $1, due_at = clock_timestamp() + interval '60 seconds'
 WHERE c.id = ANY (ARRAY(
    SELECT id FROM callbacks WHERE due_at <= clock_timestamp() ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED))
RETURNING c.id, c.order_id, c.reseller_id, c.merchant_id, c.event, c.format, c.occurred_at, c.snapshot,
          c.attempts_count

-- name: resend_callback
-- Deliver a callback once more: the original event, id and time. Not while another of its order is due.
UPDATE callbacks c SET state = 'due', due_at = clock_timestamp(), attempts_count = 0, delivered_at = NULL
 WHERE c.id = $1 AND c.state IN ('delivered', 'exhausted')
   AND NOT EXISTS (SELECT 1 FROM callbacks o WHERE o.order_id = c.order_id AND o.state = 'due')
RETURNING c.id

-- name: lock_told
-- Whose callback it is, held: whatever decides which callback of an order is due takes turns.
WITH told AS MATERIALIZED (SELECT order_id FROM callbacks WHERE id = $1),
     ordered AS (SELECT o.id FROM orders o JOIN told ON told.order_id = o.id FOR NO KEY UPDATE OF o),
     paid AS (SELECT p.id FROM payments p JOIN told ON told.order_id = p.id FOR NO KEY UPDATE OF p)
SELECT count(*) FROM (SELECT id FROM ordered UNION ALL SELECT id FROM paid) each

-- name: callback_by_id
-- One callback.
SELECT c.id, c.order_id, r.code AS reseller_code, m.imid AS merchant, p.txid, c.sequence, c.event, c.format, c.occurred_at,
       c.snapshot, c.state::text AS state, c.attempts_count, c.due_at, c.delivered_at, c.last_status, c.last_error
  FROM callbacks c LEFT JOIN resellers r ON r.id = c.reseller_id LEFT JOIN merchants m ON m.id = c.merchant_id
  LEFT JOIN payments p ON c.merchant_id IS NOT NULL AND p.id = c.order_id
 WHERE c.id = $1

-- name: list_callbacks
-- Callbacks newest first; every filter may be null.
SELECT c.id, c.order_id, r.code AS reseller_code, m.imid AS merchant, p.txid, c.sequence, c.event, c.format, c.occurred_at,
       c.state::text AS state, c.attempts_count, c.due_at, c.delivered_at, c.last_status, c.last_error,
       coalesce(c.snapshot->>'reference', c.snapshot->'payment'->>'reference') AS reference,
       coalesce(c.snapshot->>'testing', c.snapshot->'payment'->>'sandboxed')::boolean AS testing
  FROM callbacks c LEFT JOIN resellers r ON r.id = c.reseller_id LEFT JOIN merchants m ON m.id = c.merchant_id
  LEFT JOIN payments p ON c.merchant_id IS NOT NULL AND p.id = c.order_id
 WHERE ($1::text IS NULL OR r.code = $1) AND ($2::text IS NULL OR c.state = $2::callback_state)
   AND ($3::bigint IS NULL OR c.order_id = $3) AND c.id < $4
 ORDER BY c.id DESC LIMIT $5

-- name: deliveries_of_callback
-- The delivery log of one callback.
SELECT id, at, status, error, request, answer, duration_ms FROM callback_deliveries WHERE callback_id = $1 ORDER BY id

-- name: backlog
-- How many callbacks wait and how old the oldest is, in seconds.
SELECT (SELECT count(*) FROM orders WHERE needs_decision_at IS NOT NULL) AS needing_decision,
       count(*) AS waiting,
       coalesce(extract(epoch FROM clock_timestamp() - min(occurred_at)), 0)::float8 AS oldest_s
  FROM callbacks WHERE due_at IS NOT NULL
