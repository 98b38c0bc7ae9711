-- name: make_purses
-- The resellers whose balances move, each with a place in the round.
CREATE TEMP TABLE purses AS
SELECT row_number() OVER (ORDER BY r.id) - 1 AS place, r.id AS reseller_id, r.account_id, a.balance, a.version,
       (SELECT min(c.id) FROM credentials c WHERE c.reseller_id = r.id) AS credential_id
  FROM resellers r JOIN accounts a ON a.id = r.account_id

-- name: make_parents
-- What all orders have in common.
CREATE TEMP TABLE parents AS
SELECT p.id AS product_id, p.code AS product, p.name AS product_name, p.base_price AS price, p.cost,
       s.id AS supplier_id, s.float_account_id, r.id AS route_id,
       (SELECT id FROM accounts WHERE code = 'house:sales') AS sales_id,
       (SELECT id FROM accounts WHERE code = 'house:cost') AS cost_id
  FROM products p, suppliers s, routes r
 WHERE p.code = $1 AND s.code = $2 AND r.product_id = p.id AND r.supplier_id = s.id

-- name: make_lives
-- One row for each order of a chunk: its ids, its reseller, how the balance went, its time. The
-- numbers run from $1 to $2; $3 to $6 are the first ids; $7 orders lie between $8 and $9.
INSERT INTO lives
SELECT n, $3 + n, $4 + 3 * n, $5 + n, $6 + n, w.reseller_id, w.account_id, w.credential_id,
       w.balance - n / places.count * p.price, w.version + n / places.count + 1,
       '0812' || lpad((n / 5000 % 10000)::text, 4, '0') || (5000 + n % 5000)::text, lpad(n::text, 16, '0'),
       $8::timestamptz + ($9::timestamptz - $8::timestamptz) * (n::float8 / $7), p.*
  FROM parents p, (SELECT count(*) FROM purses) AS places, generate_series($1::bigint, $2::bigint) n
  JOIN purses w ON w.place = n % (SELECT count(*) FROM purses)
 ORDER BY n

-- name: make_lives_table
-- Where a chunk's lives are kept while its rows are written.
CREATE TEMP TABLE lives (
    n bigint, order_id bigint, hold_id bigint, attempt_id bigint, callback_id bigint, reseller_id bigint,
    account_id bigint, credential_id bigint, previous bigint, version bigint, destination text, sn text,
    at timestamptz, product_id bigint, product text, product_name text, price bigint, cost bigint,
    supplier_id bigint, float_account_id bigint, route_id bigint, sales_id bigint, cost_id bigint)

-- name: empty_lives
-- The next chunk, please.
TRUNCATE lives

-- name: insert_transfers
-- Hold, sale and cost of each order.
INSERT INTO transfers (id, key, event, phase, pending_id, debit_account_id, credit_account_id, amount, order_id,
                       business_day, created_at)
SELECT t.* FROM lives, LATERAL (VALUES
    (hold_id, 'order:' || order_id || ':hold', 'sale.hold', 'pending'::transfer_phase, NULL::bigint,
     account_id, sales_id, price, order_id, wib_day(at), at),
    (hold_id + 1, 'order:' || order_id || ':post', 'sale.post', 'posted', hold_id,
     account_id, sales_id, price, order_id, wib_day(at), at),
    (hold_id + 2, 'attempt:' || attempt_id || ':cost', 'cost', 'direct', NULL,
     cost_id, float_account_id, cost, order_id, wib_day(at), at)) AS t

-- name: insert_entries
-- What the sale and the cost did to their accounts.
INSERT INTO entries (transfer_id, account_id, amount, previous, balance, version)
SELECT e.* FROM lives, LATERAL (VALUES
    (hold_id + 1, account_id, -price, previous, previous - price, version),
    (hold_id + 1, sales_id, price, NULL::bigint, NULL::bigint, NULL::bigint),
    (hold_id + 2, cost_id, -cost, NULL, NULL, NULL),
    (hold_id + 2, float_account_id, cost, NULL, NULL, NULL)) AS e

-- name: insert_orders
-- The orders, all of them sold.
INSERT INTO orders (id, reseller_id, credential_id, testing, dialect, kind, reference, product_id, product_code,
                    product_name, destination, quantity, counter, price, hold_id, state, sn, supplier_id, cost,
                    business_day, created_at, updated_at, final_at)
SELECT order_id, reseller_id, credential_id, false, $1, 'prepaid', 'old' || n, product_id, product, product_name,
       destination, 1, 1, price, hold_id, 'success', sn, supplier_id, cost, wib_day(at), at, at, at FROM lives

-- name: insert_order_history
-- Their one step.
INSERT INTO order_history (order_id, at, from_state, to_state) SELECT order_id, at, 'pending', 'success' FROM lives

-- name: insert_attempts
-- Their one attempt; $1 is the installation's tag.
INSERT INTO attempts (id, order_id, number, supplier_id, route_id, supplier_product_code, reference, state,
                      cost_expected, cost, sn, sends, sent_at, created_at, updated_at)
SELECT attempt_id, order_id, 1, supplier_id, route_id, product, $1 || '-' || attempt_id, 'delivered', cost, cost, sn,
       1, at, at, at FROM lives

-- name: insert_callbacks
-- Their one callback.
INSERT INTO callbacks (id, order_id, reseller_id, sequence, event, format, occurred_at, snapshot, state,
                       attempts_count, delivered_at, last_status)
SELECT callback_id, order_id, reseller_id, 1, 'success', $1, at, '{}', 'delivered', 1, at, 200 FROM lives

-- name: save_balances
-- The balances after $1 orders.
UPDATE accounts a SET balance = w.balance - sold.count * p.price, version = w.version + sold.count
  FROM purses w, parents p, LATERAL (
       SELECT ($1::bigint - w.place + places.count - 1) / places.count AS count
         FROM (SELECT count(*) FROM purses) AS places) AS sold
 WHERE a.id = w.account_id

-- name: indexes
-- Every index of a table that no foreign key needs, with what makes it again.
SELECT i.relname AS name, c.conname AS of_constraint, pg_get_constraintdef(c.oid) AS constraint_says,
       pg_get_indexdef(i.oid) AS index_says
  FROM pg_index x
  JOIN pg_class i ON i.oid = x.indexrelid
  LEFT JOIN pg_constraint c ON c.conindid = i.oid AND c.contype IN ('p', 'u')
 WHERE x.indrelid = $1::text::regclass
   AND NOT EXISTS (SELECT 1 FROM pg_constraint f WHERE f.conindid = i.oid AND f.contype = 'f')
 ORDER BY c.conname NULLS LAST, i.relname
