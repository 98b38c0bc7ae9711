-- name: house_accounts
-- The ids of our own accounts by code.
SELECT id, code FROM accounts WHERE kind IN ('house', 'bank')

-- name: untracked_accounts
-- Accounts that carry no running balance.
SELECT id FROM accounts WHERE NOT tracked

-- name: account_by_code
-- One account.
SELECT id, code, kind::text, normal_side::text, tracked, balance, held, credit_limit, version
  FROM accounts WHERE code = $1

-- name: list_accounts
-- Accounts with their balances; those of untracked accounts are the checkpoint plus the entries since.
SELECT a.id, a.code, a.kind::text, a.normal_side::text, a.tracked, a.held, a.credit_limit,
       CASE WHEN a.tracked THEN a.balance ELSE untracked_balance(a.id) END AS balance
  FROM accounts a
 WHERE a.code > $1
 ORDER BY a.code
 LIMIT $2

-- name: statement_tracked
-- A tracked account's entries, newest first, with the balance after each.
SELECT e.transfer_id, e.amount, e.previous, e.balance, e.version, t.key, t.event, t.order_id, t.note, t.actor,
       t.business_day, t.created_at, o.reference, o.product_code, o.destination
  FROM entries e
  JOIN transfers t ON t.id = e.transfer_id
  LEFT JOIN orders o ON o.id = t.order_id
 WHERE e.account_id = $1 AND e.version IS NOT NULL AND e.version < $2
 ORDER BY e.version DESC
 LIMIT $3

-- name: statement_untracked
-- Entries of an account of our own, newest first.
SELECT e.transfer_id, e.amount, t.key, t.event, t.order_id, t.note, t.actor, t.business_day, t.created_at
  FROM entries e JOIN transfers t ON t.id = e.transfer_id
 WHERE e.account_id = $1 AND e.version IS NULL AND e.transfer_id < $2
 ORDER BY e.transfer_id DESC
 LIMIT $3

-- name: transfers_of_order
-- All transfers of an order: its hold and the end of it, the costs of its attempts, and what seldom happens.
WITH found AS (
    SELECT o.hold_id AS id FROM orders o WHERE o.id = $1
     UNION
    SELECT x.id FROM orders o JOIN transfers x ON x.pending_id = o.hold_id WHERE o.id = $1
     UNION
    SELECT x.id FROM attempts a JOIN transfers x ON x.key = 'attempt:' || a.id || ':cost' WHERE a.order_id = $1
     UNION
    SELECT x.id FROM transfers x
     WHERE x.order_id = $1 AND x.event NOT IN ('sale.hold', 'sale.post', 'sale.void', 'cost')
)
SELECT t.id, t.key, t.event, t.phase::text, t.amount, d.code AS debit, c.code AS credit, t.business_day,
       t.created_at, t.actor, t.note
  FROM found JOIN transfers t ON t.id = found.id
  JOIN accounts d ON d.id = t.debit_account_id
  JOIN accounts c ON c.id = t.credit_account_id
 ORDER BY t.id

-- name: verify_entries_sum
-- All entries together must be zero.
SELECT coalesce(sum(amount), 0)::bigint AS total, count(*) AS entries FROM entries

-- name: verify_transfers_have_entries
-- Posting transfers need their two entries, others none.
SELECT t.id, t.key, t.phase::text, t.amount, coalesce(e.sides, 0) AS sides, coalesce(e.total, 0)::bigint AS total
  FROM transfers t
  LEFT JOIN (SELECT transfer_id, count(*) AS sides, sum(amount) AS total FROM entries GROUP BY transfer_id) e
         ON e.transfer_id = t.id
 WHERE (t.phase IN ('direct', 'posted')) <> (coalesce(e.sides, 0) = 2) OR coalesce(e.total, 0) <> 0
 LIMIT 100

-- name: verify_entries_fit
-- Each entry is one side of its transfer.
SELECT e.transfer_id, e.account_id, e.amount
  FROM entries e LEFT JOIN transfers t ON t.id = e.transfer_id
 WHERE t.id IS NULL
    OR NOT ((e.account_id = t.debit_account_id AND e.amount = -t.amount)
         OR (e.account_id = t.credit_account_id AND e.amount = t.amount))
 LIMIT 100

