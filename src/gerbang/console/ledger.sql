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
