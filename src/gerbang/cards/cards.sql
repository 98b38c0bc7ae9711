-- name: known_references
-- Which of these references a merchant has used.
SELECT p.merchant_id, p.reference
  FROM unnest($1::bigint[], $2::text[]) AS w (merchant_id, reference)
  JOIN payments p USING (merchant_id, reference)

-- name: lock_merchant_accounts
-- Lock merchants' accounts in id order; before them, once, the ledger's lock that its writers share and
-- that sealing a day owns for an instant.
SELECT id, kind::text, balance, held, credit_limit, version
  FROM accounts
 WHERE (SELECT pg_advisory_xact_lock_shared($2::bigint)::text) IS NOT NULL
   AND id = ANY($1::bigint[]) AND tracked ORDER BY id FOR NO KEY UPDATE

-- name: lock_merchant_accounts_skip_locked
-- The same, leaving out what somebody else keeps locked.
SELECT id, kind::text, balance, held, credit_limit, version
  FROM accounts
 WHERE (SELECT pg_advisory_xact_lock_shared($2::bigint)::text) IS NOT NULL
   AND id = ANY($1::bigint[]) AND tracked ORDER BY id FOR NO KEY UPDATE SKIP LOCKED

-- name: lock_payments
-- Lock payments in id order, after the accounts; their attempts are guarded by this lock.
SELECT id, txid, merchant_id, reference, channel, sandboxed, booked, amount, kind::text, state::text,
       instalment_months, instalment_type, recurring_option, details, notify_url, return_url, registered_at,
       expires_at, refunded, card_mask, card_fingerprint, card_brand, issuer_bank, issuer_name, auth_code,
       acquirer_reference, hold_id, token_id, open_attempt_id, failures, cancel_wanted, fee, settlement_id, paid_at,
       due_at
  FROM payments WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE

-- name: lock_payments_skip_locked
-- The same, leaving out what somebody else keeps locked; those writes are set aside.
SELECT id, txid, merchant_id, reference, channel, sandboxed, booked, amount, kind::text, state::text,
       instalment_months, instalment_type, recurring_option, details, notify_url, return_url, registered_at,
       expires_at, refunded, card_mask, card_fingerprint, card_brand, issuer_bank, issuer_name, auth_code,
       acquirer_reference, hold_id, token_id, open_attempt_id, failures, cancel_wanted, fee, settlement_id, paid_at,
       due_at
  FROM payments WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED

-- name: attempts_of_payments
-- All attempts of locked payments.
SELECT id, payment_id, kind::text, state::text, amount, reference, at, hold_id, code, message, acquirer_reference,
       auth_code, card_mask, card_fingerprint, challenge_sha256, challenge_used_at, request, claimed_by, due_at, asks,
       settlement_id
  FROM payment_attempts WHERE payment_id = ANY($1::bigint[]) ORDER BY id

-- name: lock_cards
-- Two charges of one card at one merchant take turns where its day is limited; after the payments.
SELECT pg_advisory_xact_lock(x.hash)
  FROM (SELECT DISTINCT hashtextextended('card:' || merchant_id || ':' || fingerprint, 0) AS hash
          FROM unnest($1::bigint[], $2::text[]) AS w (merchant_id, fingerprint)
         ORDER BY 1 OFFSET 0) x

-- name: card_days
-- What each card did or is about to do at each merchant since a day began, and how often it was tried
-- within the hour. A charge that is not known yet counts: it may be one.
SELECT w.n,
       count(*) FILTER (WHERE a.state <> 'declined' AND a.at >= w.day_start) AS charges,
       coalesce(sum(a.amount) FILTER (WHERE a.state <> 'declined' AND a.at >= w.day_start), 0)::bigint AS amount,
       count(*) FILTER (WHERE a.at >= w.hour_start) AS tries_in_hour
  FROM unnest($1::int[], $2::bigint[], $3::text[], $4::timestamptz[], $5::timestamptz[])
       AS w (n, merchant_id, fingerprint, day_start, hour_start)
  JOIN payment_attempts a ON a.card_fingerprint = w.fingerprint AND a.at >= least(w.day_start, w.hour_start)
                         AND a.kind IN ('charge', 'hold')
  JOIN payments p ON p.id = a.payment_id AND p.merchant_id = w.merchant_id
 GROUP BY w.n

