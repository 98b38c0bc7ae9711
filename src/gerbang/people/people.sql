-- name: insert_user
-- A new person.
INSERT INTO users (username, name, role, reseller_id, password_hash, password_temporary)
VALUES ($1, $2, $3, $4, $5, $6) RETURNING id

-- name: user_by_name
-- Somebody who wants to sign in, with what is compared.
SELECT u.id, u.username, u.name, u.role, u.reseller_id, coalesce(r.code, '') AS reseller_code, u.password_hash,
       u.password_temporary, u.totp_sealed, u.totp_step, u.active
  FROM users u LEFT JOIN resellers r ON r.id = u.reseller_id
 WHERE u.username = $1

-- name: user_by_id
-- One person, with what is compared.
SELECT u.id, u.username, u.name, u.role, u.reseller_id, coalesce(r.code, '') AS reseller_code, u.password_hash,
       u.password_temporary, u.totp_sealed, u.totp_step, u.active
  FROM users u LEFT JOIN resellers r ON r.id = u.reseller_id
 WHERE u.id = $1

-- name: list_users
-- Everybody of the console, or of one reseller, with when they were last here.
SELECT u.id, u.username, u.name, u.role, u.active, u.password_temporary, u.totp_sealed IS NOT NULL AS has_second_factor,
       coalesce(r.code, '') AS reseller_code, u.created_at,
       (SELECT max(s.seen_at) FROM user_sessions s WHERE s.user_id = u.id AND NOT s.second_factor_due) AS seen_at
  FROM users u LEFT JOIN resellers r ON r.id = u.reseller_id
 WHERE ($1::bigint IS NULL AND u.reseller_id IS NULL) OR u.reseller_id = $1
 ORDER BY u.active DESC, u.username

-- name: lock_user
-- One person, held until the change is done.
SELECT id, username, name, role, active, reseller_id FROM users WHERE username = $1 FOR UPDATE

-- name: change_user
-- Name, role, and whether they may sign in.
UPDATE users SET name = $2, role = $3, active = $4, updated_at = now() WHERE id = $1

-- name: active_owners
-- How many could still let others in.
SELECT count(*) FROM users WHERE role = 'owner' AND active

-- name: lock_owners
-- Those who could let others in, held so that two changes cannot take away the last one.
SELECT id FROM users WHERE role = 'owner' AND active ORDER BY id FOR UPDATE

-- name: set_password
-- A new password.
UPDATE users SET password_hash = $2, password_temporary = $3, updated_at = now() WHERE id = $1

-- name: revoke_tokens
-- What somebody's tokens of the management API opened is closed.
UPDATE api_tokens SET revoked_at = now() WHERE user_id = $1 AND revoked_at IS NULL RETURNING name

-- name: add_second_factor
-- A second factor where there is none: taking one away asks for the password.
UPDATE users SET totp_sealed = $2, totp_step = $3, updated_at = now() WHERE id = $1 AND totp_sealed IS NULL RETURNING id

-- name: remove_second_factor
-- None any more.
UPDATE users SET totp_sealed = NULL, totp_step = 0, updated_at = now() WHERE id = $1

-- name: use_step
-- Note the time step of a code; no row means that it was used before.
UPDATE users SET totp_step = $2 WHERE id = $1 AND totp_step < $2 RETURNING id

-- name: delete_recovery_codes
-- Old codes go when new ones come.
DELETE FROM recovery_codes WHERE user_id = $1

-- name: insert_recovery_codes
-- Codes for when the phone is lost.
INSERT INTO recovery_codes (user_id, code_hash) SELECT $1, unnest($2::text[])

-- name: use_recovery_code
-- Use a code; no row means that there is no such code, or not any more.
UPDATE recovery_codes SET used_at = now() WHERE user_id = $1 AND code_hash = $2 AND used_at IS NULL RETURNING user_id

