-- name: user_of_session
-- Whose session it is.
SELECT user_id FROM user_sessions WHERE id = $1 AND ended_at IS NULL AND realm = 'console'

-- name: audit
-- The audit log newest first; the text is looked for in who, what and about what.
SELECT id, at, actor, action, subject, before, after FROM audit_log
 WHERE id < $1 AND ($2::text IS NULL OR strpos(lower(actor || ' ' || action || ' ' || subject), lower($2)) > 0)
 ORDER BY id DESC LIMIT $3