-- name: update_payments
-- Store changed payments; each names the state it expects, and the count is checked.
UPDATE payments p
   SET state = w.state, kind = w.kind, refunded = w.refunded, return_url = w.return_url,
       instalment_months = w.instalment_months, card_mask = w.card_mask, card_fingerprint = w.card_fingerprint,
       card_brand = w.card_brand, issuer_bank = w.issuer_bank, issuer_name = w.issuer_name, auth_code = w.auth_code,
       acquirer_reference = w.acquirer_reference, hold_id = w.hold_id, token_id = w.token_id,
       open_attempt_id = w.open_attempt_id, failures = w.failures, cancel_wanted = w.cancel_wanted, fee = w.fee,
       settlement_id = w.settlement_id, paid_at = w.paid_at, due_at = w.due_at, updated_at = clock_timestamp()
  FROM ROWS FROM (
           json_to_recordset($1::json)
               AS (id bigint, state payment_state, kind payment_kind, refunded bigint, return_url text,
                   instalment_months smallint, card_mask text, card_fingerprint text, card_brand text,
                   issuer_bank text, issuer_name text, auth_code text, acquirer_reference text, hold_id bigint,
                   token_id bigint, open_attempt_id bigint, failures smallint, cancel_wanted boolean, fee bigint,
                   settlement_id bigint, paid_at timestamptz, due_at timestamptz),
           unnest($2::text[]))
       AS w (id, state, kind, refunded, return_url, instalment_months, card_mask, card_fingerprint, card_brand,
             issuer_bank, issuer_name, auth_code, acquirer_reference, hold_id, token_id, open_attempt_id, failures,
             cancel_wanted, fee, settlement_id, paid_at, due_at, expected)
 WHERE p.id = w.id AND p.state = w.expected::payment_state
RETURNING p.id

-- name: update_attempts
-- Store changed attempts.
UPDATE payment_attempts a
   SET state = w.state, code = w.code, message = w.message, acquirer_reference = w.acquirer_reference,
       auth_code = w.auth_code, challenge_sha256 = w.challenge_sha256, challenge_used_at = w.challenge_used_at,
       request = w.request, due_at = w.due_at, asks = w.asks, settlement_id = w.settlement_id,
       updated_at = clock_timestamp()
  FROM json_to_recordset($1::json)
       AS w (id bigint, state payment_attempt_state, code text, message text, acquirer_reference text, auth_code text,
             challenge_sha256 text, challenge_used_at timestamptz, request jsonb, due_at timestamptz, asks int,
             settlement_id bigint)
 WHERE a.id = w.id