-- name: verify_balances
-- A tracked account's balance and version equal its entries.
SELECT a.code, a.balance, coalesce(e.total, 0)::bigint AS entries_total, a.version, coalesce(e.last, 0) AS last_version,
       coalesce(e.count, 0) AS entries_count
  FROM accounts a
  LEFT JOIN (SELECT account_id, sum(amount) AS total, max(version) AS last, count(*) AS count
               FROM entries WHERE version IS NOT NULL GROUP BY account_id) e ON e.account_id = a.id
 WHERE a.tracked
   AND (a.balance <> coalesce(e.total, 0) OR a.version <> coalesce(e.last, 0) OR a.version <> coalesce(e.count, 0))
 LIMIT 100

-- name: verify_chains
-- Each entry's previous balance is the balance before it.
SELECT account_id, version, previous, before
  FROM (SELECT account_id, version, previous,
               coalesce(lag(balance) OVER (PARTITION BY account_id ORDER BY version), 0) AS before
          FROM entries WHERE version IS NOT NULL) x
 WHERE previous <> before
 LIMIT 100

-- name: verify_held
-- What is held equals the pending transfers that have no end.
SELECT a.code, a.held, coalesce(p.total, 0)::bigint AS pending_total
  FROM accounts a
  LEFT JOIN (SELECT t.debit_account_id, sum(t.amount) AS total
               FROM transfers t
              WHERE t.phase = 'pending'
                AND NOT EXISTS (SELECT 1 FROM transfers x WHERE x.pending_id = t.id)
              GROUP BY t.debit_account_id) p ON p.debit_account_id = a.id
 WHERE a.held <> coalesce(p.total, 0)
 LIMIT 100

-- name: verify_holds_are_open_orders
-- Each open hold is a pending order's, and each pending live order has its open hold.
SELECT o.id AS order_id, o.state::text, o.price, t.id AS hold_id, t.amount
  FROM (SELECT t.id, t.order_id, t.amount FROM transfers t
         WHERE t.phase = 'pending' AND NOT EXISTS (SELECT 1 FROM transfers x WHERE x.pending_id = t.id)) t
  FULL JOIN (SELECT id, state, price, hold_id FROM orders WHERE state = 'pending' AND NOT testing) o
         ON o.hold_id = t.id
 WHERE o.id IS NULL OR t.id IS NULL OR o.price <> t.amount
 LIMIT 100

-- name: verify_order_money
-- A successful order took its price, a failed one nothing; what a reseller pays late counts too. The share that he
-- gets of a bill's fee is verified with the bills.
SELECT o.id, o.state::text, o.price, coalesce(m.taken, 0)::bigint AS taken
  FROM orders o
  LEFT JOIN (SELECT t.order_id, -sum(e.amount) AS taken
               FROM transfers t JOIN entries e ON e.transfer_id = t.id
               JOIN accounts a ON a.id = e.account_id AND a.kind IN ('reseller', 'receivable')
              WHERE t.order_id IS NOT NULL AND t.event NOT LIKE 'correction%' AND t.event NOT LIKE 'bill.share%'
              GROUP BY t.order_id) m ON m.order_id = o.id
 WHERE (o.state = 'success' AND NOT o.testing AND coalesce(m.taken, 0) <> o.price)
    OR ((o.state <> 'success' OR o.testing) AND coalesce(m.taken, 0) <> 0)
 LIMIT 100

-- name: verify_bills
-- What a bill brought in went out again: to the supplier, to us and, as promised, to the reseller.
SELECT o.id, o.state::text, o.price, b.due + b.fee AS total, b.share, coalesce(m.left_over, 0)::bigint AS left_over,
       coalesce(m.shared, 0)::bigint AS shared, coalesce(m.due, 0)::bigint AS due
  FROM orders o
  LEFT JOIN bill_payments b ON b.order_id = o.id
  LEFT JOIN (SELECT t.order_id,
                    sum(CASE WHEN t.credit_account_id = h.id THEN t.amount ELSE -t.amount END) AS left_over,
                    sum(CASE t.event WHEN 'bill.share' THEN t.amount WHEN 'bill.share.reversal' THEN -t.amount END) AS shared,
                    sum(CASE t.event WHEN 'bill.due' THEN t.amount WHEN 'bill.due.reversal' THEN -t.amount END) AS due
               FROM bill_payments p
               JOIN transfers t ON t.order_id = p.order_id AND t.phase IN ('direct', 'posted')
               JOIN accounts h ON h.code = 'house:sales' AND h.id IN (t.debit_account_id, t.credit_account_id)
              GROUP BY t.order_id) m ON m.order_id = o.id
 WHERE o.kind = 'postpaid'
   AND (b.order_id IS NULL OR b.due + b.fee <> o.price OR coalesce(m.left_over, 0) <> 0
        OR (NOT o.testing AND coalesce(m.shared, 0) <> CASE o.state WHEN 'success' THEN b.share ELSE 0 END)
        OR (NOT o.testing AND coalesce(m.due, 0) <> CASE o.state WHEN 'success' THEN b.due ELSE 0 END))
 LIMIT 100

