-- name: lock_accounts
-- Lock tracked accounts in id order, so that two batches can never wait for each other in a ring; before
-- them, once, the ledger's lock that its writers share. On the way: which of the references are known, and the transaction's id for a commit in doubt.
WITH known AS MATERIALIZED (
    SELECT array_agg(o.id) AS ids
      FROM unnest($2::bigint[], $3::boolean[], $4::text[]) AS w (reseller_id, testing, reference)
      JOIN orders o USING (reseller_id, testing, reference)
)
SELECT a.id, a.kind::text, a.balance, a.held, a.credit_limit, a.version,
       pg_current_xact_id()::text AS xact_id, (SELECT ids FROM known) AS known_ids
  FROM accounts a
 WHERE (SELECT pg_advisory_xact_lock_shared($5::bigint)::text) IS NOT NULL
   AND a.id = ANY($1::bigint[]) AND a.tracked
 ORDER BY a.id FOR NO KEY UPDATE OF a

-- name: lock_accounts_skip_locked
-- The same, leaving out what somebody else keeps locked; those writes are set aside.
WITH known AS MATERIALIZED (
    SELECT array_agg(o.id) AS ids
      FROM unnest($2::bigint[], $3::boolean[], $4::text[]) AS w (reseller_id, testing, reference)
      JOIN orders o USING (reseller_id, testing, reference)
)
SELECT a.id, a.kind::text, a.balance, a.held, a.credit_limit, a.version,
       pg_current_xact_id()::text AS xact_id, (SELECT ids FROM known) AS known_ids
  FROM accounts a
 WHERE (SELECT pg_advisory_xact_lock_shared($5::bigint)::text) IS NOT NULL
   AND a.id = ANY($1::bigint[]) AND a.tracked
 ORDER BY a.id FOR NO KEY UPDATE OF a SKIP LOCKED

-- name: lock_orders
-- Lock the orders whose outcomes are applied, in id order, after the accounts; with their attempts,
-- which the order's lock guards. The time by which evidence counts is the database's: it is one for all nodes.
SELECT o.id, o.reseller_id, o.credential_id, o.testing, o.dialect, o.kind::text, o.reference, o.signature_key,
       o.product_id, o.product_code, o.product_name, o.destination, o.quantity, o.counter, o.same_day_counter,
       o.price, o.hold_id, o.state::text, o.reason, o.sn, o.message, o.data, o.supplier_id, o.cost, o.created_at,
       o.updated_at, o.final_at, o.needs_decision_at,
       a.id AS a_id, a.order_id, a.number, a.supplier_id AS a_supplier_id, a.route_id, a.supplier_product_code,
       a.reference AS a_reference, a.state::text AS a_state, a.cost_expected, a.cost AS a_cost, a.sn AS a_sn,
       a.supplier_order_id, a.reason AS a_reason, a.message AS a_message, a.due_at, a.sends, a.asks, a.not_found,
       a.not_found_since, a.sent_at, a.created_at AS a_created_at, clock_timestamp() AS told_at
  FROM orders o LEFT JOIN attempts a ON a.order_id = o.id
 WHERE o.id = ANY($1::bigint[])
 ORDER BY o.id, a.number
   FOR NO KEY UPDATE OF o

-- name: lock_told_orders
-- Lock the orders whose callbacks ended, with those whose outcomes are applied, in id order: whether
-- a callback waits for another one is decided under the lock of their order.
SELECT id FROM orders WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE

-- name: orders_by_id
-- The known orders of references that came again.
SELECT id, reseller_id, credential_id, testing, dialect, kind::text, reference, signature_key, product_id,
       product_code, product_name, destination, quantity, counter, same_day_counter, price, hold_id,
       state::text, reason, sn, message, data, supplier_id, cost, created_at, updated_at, final_at,
       needs_decision_at
  FROM orders WHERE id = ANY($1::bigint[])

