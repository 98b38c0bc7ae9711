-- name: lock_accounts
-- Lock tracked accounts in id order, so that two batches can never wait for each other in a ring.
SELECT id, kind::text, balance, held, credit_limit, version
  FROM accounts WHERE id = ANY($1::bigint[]) AND tracked ORDER BY id FOR NO KEY UPDATE

-- name: lock_accounts_skip_locked
-- The same, leaving out what somebody else keeps locked; those writes are set aside.
SELECT id, kind::text, balance, held, credit_limit, version
  FROM accounts WHERE id = ANY($1::bigint[]) AND tracked ORDER BY id FOR NO KEY UPDATE SKIP LOCKED

-- name: lock_orders
-- Lock the orders whose outcomes are applied, in id order, after the accounts.
SELECT id, reseller_id, credential_id, testing, dialect, kind::text, reference, signature_key, product_id,
       product_code, product_name, destination, quantity, counter, same_day_counter, price, hold_id,
       state::text, reason, sn, message, data, supplier_id, cost, created_at, updated_at, final_at,
       needs_decision_at
  FROM orders WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE

-- name: attempts_of_orders
-- All attempts of the locked orders; the order's lock guards them.
SELECT id, order_id, number, supplier_id, route_id, supplier_product_code, reference, state::text,
       cost_expected, cost, sn, supplier_order_id, reason, message, due_at, sends, asks, not_found,
       not_found_since, sent_at, created_at
  FROM attempts WHERE order_id = ANY($1::bigint[]) ORDER BY order_id, number

-- name: callback_tails
-- The last callback of each order and whether it still has to be delivered.
SELECT DISTINCT ON (order_id) order_id, sequence, state IN ('waiting', 'due') AS unfinished
  FROM callbacks WHERE order_id = ANY($1::bigint[]) ORDER BY order_id, sequence DESC

-- name: known_references
-- Orders that already have one of these references.
SELECT o.id, o.reseller_id, o.credential_id, o.testing, o.dialect, o.kind::text, o.reference, o.signature_key,
       o.product_id, o.product_code, o.product_name, o.destination, o.quantity, o.counter, o.same_day_counter,
       o.price, o.hold_id, o.state::text, o.reason, o.sn, o.message, o.data, o.supplier_id, o.cost, o.created_at,
       o.updated_at, o.final_at, o.needs_decision_at
  FROM unnest($1::bigint[], $2::boolean[], $3::text[]) AS w (reseller_id, testing, reference)
  JOIN orders o USING (reseller_id, testing, reference)

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

-- name: insert_orders
-- Write new orders.
INSERT INTO orders (id, reseller_id, credential_id, testing, dialect, kind, reference, signature_key, product_id,
                    product_code, product_name, destination, quantity, counter, same_day_counter, price, hold_id,
                    created_at, updated_at)
SELECT id, reseller_id, credential_id, testing, dialect, kind::product_kind, reference, signature_key, product_id,
       product_code, product_name, destination, quantity, counter, same_day_counter, price, hold_id, $18, $18
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::boolean[], $5::text[], $6::text[], $7::text[],
              $8::text[], $9::bigint[], $10::text[], $11::text[], $12::text[], $13::bigint[], $14::int[],
              $15::int[], $16::bigint[], $17::bigint[])
    AS w (id, reseller_id, credential_id, testing, dialect, kind, reference, signature_key, product_id,
          product_code, product_name, destination, quantity, counter, same_day_counter, price, hold_id)

-- name: insert_transfers
-- Write transfers; the database sets their business day.
INSERT INTO transfers (id, key, event, phase, pending_id, debit_account_id, credit_account_id, amount, order_id,
                       actor, note)
SELECT id, key, event, phase::transfer_phase, pending_id, debit_account_id, credit_account_id, amount, order_id,
       actor, note
  FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
              $8::bigint[], $9::bigint[], $10::text[], $11::text[])
    AS w (id, key, event, phase, pending_id, debit_account_id, credit_account_id, amount, order_id, actor, note)

