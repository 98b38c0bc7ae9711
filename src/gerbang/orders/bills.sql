-- name: lock_bills
-- Payments of one bill, and of one inquiry, take turns until their commit; always in one order.
SELECT pg_advisory_xact_lock(x.hash)
  FROM (SELECT DISTINCT hashtextextended(k.key, 5) AS hash
          FROM (SELECT 'session:' || s AS key FROM unnest($2::bigint[]) s
                UNION ALL
                SELECT concat_ws('|', 'bill', n.biller, n.customer_no, n.period)
                  FROM unnest($3::text[], $4::text[], $5::text[]) AS n (biller, customer_no, period)
                UNION ALL
                SELECT concat_ws('|', 'bill', g.biller, g.customer_no, g.period)
                  FROM bill_guards g WHERE g.order_id = ANY($1::bigint[])) k
         ORDER BY 1 OFFSET 0) x

-- name: bill_parts
-- What the money of these payments is made of.
SELECT order_id, due, fee, share, supplier_total FROM bill_payments WHERE order_id = ANY($1::bigint[])

-- name: sessions_used
-- Which of these inquiries were paid or tried already.
SELECT b.session_id, o.state::text FROM bill_payments b JOIN orders o ON o.id = b.order_id
 WHERE b.session_id = ANY($1::bigint[])

-- name: guards_held
-- Which of these bills are paid, or being paid.
SELECT biller, customer_no, period
  FROM unnest($1::text[], $2::text[], $3::text[]) AS w (biller, customer_no, period)
  JOIN bill_guards g USING (biller, customer_no, period)
 WHERE g.held

-- name: insert_payments
-- What new payments are made of; the order shows its bill from the first moment on.
WITH paid AS (
    INSERT INTO bill_payments (order_id, session_id, inquiry_id, due, fee, share, supplier_total)
    SELECT order_id, session_id, inquiry_id, due, fee, share, supplier_total
      FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
        AS w (order_id, session_id, inquiry_id, due, fee, share, supplier_total)
)
UPDATE orders o SET data = w.data FROM unnest($1::bigint[], $8::jsonb[]) AS w (id, data) WHERE o.id = w.id

-- name: insert_guards
-- From now on these periods of these customers are paid.
INSERT INTO bill_guards (order_id, biller, customer_no, period)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[])

-- name: free_guards
-- A payment that failed or was reversed lets go of its bill, unless a supplier delivered it all the same.
UPDATE bill_guards g SET held = false
  FROM orders o
 WHERE o.id = g.order_id AND g.order_id = ANY($1::bigint[]) AND g.held AND o.state NOT IN ('pending', 'success')
   AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.order_id = g.order_id AND a.state = 'delivered')

-- name: hold_guards
-- What was delivered late is guarded again as soon as no other payment of the bill holds it: these payments, or others of the same bills.
UPDATE bill_guards h SET held = true
  FROM (SELECT DISTINCT ON (p.biller, p.customer_no, p.period) p.order_id, p.period
          FROM bill_guards g
          JOIN bill_guards p USING (biller, customer_no, period)
          JOIN orders o ON o.id = p.order_id
         WHERE g.order_id = ANY($1::bigint[]) AND NOT p.held AND p.released_at IS NULL
           AND (o.state IN ('pending', 'success')
                OR EXISTS (SELECT 1 FROM attempts a WHERE a.order_id = p.order_id AND a.state = 'delivered'))
           AND NOT EXISTS (SELECT 1 FROM bill_guards x WHERE x.biller = p.biller AND x.customer_no = p.customer_no
                                                         AND x.period = p.period AND x.held)
         ORDER BY p.biller, p.customer_no, p.period, p.order_id) w
 WHERE h.order_id = w.order_id AND h.period = w.period
