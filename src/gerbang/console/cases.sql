-- name: cases
-- Cases newest first; open ones only when $1.
SELECT id, kind, subject, order_id, opened_at, closed_at, closed_by, resolution, detail ->> 'deadline' AS deadline,
       left(detail ->> 'words', 120) AS words
  FROM cases WHERE (NOT $1::boolean OR closed_at IS NULL) AND ($2::text IS NULL OR kind = $2) AND id < $3
 ORDER BY id DESC LIMIT $4

-- name: kinds
-- The kinds that are open now.
SELECT DISTINCT kind FROM cases WHERE closed_at IS NULL ORDER BY kind

-- name: close
-- A person has looked at it.
UPDATE cases SET closed_at = clock_timestamp(), closed_by = $2, resolution = $3
 WHERE id = $1 AND closed_at IS NULL RETURNING id
