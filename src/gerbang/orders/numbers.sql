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
