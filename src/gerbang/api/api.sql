-- name: insert_token
-- Keep a token's hash.
INSERT INTO api_tokens (name, token_sha256) VALUES ($1, $2)

-- name: token_by_hash
-- A token that was not revoked.
SELECT name FROM api_tokens WHERE token_sha256 = $1 AND revoked_at IS NULL

-- name: list_cases
-- What a person should look at, newest first; open ones only when $1.
SELECT id, kind, subject, order_id, attempt_id, detail, opened_at, closed_at, closed_by, resolution
  FROM cases WHERE (NOT $1::boolean OR closed_at IS NULL) AND id < $2 ORDER BY id DESC LIMIT $3

-- name: close_case
-- A person has looked at it.
UPDATE cases SET closed_at = clock_timestamp(), closed_by = $2, resolution = $3
 WHERE id = $1 AND closed_at IS NULL
RETURNING id, kind, subject, order_id, attempt_id, detail, opened_at, closed_at, closed_by, resolution
