-- name: accounts
-- Accounts by code with balances; every filter may be null. What moved since the last sealed day is read once for all
-- untracked accounts, and not at all where none is shown: first the transfers, then the entries of each.
WITH last AS MATERIALIZED (SELECT max(business_day) AS day FROM checkpoints),
     since AS MATERIALIZED (
         SELECT t.id FROM transfers t WHERE t.business_day > coalesce((SELECT day FROM last), '-infinity'::date)),
     moved AS MATERIALIZED (
         SELECT e.account_id, sum(e.amount)::bigint AS amount
           FROM since
          CROSS JOIN LATERAL (SELECT x.account_id, x.amount FROM entries x
                               WHERE x.transfer_id = since.id AND x.version IS NULL OFFSET 0) e
          GROUP BY 1)
SELECT a.id, a.code, a.kind::text AS kind, a.normal_side::text AS normal_side, a.tracked, a.held, a.credit_limit,
       CASE WHEN a.tracked THEN a.balance
            ELSE coalesce((SELECT k.balance FROM checkpoints k
                            WHERE k.account_id = a.id AND k.business_day = (SELECT day FROM last)), 0)
                 + coalesce((SELECT w.amount FROM moved w WHERE w.account_id = a.id), 0) END AS balance
  FROM accounts a
 WHERE a.code > $1 AND ($2::text IS NULL OR a.kind = $2::text::account_kind)
   AND ($3::text IS NULL OR strpos(lower(a.code), lower($3)) > 0)
 ORDER BY a.code LIMIT $4

-- name: account_at
-- A tracked account's balance at a moment: that of the last entry before it.
SELECT e.balance, e.version, t.created_at
  FROM entries e JOIN transfers t ON t.id = e.transfer_id
 WHERE e.account_id = $1 AND e.version IS NOT NULL AND t.created_at <= $2
 ORDER BY e.version DESC LIMIT 1

-- name: untracked_at
-- An untracked account's balance at a moment: its checkpoint before that day, and what moved from there on. First the
-- transfers, then the entry of each.
WITH c AS MATERIALIZED (
         SELECT k.balance, k.business_day FROM checkpoints k
          WHERE k.account_id = $1 AND k.business_day < wib_day($2) ORDER BY k.business_day DESC LIMIT 1),
     since AS MATERIALIZED (
         SELECT t.id FROM transfers t
          WHERE t.business_day > coalesce((SELECT business_day FROM c), '-infinity'::date)
            AND t.business_day <= wib_day($2) AND t.created_at <= $2)
SELECT (coalesce((SELECT balance FROM c), 0) + coalesce((
        SELECT sum(e.amount) FROM since
         CROSS JOIN LATERAL (SELECT x.amount FROM entries x
                              WHERE x.transfer_id = since.id AND x.account_id = $1 AND x.version IS NULL OFFSET 0) e), 0)
       )::bigint AS balance

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

-- name: journal
-- All accounts together, which is nothing where every transfer has both its sides: tracked balances as they are kept,
-- untracked ones from the last checkpoint and what moved since. And the bank: lines that are credited, credits posted.
WITH last AS MATERIALIZED (SELECT max(business_day) AS day FROM checkpoints),
     since AS MATERIALIZED (
         SELECT t.id FROM transfers t WHERE t.business_day > coalesce((SELECT day FROM last), '-infinity'::date))
SELECT (SELECT coalesce(sum(balance), 0)::bigint FROM accounts WHERE tracked) AS tracked,
       (SELECT coalesce(sum(k.balance), 0) FROM checkpoints k WHERE k.business_day = (SELECT day FROM last))::bigint
       + coalesce((SELECT sum(e.amount) FROM since
                    CROSS JOIN LATERAL (SELECT x.amount FROM entries x
                                         WHERE x.transfer_id = since.id AND x.version IS NULL OFFSET 0) e), 0)::bigint
           AS untracked,
       (SELECT coalesce(sum(amount), 0)::bigint FROM bank_lines WHERE state = 'credited') AS lines_credited,
       (SELECT coalesce(sum(line_amount), 0)::bigint FROM deposit_credits WHERE posted_at IS NOT NULL) AS credits_posted
