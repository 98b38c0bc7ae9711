-- name: insert_merchant_account
-- What we owe the merchant, or the receivable at an acquirer.
INSERT INTO accounts (code, kind, normal_side, tracked) VALUES ($1, $2::text::account_kind, $3::text::account_side, $2 = 'merchant')
RETURNING id

-- name: insert_merchant
-- A new merchant; everything else is a change.
INSERT INTO merchants (imid, name, account_id, reseller_id, acquirer_id, sandboxed, sealed)
SELECT $1, $2, $3, $4, a.id, a.sandbox, $6 FROM acquirers a WHERE a.code = $5
RETURNING id

-- name: lock_merchant
-- The merchant as it is, without its key, held until the end of the transaction.
SELECT m.id, to_jsonb(m) - 'sealed' - 'changed_xid' AS row FROM merchants m WHERE m.imid = $1 FOR UPDATE

-- name: update_merchant
-- Write the members that $2 names.
UPDATE merchants m
   SET name = n.name, status = n.status, features = n.features, limits = n.limits, mdr = n.mdr,
       settings = n.settings, updated_at = now()
  FROM merchants q, LATERAL jsonb_populate_record(q, $2::jsonb) n
 WHERE q.id = $1 AND m.id = q.id
RETURNING to_jsonb(m) - 'sealed' - 'changed_xid' AS row

-- name: update_merchant_key
-- A new merchantKey: the old one is refused from now on.
UPDATE merchants SET sealed = $2, updated_at = now() WHERE id = $1

-- name: list_merchants
-- Merchants by iMid with what we owe them; one alone where $2 is given.
SELECT m.imid, m.name, m.status::text, m.sandboxed, q.code AS acquirer, r.code AS reseller, m.features, m.limits,
       m.mdr, m.settings, c.balance, c.held, m.created_at, m.updated_at
  FROM merchants m
  JOIN acquirers q ON q.id = m.acquirer_id
  JOIN accounts c ON c.id = m.account_id
  LEFT JOIN resellers r ON r.id = m.reseller_id
 WHERE m.imid > $1 AND ($2::text IS NULL OR m.imid = $2)
 ORDER BY m.imid LIMIT $3

-- name: merchant_id
-- A merchant's id.
SELECT id FROM merchants WHERE imid = $1

-- name: acquirer_exists
-- Whether there is an acquirer of that code.
SELECT id FROM acquirers WHERE code = $1

-- name: insert_acquirer
-- A new acquirer beyond the network, with its receivable.
INSERT INTO acquirers (code, kind, base_url, sealed, sandbox, account_id, settings)
VALUES ($1, 'nicepay', $2, $3, $4, $5, $6)

-- name: update_acquirer
-- Change where it is, how it is used, or how we log in; null keeps.
UPDATE acquirers SET base_url = coalesce($2, base_url), sealed = coalesce($3, sealed),
                     settings = coalesce($4, settings)
 WHERE code = $1 AND kind = 'nicepay' RETURNING id

-- name: list_acquirers
-- Acquirers by code, without their keys.
SELECT q.code, q.kind, q.base_url, q.sandbox, q.settings, q.created_at,
       (SELECT count(*) FROM merchants m WHERE m.acquirer_id = q.id) AS merchants
  FROM acquirers q ORDER BY q.code

-- name: reseller_id_by_code
-- Whose money a merchant's charges become.
SELECT id FROM resellers WHERE code = $1

-- name: list_tokens
-- Recurring and pre-auth tokens by the payment that made them, newest first; one alone where $2 is given.
SELECT t.id, m.imid, p.txid, p.reference, t.kind, t.card_mask, t.card_brand, t.card_expiry, t.created_at, t.revoked_at,
       (SELECT count(*) FROM payments u WHERE u.token_id = t.id AND u.merchant_id = t.merchant_id
           AND u.paid_at IS NOT NULL) AS charges
  FROM card_tokens t JOIN merchants m ON m.id = t.merchant_id JOIN payments p ON p.id = t.payment_id
 WHERE ($1::text IS NULL OR m.imid = $1) AND ($2::text IS NULL OR p.txid = $2) AND t.id < $3
 ORDER BY t.id DESC LIMIT $4

-- name: revoke_token
-- A recurring token is refused from now on; once.
UPDATE card_tokens SET revoked_at = clock_timestamp() WHERE id = $1 AND kind = 'recurring' AND revoked_at IS NULL RETURNING id
