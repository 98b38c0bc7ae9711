-- name: alone
-- One import at a time, and no other change of products meanwhile; nobody who reads waits.
LOCK TABLE products IN SHARE ROW EXCLUSIVE MODE

-- name: make_rows
-- The file's rows; null is an empty cell.
CREATE TEMP TABLE import_rows (
    line integer, code text, name text, category text, brand text, operator text, kind product_kind,
    status product_status, status_reason text, base_price bigint, cost bigint, admin_fee bigint, amount_min bigint,
    amount_max bigint, amount_step bigint, cut_off_start time, cut_off_end time, same_day_rule same_day_rule,
    description text, service text, biller text, supplier text, supplier_code text
) ON COMMIT DROP

-- name: make_merged
-- Every product of the file as it will be: an empty cell keeps what is there.
CREATE TEMP TABLE import_merged ON COMMIT DROP AS
SELECT n.line, p.id, n.code, coalesce(n.name, p.name) AS name, coalesce(n.category, p.category) AS category,
       coalesce(n.brand, p.brand, '') AS brand, coalesce(n.operator, p.operator, '') AS operator,
       coalesce(n.kind, p.kind, 'prepaid') AS kind, coalesce(n.status, p.status, 'open') AS status,
       coalesce(n.status_reason, CASE WHEN n.status = 'open' THEN '' ELSE p.status_reason END, '') AS status_reason,
       coalesce(n.base_price, p.base_price) AS base_price, coalesce(n.cost, p.cost) AS cost,
       coalesce(n.admin_fee, p.admin_fee, 0) AS admin_fee, coalesce(n.amount_min, p.amount_min) AS amount_min,
       coalesce(n.amount_max, p.amount_max) AS amount_max, coalesce(n.amount_step, p.amount_step, 1) AS amount_step,
       coalesce(n.cut_off_start, p.cut_off_start) AS cut_off_start,
       coalesce(n.cut_off_end, p.cut_off_end) AS cut_off_end,
       coalesce(n.same_day_rule, p.same_day_rule, 'reseller') AS same_day_rule,
       coalesce(n.description, p.description, '') AS description, coalesce(n.service, p.service, '') AS service,
       coalesce(n.biller, p.biller, '') AS biller, n.supplier,
       coalesce(n.supplier_code, n.code) AS supplier_code
  FROM import_rows n LEFT JOIN products p ON p.code = n.code

-- name: problems
-- What is wrong with a row only when it is seen together with what is there.
SELECT m.line, m.code, CASE
           WHEN m.name IS NULL THEN 'name: a new product needs one'
           WHEN m.category IS NULL THEN 'category: a new product needs one'
           WHEN m.kind = 'open' AND NOT coalesce(m.amount_min > 0 AND m.amount_max >= m.amount_min, false)
               THEN 'amount_min, amount_max: an open denomination needs both'
           WHEN num_nulls(m.cut_off_start, m.cut_off_end) = 1 THEN 'cut_off_start, cut_off_end: one without the other'
           WHEN m.supplier IS NOT NULL AND s.id IS NULL THEN 'supplier: there is no ' || m.supplier
           WHEN m.supplier IS NOT NULL AND m.cost IS NULL THEN 'cost: a route needs one'
       END AS problem
  FROM import_merged m LEFT JOIN suppliers s ON s.code = m.supplier
 WHERE m.name IS NULL OR m.category IS NULL
    OR (m.kind = 'open' AND NOT coalesce(m.amount_min > 0 AND m.amount_max >= m.amount_min, false))
    OR num_nulls(m.cut_off_start, m.cut_off_end) = 1
    OR (m.supplier IS NOT NULL AND (s.id IS NULL OR m.cost IS NULL))
 ORDER BY m.line

-- name: drop_bad
-- Leave out the rows that are wrong.
DELETE FROM import_merged WHERE line = ANY($1::integer[])

