-- name: insert_account
-- A new account.
INSERT INTO accounts (code, kind, normal_side, tracked, credit_limit)
VALUES ($1, $2::text::account_kind, $3::text::account_side, true, $4) RETURNING id

-- name: price_list_id
-- A price list by code.
SELECT id FROM price_lists WHERE code = $1

-- name: insert_reseller
-- A new reseller, sandboxed in a demo, live where nothing is asked of it before; everything else is a change.
INSERT INTO resellers (code, name, account_id, receivable_account_id, price_list_id, sandboxed, live)
VALUES ($1, $2, $3, $4, $5, coalesce((SELECT demo FROM installation), false),
        (SELECT NOT (kyc_required OR checklist_required) FROM operator_terms))
RETURNING id

-- name: lock_reseller
-- The reseller as it is, without its secret, held until the end of the transaction.
SELECT r.id, r.account_id, to_jsonb(r) - 'callback_secret_sealed' - 'changed_xid' AS row
  FROM resellers r WHERE r.code = $1 FOR UPDATE

-- name: update_reseller
-- Write the members that $2 names.
UPDATE resellers r
   SET name = n.name, status = n.status, price_list_id = n.price_list_id, allowed_ips = n.allowed_ips,
       dialects = n.dialects, callback_url = n.callback_url, callback_format = n.callback_format, live = n.live, sandboxed = n.sandboxed,
       late_success_paid_by = n.late_success_paid_by, requests_per_second_max = n.requests_per_second_max,
       concurrent_requests_max = n.concurrent_requests_max, orders_per_day_max = n.orders_per_day_max,
       reply_wait_ms = n.reply_wait_ms, settings = n.settings, updated_at = now()
  FROM resellers q, LATERAL jsonb_populate_record(q, $2::jsonb) n
 WHERE q.id = $1 AND r.id = q.id
RETURNING to_jsonb(r) - 'callback_secret_sealed' - 'changed_xid' AS row

-- name: update_callback_secret
-- The secret that signs this reseller's callbacks in the standard form.
UPDATE resellers SET callback_secret_sealed = $2, updated_at = now() WHERE id = $1

-- name: account_for_limit
-- What an account may go below zero, held until the end of the transaction.
SELECT credit_limit FROM accounts WHERE id = $1 FOR UPDATE

-- name: update_credit_limit
-- What an account may go below zero.
UPDATE accounts SET credit_limit = $2 WHERE id = $1

-- name: list_resellers
-- Resellers by code, with their money; every filter may be null.
SELECT r.id, r.code, r.name, r.status::text AS status, r.allowed_ips, r.dialects, r.callback_url, r.callback_format,
       r.callback_secret_sealed IS NOT NULL AS has_callback_secret, r.live, r.sandboxed, r.late_success_paid_by,
       r.requests_per_second_max, r.concurrent_requests_max, r.orders_per_day_max, r.reply_wait_ms, r.settings,
       r.created_at, r.updated_at, p.code AS price_list, a.balance, a.held, a.credit_limit,
       u.balance AS receivable
  FROM resellers r
  JOIN price_lists p ON p.id = r.price_list_id
  JOIN accounts a ON a.id = r.account_id
  JOIN accounts u ON u.id = r.receivable_account_id
 WHERE r.code > $1 AND ($2::text IS NULL OR r.status = $2::reseller_status) AND ($3::text IS NULL OR r.code = $3)
   AND ($5::text IS NULL OR strpos(lower(r.code || ' ' || r.name), lower($5)) > 0)
 ORDER BY r.code LIMIT $4

-- name: reseller_by_code
-- Who it is and where its money is.
SELECT id, code, account_id, receivable_account_id FROM resellers WHERE code = $1

-- name: slug_taken
-- Another reseller that has this address in a dialect; the setting that holds it is $1.
SELECT code FROM resellers WHERE settings->>$1::text = $2 AND code <> $3 LIMIT 1

-- name: insert_credential
-- A new way to log in.
INSERT INTO credentials (reseller_id, dialect, key, sealed, testing, label) VALUES ($1, $2, $3, $4, $5, $6)
RETURNING id

-- name: list_credentials
-- A reseller's credentials without their secrets.
-- Keys that are made of a secret are cut short.
SELECT id, dialect, dialect = ANY($2::text[]) AS key_is_secret,
       CASE WHEN dialect = ANY($2::text[]) THEN left(key, 8) ELSE key END AS key, testing, label, expires_at,
       revoked_at, created_at
  FROM credentials WHERE reseller_id = $1 ORDER BY id

-- name: lock_credential
-- One credential of one reseller, held until the end of the transaction.
SELECT id, reseller_id, dialect, key, testing, label, expires_at, revoked_at
  FROM credentials WHERE id = $1 AND reseller_id = $2 FOR UPDATE

-- name: expire_credential
-- Let it work for an overlap, never longer than it already would.
UPDATE credentials SET expires_at = least(expires_at, now() + $2 * interval '1 second') WHERE id = $1
RETURNING expires_at

-- name: replace_secrets
-- New secrets under the same key, at once.
UPDATE credentials SET sealed = $2 WHERE id = $1

-- name: revoke_credential
-- It lets nobody in from now on.
UPDATE credentials SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1 RETURNING revoked_at
