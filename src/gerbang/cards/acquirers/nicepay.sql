-- name: write_down
-- Write an intention before the acquirer hears of it; nothing where the reference is there already.
INSERT INTO acquirer_orders (reference, acquirer_id, kind, asked)
VALUES ($1, $2, $3::text::payment_attempt_kind, $4)
ON CONFLICT (reference) DO NOTHING
RETURNING reference

-- name: close_reference
-- Shut a reference that was never sent, so that it never will be; gives nothing where it was sent.
INSERT INTO acquirer_orders (reference, acquirer_id, kind, asked, state)
VALUES ($1, $2, $3::text::payment_attempt_kind, 0, 'closed')
ON CONFLICT (reference) DO UPDATE SET state = 'closed'
 WHERE acquirer_orders.state IN ('new', 'closed')
RETURNING reference

-- name: claim
-- The one-way step before the network: to open (a browser may pay) or sent (we ask), once.
UPDATE acquirer_orders
   SET state = $2::text::acquirer_order_state, txid = $3, order_reference = $4, order_amount = $5,
       given_back_before = $6
 WHERE reference = $1 AND (state = 'new' OR (state = 'open' AND $2 = 'sent'))
RETURNING reference

-- name: tell
-- Keep what the acquirer said, once and for all.
UPDATE acquirer_orders SET state = $2::text::acquirer_order_state
 WHERE reference = $1 AND state IN ('open', 'sent')
RETURNING reference

-- name: by_reference
-- One of our orders there.
SELECT reference, kind::text, state::text, txid, order_reference, order_amount, asked, given_back_before, undo
  FROM acquirer_orders WHERE reference = $1 AND acquirer_id = $2

-- name: charge_by_txid
-- The charge, hold or capture that an incoming message is about.
SELECT reference, kind::text, state::text, txid, order_reference, order_amount, asked, given_back_before, undo
  FROM acquirer_orders
 WHERE acquirer_id = $1 AND txid = $2 AND kind IN ('charge', 'hold', 'capture')

-- name: begin_undo
-- The one-way step before a late success is taken back.
UPDATE acquirer_orders SET undo = 'sent' WHERE reference = $1 AND undo = '' AND state = 'declined'
RETURNING reference

-- name: end_undo
-- Keep what became of taking it back.
UPDATE acquirer_orders SET undo = $2 WHERE reference = $1 AND undo = 'sent'
RETURNING reference