-- name: write_cards
-- What a batch writes beside the ledger, with the proof of its commit, in one round trip. Empty lists
-- write nothing; each changed payment names the state it expects, and the count is checked. The first
-- notification of a payment is claimed by this node.
WITH changed_payments AS (
    UPDATE payments p
       SET state = w.state, kind = w.kind, refunded = w.refunded, return_url = w.return_url,
           instalment_months = w.instalment_months, card_mask = w.card_mask, card_fingerprint = w.card_fingerprint,
           card_brand = w.card_brand, issuer_bank = w.issuer_bank, issuer_name = w.issuer_name,
           auth_code = w.auth_code, acquirer_reference = w.acquirer_reference, hold_id = w.hold_id,
           token_id = w.token_id, open_attempt_id = w.open_attempt_id, failures = w.failures,
           cancel_wanted = w.cancel_wanted, fee = w.fee, settlement_id = w.settlement_id, paid_at = w.paid_at,
           due_at = w.due_at, updated_at = clock_timestamp()
      FROM ROWS FROM (
               json_to_recordset($1::json)
                   AS (id bigint, state payment_state, kind payment_kind, refunded bigint, return_url text,
                       instalment_months smallint, card_mask text, card_fingerprint text, card_brand text,
                       issuer_bank text, issuer_name text, auth_code text, acquirer_reference text, hold_id bigint,
                       token_id bigint, open_attempt_id bigint, failures smallint, cancel_wanted boolean, fee bigint,
                       settlement_id bigint, paid_at timestamptz, due_at timestamptz),
               unnest($2::text[]))
           AS w (id, state, kind, refunded, return_url, instalment_months, card_mask, card_fingerprint, card_brand,
                 issuer_bank, issuer_name, auth_code, acquirer_reference, hold_id, token_id, open_attempt_id,
                 failures, cancel_wanted, fee, settlement_id, paid_at, due_at, expected)
     WHERE p.id = w.id AND p.state = w.expected::payment_state
    RETURNING 1
), changed_attempts AS (
    UPDATE payment_attempts a
       SET state = w.state, code = w.code, message = w.message, acquirer_reference = w.acquirer_reference,
           auth_code = w.auth_code, challenge_sha256 = w.challenge_sha256, challenge_used_at = w.challenge_used_at,
           request = w.request, due_at = w.due_at, asks = w.asks, settlement_id = w.settlement_id,
           updated_at = clock_timestamp()
      FROM json_to_recordset($3::json)
           AS w (id bigint, state payment_attempt_state, code text, message text, acquirer_reference text,
                 auth_code text, challenge_sha256 text, challenge_used_at timestamptz, request jsonb,
                 due_at timestamptz, asks int, settlement_id bigint)
     WHERE a.id = w.id
), new_payments AS (
    INSERT INTO payments (id, txid, merchant_id, reference, channel, sandboxed, booked, amount, instalment_months,
                          instalment_type, recurring_option, details, notify_url, return_url, registered_at,
                          expires_at, due_at)
    SELECT id, txid, merchant_id, reference, channel, sandboxed, booked, amount, instalment_months, instalment_type,
           recurring_option, details, notify_url, return_url, registered_at, expires_at, expires_at
      FROM json_to_recordset($4::json)
           AS w (id bigint, txid text, merchant_id bigint, reference text, channel text, sandboxed boolean,
                 booked boolean, amount bigint, instalment_months smallint, instalment_type text,
                 recurring_option smallint, details jsonb, notify_url text, return_url text,
                 registered_at timestamptz, expires_at timestamptz)
), new_attempts AS (
    INSERT INTO payment_attempts (id, payment_id, kind, state, amount, reference, at, hold_id, card_mask,
                                  card_fingerprint, request, claimed_by, due_at)
    SELECT id, payment_id, kind, 'sent', amount, reference, at, hold_id, card_mask, card_fingerprint, request,
           claimed_by, due_at
      FROM json_to_recordset($5::json)
           AS w (id bigint, payment_id bigint, kind payment_attempt_kind, amount bigint, reference text,
                 at timestamptz, hold_id bigint, card_mask text, card_fingerprint text, request jsonb,
                 claimed_by text, due_at timestamptz)
), new_tokens AS (
    INSERT INTO card_tokens (id, merchant_id, kind, payment_id, token_sha256, card_mask, card_fingerprint, card_brand,
                             card_expiry, vault)
    SELECT id, merchant_id, kind, payment_id, token_sha256, card_mask, card_fingerprint, card_brand, card_expiry,
           vault
      FROM json_to_recordset($6::json)
           AS w (id bigint, merchant_id bigint, kind text, payment_id bigint, token_sha256 text, card_mask text,
                 card_fingerprint text, card_brand text, card_expiry text, vault text)
), new_notifications AS (
    INSERT INTO callbacks (id, order_id, merchant_id, sequence, event, format, occurred_at, snapshot, state, due_at,
                           claimed_by)
    SELECT id, order_id, merchant_id, sequence, event, 'nicepay', occurred_at, snapshot, state,
           CASE WHEN state = 'due' THEN clock_timestamp() + interval '60 seconds' END, claimed_by
      FROM json_to_recordset($7::json)
           AS w (id bigint, order_id bigint, merchant_id bigint, sequence smallint, event text,
                 occurred_at timestamptz, snapshot jsonb, state callback_state, claimed_by text)
), proof AS (
    INSERT INTO lane_commits (slot, number) SELECT $8, $9 WHERE $8 <> ''
    ON CONFLICT (slot) DO UPDATE SET number = excluded.number, at = excluded.at
)
SELECT count(*), pg_current_xact_id()::text FROM changed_payments

