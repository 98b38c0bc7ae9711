-- name: list_payments
-- Payments, newest first, of one merchant, reference or state where they are given; $1 is the page before's last id.
SELECT p.id, p.txid, m.imid, p.reference, p.channel, p.sandboxed, p.booked, p.amount, p.refunded, p.kind::text,
       p.state::text, p.instalment_months, p.card_mask, p.card_brand, p.issuer_bank, p.auth_code, p.fee,
       p.failures, p.cancel_wanted, p.registered_at, p.paid_at, p.expires_at,
       p.open_attempt_id IS NOT NULL AS in_process
  FROM payments p JOIN merchants m ON m.id = p.merchant_id
 WHERE p.id < $1
   AND ($2::text IS NULL OR m.imid = $2)
   AND ($3::text IS NULL OR p.reference = $3)
   AND ($4::text IS NULL OR p.state = $4::text::payment_state)
   AND ($5::text IS NULL OR p.txid = $5)
 ORDER BY p.id DESC LIMIT $6

-- name: attempts_shown
-- What the acquirer was asked about one payment.
SELECT id, kind::text, state::text, amount, reference, code, message, acquirer_reference, auth_code, card_mask,
       asks, due_at, at
  FROM payment_attempts WHERE payment_id = $1 ORDER BY id

-- name: history_shown
-- The steps of one payment.
SELECT from_state::text, to_state::text, at FROM payment_history WHERE payment_id = $1 ORDER BY at

-- name: callbacks_shown
-- The notifications of one payment.
SELECT id, sequence, event, format, state::text, attempts_count, last_status, last_error, occurred_at, delivered_at
  FROM callbacks
 WHERE order_id = $1 AND merchant_id IS NOT NULL ORDER BY id

-- name: list_settlements
-- Settlement reports by day, newest first.
SELECT s.id, m.imid, m.name, s.day, s.charges_count, s.gross, s.fee, s.refunds_count, s.refunded,
       s.gross - s.fee - s.refunded AS net, s.created_at
  FROM settlements s JOIN merchants m ON m.id = s.merchant_id
 WHERE ($1::text IS NULL OR m.imid = $1) AND ($2::date IS NULL OR s.day = $2) AND s.id < $3
 ORDER BY s.id DESC LIMIT $4

-- name: settlement_lines
-- The charges and refunds of one report.
SELECT 'charge' AS kind, p.txid, p.reference, p.amount, p.fee, p.card_brand, p.paid_at AS at
  FROM payments p WHERE p.settlement_id = $1
UNION ALL
SELECT 'refund', p.txid, p.reference, -a.amount, 0, p.card_brand, a.at
  FROM payment_attempts a JOIN payments p ON p.id = a.payment_id WHERE a.settlement_id = $1
 ORDER BY at
