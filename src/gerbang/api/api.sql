-- name: insert_token
-- Keep a token's hash; $3 is whose it is, or null for a program's.
INSERT INTO api_tokens (name, token_sha256, user_id) VALUES ($1, $2, $3)

-- name: token_owner
-- Somebody of the console who may own a token.
SELECT id FROM users WHERE username = $1 AND active AND role <> 'reseller'

-- name: token_by_hash
-- A token that was not revoked, and whose it is; that of somebody who may not sign in is nobody's.
SELECT t.name, u.username, u.role
  FROM api_tokens t LEFT JOIN users u ON u.id = t.user_id
 WHERE t.token_sha256 = $1 AND t.revoked_at IS NULL AND (t.user_id IS NULL OR u.active AND u.role <> 'reseller')

-- name: list_tokens
-- Tokens that hold, newest first; $1 is whose, or null for all.
SELECT t.id, t.name, u.username, u.name AS person, t.created_at
  FROM api_tokens t LEFT JOIN users u ON u.id = t.user_id
 WHERE t.revoked_at IS NULL AND ($1::bigint IS NULL OR t.user_id = $1)
 ORDER BY t.id DESC

-- name: revoke_token
-- Let a token hold no more; $2 is whose it must be, or null.
UPDATE api_tokens SET revoked_at = now()
 WHERE id = $1 AND revoked_at IS NULL AND ($2::bigint IS NULL OR user_id = $2)
RETURNING name

-- name: list_cases
-- What a person should look at, newest first; open ones only when $1.
SELECT id, kind, subject, order_id, attempt_id, detail, opened_at, closed_at, closed_by, resolution
  FROM cases WHERE (NOT $1::boolean OR closed_at IS NULL) AND id < $2 ORDER BY id DESC LIMIT $3

-- name: close_case
-- A person has looked at it.
UPDATE cases SET closed_at = clock_timestamp(), closed_by = $2, resolution = $3
 WHERE id = $1 AND closed_at IS NULL
RETURNING id, kind, subject, order_id, attempt_id, detail, opened_at, closed_at, closed_by, resolution
