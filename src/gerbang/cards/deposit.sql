-- name: insert_card_deposit
-- The intention, before the payment is registered.
INSERT INTO card_deposits (reseller_id, merchant_id, amount, actor) VALUES ($1, $2, $3, $4) RETURNING id

-- name: note_registered
-- The payment that will fill it.
UPDATE card_deposits SET payment_id = $2 WHERE id = $1 AND payment_id IS NULL RETURNING id

-- name: close_card_deposit
-- Nothing was or will be paid.
UPDATE card_deposits SET state = 'closed' WHERE id = $1 AND state = 'open' RETURNING id

-- name: close_unpaid
-- Deposits whose payment expired, and those that died before they were registered.
UPDATE card_deposits d SET state = 'closed'
 WHERE d.state = 'open'
   AND ((d.payment_id IS NULL AND d.created_at < clock_timestamp() - interval '10 minutes')
        OR EXISTS (SELECT 1 FROM payments p WHERE p.id = d.payment_id AND p.state = 'expired'))
RETURNING id

-- name: paid_deposits
-- Open deposits whose payment was charged and moves money; `moved` are those whose credit is in the ledger and was
-- not noted: they are told so whatever became of the payment since, so that what went back is taken back.
SELECT d.id, d.amount, d.actor, r.code AS reseller, r.account_id, m.account_id AS merchant_account_id,
       p.txid, p.merchant_id, a.reference, a.kind::text, t.id IS NOT NULL AS moved
  FROM card_deposits d
  JOIN payments p ON p.id = d.payment_id
  JOIN payment_attempts a ON a.payment_id = p.id AND a.state = 'approved' AND a.kind IN ('charge', 'capture')
  JOIN resellers r ON r.id = d.reseller_id
  JOIN merchants m ON m.id = d.merchant_id
  LEFT JOIN transfers t ON t.key = 'card_deposit:' || d.id
 WHERE d.state = 'open' AND d.id > $1 AND p.booked AND p.paid_at IS NOT NULL
   AND (p.state IN ('paid', 'settled', 'partly_refunded') OR t.id IS NOT NULL)
   AND (NOT p.sandboxed OR (SELECT demo FROM installation))
 ORDER BY d.id LIMIT 100

-- name: note_credited
-- The credit is in the ledger.
UPDATE card_deposits SET state = 'credited', credited_at = clock_timestamp() WHERE id = $1 AND state = 'open'
RETURNING id

-- name: refunded_deposits
-- Credited deposits of which more went back to the card, or is intended, than was taken from the reseller.
SELECT * FROM (
    SELECT d.id, d.actor, d.taken_back, d.taking_back, r.code AS reseller, r.account_id, r.receivable_account_id,
           m.account_id AS merchant_account_id, p.txid,
           CASE WHEN p.state IN ('void', 'refunded') THEN d.amount ELSE p.refunded END AS given_back
      FROM card_deposits d
      JOIN payments p ON p.id = d.payment_id
      JOIN resellers r ON r.id = d.reseller_id
      JOIN merchants m ON m.id = d.merchant_id
     WHERE d.state = 'credited' AND p.state IN ('void', 'refunded', 'partly_refunded') AND d.id > $1) f
 WHERE f.given_back > f.taken_back OR f.taking_back > f.taken_back
 ORDER BY f.id LIMIT 100

-- name: intend_taking_back
-- Fix how much in all is taken back, unless an earlier intention is still open; gives what is to do.
WITH intended AS (
    UPDATE card_deposits SET taking_back = $2 WHERE id = $1 AND taking_back = taken_back AND taken_back < $2
    RETURNING taken_back, taking_back
)
SELECT * FROM intended
UNION ALL
SELECT taken_back, taking_back FROM card_deposits WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM intended)

-- name: note_taken_back
-- What was intended is in the ledger.
UPDATE card_deposits SET taken_back = taking_back WHERE id = $1 AND taking_back = $2 RETURNING id

-- name: list_card_deposits
-- Deposits by card, newest first; every filter may be null.
SELECT d.id, r.code AS reseller, m.imid, p.txid, d.amount, d.taken_back, d.state::text, p.state::text AS payment_state,
       d.actor, d.created_at, d.credited_at
  FROM card_deposits d
  JOIN resellers r ON r.id = d.reseller_id
  JOIN merchants m ON m.id = d.merchant_id
  LEFT JOIN payments p ON p.id = d.payment_id
 WHERE ($1::text IS NULL OR r.code = $1) AND ($2::bigint IS NULL OR d.id = $2) AND d.id < $3
 ORDER BY d.id DESC LIMIT $4

-- name: reseller_for_deposit
-- Who pays in.
SELECT id, status::text FROM resellers WHERE code = $1