-- name: verify_bill_guards
-- A bill is guarded while a payment of it is pending, successful, or delivered at our cost, and by nothing else.
SELECT g.order_id, o.state::text, g.biller, g.customer_no, g.period, g.held
  FROM bill_guards g
  LEFT JOIN orders o ON o.id = g.order_id,
       LATERAL (SELECT o.state IN ('pending', 'success')
                       OR EXISTS (SELECT 1 FROM attempts a WHERE a.order_id = g.order_id AND a.state = 'delivered') AS paid) x
 WHERE o.id IS NULL OR o.testing OR (g.held AND NOT x.paid)
    OR (NOT g.held AND x.paid AND g.released_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM bill_guards h WHERE h.biller = g.biller AND h.customer_no = g.customer_no
                                                      AND h.period = g.period AND h.held))
 LIMIT 100

-- name: verify_limits
-- No reseller is below its credit limit.
SELECT code, balance, held, credit_limit FROM accounts
 WHERE kind = 'reseller' AND balance - held < -credit_limit LIMIT 100

-- name: verify_checkpoints
-- A checkpoint equals the entries up to its day.
SELECT c.account_id, c.business_day, c.balance, coalesce(sum(e.amount), 0)::bigint AS entries_total
  FROM (SELECT DISTINCT ON (account_id) account_id, business_day, balance FROM checkpoints
         ORDER BY account_id, business_day DESC) c
  LEFT JOIN transfers t ON t.business_day <= c.business_day
  LEFT JOIN entries e ON e.transfer_id = t.id AND e.account_id = c.account_id
 GROUP BY c.account_id, c.business_day, c.balance
HAVING c.balance <> coalesce(sum(e.amount), 0)
 LIMIT 100

-- name: counts
-- What there is to verify.
SELECT (SELECT count(*) FROM accounts) AS accounts, (SELECT count(*) FROM transfers) AS transfers,
       (SELECT count(*) FROM orders) AS orders

-- name: seals
-- All seals in order.
SELECT business_day, transfers_count, entries_count, previous_hash, hash FROM seals ORDER BY business_day

-- name: last_seal
-- The newest seal.
SELECT business_day, hash FROM seals ORDER BY business_day DESC LIMIT 1

-- name: unsealed_days
-- Days before one (WIB) that have transfers and no seal.
SELECT DISTINCT t.business_day FROM transfers t
 WHERE t.business_day < $1
   AND t.business_day > coalesce((SELECT max(business_day) FROM seals), '-infinity'::date)
 ORDER BY 1

-- name: day_lines
-- The transfers of one day as text, in id order: what the seal's hash is made of.
SELECT concat_ws('|', t.id, t.key, t.event, t.phase, t.pending_id, t.debit_account_id, t.credit_account_id, t.amount,
                 t.order_id, t.actor, t.note, extract(epoch FROM t.created_at),
                 (SELECT string_agg(concat_ws(':', e.account_id, e.amount, e.previous, e.balance, e.version), ','
                                    ORDER BY e.account_id)
                    FROM entries e WHERE e.transfer_id = t.id)) AS line,
       (SELECT count(*) FROM entries e WHERE e.transfer_id = t.id) AS entries
  FROM transfers t WHERE t.business_day = $1 ORDER BY t.id

-- name: own_the_ledger_for_an_instant
-- After this returns, every transfer of a day that is over has been committed.
SELECT pg_advisory_xact_lock($1)

-- name: today
-- The day (WIB) it is now, by the clock that dates transfers.
SELECT wib_day(clock_timestamp())

-- name: insert_seal
-- Close a day.
INSERT INTO seals (business_day, transfers_count, entries_count, previous_hash, hash) VALUES ($1, $2, $3, $4, $5)

-- name: insert_checkpoints
-- The balances of untracked accounts at the end of a sealed day: each day leaves one for every account, so what moved
-- since the last one is read once for all of them.
INSERT INTO checkpoints (account_id, business_day, balance)
WITH last AS (SELECT max(business_day) AS day FROM checkpoints),
     moved AS (
         SELECT e.account_id, sum(e.amount) AS amount
           FROM transfers t JOIN entries e ON e.transfer_id = t.id AND e.version IS NULL
          WHERE t.business_day <= $1 AND t.business_day > coalesce((SELECT day FROM last), '-infinity'::date)
          GROUP BY e.account_id)
