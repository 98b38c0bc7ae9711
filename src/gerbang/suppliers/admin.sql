-- name: insert_float_account
-- The account that mirrors our money at a supplier.
INSERT INTO accounts (code, kind, normal_side, tracked) VALUES ($1, 'supplier_float', 'debit', false) RETURNING id

-- name: insert_supplier
-- A new supplier; everything else is a change.
INSERT INTO suppliers (code, name, dialect, base_url, sealed, float_account_id) VALUES ($1, $2, $3, $4, $5, $6)

-- name: lock_supplier
-- The supplier as it is, without its secrets, held until the end of the transaction.
SELECT s.id, s.dialect, s.sealed, to_jsonb(s) - 'sealed' - 'changed_xid' AS row
  FROM suppliers s WHERE s.code = $1 FOR UPDATE

-- name: update_supplier
-- Write the members that $2 names.
UPDATE suppliers s
   SET name = n.name, base_url = n.base_url, status = n.status, callback_ips = n.callback_ips,
       timeout_ms = n.timeout_ms, concurrency_max = n.concurrency_max, orders_per_day_max = n.orders_per_day_max,
       float_min = n.float_min, decide_after_s = n.decide_after_s, settings = n.settings, updated_at = now()
  FROM suppliers q, LATERAL jsonb_populate_record(q, $2::jsonb) n
 WHERE q.id = $1 AND s.id = q.id
RETURNING to_jsonb(s) - 'sealed' - 'changed_xid' AS row

-- name: update_secrets
-- What logs us in there.
UPDATE suppliers SET sealed = $2, updated_at = now() WHERE id = $1

-- name: list_suppliers
-- Suppliers by code, with our money there as the ledger has it; every filter may be null.
SELECT s.id, s.code, s.name, s.dialect, s.base_url, s.status::text AS status, s.callback_ips, s.timeout_ms,
       s.concurrency_max, s.orders_per_day_max, s.float_min, s.float_reported, s.float_reported_at, s.decide_after_s,
       s.settings, s.created_at, s.updated_at,
       -(coalesce(c.balance, 0) + coalesce((
            SELECT sum(e.amount) FROM entries e JOIN transfers t ON t.id = e.transfer_id
             WHERE e.account_id = s.float_account_id AND e.version IS NULL
               AND (c.business_day IS NULL OR t.business_day > c.business_day)), 0))::bigint AS float,
       (SELECT count(*) FROM routes r WHERE r.supplier_id = s.id) AS routes
  FROM suppliers s
  LEFT JOIN LATERAL (SELECT balance, business_day FROM checkpoints k WHERE k.account_id = s.float_account_id
                      ORDER BY business_day DESC LIMIT 1) c ON true
 WHERE s.code > $1 AND ($2::text IS NULL OR s.code = $2)
 ORDER BY s.code LIMIT $3

-- name: supplier_by_code
-- Who it is and where its money is.
SELECT id, float_account_id FROM suppliers WHERE code = $1

-- name: product_id
-- A product by code.
SELECT id FROM products WHERE code = $1

-- name: insert_route
-- A way to buy a product.
INSERT INTO routes (product_id, supplier_id, supplier_product_code, cost) VALUES ($1, $2, $3, $4) RETURNING id

-- name: lock_route
-- The route as it is, held until the end of the transaction.
SELECT to_jsonb(r) - 'changed_xid' AS row FROM routes r WHERE r.id = $1 FOR UPDATE

-- name: update_route
-- Write the members that $2 names.
UPDATE routes r
   SET supplier_product_code = n.supplier_product_code, cost = n.cost, priority = n.priority, weight = n.weight,
       enabled = n.enabled, disabled_reason = n.disabled_reason, rules = n.rules, updated_at = now()
  FROM routes q, LATERAL jsonb_populate_record(q, $2::jsonb) n
 WHERE q.id = $1 AND r.id = q.id
RETURNING to_jsonb(r) - 'changed_xid' AS row

-- name: list_routes
-- Routes by id; every filter may be null.
SELECT r.id, p.code AS product, s.code AS supplier, r.supplier_product_code, r.cost, r.priority, r.weight, r.enabled,
       r.disabled_reason, r.rules, r.updated_at
  FROM routes r JOIN products p ON p.id = r.product_id JOIN suppliers s ON s.id = r.supplier_id
 WHERE r.id > $1 AND ($2::text IS NULL OR p.code = $2) AND ($3::text IS NULL OR s.code = $3)
   AND ($4::bigint IS NULL OR r.id = $4)
 ORDER BY r.id LIMIT $5
