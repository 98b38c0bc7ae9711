-- name: upsert_category
-- A category and its rule for destinations.
INSERT INTO categories (code, name, destination_pattern, destination_hint, uses_operator_prefix)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (code) DO UPDATE SET name = excluded.name, destination_pattern = excluded.destination_pattern,
    destination_hint = excluded.destination_hint, uses_operator_prefix = excluded.uses_operator_prefix

-- name: list_categories
-- All categories.
SELECT code, name, destination_pattern, destination_hint, uses_operator_prefix FROM categories ORDER BY code

-- name: category_by_code
-- One category.
SELECT code, name, destination_pattern, destination_hint, uses_operator_prefix FROM categories WHERE code = $1

-- name: upsert_prefixes
-- Which operator a number belongs to.
INSERT INTO operator_prefixes (prefix, operator) SELECT * FROM unnest($1::text[], $2::text[])
ON CONFLICT (prefix) DO UPDATE SET operator = excluded.operator WHERE operator_prefixes.operator <> excluded.operator

-- name: list_prefixes
-- All operator prefixes.
SELECT prefix, operator FROM operator_prefixes ORDER BY prefix

-- name: insert_product
-- A new product with the members that $1 names.
INSERT INTO products (code, name, category, brand, operator, kind, status, status_reason, base_price, cost, admin_fee,
                      amount_min, amount_max, amount_step, cut_off_start, cut_off_end, same_day_rule, description, service,
                      biller)
SELECT n.code, n.name, n.category, coalesce(n.brand, ''), coalesce(n.operator, ''), coalesce(n.kind, 'prepaid'),
       coalesce(n.status, 'open'), coalesce(n.status_reason, ''), n.base_price, n.cost, coalesce(n.admin_fee, 0),
       n.amount_min, n.amount_max, coalesce(n.amount_step, 1), n.cut_off_start, n.cut_off_end,
       coalesce(n.same_day_rule, 'reseller'), coalesce(n.description, ''), coalesce(n.service, ''), coalesce(n.biller, '')
  FROM jsonb_populate_record(NULL::products, $1::jsonb) n

-- name: lock_product
-- The product as it is, held until the end of the transaction.
SELECT p.id, to_jsonb(p) - 'changed_xid' AS row FROM products p WHERE p.code = $1 FOR UPDATE

-- name: update_product
-- Write the members that $2 names.
UPDATE products p
   SET name = n.name, category = n.category, brand = n.brand, operator = n.operator, kind = n.kind, status = n.status,
       status_reason = n.status_reason, base_price = n.base_price, cost = n.cost, admin_fee = n.admin_fee,
       amount_min = n.amount_min, amount_max = n.amount_max, amount_step = n.amount_step,
       cut_off_start = n.cut_off_start, cut_off_end = n.cut_off_end, same_day_rule = n.same_day_rule,
       description = n.description, service = n.service, biller = n.biller, updated_at = now()
  FROM products q, LATERAL jsonb_populate_record(q, $2::jsonb) n
 WHERE q.id = $1 AND p.id = q.id
RETURNING to_jsonb(p) - 'changed_xid' AS row

-- name: list_products
-- Products by code; every filter may be null.
SELECT p.id, p.code, p.name, p.category, p.brand, p.operator, p.kind::text AS kind, p.status::text AS status,
       p.status_reason, p.base_price, p.cost, p.admin_fee, p.amount_min, p.amount_max, p.amount_step,
       to_char(p.cut_off_start, 'HH24:MI') AS cut_off_start, to_char(p.cut_off_end, 'HH24:MI') AS cut_off_end,
       p.same_day_rule::text AS same_day_rule, p.description, p.service, p.biller, p.created_at, p.updated_at,
       (SELECT count(*) FROM routes r WHERE r.product_id = p.id AND r.enabled) AS routes_enabled
  FROM products p
 WHERE p.code > $1 AND ($2::text IS NULL OR p.category = $2) AND ($3::text IS NULL OR p.status = $3::product_status)
   AND ($4::text IS NULL OR p.kind = $4::product_kind)
   AND ($5::text IS NULL OR strpos(lower(p.code || ' ' || p.name || ' ' || p.brand), lower($5)) > 0)
   AND ($6::text IS NULL OR p.code = $6)
 ORDER BY p.code LIMIT $7

-- name: prices_of_product
-- Fixed prices of one product.
SELECT l.code AS price_list, x.price FROM prices x JOIN price_lists l ON l.id = x.price_list_id
 WHERE x.product_id = $1 AND x.price IS NOT NULL ORDER BY l.code

-- name: upsert_price_list
-- A price list; tells whether it is new.
INSERT INTO price_lists (code, name) VALUES ($1, $2)
ON CONFLICT (code) DO UPDATE SET name = excluded.name RETURNING id, xmax = 0 AS is_new

-- name: lock_price_list
-- A price list, held until the end of the transaction.
SELECT id, code, name FROM price_lists WHERE code = $1 FOR UPDATE

-- name: list_price_lists
-- All price lists with their margins.
SELECT l.code, l.name, (SELECT count(*) FROM resellers r WHERE r.price_list_id = l.id) AS resellers,
       (SELECT count(*) FROM prices x WHERE x.price_list_id = l.id AND x.price IS NOT NULL) AS fixed_prices,
       coalesce((SELECT jsonb_agg(jsonb_build_object('category', m.category, 'amount', m.amount,
                                                     'basis_points', m.basis_points) ORDER BY m.category NULLS FIRST)
                   FROM margins m WHERE m.price_list_id = l.id), '[]'::jsonb) AS margins
  FROM price_lists l WHERE ($1::text IS NULL OR l.code = $1) ORDER BY l.code

-- name: margin_before
-- A margin as it is.
SELECT amount, basis_points FROM margins WHERE price_list_id = $1 AND category IS NOT DISTINCT FROM $2

-- name: upsert_margin
-- What a list adds to base prices, for one category or (null) all others.
INSERT INTO margins (price_list_id, category, amount, basis_points) VALUES ($1, $2, $3, $4)
ON CONFLICT (price_list_id, category) DO UPDATE SET amount = excluded.amount, basis_points = excluded.basis_points

-- name: price_before
-- A fixed price as it is.
SELECT price FROM prices WHERE price_list_id = $1 AND product_id = $2

-- name: upsert_price
-- A fixed price; null takes the margin rule again.
INSERT INTO prices (price_list_id, product_id, price) VALUES ($1, $2, $3)
ON CONFLICT (price_list_id, product_id) DO UPDATE SET price = excluded.price