-- name: make_changed
-- The products that will be other than they are, as they are and as they will be.
CREATE TEMP TABLE import_changed ON COMMIT DROP AS
SELECT m.line, p.id, m.code, to_jsonb(b) AS before, to_jsonb(a) AS after
  FROM import_merged m JOIN products p ON p.id = m.id,
       LATERAL (SELECT p.name, p.category, p.brand, p.operator, p.kind, p.status, p.status_reason, p.base_price,
                       p.cost, p.admin_fee, p.amount_min, p.amount_max, p.amount_step, p.cut_off_start,
                       p.cut_off_end, p.same_day_rule, p.description, p.service, p.biller) b,
       LATERAL (SELECT m.name, m.category, m.brand, m.operator, m.kind, m.status, m.status_reason, m.base_price,
                       m.cost, m.admin_fee, m.amount_min, m.amount_max, m.amount_step, m.cut_off_start,
                       m.cut_off_end, m.same_day_rule, m.description, m.service, m.biller) a
 WHERE b IS DISTINCT FROM a

-- name: changed
-- What changes, for the report.
SELECT line, code, before, after FROM import_changed ORDER BY line LIMIT $1

-- name: counts
-- How many rows there are of each sort.
SELECT (SELECT count(*) FROM import_merged WHERE id IS NULL) AS new,
       (SELECT count(*) FROM import_changed) AS changed,
       (SELECT count(*) FROM import_merged WHERE id IS NOT NULL) AS known,
       (SELECT count(*) FROM (SELECT m.category FROM import_merged m
                               WHERE NOT EXISTS (SELECT 1 FROM categories c WHERE c.code = m.category)
                               GROUP BY 1) x) AS categories

-- name: insert_categories
-- Categories that the file names and nobody made.
INSERT INTO categories (code, name)
SELECT DISTINCT m.category, m.category FROM import_merged m
    ON CONFLICT (code) DO NOTHING

-- name: insert_products
-- The new ones.
INSERT INTO products (code, name, category, brand, operator, kind, status, status_reason, base_price, cost, admin_fee,
                      amount_min, amount_max, amount_step, cut_off_start, cut_off_end, same_day_rule, description, service,
                      biller)
SELECT code, name, category, brand, operator, kind, status, status_reason, base_price, cost, admin_fee, amount_min,
       amount_max, amount_step, cut_off_start, cut_off_end, same_day_rule, description, service, biller
  FROM import_merged WHERE id IS NULL ORDER BY line

-- name: update_products
-- The ones that change; others are not touched, so no node loads them again.
UPDATE products p
   SET name = m.name, category = m.category, brand = m.brand, operator = m.operator, kind = m.kind, status = m.status,
       status_reason = m.status_reason, base_price = m.base_price, cost = m.cost, admin_fee = m.admin_fee,
       amount_min = m.amount_min, amount_max = m.amount_max, amount_step = m.amount_step,
       cut_off_start = m.cut_off_start, cut_off_end = m.cut_off_end, same_day_rule = m.same_day_rule,
       description = m.description, service = m.service, biller = m.biller, updated_at = now()
  FROM import_merged m JOIN import_changed c ON c.line = m.line
 WHERE p.id = m.id

-- name: merge_routes
-- The routes the file names, with their cost; those that are as they should be are not touched.
INSERT INTO routes (product_id, supplier_id, supplier_product_code, cost)
SELECT p.id, s.id, m.supplier_code, m.cost
  FROM import_merged m JOIN products p ON p.code = m.code JOIN suppliers s ON s.code = m.supplier
 WHERE m.supplier IS NOT NULL
    ON CONFLICT (product_id, supplier_id, supplier_product_code) DO UPDATE SET cost = excluded.cost, updated_at = now()
 WHERE routes.cost <> excluded.cost

-- name: audit_changed
-- Who changed which product, with what it was before.
INSERT INTO audit_log (actor, action, subject, before, after)
SELECT $1, 'product.imported', 'product:' || code, before, after FROM import_changed