-- name: recovery_codes_left
-- How many codes are left.
SELECT count(*) FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL

-- name: insert_session
-- A browser that signed in.
INSERT INTO user_sessions (token_hash, user_id, realm, second_factor_due, ip, user_agent, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, now() + $7 * interval '1 second') RETURNING id

-- name: session_by_hash
-- Whose session this is, while it holds.
SELECT s.id AS session_id, s.second_factor_due, s.seen_at, u.id, u.username, u.name, u.role, u.reseller_id,
       coalesce(r.code, '') AS reseller_code, u.totp_sealed IS NOT NULL AS has_second_factor, u.password_temporary
  FROM user_sessions s
  JOIN users u ON u.id = s.user_id
  LEFT JOIN resellers r ON r.id = u.reseller_id
 WHERE s.token_hash = $1 AND s.realm = $2 AND s.ended_at IS NULL AND u.active
   AND s.expires_at > now() AND s.seen_at > now() - $3 * interval '1 second'

-- name: see_session
-- Note that a session is used, at most once a minute.
UPDATE user_sessions SET seen_at = now(), ip = $2 WHERE id = $1 AND seen_at < now() - interval '1 minute'

-- name: end_session
-- Sign out.
UPDATE user_sessions SET ended_at = now() WHERE token_hash = $1 AND ended_at IS NULL

-- name: end_sessions
-- End one session of a person, or all but one.
UPDATE user_sessions SET ended_at = now()
 WHERE user_id = $1 AND ended_at IS NULL AND ($2::bigint IS NULL OR id = $2) AND ($3::bigint IS NULL OR id <> $3)
RETURNING id

-- name: list_sessions
-- The browsers that are signed in, of one person or of everybody in a realm.
SELECT s.id, s.ip, s.user_agent, s.created_at, s.seen_at, u.username, u.name
  FROM user_sessions s JOIN users u ON u.id = s.user_id
 WHERE ($1::bigint IS NULL OR s.user_id = $1) AND s.realm = $2 AND s.ended_at IS NULL AND NOT s.second_factor_due
   AND s.expires_at > now() AND s.seen_at > now() - $3 * interval '1 second'
 ORDER BY s.seen_at DESC
 LIMIT 200

-- name: begin_try
-- A try counts as wrong until it was right.
INSERT INTO sign_in_failures (username, ip) VALUES ($1, $2) RETURNING id

-- name: forget_try
-- It was right, or was not judged at all.
DELETE FROM sign_in_failures WHERE id = $1

-- name: count_failures
-- How often in the window, tries that are being judged included: this name from this address, this name, this address.
SELECT count(*) FILTER (WHERE username = $1 AND ip = $2) AS both_count,
       count(*) FILTER (WHERE username = $1) AS username_count,
       count(*) FILTER (WHERE ip = $2) AS ip_count
  FROM sign_in_failures
 WHERE at > now() - $3 * interval '1 second' AND (username = $1 OR ip = $2)

-- name: forget_failures
-- After a success, and what is too old to count.
DELETE FROM sign_in_failures WHERE (username = $1 AND ip = $2) OR at < now() - $3 * interval '1 second'

-- name: list_networks
-- From where the console may be used.
SELECT network::text AS network, note, created_at FROM console_networks ORDER BY network

-- name: insert_network
-- Allow a network.
INSERT INTO console_networks (network, note) VALUES ($1::text::cidr, $2) ON CONFLICT (network) DO UPDATE SET note = $2

-- name: delete_network
-- Allow it no more.
DELETE FROM console_networks WHERE network = $1::text::cidr RETURNING network::text

-- name: delete_networks
-- Allow everywhere.
DELETE FROM console_networks

-- name: network_allowed
-- Whether an address is in the list, or the list is empty.
SELECT NOT EXISTS (SELECT 1 FROM console_networks)
    OR EXISTS (SELECT 1 FROM console_networks WHERE $1::text::inet <<= network)