-- name: write_placed
-- New orders with their holds and first attempts, and the proof of the commit, in one round trip while
-- the accounts are locked. COMMIT follows at once, so it must raise unless it found all accounts as they
-- were locked: a wrong count divides by zero. Of a row, members that are NULL or zero are left out; $8 is when
-- all of it was planned, and $9 holds each explanation once, for most routes of a batch are chosen alike.
WITH placed AS MATERIALIZED (
    SELECT * FROM json_to_recordset($1::json)
        AS p (id bigint, reseller_id bigint, credential_id bigint, testing boolean, dialect text, kind product_kind,
              reference text, signature_key text, product_id bigint, product_code text, product_name text,
              destination text, quantity bigint, counter integer, same_day_counter integer, price bigint,
              hold_id bigint, hold_key text, account_id bigint, attempt_id bigint,
              supplier_id bigint, route_id bigint, supplier_product_code text, attempt_reference text, cost bigint,
              claimed_by text, claim_ms integer, explanation_number integer)
), holds AS (
    INSERT INTO transfers (id, key, event, phase, debit_account_id, credit_account_id, amount, order_id)
    SELECT hold_id, hold_key, $3, 'pending', account_id, $4, price, id FROM placed WHERE hold_id IS NOT NULL
), held_accounts AS (
    UPDATE accounts a SET held = w.held
      FROM json_to_recordset($2::json) AS w (id bigint, held bigint, balance bigint, version bigint)
     WHERE a.id = w.id AND a.balance = w.balance AND a.version = w.version
    RETURNING 1
), new_orders AS (
    INSERT INTO orders (id, reseller_id, credential_id, testing, dialect, kind, reference, signature_key, product_id,
                        product_code, product_name, destination, quantity, counter, same_day_counter, price, hold_id,
                        created_at, updated_at)
    SELECT id, reseller_id, credential_id, testing, dialect, kind, reference, signature_key, product_id,
           product_code, product_name, destination, quantity, counter, same_day_counter, price, hold_id,
           $8::timestamptz, $8::timestamptz
      FROM placed
), first_attempts AS (
    INSERT INTO attempts (id, order_id, number, supplier_id, route_id, supplier_product_code, reference,
                          cost_expected, claimed_by, due_at, explanation)
    SELECT attempt_id, id, 1, supplier_id, route_id, supplier_product_code, attempt_reference, cost, claimed_by,
           clock_timestamp() + coalesce(claim_ms, 0) * interval '1 millisecond',
           $9::jsonb -> coalesce(explanation_number, 0)
      FROM placed WHERE attempt_id IS NOT NULL
), proof AS (
    INSERT INTO lane_commits (slot, number) SELECT $5, $6 WHERE $5 <> ''
    ON CONFLICT (slot) DO UPDATE SET number = excluded.number, at = excluded.at
)
SELECT 1 / (count(*) = $7)::integer FROM held_accounts

