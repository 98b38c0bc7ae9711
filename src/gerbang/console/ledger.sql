-- name: accounts
-- Accounts by code with balances; every filter may be null.
SELECT a.id, a.code, a.kind::text AS kind, a.normal_side::text AS normal_side, a.tracked, a.held, a.credit_limit,
       CASE WHEN a.tracked THEN a.balance ELSE coalesce(c.balance, 0) + coalesce((
            SELECT sum(e.amount) FROM entries e JOIN transfers t ON t.id = e.transfer_id
             WHERE e.account_id = a.id AND e.version IS NULL
               AND (c.business_day IS NULL OR t.business_day > c.business_day)), 0)::bigint END AS balance
  FROM accounts a
  LEFT JOIN LATERAL (SELECT balance, business_day FROM checkpoints k WHERE k.account_id = a.id
                      ORDER BY business_day DESC LIMIT 1) c ON true
 WHERE a.code > $1 AND ($2::text IS NULL OR a.kind = $2::text::account_kind)
   AND ($3::text IS NULL OR strpos(lower(a.code), lower($3)) > 0)
 ORDER BY a.code LIMIT $4

-- name: account_at
-- A tracked account's balance at a moment: that of the last entry before it.
SELECT e.balance, e.version, t.created_at
  FROM entries e JOIN transfers t ON t.id = e.transfer_id
 WHERE e.account_id = $1 AND e.version IS NOT NULL AND t.created_at <= $2
 ORDER BY e.version DESC LIMIT 1

-- name: last_seals
-- The newest sealed days.
SELECT business_day, transfers_count, entries_count, hash FROM seals ORDER BY business_day DESC LIMIT 10

-- name: last_verification
-- The newest verification that ended, whoever ran it.
SELECT j.id, j.state::text AS state, j.result, j.error, j.finished_at, u.name
  FROM jobs j JOIN users u ON u.id = j.user_id
 WHERE j.kind = 'ledger.verify' AND j.state IN ('done', 'failed') ORDER BY j.id DESC LIMIT 1

-- name: proof
-- Figures that must agree: holds of open orders, holds in the book, what is held on accounts.
SELECT (SELECT coalesce(sum(held), 0)::bigint FROM accounts WHERE kind = 'reseller') AS held_on_accounts,
       (SELECT coalesce(sum(o.price), 0)::bigint
          FROM (SELECT order_id AS id FROM attempts WHERE due_at IS NOT NULL
                UNION SELECT id FROM orders WHERE needs_decision_at IS NOT NULL) w
          JOIN orders o ON o.id = w.id AND o.state = 'pending' AND o.hold_id IS NOT NULL) AS held_by_orders,
       (SELECT coalesce(sum(balance), 0)::bigint FROM accounts WHERE kind = 'reseller') AS owed_to_resellers,
       (SELECT coalesce(sum(credit_limit), 0)::bigint FROM accounts WHERE kind = 'reseller') AS credit_limits

-- name: profit_days
-- Sales and cost by day, from the book, for the days given; of a bill, our margin is the sale.
SELECT t.business_day AS day,
       coalesce(sum(e.amount) FILTER (WHERE a.code IN ('house:sales', 'house:bill_margin')), 0)::bigint AS sales,
       coalesce(-sum(e.amount) FILTER (WHERE a.code = 'house:cost'), 0)::bigint AS cost,
       coalesce(sum(e.amount) FILTER (WHERE a.code IN ('house:fees', 'house:surcharges', 'house:card_fees')), 0)::bigint AS fees,
       coalesce(sum(e.amount) FILTER (WHERE a.code IN ('house:corrections', 'house:late_success')), 0)::bigint AS other
  FROM accounts a
  JOIN entries e ON e.account_id = a.id AND e.version IS NULL
  JOIN transfers t ON t.id = e.transfer_id
 WHERE t.business_day BETWEEN $1 AND $2 AND a.kind = 'house' AND a.code <> 'house:opening'
 GROUP BY 1 ORDER BY 1

-- name: profit_products
-- Delivered orders of the days given, by product.
SELECT o.product_code AS name, count(*) AS orders, sum(o.price)::bigint AS sales, coalesce(sum(o.cost), 0)::bigint AS cost
  FROM orders o WHERE o.business_day = ANY($1::date[]) AND o.state = 'success' AND NOT o.testing
 GROUP BY 1 ORDER BY sum(o.price) - coalesce(sum(o.cost), 0) DESC LIMIT 100

-- name: profit_suppliers
-- Delivered orders of the days given, by supplier.
SELECT coalesce(s.code, '–') AS name, count(*) AS orders, sum(o.price)::bigint AS sales,
       coalesce(sum(o.cost), 0)::bigint AS cost
  FROM orders o LEFT JOIN suppliers s ON s.id = o.supplier_id
 WHERE o.business_day = ANY($1::date[]) AND o.state = 'success' AND NOT o.testing
 GROUP BY 1 ORDER BY sum(o.price) - coalesce(sum(o.cost), 0) DESC LIMIT 100

-- name: profit_resellers
-- Delivered orders of the days given, by reseller.
SELECT r.code AS name, count(*) AS orders, sum(o.price)::bigint AS sales, coalesce(sum(o.cost), 0)::bigint AS cost
  FROM orders o JOIN resellers r ON r.id = o.reseller_id
 WHERE o.business_day = ANY($1::date[]) AND o.state = 'success' AND NOT o.testing
 GROUP BY 1 ORDER BY sum(o.price) - coalesce(sum(o.cost), 0) DESC LIMIT 100