SELECT a.id, $1, coalesce(c.balance, 0) + coalesce(m.amount, 0)
  FROM accounts a
  LEFT JOIN checkpoints c ON c.account_id = a.id AND c.business_day = (SELECT day FROM last)
  LEFT JOIN moved m ON m.account_id = a.id
 WHERE NOT a.tracked

-- name: transfer_amount_by_key
-- How much the transfer of this key moved.
SELECT amount FROM transfers WHERE key = $1

-- name: lock_collecting
-- Two credits take turns in paying one receivable.
SELECT pg_advisory_xact_lock(hashtextextended($1, 0))

-- name: write_book
-- Everything a book planned, in one round trip while its accounts are locked; gives how many balances changed.
WITH new_transfers AS (
    INSERT INTO transfers (id, key, event, phase, pending_id, debit_account_id, credit_account_id, amount, order_id,
                           actor, note)
    SELECT id, key, event, phase::transfer_phase, pending_id, debit_account_id, credit_account_id, amount, order_id,
           actor, note
      FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
                  $8::bigint[], $9::bigint[], $10::text[], $11::text[])
           AS t (id, key, event, phase, pending_id, debit_account_id, credit_account_id, amount, order_id, actor, note)
), new_entries AS (
    INSERT INTO entries (transfer_id, account_id, amount, previous, balance, version)
    SELECT * FROM unnest($12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[])
), changed AS (
    UPDATE accounts a SET balance = w.balance, held = w.held, version = w.version
      FROM unnest($18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[]) AS w (id, balance, held, version)
     WHERE a.id = w.id
    RETURNING 1
)
SELECT count(*) FROM changed

-- name: verify_payment_money
-- What we owe a merchant for each payment follows from its state: charge, less our fee, less what was given back.
SELECT p.id, p.state::text, p.amount, p.refunded, p.fee, coalesce(m.owed, 0)::bigint AS owed
  FROM payments p
  LEFT JOIN (SELECT t.note AS txid, sum(e.amount) AS owed
               FROM transfers t JOIN entries e ON e.transfer_id = t.id
               JOIN accounts a ON a.id = e.account_id AND a.kind = 'merchant'
              WHERE t.event LIKE 'card.%' AND t.event <> 'card.payout'
              GROUP BY t.note) m ON m.txid = p.txid
 WHERE coalesce(m.owed, 0) <> CASE WHEN p.booked AND p.state IN ('paid', 'settled', 'partly_refunded', 'refunded')
                                   THEN p.amount - p.refunded - p.fee ELSE 0 END
 LIMIT 100

-- name: verify_payment_attempts
-- A charged payment has one approved charge, others none; refunds add up; what is awaited is noted on its payment.
SELECT p.id, p.state::text, p.refunded, a.charges, a.refunds::bigint, p.open_attempt_id, a.open
  FROM payments p
  LEFT JOIN (SELECT payment_id,
                    count(*) FILTER (WHERE kind IN ('charge', 'hold', 'capture') AND state = 'approved') AS charges,
                    coalesce(sum(amount) FILTER (WHERE kind = 'refund' AND state = 'approved'), 0) AS refunds,
                    max(id) FILTER (WHERE state IN ('sent', 'challenged', 'unknown')) AS open
               FROM payment_attempts GROUP BY payment_id) a ON a.payment_id = p.id
 WHERE (coalesce(a.charges, 0) = 1) <> (p.state NOT IN ('initialised', 'processing', 'challenged', 'failed', 'expired'))
    OR coalesce(a.refunds, 0) <> p.refunded
    OR a.open IS DISTINCT FROM CASE WHEN p.state IN ('preauthed', 'captured') THEN a.open ELSE p.open_attempt_id END
 LIMIT 100

-- name: verify_settlements
-- Each settlement report equals what it holds.
SELECT s.id, s.day, s.gross, s.fee, s.refunded, coalesce(c.gross, 0)::bigint AS charges, coalesce(r.total, 0)::bigint AS refunds
  FROM settlements s
  LEFT JOIN (SELECT settlement_id, sum(amount) AS gross, sum(fee) AS fee, count(*) AS n FROM payments
              WHERE settlement_id IS NOT NULL GROUP BY settlement_id) c ON c.settlement_id = s.id
  LEFT JOIN (SELECT settlement_id, sum(amount) AS total FROM payment_attempts
              WHERE settlement_id IS NOT NULL GROUP BY settlement_id) r ON r.settlement_id = s.id
 WHERE s.gross > coalesce(c.gross, 0) OR s.fee > coalesce(c.fee, 0) OR s.refunded > coalesce(r.total, 0)
 LIMIT 100
