-- name: order_by_reference
-- A reseller's own order.
SELECT id, reseller_id, credential_id, testing, dialect, kind::text AS kind, reference, signature_key, product_id,
       product_code, product_name, destination, quantity, counter, same_day_counter, price, hold_id,
       state::text AS state, reason, sn, message, data, supplier_id, cost, created_at, updated_at, final_at,
       needs_decision_at
  FROM orders WHERE reseller_id = $1 AND testing = $2 AND reference = $3

-- name: order_by_signature
-- The order of a request that came without a reference.
SELECT id, reseller_id, credential_id, testing, dialect, kind::text AS kind, reference, signature_key, product_id,
       product_code, product_name, destination, quantity, counter, same_day_counter, price, hold_id,
       state::text AS state, reason, sn, message, data, supplier_id, cost, created_at, updated_at, final_at,
       needs_decision_at
  FROM orders WHERE credential_id = $1 AND signature_key = $2

-- name: latest_order_today
-- The newest order of today (WIB) to a destination; an empty product code means any.
SELECT id, reseller_id, credential_id, testing, dialect, kind::text AS kind, reference, signature_key, product_id,
       product_code, product_name, destination, quantity, counter, same_day_counter, price, hold_id,
       state::text AS state, reason, sn, message, data, supplier_id, cost, created_at, updated_at, final_at,
       needs_decision_at
  FROM orders
 WHERE business_day = wib_day(clock_timestamp()) AND destination = $2 AND reseller_id = $1 AND testing = $3
   AND ($4 = '' OR product_code = $4)
 ORDER BY id DESC LIMIT 1

-- name: note_testing_question
-- A status question about a testing order; the go-live checklist reads it.
INSERT INTO testing_questions (order_id, asked_pending, asked_final) VALUES ($1, $2, NOT $2)
ON CONFLICT (order_id) DO UPDATE
   SET asks = testing_questions.asks + 1, asked_pending = testing_questions.asked_pending OR excluded.asked_pending,
       asked_final = testing_questions.asked_final OR excluded.asked_final, last_at = clock_timestamp()

-- name: finals_of_references
-- Which of the awaited references have become final, whoever settled them.
SELECT o.id, o.reseller_id, o.credential_id, o.testing, o.dialect, o.kind::text AS kind, o.reference, o.signature_key,
       o.product_id, o.product_code, o.product_name, o.destination, o.quantity, o.counter, o.same_day_counter,
       o.price, o.hold_id, o.state::text AS state, o.reason, o.sn, o.message, o.data, o.supplier_id, o.cost,
       o.created_at, o.updated_at, o.final_at, o.needs_decision_at
  FROM unnest($1::bigint[], $2::boolean[], $3::text[]) AS w (reseller_id, testing, reference)
  JOIN orders o USING (reseller_id, testing, reference)
 WHERE o.state <> 'pending'

-- name: available_balance
-- What a reseller's account shows as balance.
SELECT balance - held FROM accounts WHERE id = $1

-- name: due_sandbox_steps
-- Steps of testing orders that are due by the sandbox clock; other nodes skip them.
SELECT s.id, s.order_id, s.outcome
  FROM sandbox_steps s
 WHERE s.done_at IS NULL
   AND s.due_at <= sandbox_now(true)
 ORDER BY s.due_at, s.id LIMIT $1

-- name: mark_needing_decision
-- Attempts unknown for longer than their supplier's setting: a person must decide.
WITH late AS (
    SELECT o.id, a.id AS attempt_id, a.state::text AS state, s.code AS supplier
      FROM attempts a
      JOIN orders o ON o.id = a.order_id
      JOIN suppliers s ON s.id = a.supplier_id
      LEFT JOIN sandbox_ageing g ON g.attempt_id = a.id
     WHERE a.due_at IS NOT NULL AND a.state IN ('unknown', 'accepted')
       AND a.created_at < clock_timestamp() - (s.decide_after_s - coalesce(g.aged_s, 0)) * interval '1 second'
       AND o.state = 'pending' AND o.needs_decision_at IS NULL
     LIMIT 500
), marked AS (
    UPDATE orders o SET needs_decision_at = clock_timestamp() FROM late WHERE o.id = late.id
    RETURNING o.id
)
INSERT INTO cases (kind, subject, order_id, attempt_id, detail)
SELECT 'needs_decision', 'attempt:' || late.attempt_id || ':needs_decision', late.id, late.attempt_id,
       jsonb_build_object('state', late.state, 'supplier', late.supplier)
  FROM late JOIN marked ON marked.id = late.id
