-- What the loader asks. Rows carry the transaction that changed them last; `$1` is the snapshot of
-- the load before. A row is new when that snapshot did not see its transaction: nothing is missed,
-- nothing is waited for, nothing is read twice. Transactions at or after `$2`, the end of the
-- present snapshot, are of another cluster: a restored backup keeps its rows' numbers.

-- name: changes
-- The present snapshot, its end, which tables have new rows, and the sandbox clock: one round trip.
-- ORDER BY is what makes every part an index scan that stops at its first row.
SELECT pg_current_snapshot()::text AS snapshot,
       coalesce((SELECT sandbox_clock_offset_s FROM installation), 0) AS sandbox_offset_s,
       pg_snapshot_xmax(pg_current_snapshot())::text AS bound,
       array_remove(ARRAY[
           (SELECT 'categories' FROM categories
             WHERE changed_xid >= pg_snapshot_xmin($1::text::pg_snapshot)
               AND changed_xid < pg_snapshot_xmax(pg_current_snapshot())
               AND NOT pg_visible_in_snapshot(changed_xid, $1::text::pg_snapshot)
             ORDER BY changed_xid LIMIT 1),
           (SELECT 'operator_prefixes' FROM operator_prefixes
             WHERE changed_xid >= pg_snapshot_xmin($1::text::pg_snapshot)
               AND changed_xid < pg_snapshot_xmax(pg_current_snapshot())
               AND NOT pg_visible_in_snapshot(changed_xid, $1::text::pg_snapshot)
             ORDER BY changed_xid LIMIT 1),
           (SELECT 'price_lists' FROM price_lists
             WHERE changed_xid >= pg_snapshot_xmin($1::text::pg_snapshot)
               AND changed_xid < pg_snapshot_xmax(pg_current_snapshot())
               AND NOT pg_visible_in_snapshot(changed_xid, $1::text::pg_snapshot)
             ORDER BY changed_xid LIMIT 1),
           (SELECT 'margins' FROM margins
             WHERE changed_xid >= pg_snapshot_xmin($1::text::pg_snapshot)
               AND changed_xid < pg_snapshot_xmax(pg_current_snapshot())
               AND NOT pg_visible_in_snapshot(changed_xid, $1::text::pg_snapshot)
             ORDER BY changed_xid LIMIT 1),
           (SELECT 'products' FROM products
             WHERE changed_xid >= pg_snapshot_xmin($1::text::pg_snapshot)
               AND changed_xid < pg_snapshot_xmax(pg_current_snapshot())
               AND NOT pg_visible_in_snapshot(changed_xid, $1::text::pg_snapshot)
             ORDER BY changed_xid LIMIT 1),
           (SELECT 'prices' FROM prices
             WHERE changed_xid >= pg_snapshot_xmin($1::text::pg_snapshot)
               AND changed_xid < pg_snapshot_xmax(pg_current_snapshot())
               AND NOT pg_visible_in_snapshot(changed_xid, $1::text::pg_snapshot)
             ORDER BY changed_xid LIMIT 1),
           (SELECT 'suppliers' FROM suppliers
             WHERE changed_xid >= pg_snapshot_xmin($1::text::pg_snapshot)
               AND changed_xid < pg_snapshot_xmax(pg_current_snapshot())
               AND NOT pg_visible_in_snapshot(changed_xid, $1::text::pg_snapshot)
             ORDER BY changed_xid LIMIT 1),
           (SELECT 'routes' FROM routes
             WHERE changed_xid >= pg_snapshot_xmin($1::text::pg_snapshot)
               AND changed_xid < pg_snapshot_xmax(pg_current_snapshot())
               AND NOT pg_visible_in_snapshot(changed_xid, $1::text::pg_snapshot)
             ORDER BY changed_xid LIMIT 1),
           (SELECT 'resellers' FROM resellers
             WHERE changed_xid >= pg_snapshot_xmin($1::text::pg_snapshot)
               AND changed_xid < pg_snapshot_xmax(pg_current_snapshot())
               AND NOT pg_visible_in_snapshot(changed_xid, $1::text::pg_snapshot)
             ORDER BY changed_xid LIMIT 1),
           (SELECT 'credentials' FROM credentials
             WHERE changed_xid >= pg_snapshot_xmin($1::text::pg_snapshot)
               AND changed_xid < pg_snapshot_xmax(pg_current_snapshot())
               AND NOT pg_visible_in_snapshot(changed_xid, $1::text::pg_snapshot)
             ORDER BY changed_xid LIMIT 1),
           (SELECT 'areas' FROM areas
             WHERE changed_xid >= pg_snapshot_xmin($1::text::pg_snapshot)
               AND changed_xid < pg_snapshot_xmax(pg_current_snapshot())
               AND NOT pg_visible_in_snapshot(changed_xid, $1::text::pg_snapshot)
             ORDER BY changed_xid LIMIT 1)
       ], NULL) AS tables;

