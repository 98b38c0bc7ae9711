-- name: routes_of_supplier
-- Our routes to a supplier, held until the end of the transaction.
SELECT r.id, p.code AS product, r.supplier_product_code AS code, r.cost, r.enabled, r.disabled_reason
  FROM routes r JOIN products p ON p.id = r.product_id
 WHERE r.supplier_id = $1 ORDER BY r.id FOR UPDATE OF r

-- name: supplier_settings
-- Who it is and how its lists are read.
SELECT id, settings FROM suppliers WHERE code = $1

-- name: apply_costs
-- The new costs.
UPDATE routes r SET cost = n.cost, updated_at = now()
  FROM unnest($1::bigint[], $2::bigint[]) n (id, cost) WHERE r.id = n.id

-- name: apply_enabled
-- Close and open.
UPDATE routes r SET enabled = n.enabled, disabled_reason = n.reason, updated_at = now()
  FROM unnest($1::bigint[], $2::boolean[], $3::text[]) n (id, enabled, reason) WHERE r.id = n.id

-- name: audit_routes
-- One line of the audit log for each change.
INSERT INTO audit_log (actor, action, subject, before, after)
SELECT $1, 'route.synced', 'route:' || n.id, n.before, n.after
  FROM unnest($2::bigint[], $3::jsonb[], $4::jsonb[]) n (id, before, after)

-- name: follow_costs
-- Products of these routes take the cost of their cheapest open route, and by the rule a base price from it.
WITH cheapest AS (
    SELECT r.product_id, min(r.cost) AS cost
      FROM routes r JOIN suppliers s ON s.id = r.supplier_id
     WHERE r.enabled AND s.status = 'active'
       AND r.product_id IN (SELECT product_id FROM routes WHERE id = ANY($1::bigint[]))
     GROUP BY r.product_id),
wanted AS (
    SELECT p.id, p.code, p.cost AS cost_before, p.base_price AS price_before, c.cost,
           CASE WHEN $2 THEN (c.cost + $3::bigint + (c.cost * $4::bigint + 9999) / 10000 + $5::bigint - 1)
                             / $5::bigint * $5::bigint
                ELSE p.base_price END AS base_price
      FROM cheapest c JOIN products p ON p.id = c.product_id)
UPDATE products p SET cost = w.cost, base_price = w.base_price, updated_at = now()
  FROM wanted w
 WHERE p.id = w.id AND (p.cost, p.base_price) IS DISTINCT FROM (w.cost, w.base_price)
RETURNING w.code, w.cost_before, w.cost, w.price_before, w.base_price

-- name: sold_below_cost
-- Products of this supplier whose base price, or whose fixed price in some list, is below the cheapest open cost.
SELECT p.code, c.cost, p.base_price, f.price_list, f.price
  FROM (SELECT r.product_id, min(r.cost) AS cost FROM routes r JOIN suppliers s ON s.id = r.supplier_id
         WHERE r.enabled AND s.status = 'active'
           AND r.product_id IN (SELECT product_id FROM routes WHERE supplier_id = $1) GROUP BY r.product_id) c
  JOIN products p ON p.id = c.product_id
  LEFT JOIN LATERAL (SELECT l.code AS price_list, x.price FROM prices x JOIN price_lists l ON l.id = x.price_list_id
                      WHERE x.product_id = p.id AND x.price < c.cost ORDER BY x.price LIMIT 1) f ON true
 WHERE p.base_price < c.cost OR f.price IS NOT NULL
 ORDER BY p.code LIMIT $2
