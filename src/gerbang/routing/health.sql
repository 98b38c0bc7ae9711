-- name: circuits
-- Every circuit that ever tripped and is not forgotten; what every node reads.
SELECT c.supplier_id, c.product_id, c.state, c.trouble, c.facts, c.since, c.retry_at, c.openings, c.questions_failed,
       c.version
  FROM circuits c

-- name: write_circuit
-- Share a change; no row comes back when another node changed the circuit first.
INSERT INTO circuits AS c (supplier_id, product_id, state, trouble, facts, reason, since, retry_at, openings,
                           questions_failed, node, alarm)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $13)
ON CONFLICT (supplier_id, product_id) DO UPDATE
   SET state = excluded.state, trouble = excluded.trouble, facts = excluded.facts, reason = excluded.reason,
       since = excluded.since, retry_at = excluded.retry_at, openings = excluded.openings,
       questions_failed = excluded.questions_failed, node = excluded.node, version = c.version + 1,
       ask_claimed_until = NULL, updated_at = clock_timestamp(),
       alarm = CASE WHEN excluded.state = 'closed' THEN '' WHEN c.alarm <> '' THEN c.alarm ELSE excluded.alarm END
 WHERE c.version = $12
RETURNING version, alarm

-- name: alarm_of
-- The case that is open about a circuit.
SELECT alarm FROM circuits WHERE supplier_id = $1 AND product_id = $2

-- name: forget_circuits
-- One that has been well for so long that its openings no longer count.
DELETE FROM circuits
 WHERE state = 'closed' AND updated_at < clock_timestamp() - make_interval(secs => $1::integer)

-- name: claim_questions
-- Tripped suppliers whose waiting is over; no other node asks them for a minute.
UPDATE circuits c SET ask_claimed_until = clock_timestamp() + interval '60 seconds'
  FROM (SELECT supplier_id, product_id FROM circuits
         WHERE product_id = 0 AND state = 'open' AND retry_at <= clock_timestamp()
           AND (ask_claimed_until IS NULL OR ask_claimed_until < clock_timestamp())
         ORDER BY retry_at LIMIT 20 FOR UPDATE SKIP LOCKED) due
 WHERE c.supplier_id = due.supplier_id AND c.product_id = due.product_id
RETURNING c.supplier_id

-- name: attempt_to_ask_about
-- The newest attempt that was sent to a supplier, among the newest of all.
SELECT id FROM (SELECT id, supplier_id, sent_at FROM attempts ORDER BY id DESC LIMIT 20000) newest
 WHERE supplier_id = $1 AND sent_at IS NOT NULL ORDER BY id DESC LIMIT 1

-- name: judge_products
-- Close products that no trusted supplier is left for, and open again those that have one. A half-open
-- circuit lets probes pass, and a product's own is tried when its time has come.
WITH untrusted AS (
    SELECT supplier_id, product_id, reason FROM circuits
     WHERE state = 'open' AND (product_id = 0 OR retry_at > clock_timestamp())
), touched AS (
    SELECT DISTINCT r.product_id FROM routes r JOIN untrusted u ON u.supplier_id = r.supplier_id
     WHERE r.enabled AND u.product_id IN (0, r.product_id)
), judged AS (
    SELECT r.product_id, bool_and(u.reason IS NOT NULL) AS hopeless,
           string_agg(DISTINCT s.code || ': ' || u.reason, '; ') AS why
      FROM touched t
      JOIN routes r ON r.product_id = t.product_id AND r.enabled
      JOIN suppliers s ON s.id = r.supplier_id AND s.status = 'active'
      LEFT JOIN LATERAL (SELECT reason FROM untrusted u
                          WHERE u.supplier_id = r.supplier_id AND u.product_id IN (0, r.product_id)
                          ORDER BY u.product_id LIMIT 1) u ON true
     GROUP BY r.product_id
), closed AS (
    UPDATE products p
       SET status = 'disturbed', status_reason = $1, closed_by_health = true, health_reason = j.why, updated_at = now()
      FROM judged j WHERE p.id = j.product_id AND j.hopeless AND p.status = 'open'
    RETURNING p.code, true AS closed, p.health_reason AS why
), opened AS (
    UPDATE products p
       SET status = 'open', status_reason = '', closed_by_health = false, health_reason = '', updated_at = now()
     WHERE p.closed_by_health AND NOT EXISTS (SELECT 1 FROM judged j WHERE j.product_id = p.id AND j.hopeless)
    RETURNING p.code, false AS closed, 'a supplier is trusted again' AS why
)
SELECT code, closed, why FROM closed UNION ALL SELECT code, closed, why FROM opened

-- name: judging_needed
-- Whether anything is open or closed by itself: else nothing need be judged.
SELECT EXISTS (SELECT 1 FROM circuits WHERE state <> 'closed') OR EXISTS (SELECT 1 FROM products WHERE closed_by_health)

-- name: judging_lock
-- One node judges at a time; the lock ends with the transaction.
SELECT pg_try_advisory_xact_lock(hashtext('gerbang.products_by_health'))

-- name: open_case
-- Tell a person.
INSERT INTO cases (kind, subject, detail) VALUES ($1, $2, $3) ON CONFLICT (subject) DO NOTHING

-- name: close_case
-- It is over by itself.
UPDATE cases SET closed_at = clock_timestamp(), closed_by = 'gerbang', resolution = $2
 WHERE subject = $1 AND closed_at IS NULL

-- name: orders_today
-- What all nodes sent today to the suppliers that have a daily limit.
SELECT a.supplier_id, count(*) FROM attempts a
 WHERE a.created_at >= $1 AND a.supplier_id = ANY($2::bigint[]) AND a.sent_at >= $1
 GROUP BY a.supplier_id

-- name: nodes
-- How many processes have a write lane on this database.
SELECT count(DISTINCT application_name)::integer FROM pg_stat_activity
 WHERE datname = current_database() AND application_name LIKE 'gerbang lane %'

-- name: list_health
-- Circuits that are not closed and products that are, for people; the supplier may be null.
SELECT s.code AS supplier, p.code AS product, c.state, c.trouble, c.reason, c.since, c.retry_at, c.openings,
       c.questions_failed, c.node, c.updated_at
  FROM circuits c JOIN suppliers s ON s.id = c.supplier_id LEFT JOIN products p ON p.id = c.product_id
 WHERE ($1::text IS NULL OR s.code = $1) AND ($2 OR c.state <> 'closed')
 ORDER BY s.code, p.code NULLS FIRST

-- name: closed_products
-- Products that closed by themselves.
SELECT code, name, health_reason, updated_at AS since FROM products WHERE closed_by_health ORDER BY code

-- name: reset_circuits
-- A person trusts a supplier, or one product there, again.
UPDATE circuits c
   SET state = 'closed', trouble = 'none', facts = '{}', reason = 'trusted again by a person', since = clock_timestamp(),
       retry_at = NULL, openings = 0, questions_failed = 0, version = version + 1, ask_claimed_until = NULL,
       node = $3, updated_at = clock_timestamp(), alarm = ''
  FROM suppliers s
 WHERE s.id = c.supplier_id AND s.code = $1 AND c.state <> 'closed'
   AND ($2::text IS NULL OR c.product_id = (SELECT id FROM products WHERE code = $2))
RETURNING c.supplier_id, c.product_id, (SELECT o.alarm FROM circuits o WHERE o.supplier_id = c.supplier_id AND o.product_id = c.product_id) AS alarm
