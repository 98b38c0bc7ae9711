-- A product file goes into a temporary table by COPY and is merged as one set.

-- name: make_tables
-- Where the file's lines go, and what each product would be with them.
CREATE TEMPORARY TABLE product_lines (
    line integer NOT NULL,
    code text PRIMARY KEY,
    name text,
    category text,
    brand text,
    operator text,
    kind text,
    status text,
    base_price bigint,
    cost bigint,
    admin_fee bigint,
    amount_min bigint,
    amount_max bigint,
    amount_step bigint,
    cut_off_start time,
    cut_off_end time,
    same_day_rule text,
    description text
) ON COMMIT DROP;
CREATE TEMPORARY TABLE product_wanted (
    line integer NOT NULL,
    id bigint,
    code text PRIMARY KEY,
    name text,
    category text,
    brand text,
    operator text,
    kind product_kind,
    status product_status,
    base_price bigint,
    cost bigint,
    admin_fee bigint,
    amount_min bigint,
    amount_max bigint,
    amount_step bigint,
    cut_off_start time,
    cut_off_end time,
    same_day_rule same_day_rule,
    description text
) ON COMMIT DROP;

-- name: forbid_other_writers
-- Between the comparison and the merge nobody else changes products; readers are not held up.
LOCK TABLE products IN SHARE ROW EXCLUSIVE MODE;

-- name: work_out
-- What each product would be. $1 names the file's columns: a column that is not there leaves the
-- product as it is. An empty cell empties what may be empty, and else leaves it too.
INSERT INTO product_wanted
SELECT l.line, p.id, l.code,
       coalesce(l.name, p.name),
       coalesce(l.category, p.category),
       CASE WHEN 'brand' = ANY ($1::text[]) THEN coalesce(l.brand, '') ELSE coalesce(p.brand, '') END,
       CASE WHEN 'operator' = ANY ($1) THEN coalesce(l.operator, '') ELSE coalesce(p.operator, '') END,
       coalesce(l.kind::product_kind, p.kind, 'prepaid'),
       coalesce(l.status::product_status, p.status, 'open'),
       CASE WHEN 'base_price' = ANY ($1) THEN l.base_price ELSE p.base_price END,
       CASE WHEN 'cost' = ANY ($1) THEN l.cost ELSE p.cost END,
       coalesce(l.admin_fee, p.admin_fee, 0),
       CASE WHEN 'amount_min' = ANY ($1) THEN l.amount_min ELSE p.amount_min END,
       CASE WHEN 'amount_max' = ANY ($1) THEN l.amount_max ELSE p.amount_max END,
       coalesce(l.amount_step, p.amount_step, 1),
       CASE WHEN 'cut_off_start' = ANY ($1) THEN l.cut_off_start ELSE p.cut_off_start END,
       CASE WHEN 'cut_off_end' = ANY ($1) THEN l.cut_off_end ELSE p.cut_off_end END,
       coalesce(l.same_day_rule::same_day_rule, p.same_day_rule, 'reseller'),
       CASE WHEN 'description' = ANY ($1) THEN coalesce(l.description, '') ELSE coalesce(p.description, '') END
  FROM product_lines l
  LEFT JOIN products p ON p.code = l.code;

-- name: analyze
-- So that the joins of 100,000 lines are planned as such.
ANALYZE product_wanted;

-- name: make_categories
-- Categories that the file names and nobody made yet.
INSERT INTO categories (code, name)
SELECT DISTINCT w.category, w.category FROM product_wanted w
 WHERE w.category IS NOT NULL
ON CONFLICT (code) DO NOTHING
RETURNING code;

-- name: find_problems
-- What the database would refuse, said for every line.
SELECT w.line, w.code, problem
  FROM product_wanted w
  LEFT JOIN categories c ON c.code = w.category
 CROSS JOIN LATERAL (VALUES
       (w.name IS NULL, 'name: a new product needs one'),
       (w.category IS NULL, 'category: a new product needs one'),
       (w.category IS NOT NULL AND c.code IS NULL, 'category: ' || coalesce(w.category, '') || ' is unknown'),
       (w.kind = 'open' AND (w.amount_min > 0 AND w.amount_max >= w.amount_min) IS NOT TRUE,
        'amount_min, amount_max: an open denomination needs both'),
       ((w.cut_off_start IS NULL) <> (w.cut_off_end IS NULL), 'cut_off_start, cut_off_end: both or none')
       ) AS checks (fails, problem)
 WHERE checks.fails
 ORDER BY w.line;