ON CONFLICT (subject) DO NOTHING
RETURNING order_id

-- name: order_by_id
-- One order with its reseller and supplier.
SELECT o.*, o.kind::text AS kind, o.state::text AS state, r.code AS reseller_code, r.name AS reseller_name,
       s.code AS supplier_code
  FROM orders o JOIN resellers r ON r.id = o.reseller_id LEFT JOIN suppliers s ON s.id = o.supplier_id
 WHERE o.id = $1

-- name: list_orders
-- Orders newest first; every filter may be null.
SELECT o.id, o.reference, o.testing, o.dialect, o.product_code, o.product_name, o.destination, o.quantity, o.counter,
       o.price, o.cost, o.state::text AS state, o.reason, o.sn, o.created_at, o.updated_at, o.final_at,
       o.needs_decision_at, r.code AS reseller_code, s.code AS supplier_code
  FROM orders o JOIN resellers r ON r.id = o.reseller_id LEFT JOIN suppliers s ON s.id = o.supplier_id
 WHERE ($1::bigint IS NULL OR o.reseller_id = $1)
   AND ($2::text IS NULL OR o.state = $2::order_state)
   AND ($3::boolean IS NULL OR o.testing = $3)
   AND ($4::boolean IS NULL OR (o.needs_decision_at IS NOT NULL) = $4)
   AND o.id < $5
 ORDER BY o.id DESC LIMIT $6

-- name: orders_of_reference
-- The same for one reference: found reseller by reseller, through the index of references.
SELECT o.id, o.reference, o.testing, o.dialect, o.product_code, o.product_name, o.destination, o.quantity, o.counter,
       o.price, o.cost, o.state::text AS state, o.reason, o.sn, o.created_at, o.updated_at, o.final_at,
       o.needs_decision_at, r.code AS reseller_code, s.code AS supplier_code
  FROM resellers r CROSS JOIN unnest(ARRAY[false, true]) AS t (testing)
 CROSS JOIN LATERAL (SELECT * FROM orders x
                      WHERE x.reseller_id = r.id AND x.testing = t.testing AND x.reference = $2) o
  LEFT JOIN suppliers s ON s.id = o.supplier_id
 WHERE ($1::bigint IS NULL OR r.id = $1)
   AND ($3::text IS NULL OR o.state = $3::order_state)
   AND ($4::boolean IS NULL OR t.testing = $4)
   AND ($5::boolean IS NULL OR (o.needs_decision_at IS NOT NULL) = $5)
   AND o.id < $6
 ORDER BY o.id DESC LIMIT $7

-- name: attempts_of_order
-- The attempts of one order with their suppliers.
SELECT a.*, a.state::text AS state, s.code AS supplier_code, s.dialect AS supplier_dialect
  FROM attempts a JOIN suppliers s ON s.id = a.supplier_id WHERE a.order_id = $1 ORDER BY a.number

-- name: messages_of_order
-- What was said to and by suppliers about one order.
SELECT m.* FROM attempt_messages m JOIN attempts a ON a.id = m.attempt_id WHERE a.order_id = $1 ORDER BY m.id

-- name: history_of_order
-- The steps an order took.
SELECT at, from_state::text, to_state::text, reason FROM order_history WHERE order_id = $1 ORDER BY at

-- name: callbacks_of_order
-- The callbacks of one order.
SELECT id, sequence, event, format, occurred_at, state::text, attempts_count, due_at, delivered_at, last_status,
       last_error
  FROM callbacks WHERE order_id = $1 ORDER BY sequence

