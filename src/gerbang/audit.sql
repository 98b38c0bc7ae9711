-- name: write
-- Who changed what, with what it was before.
INSERT INTO audit_log (actor, action, subject, before, after) VALUES ($1, $2, $3, $4, $5)