-- name: notification_tails
-- The last notification of each payment and whether it is still on its way; locked, so that whoever
-- records its delivery comes either before, and is seen here, or after, and wakes the next.
SELECT c.order_id, c.sequence, c.state IN ('waiting', 'due') AS unfinished
  FROM callbacks c
 WHERE c.order_id = ANY($1::bigint[])
   AND c.sequence = (SELECT max(l.sequence) FROM callbacks l WHERE l.order_id = c.order_id)
 ORDER BY c.id
   FOR NO KEY UPDATE OF c

-- name: open_card_cases
-- Something a person has to look at; the same subject opens once.
INSERT INTO cases (kind, subject, detail)
SELECT kind, subject, detail FROM unnest($1::text[], $2::text[], $3::jsonb[]) AS w (kind, subject, detail)
ON CONFLICT (subject) DO NOTHING

-- name: payments_by_txid
-- Payments as they stand.
SELECT id, txid, merchant_id, reference, channel, sandboxed, booked, amount, kind::text, state::text,
       instalment_months, instalment_type, recurring_option, details, notify_url, return_url, registered_at,
       expires_at, refunded, card_mask, card_fingerprint, card_brand, issuer_bank, issuer_name, auth_code,
       acquirer_reference, hold_id, token_id, open_attempt_id, failures, cancel_wanted, fee, settlement_id, paid_at,
       due_at
  FROM payments WHERE txid = ANY($1::text[])

-- name: payment_by_id
-- One payment by its number.
SELECT id, txid, merchant_id, reference, channel, sandboxed, booked, amount, kind::text, state::text,
       instalment_months, instalment_type, recurring_option, details, notify_url, return_url, registered_at,
       expires_at, refunded, card_mask, card_fingerprint, card_brand, issuer_bank, issuer_name, auth_code,
       acquirer_reference, hold_id, token_id, open_attempt_id, failures, cancel_wanted, fee, settlement_id, paid_at,
       due_at
  FROM payments WHERE id = $1

-- name: attempts_of_payment
-- A payment's attempts in their order.
SELECT id, payment_id, kind::text, state::text, amount, reference, at, hold_id, code, message, acquirer_reference,
       auth_code, card_mask, card_fingerprint, challenge_sha256, challenge_used_at, request, claimed_by, due_at, asks,
       settlement_id
  FROM payment_attempts WHERE payment_id = $1 ORDER BY id

-- name: attempt_by_id
-- One attempt.
SELECT id, payment_id, kind::text, state::text, amount, reference, at, hold_id, code, message, acquirer_reference,
       auth_code, card_mask, card_fingerprint, challenge_sha256, challenge_used_at, request, claimed_by, due_at, asks,
       settlement_id
  FROM payment_attempts WHERE id = $1

-- name: token_by_sha256
-- A merchant's token, with the payment it came from.
SELECT id, kind, payment_id, card_mask, card_fingerprint, card_brand, card_expiry, vault, revoked_at
  FROM card_tokens WHERE token_sha256 = $1 AND merchant_id = $2

