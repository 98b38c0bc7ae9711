-- name: mark_days
-- Watch the days that are over, from the first that has anything in it.
INSERT INTO counted_days (subject, business_day)
SELECT f.subject, d::date
  FROM (SELECT 'orders' AS subject, (SELECT min(business_day) FROM orders) AS first
        UNION ALL
        SELECT 'cards', (SELECT wib_day(created_at) FROM payment_attempts ORDER BY id LIMIT 1)) f
 CROSS JOIN LATERAL generate_series(
       greatest(f.first, (SELECT max(c.business_day) + 1 FROM counted_days c WHERE c.subject = f.subject)),
       wib_day(clock_timestamp()) - 1, interval '1 day') d
ON CONFLICT DO NOTHING

-- name: days_to_count
-- Watched days whose sums are missing or out of date, newest first.
SELECT subject, business_day FROM counted_days WHERE counted IS DISTINCT FROM changes
 ORDER BY business_day DESC, subject LIMIT $1

-- name: count_alone
-- One node counts at a time; the lock goes with the connection.
SELECT pg_try_advisory_lock($1)

-- name: newest_writer
-- Every writer that there is now has a number below this one.
SELECT pg_snapshot_xmax(pg_current_snapshot())::text

-- name: writers_ended
-- Whether every writer with a number below this one has ended.
SELECT pg_snapshot_xmin(pg_current_snapshot()) >= $1::text::xid8

-- name: changes_of_day
-- How often a watched day changed.
SELECT changes FROM counted_days WHERE subject = $1 AND business_day = $2

-- name: day_is_counted
-- The sums are those of the day as it was when it had changed so often.
UPDATE counted_days SET counted = $3, counted_at = clock_timestamp() WHERE subject = $1 AND business_day = $2

-- name: drop_order_sums
-- Forget the sums of a day.
DELETE FROM order_day_sums WHERE business_day = $1

-- name: count_orders
-- Delivered orders of one day by product, supplier and reseller, read once.
INSERT INTO order_day_sums (business_day, dimension, name, orders, sales, cost)
SELECT $1, CASE WHEN grouping(o.product_code) = 0 THEN 'product' WHEN grouping(r.code) = 0 THEN 'reseller' ELSE 'supplier' END,
       coalesce(o.product_code, r.code, s.code, '–'), count(*), sum(o.price)::bigint, coalesce(sum(o.cost), 0)::bigint
  FROM orders o JOIN resellers r ON r.id = o.reseller_id LEFT JOIN suppliers s ON s.id = o.supplier_id
 WHERE o.business_day = $1 AND o.state = 'success' AND NOT o.testing
 GROUP BY GROUPING SETS ((o.product_code), (s.code), (r.code))

-- name: orders_by
-- Delivered orders of the days from $1 to $2 by product, supplier or reseller, the best margin first: from the sums of
-- days that are counted, and from the orders of the others.
WITH kept AS MATERIALIZED (
         SELECT business_day FROM counted_days
          WHERE subject = 'orders' AND business_day BETWEEN $1 AND $2 AND counted = changes),
     open AS MATERIALIZED (
         SELECT d::date AS business_day FROM generate_series($1::timestamp, $2::timestamp, interval '1 day') d
         EXCEPT SELECT business_day FROM kept),
     live AS (
         SELECT CASE $3 WHEN 'product' THEN o.product_code WHEN 'reseller' THEN r.code ELSE coalesce(s.code, '–') END AS name,
                count(*) AS orders, sum(o.price)::bigint AS sales, coalesce(sum(o.cost), 0)::bigint AS cost
           FROM orders o JOIN resellers r ON r.id = o.reseller_id LEFT JOIN suppliers s ON s.id = o.supplier_id
          WHERE o.business_day = ANY(ARRAY(SELECT business_day FROM open)) AND o.state = 'success' AND NOT o.testing
          GROUP BY 1)
SELECT name, sum(orders)::bigint AS orders, sum(sales)::bigint AS sales, sum(cost)::bigint AS cost
  FROM (SELECT name, orders, sales, cost FROM live
        UNION ALL
        SELECT s.name, s.orders, s.sales, s.cost
          FROM order_day_sums s WHERE s.business_day IN (SELECT business_day FROM kept) AND s.dimension = $3) parts
 GROUP BY name ORDER BY sum(sales) - sum(cost) DESC, name LIMIT $4

-- name: profit_days
-- Sales and cost by day, from the book: a sealed day is what the balances of our accounts moved by between its
-- checkpoint and the one before; other days are read from their entries. Of a bill, our margin is the sale.
WITH sealed AS MATERIALIZED (SELECT coalesce(max(business_day), '-infinity') AS day FROM seals),
     house AS (
         SELECT id, CASE WHEN code IN ('house:sales', 'house:bill_margin') THEN 'sales'
                         WHEN code = 'house:cost' THEN 'cost'
                         WHEN code IN ('house:fees', 'house:surcharges', 'house:card_fees') THEN 'fees'
                         ELSE 'other' END AS part
           FROM accounts
          WHERE code IN ('house:sales', 'house:bill_margin', 'house:cost', 'house:fees', 'house:surcharges',
                         'house:card_fees', 'house:corrections', 'house:late_success')),
     days AS (
         SELECT c.business_day AS day, h.part, c.balance - coalesce((
                    SELECT k.balance FROM checkpoints k WHERE k.account_id = c.account_id
                       AND k.business_day < c.business_day ORDER BY k.business_day DESC LIMIT 1), 0) AS amount
           FROM checkpoints c JOIN house h ON h.id = c.account_id
          WHERE c.business_day BETWEEN $1 AND $2
         UNION ALL
         SELECT t.business_day, h.part, e.amount
           FROM transfers t JOIN entries e ON e.transfer_id = t.id AND e.version IS NULL JOIN house h ON h.id = e.account_id
          WHERE t.business_day BETWEEN $1 AND $2 AND t.business_day > (SELECT day FROM sealed))
