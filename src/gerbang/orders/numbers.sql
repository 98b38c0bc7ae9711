-- name: take_ids
-- Blocks of ids of each kind for this process.
SELECT nextval('order_ids') AS orders, nextval('transfer_ids') AS transfers, nextval('attempt_ids') AS attempts,
       nextval('callback_ids') AS callbacks
  FROM generate_series(1, $1::int)