-- name: claim_due_attempts
-- Open attempts whose truth has to be asked for, taken over by this node for a while.
WITH due AS (
    SELECT id FROM payment_attempts WHERE due_at <= clock_timestamp() ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
)
UPDATE payment_attempts a
   SET claimed_by = $1, asks = a.asks + 1, due_at = clock_timestamp() + interval '30 seconds'
  FROM due WHERE a.id = due.id
RETURNING a.id, a.payment_id, a.kind::text, a.state::text, a.reference, a.asks

-- name: due_payments
-- Payments whose clock has something to do: expiry, settlement, the end of a hold. While the acquirer is
-- asked about one its clock has nothing to say; its time stays as it is, which spares its index.
SELECT id, txid, merchant_id, state::text, sandboxed FROM payments
 WHERE sandboxed = $1 AND due_at <= $2 AND open_attempt_id IS NULL ORDER BY due_at LIMIT $3

-- name: cancels_wanted
-- Charges to be taken back as soon as nothing else is open: automatic voids, queued cancels, holds whose time is up.
SELECT p.id, p.merchant_id FROM payments p
 WHERE p.cancel_wanted AND p.open_attempt_id IS NULL ORDER BY p.id LIMIT $1

-- name: open_settlement
-- One report per merchant and day.
INSERT INTO settlements (merchant_id, day) VALUES ($1, $2)
ON CONFLICT (merchant_id, day) DO UPDATE SET day = excluded.day RETURNING id

-- name: unsettled_refunds
-- Refunds before a cut-off that are in no settlement yet.
SELECT a.id, a.payment_id, p.merchant_id
  FROM payment_attempts a JOIN payments p ON p.id = a.payment_id
 WHERE a.kind = 'refund' AND a.state = 'approved' AND a.settlement_id IS NULL
   AND p.merchant_id = $1 AND a.at < $2
 ORDER BY a.id LIMIT $3

-- name: merchants_with_unsettled_refunds
-- Who has refunds that no settlement holds yet.
SELECT DISTINCT p.merchant_id FROM payment_attempts a JOIN payments p ON p.id = a.payment_id
 WHERE a.kind = 'refund' AND a.state = 'approved' AND a.settlement_id IS NULL AND p.sandboxed = $1

-- name: recent_settlements
-- Reports whose sums a node that died may have left behind.
SELECT id FROM settlements WHERE created_at > now() - interval '8 days'

-- name: sum_settlement
-- Bring a report up to date.
UPDATE settlements s
   SET charges_count = c.n, gross = c.gross, fee = c.fee, refunds_count = r.n, refunded = r.total
  FROM (SELECT count(*) AS n, coalesce(sum(amount), 0)::bigint AS gross, coalesce(sum(fee), 0)::bigint AS fee
          FROM payments WHERE settlement_id = $1) c,
       (SELECT count(*) AS n, coalesce(sum(amount), 0)::bigint AS total
          FROM payment_attempts WHERE settlement_id = $1) r
 WHERE s.id = $1

-- name: card_key
-- The RSA key of this installation.
SELECT public_key, public_key_sha256, sealed FROM card_keys

-- name: keep_card_key
-- Of several nodes that start at once, one key wins.
INSERT INTO card_keys (public_key, public_key_sha256, sealed) VALUES ($1, $2, $3) ON CONFLICT (only_row) DO NOTHING

-- name: lock_payouts
-- Two payouts to one merchant take turns.
SELECT pg_advisory_xact_lock(hashtextextended($1, 0))

-- name: merchant_balance
-- What we owe a merchant, and whether a payout of this key was booked before.
SELECT a.id, a.balance, EXISTS (SELECT 1 FROM transfers t WHERE t.key = $2) AS known
  FROM merchants m JOIN accounts a ON a.id = m.account_id WHERE m.imid = $1