SELECT day, coalesce(sum(amount) FILTER (WHERE part = 'sales'), 0)::bigint AS sales,
       coalesce(-sum(amount) FILTER (WHERE part = 'cost'), 0)::bigint AS cost,
       coalesce(sum(amount) FILTER (WHERE part = 'fees'), 0)::bigint AS fees,
       coalesce(sum(amount) FILTER (WHERE part = 'other'), 0)::bigint AS other
  FROM days GROUP BY day HAVING count(*) FILTER (WHERE amount <> 0) > 0 ORDER BY day

-- name: drop_card_sums
-- Forget the sums of a day.
DELETE FROM card_day_sums WHERE business_day = $1

-- name: card_attempts_of_day
-- What acquirers answered on one day (WIB), by the first digits of the cards: which brand they are of, Python knows.
-- First the attempts of the day, then the payment of each, whatever the planner believes.
WITH tried AS MATERIALIZED (
         SELECT payment_id, kind, state, code, card_mask, amount FROM payment_attempts
          WHERE created_at >= $1::date::timestamp AT TIME ZONE 'Asia/Jakarta'
            AND created_at < ($1::date + 1)::timestamp AT TIME ZONE 'Asia/Jakarta'),
     sums AS (
         SELECT p.merchant_id, left(coalesce(nullif(a.card_mask, ''), p.card_mask), 4) AS digits, a.kind, a.state, a.code,
                count(*) AS attempts, sum(a.amount)::bigint AS amount
           FROM tried a
          CROSS JOIN LATERAL (SELECT x.merchant_id, x.card_mask FROM payments x
                               WHERE x.id = a.payment_id AND x.booked OFFSET 0) p
          GROUP BY 1, 2, 3, 4, 5)
SELECT m.imid, q.code AS acquirer, s.digits, s.kind::text AS kind, s.state::text AS state, s.code, s.attempts, s.amount
  FROM sums s JOIN merchants m ON m.id = s.merchant_id JOIN acquirers q ON q.id = m.acquirer_id

-- name: insert_card_sums
-- Keep the sums of a day.
INSERT INTO card_day_sums (business_day, imid, acquirer, brand, kind, state, code, attempts, amount)
SELECT $1, w.imid, w.acquirer, w.brand, w.kind::payment_attempt_kind, w.state::payment_attempt_state, w.code,
       w.attempts, w.amount
  FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::bigint[])
       AS w (imid, acquirer, brand, kind, state, code, attempts, amount)

-- name: kept_card_days
-- Days whose card sums hold.
SELECT business_day FROM counted_days
 WHERE subject = 'cards' AND business_day BETWEEN $1 AND $2 AND counted = changes

-- name: card_sums
-- The card sums of some days.
SELECT s.business_day AS day, s.imid, s.acquirer, s.brand, s.kind::text AS kind, s.state::text AS state, s.code,
       s.attempts, s.amount
  FROM card_day_sums s WHERE s.business_day = ANY($1::date[])

-- name: card_days_with
-- Which counted days have tries of cards that are asked for; every filter may be null.
SELECT DISTINCT s.business_day FROM card_day_sums s
 WHERE s.business_day = ANY($1::date[]) AND s.kind IN ('charge', 'hold', 'capture')
   AND ($2::text IS NULL OR s.imid = $2) AND ($3::text IS NULL OR s.brand = $3)
   AND ($4::text IS NULL OR s.acquirer = $4) AND ($5::text IS NULL OR s.state = 'declined' AND s.code = $5)

-- name: day_of_attempt
-- On which day a card was tried.
SELECT wib_day(created_at) FROM payment_attempts WHERE id = $1

-- name: tried_payments
-- Payments of which a card was tried on one day (WIB), by their last try on it, the newest first. First the tries, then
-- the payment of each until there are enough, whatever the planner believes.
WITH tried AS MATERIALIZED (
         SELECT id, payment_id FROM payment_attempts
          WHERE created_at >= $1::date::timestamp AT TIME ZONE 'Asia/Jakarta'
            AND created_at < ($1::date + 1)::timestamp AT TIME ZONE 'Asia/Jakarta'
            AND id < $2 AND kind IN ('charge', 'hold', 'capture') AND ($3::text IS NULL OR state = 'declined' AND code = $3)),
     last AS MATERIALIZED (SELECT max(id) AS id, payment_id FROM tried GROUP BY payment_id ORDER BY 1 DESC)
SELECT t.id AS try_id, p.*
  FROM last t
 CROSS JOIN LATERAL (
       SELECT x.id, x.txid, m.imid, x.reference, x.channel, x.sandboxed, x.booked, x.amount, x.refunded, x.kind::text,
              x.state::text, x.instalment_months, x.card_mask, x.card_brand, x.issuer_bank, x.auth_code, x.fee,
              x.failures, x.cancel_wanted, x.registered_at, x.paid_at, x.expires_at,
              x.open_attempt_id IS NOT NULL AS in_process
         FROM payments x JOIN merchants m ON m.id = x.merchant_id JOIN acquirers q ON q.id = m.acquirer_id
        WHERE x.id = t.payment_id AND x.booked
          AND ($4::text IS NULL OR m.imid = $4) AND ($5::text IS NULL OR x.card_brand = $5)
          AND ($6::text IS NULL OR q.code = $6) AND ($7::text IS NULL OR x.state = $7::text::payment_state)
       OFFSET 0) p
 ORDER BY t.id DESC LIMIT $8
