-- name: last_day
-- What each supplier did in the last 24 hours.
SELECT s.code, count(*) FILTER (WHERE a.state = 'delivered') AS success,
       count(*) FILTER (WHERE a.state IN ('rejected', 'unavailable')) AS failed,
       count(*) FILTER (WHERE a.state = 'unknown') AS unknown,
       (percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM a.updated_at - a.sent_at))
           FILTER (WHERE a.state = 'delivered') * 1000)::integer AS median_ms
  FROM attempts a JOIN suppliers s ON s.id = a.supplier_id
 WHERE a.created_at >= clock_timestamp() - interval '24 hours'
 GROUP BY s.code

-- name: hours
-- One supplier by hour.
SELECT date_trunc('hour', created_at) AS hour, count(*) FILTER (WHERE state = 'delivered') AS success,
       count(*) FILTER (WHERE state IN ('rejected', 'unavailable')) AS failed,
       count(*) FILTER (WHERE state = 'unknown') AS unknown
  FROM attempts WHERE supplier_id = $1 AND created_at >= clock_timestamp() - interval '24 hours'
 GROUP BY 1 ORDER BY 1

-- name: reasons
-- Why it refused in the last 24 hours.
SELECT coalesce(reason, '') AS reason, count(*) AS count FROM attempts
 WHERE supplier_id = $1 AND created_at >= clock_timestamp() - interval '24 hours' AND state IN ('rejected', 'unavailable')
 GROUP BY 1 ORDER BY 2 DESC LIMIT 8

-- name: last_bad
-- Its newest attempts that went wrong or are not known.
SELECT a.order_id, a.reference, a.state::text AS state, a.reason, a.message, a.updated_at FROM attempts a
 WHERE a.supplier_id = $1 AND a.created_at >= clock_timestamp() - interval '24 hours'
   AND a.state IN ('rejected', 'unavailable', 'unknown')
 ORDER BY a.created_at DESC LIMIT 8

-- name: last_answers
-- Its newest answers, to try rules on; every kind of outcome once.
SELECT DISTINCT ON (m.outcome) m.outcome, m.answer, a.order_id
  FROM attempts a JOIN attempt_messages m ON m.attempt_id = a.id
 WHERE a.supplier_id = $1 AND a.created_at >= clock_timestamp() - interval '24 hours' AND m.answer <> ''
 ORDER BY m.outcome, m.id DESC LIMIT 8
