-- name: lock_watch
-- Up to which message serial numbers were compared; nobody else compares meanwhile.
SELECT message_id FROM serial_watch FOR UPDATE SKIP LOCKED

-- name: newest_message
-- The end of what is compared now: messages of the last seconds may still have gaps before them.
SELECT coalesce(max(id), $1) FROM (
    SELECT id, at FROM attempt_messages WHERE id > $1 ORDER BY id LIMIT $2) m
 WHERE at < clock_timestamp() - make_interval(secs => $3::integer)

-- name: delivered_between
-- Attempts that were delivered with a serial number and that somebody spoke of.
SELECT a.id, a.order_id, a.supplier_id, a.sn
  FROM (SELECT DISTINCT attempt_id FROM attempt_messages WHERE id > $1 AND id <= $2) m
  JOIN attempts a ON a.id = m.attempt_id
 WHERE a.state = 'delivered' AND a.sn <> ''

-- name: keep_serials
-- Keep what was seen; what was seen before stays.
INSERT INTO serial_numbers (supplier_id, sn_hash, attempt_id)
SELECT DISTINCT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])
ON CONFLICT DO NOTHING

-- name: same_serials
-- Attempts of other orders at the same supplier whose serial number has the same letters and digits.
SELECT n.attempt_id, n.order_id, a.supplier_id, a.id AS other_attempt_id, a.order_id AS other_order_id, a.sn, s.code
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS n (supplier_id, sn_hash, attempt_id, order_id)
  JOIN serial_numbers k ON k.supplier_id = n.supplier_id AND k.sn_hash = n.sn_hash AND k.attempt_id < n.attempt_id
  JOIN attempts a ON a.id = k.attempt_id AND a.order_id <> n.order_id
  JOIN suppliers s ON s.id = n.supplier_id
 WHERE s.settings -> 'serial_numbers_shared' IS DISTINCT FROM 'true'::jsonb
 ORDER BY n.attempt_id, k.attempt_id

-- name: open_case
-- Two orders with one serial number: a person must ask which of them was delivered.
INSERT INTO cases (kind, subject, order_id, attempt_id, detail)
VALUES ('serial_number_shared', $1, $2, $3, $4) ON CONFLICT (subject) DO NOTHING RETURNING id

-- name: move_on
-- Everything up to here is compared.
UPDATE serial_watch SET message_id = $1

-- name: forget
-- What is older than anybody would look for.
DELETE FROM serial_numbers WHERE ctid IN (
    SELECT ctid FROM serial_numbers WHERE seen_at < clock_timestamp() - make_interval(days => $1::integer) LIMIT 5000)
