-- name: cases
-- Cases newest first; open ones only when $1.
SELECT id, kind, subject, order_id, opened_at, closed_at, closed_by, resolution
  FROM cases WHERE (NOT $1::boolean OR closed_at IS NULL) AND ($2::text IS NULL OR kind = $2) AND id < $3
 ORDER BY id DESC LIMIT $4

-- name: kinds
-- The kinds that are open now.
SELECT DISTINCT kind FROM cases WHERE closed_at IS NULL ORDER BY kind

-- name: case
-- One case with its evidence.
SELECT c.id, c.kind, c.subject, c.order_id, c.detail, c.opened_at, c.closed_at, c.closed_by, c.resolution,
       o.reference, o.state::text AS state
  FROM cases c LEFT JOIN orders o ON o.id = c.order_id WHERE c.id = $1

-- name: close
-- A person has looked at it.
UPDATE cases SET closed_at = clock_timestamp(), closed_by = $2, resolution = $3
 WHERE id = $1 AND closed_at IS NULL RETURNING id
