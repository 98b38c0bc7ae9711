-- name: credential
-- A reseller's newest credential that holds.
SELECT c.dialect, c.key FROM credentials c JOIN resellers r ON r.id = c.reseller_id
 WHERE r.code = $1 AND c.revoked_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > now())
   AND c.dialect = ANY($2::text[])
 ORDER BY c.testing, c.id DESC LIMIT 1
