-- name: has_console_users
-- Whether anybody can sign in to the console.
SELECT EXISTS (SELECT 1 FROM users WHERE reseller_id IS NULL AND active)

-- name: lock_first_owner
-- Two browsers do not both make the first owner.
SELECT pg_advisory_xact_lock(hashtext('gerbang first owner'))