-- name: write_batch
-- Everything else a batch writes to ledger, orders, attempts and outbox, in one round trip while the
-- accounts are locked. Empty arrays write nothing. Each update names the state it expects; the
-- counts are checked by the caller. The database sets the business day.
WITH new_transfers AS (
    INSERT INTO transfers (id, key, event, phase, pending_id, debit_account_id, credit_account_id, amount, order_id,
                           actor, note)
    SELECT id, key, event, phase::transfer_phase, pending_id, debit_account_id, credit_account_id, amount, order_id,
           actor, note
      FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
                  $8::bigint[], $9::bigint[], $10::text[], $11::text[])
        AS w (id, key, event, phase, pending_id, debit_account_id, credit_account_id, amount, order_id, actor, note)
), new_entries AS (
    INSERT INTO entries (transfer_id, account_id, amount, previous, balance, version)
    SELECT * FROM unnest($12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[])
), moved_accounts AS (
    UPDATE accounts a SET balance = w.balance, held = w.held, version = w.version
      FROM unnest($18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[]) AS w (id, balance, held, version)
     WHERE a.id = w.id
    RETURNING 1
), changed_orders AS (
    UPDATE orders o
       SET state = w.state::order_state, reason = w.reason, sn = w.sn, message = w.message, data = w.data,
           supplier_id = w.supplier_id, cost = w.cost, same_day_counter = w.same_day_counter,
           updated_at = w.updated_at, final_at = w.final_at, needs_decision_at = w.needs_decision_at
      FROM unnest($22::bigint[], $23::text[], $24::text[], $25::text[], $26::text[], $27::jsonb[], $28::bigint[],
                  $29::bigint[], $30::int[], $31::timestamptz[], $32::timestamptz[], $33::timestamptz[], $34::text[])
        AS w (id, state, reason, sn, message, data, supplier_id, cost, same_day_counter, updated_at, final_at,
              needs_decision_at, expected)
     WHERE o.id = w.id AND o.state = w.expected::order_state
    RETURNING 1
), new_attempts AS (
    INSERT INTO attempts (id, order_id, number, supplier_id, route_id, supplier_product_code, reference,
                          cost_expected, claimed_by, due_at, explanation)
    SELECT id, order_id, number, supplier_id, route_id, supplier_product_code, reference, cost_expected, claimed_by,
           clock_timestamp() + claim_ms * interval '1 millisecond', explanation
      FROM unnest($35::bigint[], $36::bigint[], $37::smallint[], $38::bigint[], $39::bigint[], $40::text[],
                  $41::text[], $42::bigint[], $43::text[], $44::int[], $45::jsonb[])
        AS w (id, order_id, number, supplier_id, route_id, supplier_product_code, reference, cost_expected,
              claimed_by, claim_ms, explanation)
), changed_attempts AS (
    UPDATE attempts a
       SET state = w.state::attempt_state, cost = w.cost, sn = w.sn, supplier_order_id = w.supplier_order_id,
           reason = w.reason, message = w.message, due_at = w.due_at, not_found = w.not_found,
           not_found_since = w.not_found_since, claimed_by = NULL, updated_at = clock_timestamp()
      FROM unnest($46::bigint[], $47::text[], $48::bigint[], $49::text[], $50::text[], $51::text[], $52::text[],
                  $53::timestamptz[], $54::smallint[], $55::timestamptz[], $56::text[])
        AS w (id, state, cost, sn, supplier_order_id, reason, message, due_at, not_found, not_found_since, expected)
     WHERE a.id = w.id AND a.state = w.expected::attempt_state
    RETURNING 1
), new_messages AS (
    INSERT INTO attempt_messages (attempt_id, kind, request, answer, outcome, elapsed_ms)
    SELECT * FROM unnest($57::bigint[], $58::text[], $59::text[], $60::text[], $61::text[], $62::int[])
), new_callbacks AS (
    INSERT INTO callbacks (id, order_id, reseller_id, sequence, event, format, occurred_at, snapshot, state, due_at,
                           claimed_by)
    SELECT id, order_id, reseller_id, sequence, event, format, occurred_at, snapshot, state::callback_state, due_at,
           claimed_by
      FROM unnest($63::bigint[], $64::bigint[], $65::bigint[], $66::smallint[], $67::text[], $68::text[],
                  $69::timestamptz[], $70::jsonb[], $71::text[], $72::timestamptz[], $73::text[])
        AS w (id, order_id, reseller_id, sequence, event, format, occurred_at, snapshot, state, due_at, claimed_by)
)
SELECT (SELECT count(*) FROM moved_accounts) AS accounts,
       (SELECT count(*) FROM changed_orders) AS orders,
       (SELECT count(*) FROM changed_attempts) AS attempts

-- name: callback_tails
-- The last callback of each order and whether it still has to be delivered. Locked, so that whoever
-- records its delivery meanwhile comes either before, and is seen here, or after, and wakes the next.
SELECT c.order_id, c.sequence, c.state IN ('waiting', 'due') AS unfinished
  FROM callbacks c
 WHERE c.order_id = ANY($1::bigint[])
   AND c.sequence = (SELECT max(l.sequence) FROM callbacks l WHERE l.order_id = c.order_id)
 ORDER BY c.id
   FOR NO KEY UPDATE OF c

-- name: known_signatures
-- Orders that came without a reference and with one of these signatures.
SELECT o.id, o.reseller_id, o.credential_id, o.testing, o.dialect, o.kind::text, o.reference, o.signature_key,
       o.product_id, o.product_code, o.product_name, o.destination, o.quantity, o.counter, o.same_day_counter,
       o.price, o.hold_id, o.state::text, o.reason, o.sn, o.message, o.data, o.supplier_id, o.cost, o.created_at,
       o.updated_at, o.final_at, o.needs_decision_at
  FROM unnest($1::bigint[], $2::text[]) AS w (credential_id, signature_key)
  JOIN orders o USING (credential_id, signature_key)