-- name: insert_entries
-- Write the entries of direct and posted transfers, both sides in one statement.
INSERT INTO entries (transfer_id, account_id, amount, previous, balance, version)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])

-- name: update_accounts
-- Store what the book made of the locked accounts.
UPDATE accounts a SET balance = w.balance, held = w.held, version = w.version
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS w (id, balance, held, version)
 WHERE a.id = w.id

-- name: insert_attempts
-- Write attempts before any byte of them leaves.
INSERT INTO attempts (id, order_id, number, supplier_id, route_id, supplier_product_code, reference, cost_expected,
                      claimed_by, due_at, explanation)
SELECT id, order_id, number, supplier_id, route_id, supplier_product_code, reference, cost_expected, claimed_by,
       clock_timestamp() + claim_ms * interval '1 millisecond', explanation
  FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[],
              $8::bigint[], $9::text[], $10::int[], $11::jsonb[])
    AS w (id, order_id, number, supplier_id, route_id, supplier_product_code, reference, cost_expected, claimed_by,
          claim_ms, explanation)

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

-- name: update_orders
-- Store the locked orders' new state; the row count is checked against what was locked.
UPDATE orders o
   SET state = w.state::order_state, reason = w.reason, sn = w.sn, message = w.message, data = w.data,
       supplier_id = w.supplier_id, cost = w.cost, same_day_counter = w.same_day_counter,
       updated_at = w.updated_at, final_at = w.final_at, needs_decision_at = w.needs_decision_at
  FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[], $7::bigint[], $8::bigint[],
              $9::int[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::text[])
    AS w (id, state, reason, sn, message, data, supplier_id, cost, same_day_counter, updated_at, final_at,
          needs_decision_at, expected)
 WHERE o.id = w.id AND o.state = w.expected::order_state

-- name: update_attempts
-- Store what became known of attempts; each names the state it expects.
UPDATE attempts a
   SET state = w.state::attempt_state, cost = w.cost, sn = w.sn, supplier_order_id = w.supplier_order_id,
       reason = w.reason, message = w.message, due_at = w.due_at, not_found = w.not_found,
       not_found_since = w.not_found_since, claimed_by = NULL, updated_at = clock_timestamp()
  FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[],
              $8::timestamptz[], $9::smallint[], $10::timestamptz[], $11::text[])
    AS w (id, state, cost, sn, supplier_order_id, reason, message, due_at, not_found, not_found_since, expected)
 WHERE a.id = w.id AND a.state = w.expected::attempt_state

-- name: insert_attempt_messages
-- Keep scrubbed transcripts.
INSERT INTO attempt_messages (attempt_id, kind, request, answer, outcome, elapsed_ms)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[])

-- name: insert_callbacks
-- The outbox row in the settling commit.
INSERT INTO callbacks (id, order_id, reseller_id, sequence, event, format, occurred_at, snapshot, state, due_at, claimed_by)
SELECT id, order_id, reseller_id, sequence, event, format, occurred_at, snapshot, state::callback_state, due_at, claimed_by
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::smallint[], $5::text[], $6::text[], $7::timestamptz[],
              $8::jsonb[], $9::text[], $10::timestamptz[], $11::text[])
    AS w (id, order_id, reseller_id, sequence, event, format, occurred_at, snapshot, state, due_at, claimed_by)

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
RETURNING c.id, c.order_id, c.reseller_id, c.event, c.format, c.occurred_at, c.snapshot, c.attempts_count

-- name: take_order_ids
-- A block of order ids for this process.
SELECT nextval('order_ids') AS first

-- name: take_transfer_ids
-- A block of transfer ids for this process.
SELECT nextval('transfer_ids') AS first

-- name: take_attempt_ids
-- A block of attempt ids for this process.
SELECT nextval('attempt_ids') AS first

-- name: take_callback_ids
-- A block of callback ids for this process.
SELECT nextval('callback_ids') AS first
