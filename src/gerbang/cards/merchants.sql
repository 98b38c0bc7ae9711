-- name: changed_merchants
-- Merchants, or their acquirers, changed at or after a snapshot; one row without id says how far this look reaches.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS seen, m.id, m.imid, m.name, m.status::text, m.account_id,
       m.reseller_id, a.code AS acquirer, a.account_id AS acquirer_account_id, m.sandboxed, m.sealed, m.features,
       m.limits, m.mdr, m.settings
  FROM (SELECT 1) one
  LEFT JOIN (merchants m JOIN acquirers a ON a.id = m.acquirer_id)
         ON m.changed_xid >= $1::text::xid8 OR a.changed_xid >= $1::text::xid8