-- name: cases_of_order
-- What a person should look at.
SELECT id, kind, subject, detail, opened_at, closed_at, closed_by, resolution FROM cases WHERE order_id = $1 ORDER BY id

-- name: proposals_of_order
-- What people said of an order that nobody could learn about.
SELECT id, content, reason, maker, made_at, state, checker, decided_at, result
  FROM proposals WHERE kind = 'order_decision' AND subject = 'order:' || $1::bigint ORDER BY id

-- name: list_refusals
-- Refusals of one reseller, newest first.
SELECT id, at, dialect, testing, reference, product_code, destination, reason, message
  FROM refusals WHERE reseller_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3

-- name: attempt_for_decision
-- The attempt of an order that is not final, for a person's decision.
SELECT a.id AS attempt_id, a.state::text AS state, a.supplier_id, o.reseller_id
  FROM attempts a JOIN orders o ON o.id = a.order_id
 WHERE a.order_id = $1 ORDER BY a.number DESC LIMIT 1

-- name: order_for_complaint
-- A reseller's own order, with what was complained about it.
SELECT o.state::text AS state, o.sn, o.reference, o.created_at,
       (SELECT count(*) FROM cases c WHERE c.order_id = o.id AND c.kind = 'complaint') AS complaints,
       (SELECT min(c.id) FROM cases c WHERE c.order_id = o.id AND c.kind = 'complaint' AND c.closed_at IS NULL)
           AS open_complaint
  FROM orders o WHERE o.id = $1 AND o.reseller_id = $2

-- name: open_complaint
-- A complaint as a case; the subject counts the complaints of one order.
INSERT INTO cases (kind, subject, order_id, detail) VALUES ($1, $2, $3, $4) RETURNING id

-- name: lock_case_for_files
-- A case, held, with how many files it has.
SELECT closed_at, (SELECT count(*) FROM case_files f WHERE f.case_id = c.id) AS files
  FROM cases c WHERE id = $1 FOR UPDATE

-- name: insert_case_file
-- A file that proves something.
INSERT INTO case_files (case_id, number, name, type, content, sha256, added_by) VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: list_case_files
-- The files of a case, without their content.
SELECT number, name, type, octet_length(content) AS size, encode(sha256, 'hex') AS sha256, added_by, added_at
  FROM case_files WHERE case_id = $1 ORDER BY number

-- name: case_file
-- One file; $3 is whose order the case must be about, or null.
SELECT f.name, f.type, f.content
  FROM case_files f JOIN cases c ON c.id = f.case_id LEFT JOIN orders o ON o.id = c.order_id
 WHERE f.case_id = $1 AND f.number = $2
   AND ($3::bigint IS NULL OR c.kind = 'complaint' AND o.reseller_id = $3)

-- name: ask_now
-- The status question of an attempt that waits becomes due; a claim that runs is left alone.
UPDATE attempts SET due_at = clock_timestamp()
 WHERE order_id = $1 AND state IN ('accepted', 'unknown') AND due_at IS NOT NULL AND due_at > clock_timestamp()
RETURNING id

-- name: case_by_id
-- One case, and how its order stands now.
SELECT c.id, c.kind, c.subject, c.order_id, c.attempt_id, c.detail, c.opened_at, c.closed_at, c.closed_by, c.resolution,
       o.reference, o.state::text AS order_state, o.sn AS order_sn
  FROM cases c LEFT JOIN orders o ON o.id = c.order_id WHERE c.id = $1

-- name: transcript_of_case
-- What was said to and by suppliers: in one attempt where it is named, else in all of an order.
SELECT m.attempt_id, a.number, s.code AS supplier, m.kind, m.at, m.elapsed_ms, m.request, m.answer, m.outcome
  FROM attempts a JOIN suppliers s ON s.id = a.supplier_id JOIN attempt_messages m ON m.attempt_id = a.id
 WHERE a.order_id = $1 AND ($2::bigint IS NULL OR a.id = $2) ORDER BY m.id