-- name: leave_out
-- Lines with problems are not merged.
DELETE FROM product_wanted WHERE line = ANY ($1::integer[]);

-- name: count_lines
-- How many products are new, changed, and as they were.
SELECT count(*) FILTER (WHERE w.id IS NULL) AS new,
       count(*) FILTER (WHERE w.id IS NOT NULL AND differs) AS changed,
       count(*) FILTER (WHERE w.id IS NOT NULL AND NOT differs) AS unchanged
  FROM product_wanted w
  LEFT JOIN products p ON p.id = w.id
 CROSS JOIN LATERAL (SELECT
       (w.name, w.category, w.brand, w.operator, w.kind, w.status, w.base_price, w.cost, w.admin_fee, w.amount_min,
        w.amount_max, w.amount_step, w.cut_off_start, w.cut_off_end, w.same_day_rule, w.description)
       IS DISTINCT FROM
       (p.name, p.category, p.brand, p.operator, p.kind, p.status, p.base_price, p.cost, p.admin_fee, p.amount_min,
        p.amount_max, p.amount_step, p.cut_off_start, p.cut_off_end, p.same_day_rule, p.description) AS differs) d;

-- name: write_audit
-- One line for each new or changed product, with only the members that differ.
INSERT INTO audit_log (actor, action, subject, before, after)
SELECT $1, CASE WHEN w.id IS NULL THEN 'product.created' ELSE 'product.changed' END, 'product:' || w.code,
       d.before, d.after
  FROM product_wanted w
  LEFT JOIN products p ON p.id = w.id
 CROSS JOIN LATERAL (SELECT jsonb_object_agg(n.key, to_jsonb(p) -> n.key) FILTER (WHERE w.id IS NOT NULL) AS before,
                            jsonb_object_agg(n.key, n.value) AS after
                       FROM jsonb_each(to_jsonb(w) - 'line' - 'id' - 'code') n
                      WHERE n.value IS DISTINCT FROM coalesce(to_jsonb(p) -> n.key, 'null')) d
 WHERE d.after IS NOT NULL;

-- name: show_differences
-- New and changed products in the order of the file, with only the members that differ.
SELECT w.line, w.code, d.before, d.after
  FROM product_wanted w
  LEFT JOIN products p ON p.id = w.id
 CROSS JOIN LATERAL (SELECT jsonb_object_agg(n.key, to_jsonb(p) -> n.key) FILTER (WHERE w.id IS NOT NULL) AS before,
                            jsonb_object_agg(n.key, n.value) AS after
                       FROM jsonb_each(to_jsonb(w) - 'line' - 'id' - 'code') n
                      WHERE n.value IS DISTINCT FROM coalesce(to_jsonb(p) -> n.key, 'null')) d
 WHERE d.after IS NOT NULL
 ORDER BY w.line LIMIT $1;

-- name: insert_new
-- The new products.
INSERT INTO products (code, name, category, brand, operator, kind, status, base_price, cost, admin_fee, amount_min,
                      amount_max, amount_step, cut_off_start, cut_off_end, same_day_rule, description)
SELECT code, name, category, brand, operator, kind, status, base_price, cost, admin_fee, amount_min,
       amount_max, amount_step, cut_off_start, cut_off_end, same_day_rule, description
  FROM product_wanted WHERE id IS NULL ORDER BY code;

-- name: update_changed
-- The changed products; those that stay as they are are not touched, so no node reads them again.
UPDATE products p
   SET name = w.name, category = w.category, brand = w.brand, operator = w.operator, kind = w.kind,
       status = w.status, base_price = w.base_price, cost = w.cost, admin_fee = w.admin_fee,
       amount_min = w.amount_min, amount_max = w.amount_max, amount_step = w.amount_step,
       cut_off_start = w.cut_off_start, cut_off_end = w.cut_off_end, same_day_rule = w.same_day_rule,
       description = w.description, updated_at = now()
  FROM product_wanted w
 WHERE w.id = p.id
   AND (w.name, w.category, w.brand, w.operator, w.kind, w.status, w.base_price, w.cost, w.admin_fee, w.amount_min,
        w.amount_max, w.amount_step, w.cut_off_start, w.cut_off_end, w.same_day_rule, w.description)
       IS DISTINCT FROM
       (p.name, p.category, p.brand, p.operator, p.kind, p.status, p.base_price, p.cost, p.admin_fee, p.amount_min,
        p.amount_max, p.amount_step, p.cut_off_start, p.cut_off_end, p.same_day_rule, p.description);