-- name: categories
-- Categories.
SELECT code, name, destination_pattern, destination_hint, uses_operator_prefix
  FROM categories
 WHERE changed_xid >= pg_snapshot_xmin($1::text::pg_snapshot)
   AND changed_xid < $2::text::xid8
   AND NOT pg_visible_in_snapshot(changed_xid, $1::text::pg_snapshot);

-- name: operator_prefixes
-- Operator prefixes.
SELECT prefix, operator
  FROM operator_prefixes
 WHERE changed_xid >= pg_snapshot_xmin($1::text::pg_snapshot)
   AND changed_xid < $2::text::xid8
   AND NOT pg_visible_in_snapshot(changed_xid, $1::text::pg_snapshot);

-- name: areas
-- Areas; an empty one takes the prefix away.
SELECT prefix, area
  FROM areas
 WHERE changed_xid >= pg_snapshot_xmin($1::text::pg_snapshot)
   AND changed_xid < $2::text::xid8
   AND NOT pg_visible_in_snapshot(changed_xid, $1::text::pg_snapshot);

-- name: price_lists
-- Price lists.
SELECT id, code
  FROM price_lists
 WHERE changed_xid >= pg_snapshot_xmin($1::text::pg_snapshot)
   AND changed_xid < $2::text::xid8
   AND NOT pg_visible_in_snapshot(changed_xid, $1::text::pg_snapshot);

-- name: margins
-- Margins; that of the whole list has no category.
SELECT price_list_id, coalesce(category, '') AS category, amount, basis_points
  FROM margins
 WHERE changed_xid >= pg_snapshot_xmin($1::text::pg_snapshot)
   AND changed_xid < $2::text::xid8
   AND NOT pg_visible_in_snapshot(changed_xid, $1::text::pg_snapshot);

-- name: products
-- Products.
SELECT id, code, name, category, brand, operator, kind::text, status::text, status_reason,
       base_price, cost, admin_fee, amount_min, amount_max, amount_step, cut_off_start, cut_off_end,
       same_day_rule::text, description, service, biller
  FROM products
 WHERE changed_xid >= pg_snapshot_xmin($1::text::pg_snapshot)
   AND changed_xid < $2::text::xid8
   AND NOT pg_visible_in_snapshot(changed_xid, $1::text::pg_snapshot);

-- name: prices
-- Fixed prices; null takes the margin again.
SELECT price_list_id, product_id, price
  FROM prices
 WHERE changed_xid >= pg_snapshot_xmin($1::text::pg_snapshot)
   AND changed_xid < $2::text::xid8
   AND NOT pg_visible_in_snapshot(changed_xid, $1::text::pg_snapshot);

-- name: suppliers
-- Suppliers.
SELECT id, code, name, dialect, base_url, sealed, status::text, float_account_id, callback_ips,
       timeout_ms, concurrency_max, orders_per_day_max, float_min, float_reported, decide_after_s,
       settings
  FROM suppliers
 WHERE changed_xid >= pg_snapshot_xmin($1::text::pg_snapshot)
   AND changed_xid < $2::text::xid8
   AND NOT pg_visible_in_snapshot(changed_xid, $1::text::pg_snapshot);

-- name: routes
-- Routes.
SELECT id, product_id, supplier_id, supplier_product_code, cost, priority, weight, enabled,
       disabled_reason, rules
  FROM routes
 WHERE changed_xid >= pg_snapshot_xmin($1::text::pg_snapshot)
   AND changed_xid < $2::text::xid8
   AND NOT pg_visible_in_snapshot(changed_xid, $1::text::pg_snapshot);

-- name: resellers
-- Resellers.
SELECT id, code, name, status::text, account_id, receivable_account_id, price_list_id, allowed_ips,
       dialects, callback_url, callback_format, callback_secret_sealed, live, late_success_paid_by, sandboxed, listening_until,
       requests_per_second_max, concurrent_requests_max, orders_per_day_max, reply_wait_ms, settings
  FROM resellers
 WHERE changed_xid >= pg_snapshot_xmin($1::text::pg_snapshot)
   AND changed_xid < $2::text::xid8
   AND NOT pg_visible_in_snapshot(changed_xid, $1::text::pg_snapshot);

-- name: credentials
-- Credentials, those that were revoked too.
SELECT id, reseller_id, dialect, key, sealed, testing, expires_at, revoked_at
  FROM credentials
 WHERE changed_xid >= pg_snapshot_xmin($1::text::pg_snapshot)
   AND changed_xid < $2::text::xid8
   AND NOT pg_visible_in_snapshot(changed_xid, $1::text::pg_snapshot);
