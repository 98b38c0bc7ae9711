-- name: horizon
-- The oldest transaction still running: everything before it is seen by the loads that follow.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text

-- name: changed
-- Which tables have rows changed at or after a horizon.
SELECT array_remove(ARRAY[
       CASE WHEN EXISTS (SELECT 1 FROM categories WHERE changed_xid >= $1::text::xid8) THEN 'categories' END,
       CASE WHEN EXISTS (SELECT 1 FROM operator_prefixes WHERE changed_xid >= $1::text::xid8) THEN 'prefixes' END,
       CASE WHEN EXISTS (SELECT 1 FROM products WHERE changed_xid >= $1::text::xid8) THEN 'products' END,
       CASE WHEN EXISTS (SELECT 1 FROM price_lists WHERE changed_xid >= $1::text::xid8) THEN 'price_lists' END,
       CASE WHEN EXISTS (SELECT 1 FROM margins WHERE changed_xid >= $1::text::xid8) THEN 'margins' END,
       CASE WHEN EXISTS (SELECT 1 FROM prices WHERE changed_xid >= $1::text::xid8) THEN 'prices' END,
       CASE WHEN EXISTS (SELECT 1 FROM resellers WHERE changed_xid >= $1::text::xid8) THEN 'resellers' END,
       CASE WHEN EXISTS (SELECT 1 FROM credentials WHERE changed_xid >= $1::text::xid8) THEN 'credentials' END,
       CASE WHEN EXISTS (SELECT 1 FROM suppliers WHERE changed_xid >= $1::text::xid8) THEN 'suppliers' END,
       CASE WHEN EXISTS (SELECT 1 FROM routes WHERE changed_xid >= $1::text::xid8) THEN 'routes' END
       ], NULL)

-- name: categories
-- Categories changed since the horizon.
SELECT * FROM categories WHERE changed_xid >= $1::text::xid8

-- name: prefixes
-- Operator prefixes changed since the horizon.
SELECT prefix, operator FROM operator_prefixes WHERE changed_xid >= $1::text::xid8

-- name: products
-- Products changed since the horizon.
SELECT id, code, name, category, brand, operator, kind::text, status::text, status_reason, base_price, cost, admin_fee,
       amount_min, amount_max, amount_step, cut_off_start, cut_off_end, same_day_rule::text, description
  FROM products WHERE changed_xid >= $1::text::xid8

-- name: price_lists
-- Price lists changed since the horizon.
SELECT id, code FROM price_lists WHERE changed_xid >= $1::text::xid8

-- name: margins
-- Margins changed since the horizon.
SELECT price_list_id, coalesce(category, '') AS category, amount, basis_points FROM margins
 WHERE changed_xid >= $1::text::xid8

-- name: prices
-- Fixed prices changed since the horizon; null goes back to the margin rule.
SELECT price_list_id, product_id, price FROM prices WHERE changed_xid >= $1::text::xid8

-- name: resellers
-- Resellers changed since the horizon.
SELECT id, code, name, status::text, account_id, receivable_account_id, price_list_id, allowed_ips, dialects,
       callback_url, callback_format, callback_secret_sealed, live, late_success_paid_by, requests_per_second_max,
       concurrent_requests_max, orders_per_day_max, reply_wait_ms, settings
  FROM resellers WHERE changed_xid >= $1::text::xid8

-- name: credentials
-- Credentials changed since the horizon.
SELECT id, reseller_id, dialect, key, sealed, testing, expires_at, revoked_at FROM credentials
 WHERE changed_xid >= $1::text::xid8 ORDER BY id

-- name: suppliers
-- Suppliers changed since the horizon.
SELECT id, code, name, dialect, base_url, sealed, status::text, float_account_id, callback_ips, timeout_ms,
       concurrency_max, orders_per_day_max, float_min, float_reported, decide_after_s, settings
  FROM suppliers WHERE changed_xid >= $1::text::xid8

-- name: routes
-- Routes changed since the horizon.
SELECT id, product_id, supplier_id, supplier_product_code, cost, priority, weight, enabled, disabled_reason, rules
  FROM routes WHERE changed_xid >= $1::text::xid8
