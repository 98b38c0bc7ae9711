-- name: make_watches
-- Every active supplier is watched.
INSERT INTO supplier_floats (supplier_id)
SELECT s.id FROM suppliers s
 WHERE s.status = 'active' AND NOT EXISTS (SELECT 1 FROM supplier_floats w WHERE w.supplier_id = s.id)
ON CONFLICT (supplier_id) DO NOTHING

-- name: claim_due
-- Take the suppliers to ask now; nobody else asks them before the interval is over, give or take a tenth.
UPDATE supplier_floats w
   SET ask_due_at = clock_timestamp() + make_interval(secs => $1::integer * (0.9 + 0.2 * random()))
  FROM (SELECT d.supplier_id FROM supplier_floats d JOIN suppliers s ON s.id = d.supplier_id
         WHERE d.ask_due_at <= clock_timestamp() AND s.status = 'active'
         ORDER BY d.ask_due_at LIMIT $2 FOR UPDATE OF d SKIP LOCKED) due
 WHERE w.supplier_id = due.supplier_id
RETURNING w.supplier_id

-- name: positions
-- Our money at suppliers: as the ledger has it, what is on its way, and as they said; $1 may be null for all.
SELECT s.id, s.code, s.name, s.status::text AS status, s.float_min, s.settings,
       -untracked_balance(s.float_account_id) AS ledger, coalesce(o.in_flight, 0)::bigint AS in_flight,
       s.float_reported AS reported, s.float_reported_at AS reported_at, w.asked_at, coalesce(w.ask_error, '') AS ask_error,
       w.difference, coalesce(w.differing_readings, 0) AS differing_readings,
       coalesce(w.differs_case, '') AS differs_case, coalesce(w.low_case, '') AS low_case
  FROM suppliers s
  LEFT JOIN supplier_floats w ON w.supplier_id = s.id
  LEFT JOIN (SELECT supplier_id, sum(coalesce(cost, cost_expected)) AS in_flight FROM attempts
              WHERE due_at IS NOT NULL AND state IN ('sending', 'accepted', 'unknown') GROUP BY supplier_id) o
    ON o.supplier_id = s.id
 WHERE $1::text IS NULL OR s.code = $1
 ORDER BY s.code

-- name: lock_state
-- What is remembered of the readings before, held until the end of the transaction.
SELECT w.differing_readings, w.differs_case, w.low_case, s.code, s.float_min, s.settings
  FROM supplier_floats w JOIN suppliers s ON s.id = w.supplier_id
 WHERE w.supplier_id = $1 FOR UPDATE OF w

-- name: write_state
-- Remember a reading; one that came with an answer leaves the question's own members alone.
UPDATE supplier_floats
   SET differing_readings = $2, differs_case = $3, low_case = $4,
       difference = coalesce($5, difference), asked_at = coalesce($6, asked_at),
       ask_error = CASE WHEN $6::timestamptz IS NULL THEN ask_error ELSE '' END
 WHERE supplier_id = $1

-- name: write_reported
-- What the supplier said, unless something newer is there; routing counts on it.
UPDATE suppliers SET float_reported = $2, float_reported_at = $3
 WHERE id = $1 AND (float_reported_at IS NULL OR float_reported_at <= $3)

-- name: write_ask_error
-- A question without a readable answer.
UPDATE supplier_floats SET asked_at = $2, ask_error = $3 WHERE supplier_id = $1

-- name: open_case
-- Tell a person.
INSERT INTO cases (kind, subject, detail) VALUES ($1, $2, $3) ON CONFLICT (subject) DO NOTHING

-- name: close_case
-- It is over by itself.
UPDATE cases SET closed_at = clock_timestamp(), closed_by = 'gerbang', resolution = $2
 WHERE subject = $1 AND closed_at IS NULL
