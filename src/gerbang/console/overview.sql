-- name: minutes
-- What was sent in the last half hour, by minute and how it stands now.
SELECT date_trunc('minute', created_at) AS minute,
       count(*) FILTER (WHERE state = 'delivered') AS success,
       count(*) FILTER (WHERE state IN ('rejected', 'unavailable')) AS failed,
       count(*) FILTER (WHERE state IN ('prepared', 'sending', 'accepted')) AS pending,
       count(*) FILTER (WHERE state = 'unknown') AS unknown
  FROM attempts
 WHERE created_at >= date_trunc('minute', $1::timestamptz) - interval '29 minutes'
 GROUP BY 1 ORDER BY 1

-- name: suppliers
-- How each supplier did in the last half hour; the time is from sending to the last word.
SELECT s.id, s.code, s.name, s.status::text AS status, coalesce(a.success, 0) AS success, coalesce(a.failed, 0) AS failed,
       coalesce(a.open, 0) AS open, coalesce(a.unknown, 0) AS unknown, a.median_ms, a.p95_ms
  FROM suppliers s
  LEFT JOIN (
       SELECT supplier_id,
              count(*) FILTER (WHERE state = 'delivered') AS success,
              count(*) FILTER (WHERE state IN ('rejected', 'unavailable')) AS failed,
              count(*) FILTER (WHERE state IN ('prepared', 'sending', 'accepted')) AS open,
              count(*) FILTER (WHERE state = 'unknown') AS unknown,
              (percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM updated_at - sent_at))
                  FILTER (WHERE state = 'delivered') * 1000)::integer AS median_ms,
              (percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM updated_at - sent_at))
                  FILTER (WHERE state = 'delivered') * 1000)::integer AS p95_ms
         FROM attempts WHERE created_at >= $1::timestamptz - interval '30 minutes' GROUP BY supplier_id) a
    ON a.supplier_id = s.id
 ORDER BY s.status, s.code

-- name: pending_ages
-- Orders that are not final, by how long they wait.
SELECT count(*) FILTER (WHERE age < interval '1 minute') AS under_1_min,
       count(*) FILTER (WHERE age >= interval '1 minute' AND age < interval '5 minutes') AS under_5_min,
       count(*) FILTER (WHERE age >= interval '5 minutes' AND age < interval '30 minutes') AS under_30_min,
       count(*) FILTER (WHERE age >= interval '30 minutes') AS longer,
       count(*) AS all_waiting, min(created_at) AS oldest
  FROM (SELECT o.created_at, clock_timestamp() - o.created_at AS age
          FROM (SELECT order_id AS id FROM attempts WHERE due_at IS NOT NULL
                UNION SELECT id FROM orders WHERE needs_decision_at IS NOT NULL) w
          JOIN orders o ON o.id = w.id AND o.state = 'pending') p

-- name: counters
-- What waits for a person or for somebody else.
SELECT (SELECT count(*) FROM orders WHERE needs_decision_at IS NOT NULL AND state = 'pending') AS to_decide,
       (SELECT count(*) FROM callbacks WHERE due_at IS NOT NULL) AS callbacks_waiting,
       (SELECT min(occurred_at) FROM callbacks WHERE due_at IS NOT NULL) AS callbacks_oldest,
       (SELECT count(*) FROM cases WHERE closed_at IS NULL) AS cases_open,
       (SELECT count(*) FROM deposit_proposals WHERE state = 'waiting') AS deposits_to_check,
       (SELECT count(*) FROM bank_lines WHERE state = 'queued') AS lines_queued

-- name: alarms
-- The newest open cases.
SELECT c.id, c.kind, c.subject, c.order_id, c.opened_at, o.reference
  FROM (SELECT * FROM cases WHERE closed_at IS NULL ORDER BY id DESC LIMIT 8) c
  LEFT JOIN orders o ON o.id = c.order_id
 ORDER BY c.id DESC

-- name: sales
-- Sales and cost of one business day up to a moment: what was booked, from the book. Of a bill,
-- whose price passes through to the biller, our margin is the sale.
SELECT coalesce(sum(e.amount) FILTER (WHERE a.code IN ('house:sales', 'house:bill_margin')), 0)::bigint AS sales,
       coalesce(-sum(e.amount) FILTER (WHERE a.code = 'house:cost'), 0)::bigint AS cost,
       count(*) FILTER (WHERE a.code = 'house:sales' AND e.amount > 0) AS orders
  FROM transfers t JOIN entries e ON e.transfer_id = t.id JOIN accounts a ON a.id = e.account_id
 WHERE t.business_day = $1 AND t.created_at <= $2 AND t.phase IN ('direct', 'posted')
   AND a.code IN ('house:sales', 'house:cost', 'house:bill_margin')