-- name: same_day_orders
-- The highest counter of today (WIB) for each product and destination under the same-day rule.
SELECT DISTINCT ON (o.reseller_id, o.product_id, o.destination)
       o.id, o.reseller_id, o.credential_id, o.testing, o.dialect, o.kind::text, o.reference, o.signature_key,
       o.product_id, o.product_code, o.product_name, o.destination, o.quantity, o.counter, o.same_day_counter,
       o.price, o.hold_id, o.state::text, o.reason, o.sn, o.message, o.data, o.supplier_id, o.cost, o.created_at,
       o.updated_at, o.final_at, o.needs_decision_at
  FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS w (reseller_id, product_id, destination)
  JOIN orders o USING (reseller_id, product_id, destination)
 WHERE o.same_day_counter IS NOT NULL AND o.business_day = wib_day(clock_timestamp())
 ORDER BY o.reseller_id, o.product_id, o.destination, o.same_day_counter DESC

-- name: known_transfer_keys
-- Transfers that already have one of these keys.
SELECT id, key, event, phase::text, pending_id, debit_account_id, credit_account_id, amount, order_id, actor, note
  FROM transfers WHERE key = ANY($1::text[])

-- name: claim_attempts
-- The one-way claim before a first sending: prepared becomes sending, for exactly one caller.
UPDATE attempts a
   SET state = 'sending', sends = 1, claimed_by = w.claimed_by, due_at = clock_timestamp() + w.claim_ms * interval '1 millisecond',
       sent_at = clock_timestamp(), updated_at = clock_timestamp()
  FROM unnest($1::bigint[], $2::text[], $3::int[]) AS w (id, claimed_by, claim_ms)
 WHERE a.id = w.id AND a.state = 'prepared'
RETURNING a.id

-- name: claim_resends
-- One more sending of an unknown attempt's own reference, where that is declared safe.
UPDATE attempts a
   SET sends = a.sends + 1, claimed_by = w.claimed_by,
       due_at = clock_timestamp() + w.claim_ms * interval '1 millisecond', updated_at = clock_timestamp()
  FROM unnest($1::bigint[], $2::text[], $3::int[]) AS w (id, claimed_by, claim_ms)
 WHERE a.id = w.id AND a.state = 'unknown'
RETURNING a.id

-- name: insert_cases
-- Open cases; the same subject opens once.
INSERT INTO cases (kind, subject, order_id, attempt_id, detail)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::jsonb[])
ON CONFLICT (subject) DO NOTHING

-- name: insert_refusals
-- Keep refusals that created nothing.
INSERT INTO refusals (reseller_id, dialect, testing, reference, product_code, destination, reason, message)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::boolean[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])

-- name: insert_sandbox_steps
-- Plan what will happen to testing orders.
INSERT INTO sandbox_steps (order_id, due_at, outcome)
SELECT * FROM unnest($1::bigint[], $2::timestamptz[], $3::jsonb[])

-- name: finish_sandbox_steps
-- Mark steps done; only a step that was not done counts.
UPDATE sandbox_steps SET done_at = clock_timestamp()
 WHERE id = ANY($1::bigint[]) AND done_at IS NULL RETURNING id

-- name: insert_deliveries
-- The delivery log.
INSERT INTO callback_deliveries (callback_id, status, error, request, answer, duration_ms)
SELECT * FROM unnest($1::bigint[], $2::int[], $3::text[], $4::text[], $5::text[], $6::int[])

-- name: update_callbacks
-- Store what became of deliveries.
UPDATE callbacks c
   SET state = w.state::callback_state, attempts_count = c.attempts_count + 1, due_at = w.due_at, claimed_by = NULL,
       delivered_at = CASE WHEN w.state = 'delivered' THEN clock_timestamp() END,
       last_status = w.status, last_error = w.error
  FROM unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::int[], $5::text[]) AS w (id, state, due_at, status, error)
 WHERE c.id = w.id AND c.state = 'due'

-- name: next_callbacks
-- The callback after a finished one becomes due, claimed by this node.
UPDATE callbacks c
   SET state = 'due', due_at = clock_timestamp() + interval '60 seconds', claimed_by = w.claimed_by
  FROM unnest($1::bigint[], $2::text[]) AS w (order_id, claimed_by)
 WHERE c.order_id = w.order_id AND c.state = 'waiting'
   AND c.sequence = (SELECT min(n.sequence) FROM callbacks n WHERE n.order_id = w.order_id AND n.state = 'waiting')
   AND NOT EXISTS (SELECT 1 FROM callbacks p WHERE p.order_id = w.order_id AND p.state = 'due')
RETURNING c.id, c.order_id, c.reseller_id, c.merchant_id, c.event, c.format, c.occurred_at, c.snapshot,
          c.attempts_count
