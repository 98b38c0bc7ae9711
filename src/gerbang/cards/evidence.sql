-- name: merchant_features
-- Whose checklist it is.
SELECT id, features FROM merchants WHERE imid = $1

-- name: facts
-- What payments, attempts, notifications and trials prove of one merchant: the first time of each.
SELECT 'registered' AS fact, min(registered_at) AS at FROM payments WHERE merchant_id = $1
UNION ALL
SELECT f.fact, min(f.at)
  FROM payments p
  JOIN payment_attempts a ON a.payment_id = p.id AND a.state = 'approved'
 CROSS JOIN LATERAL (VALUES
        (CASE WHEN a.kind IN ('charge', 'hold', 'capture') THEN 'charged' END),
        (CASE WHEN a.kind = 'charge' AND p.kind = 'sale' AND p.instalment_months = 1 THEN 'full_payment' END),
        (CASE WHEN a.kind = 'charge' AND p.instalment_months > 1 THEN 'instalment_' || p.instalment_months END),
        (CASE WHEN a.kind = 'charge' AND p.kind = 'sale' AND p.recurring_option IN (0, 1) THEN 'recurring_first' END),
        (CASE WHEN a.kind = 'charge' AND p.kind = 'recurring' THEN 'recurring_later' END),
        (CASE WHEN a.kind = 'hold' THEN 'preauth' END),
        (CASE WHEN a.kind = 'capture' THEN 'capture' END),
        (CASE WHEN a.kind IN ('void', 'release') OR (a.kind = 'refund' AND a.amount = p.amount) THEN 'cancel_full' END),
        (CASE WHEN a.kind = 'refund' AND a.amount < p.amount THEN 'cancel_partial' END)) AS v (fact)
 CROSS JOIN LATERAL (SELECT v.fact, a.updated_at AS at) f
 WHERE p.merchant_id = $1 AND f.fact IS NOT NULL
 GROUP BY f.fact
UNION ALL
SELECT t.kind || '_trial', min(t.proved_at) FROM merchant_trials t JOIN callbacks c ON c.id = t.callback_id
 WHERE t.merchant_id = $1 AND t.proved_at IS NOT NULL AND (t.kind = 'callback' OR c.delivered_at IS NOT NULL)
 GROUP BY t.kind

-- name: evidence_of
-- What was noted of one merchant.
SELECT item, last_at, note, actor FROM merchant_evidence WHERE merchant_id = $1

-- name: note_evidence
-- Note something that was seen, or that a person says.
INSERT INTO merchant_evidence (merchant_id, item, note, actor) VALUES ($1, $2, $3, $4)
ON CONFLICT (merchant_id, item) DO UPDATE
   SET last_at = clock_timestamp(), note = excluded.note, actor = excluded.actor

-- name: payment_seen
-- The payment that an answer was about.
SELECT p.id, p.merchant_id, p.state::text FROM payments p WHERE p.txid = $1

-- name: note_inquiry
-- A merchant asked about a payment.
INSERT INTO payment_inquiries (payment_id, first_at, last_at) VALUES ($1, clock_timestamp(), clock_timestamp())
ON CONFLICT (payment_id) DO UPDATE SET last_at = clock_timestamp(), count = payment_inquiries.count + 1

-- name: prove_negatives
-- A failure that was inquired about, and nothing tried in between, proves its case.
INSERT INTO merchant_evidence (merchant_id, item, note)
SELECT e.merchant_id, replace(e.item, 'failed:', 'negative:'), e.note
  FROM merchant_evidence e
 WHERE e.merchant_id = $1 AND e.item LIKE 'failed:%' AND e.note = $2
   AND NOT EXISTS (SELECT 1 FROM payments p JOIN payment_attempts a ON a.payment_id = p.id
                    WHERE p.txid = $2 AND a.kind IN ('charge', 'hold', 'capture')
                      AND (a.state = 'approved' OR a.created_at > e.last_at))
ON CONFLICT (merchant_id, item) DO NOTHING

