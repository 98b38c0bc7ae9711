-- name: supplier
-- A supplier's dialect and settings, its rules among them.
SELECT id, dialect, settings FROM suppliers WHERE code = $1

-- name: cases
-- Replies that were kept.
SELECT name, kept, actor, created_at FROM reply_cases WHERE supplier_id = $1 ORDER BY name

-- name: keep_case
-- Keep a reply; a name is used once.
INSERT INTO reply_cases (supplier_id, name, kept, actor) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING true

-- name: drop_case
-- Keep it no longer.
DELETE FROM reply_cases WHERE supplier_id = $1 AND name = $2 RETURNING true
