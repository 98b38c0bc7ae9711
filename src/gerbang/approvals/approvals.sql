-- name: insert_proposal
-- What somebody wants done; approved at once where one person is enough.
INSERT INTO proposals (kind, subject, content, reason, maker, two_persons, state, decided_at)
VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $6 THEN 'waiting' ELSE 'approved' END,
        CASE WHEN $6 THEN NULL ELSE clock_timestamp() END)
RETURNING id

-- name: lock_proposal
-- A proposal, held until the end of the transaction.
SELECT id, kind, subject, content, reason, maker, two_persons, state, checker FROM proposals WHERE id = $1 FOR UPDATE

-- name: decide_proposal
-- The second person's word.
UPDATE proposals SET state = $2, checker = $3, decided_at = clock_timestamp(), result = $4
 WHERE id = $1 AND state = 'waiting'

-- name: finish_proposal
-- It was carried out, or the truth was faster.
UPDATE proposals SET state = $2, result = $3, finished_at = clock_timestamp() WHERE id = $1 AND state = 'approved'

-- name: left_over
-- Approved a while ago and not carried out: whoever did it died.
SELECT id FROM proposals
 WHERE state = 'approved' AND decided_at < clock_timestamp() - interval '10 seconds' ORDER BY id LIMIT 50

-- name: list_proposals
-- Proposals newest first; state and id may be null.
SELECT id, kind, subject, content, reason, maker, made_at, two_persons, state, checker, decided_at, result, finished_at
  FROM proposals
 WHERE id < $1 AND ($2::text IS NULL OR state = $2) AND ($3::bigint IS NULL OR id = $3)
 ORDER BY id DESC LIMIT $4

-- name: account_by_code
-- An account that money may be moved on by hand.
SELECT id, code FROM accounts WHERE code = $1

-- name: close_decision_case
-- The order that waited for a person is decided.
UPDATE cases SET closed_at = clock_timestamp(), closed_by = $2, resolution = $3
 WHERE order_id = $1 AND kind = 'needs_decision' AND closed_at IS NULL