-- name: arm_trial
-- Arm the merchant's next charge; an earlier trial that is armed ends.
WITH ended AS (
    UPDATE merchant_trials SET ended_at = clock_timestamp(), note = 'armed anew'
     WHERE merchant_id = $1 AND ended_at IS NULL
)
INSERT INTO merchant_trials (merchant_id, kind, valid_before)
VALUES ($1, $2::text::merchant_trial_kind, clock_timestamp() + $3::int * interval '1 second')
RETURNING id, kind::text, armed_at, valid_before

-- name: end_old_trials
-- Trials whose time is up.
UPDATE merchant_trials
   SET ended_at = clock_timestamp(),
       note = CASE WHEN payment_id IS NULL THEN 'no charge came in time' ELSE 'no inquiry came in time' END
 WHERE ended_at IS NULL AND valid_before <= clock_timestamp() RETURNING id

-- name: open_trials
-- Trials that are armed or running.
SELECT id, merchant_id, kind::text, payment_id, callback_id FROM merchant_trials WHERE ended_at IS NULL

-- name: bind_trial
-- The charge that a trial is about: once.
UPDATE merchant_trials SET payment_id = $2, callback_id = $3 WHERE id = $1 AND payment_id IS NULL RETURNING id

-- name: hold_back
-- Hold the notification of a running trial back for a while, and let go of its claim; an inquiry that
-- ends the trial comes before, and then nothing is held back, or after, and lets go of it.
WITH trial AS (
    SELECT id FROM merchant_trials WHERE id = $1 AND ended_at IS NULL FOR UPDATE
)
UPDATE callbacks SET due_at = clock_timestamp() + $3::float8 * interval '1 second', claimed_by = NULL
 WHERE id = $2 AND state = 'due' AND EXISTS (SELECT 1 FROM trial) RETURNING id

-- name: let_go
-- Deliver the notification that was held back.
UPDATE callbacks SET due_at = clock_timestamp() WHERE id = $1 AND state = 'due' AND claimed_by IS NULL RETURNING id

-- name: trial_told
-- The silence of a trial is over: from now on the merchant can know of the charge, one way only.
UPDATE merchant_trials SET told_at = $2 WHERE id = $1 AND ended_at IS NULL RETURNING id

-- name: judge_trial
-- An inquiry came about the charge of a running trial. It proves the trial where it came after the one
-- thing that told the merchant, and soon; during the silence it shows that he asks without being told.
WITH judged AS (
    SELECT t.id, t.kind, t.callback_id,
           CASE WHEN t.told_at IS NULL OR $2 < t.told_at THEN 'an inquiry came before anything was told'
                WHEN $2 > t.told_at + $3::float8 * interval '1 second' THEN 'no inquiry came soon after it was told'
                ELSE '' END AS wrong
      FROM merchant_trials t JOIN callbacks c ON c.id = t.callback_id
     WHERE t.payment_id = $1 AND t.ended_at IS NULL AND (t.kind = 'notification' OR c.delivered_at IS NULL)
       FOR UPDATE OF t
)
UPDATE merchant_trials t
   SET proved_at = CASE WHEN j.wrong = '' THEN clock_timestamp() END, ended_at = clock_timestamp(), note = j.wrong
  FROM judged j WHERE t.id = j.id
RETURNING j.kind::text, j.callback_id, j.wrong

-- name: trials_of
-- The latest trials of a merchant and what came of them.
SELECT t.id, t.kind::text, t.armed_at, t.told_at, t.ended_at, t.proved_at, t.note, p.txid,
       CASE WHEN t.proved_at IS NOT NULL THEN 'proved' WHEN t.ended_at IS NOT NULL THEN 'ended'
            WHEN t.payment_id IS NOT NULL THEN 'running' ELSE 'armed' END AS state
  FROM merchant_trials t LEFT JOIN payments p ON p.id = t.payment_id
 WHERE t.merchant_id = $1 ORDER BY t.id DESC LIMIT 10

-- name: newest_notification
-- The latest notification of a merchant, for the doctor.
SELECT id, order_id, merchant_id, event, format, occurred_at, snapshot, attempts_count
  FROM callbacks WHERE merchant_id = $1 ORDER BY id DESC LIMIT 1
