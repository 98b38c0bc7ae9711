-- name: search
-- Orders by id, reference, destination, or serial number of the last days; every part goes through an index.
WITH found AS (
    SELECT id FROM orders WHERE id = $2::bigint
    UNION
    SELECT o.id FROM resellers r
      CROSS JOIN unnest(ARRAY[false, true]) AS t(testing)
      CROSS JOIN LATERAL (SELECT id FROM orders WHERE reseller_id = r.id AND testing = t.testing AND reference = $1) o
    UNION
    SELECT o.id FROM unnest($3::date[]) AS d(day)
      CROSS JOIN LATERAL (SELECT id FROM orders WHERE business_day = d.day AND destination = ANY($5::text[])
                           ORDER BY id DESC LIMIT 50) o
    UNION
    SELECT id FROM orders WHERE business_day = ANY($4::date[]) AND sn = $1 AND $6::boolean
)
SELECT o.id, o.reference, o.testing, o.dialect, o.product_code, o.product_name, o.destination, o.quantity, o.counter,
       o.price, o.cost, o.state::text AS state, o.reason, o.sn, o.created_at, o.final_at, o.needs_decision_at,
       r.code AS reseller_code, s.code AS supplier_code
  FROM found f JOIN orders o ON o.id = f.id
  JOIN resellers r ON r.id = o.reseller_id LEFT JOIN suppliers s ON s.id = o.supplier_id
 ORDER BY o.id DESC LIMIT 50

-- name: waiting
-- Orders that are not final, oldest first: those whose attempt is due some time, and those that wait for a person.
SELECT o.id, o.reference, o.testing, o.dialect, o.product_code, o.product_name, o.destination, o.quantity, o.counter,
       o.price, o.cost, o.state::text AS state, o.reason, o.sn, o.created_at, o.final_at, o.needs_decision_at,
       r.code AS reseller_code, s.code AS supplier_code
  FROM (SELECT order_id AS id FROM attempts WHERE due_at IS NOT NULL
        UNION SELECT id FROM orders WHERE needs_decision_at IS NOT NULL) w
  JOIN orders o ON o.id = w.id AND o.state = 'pending'
  JOIN resellers r ON r.id = o.reseller_id
  LEFT JOIN attempts a ON a.order_id = o.id AND a.number = (SELECT max(number) FROM attempts x WHERE x.order_id = o.id)
  LEFT JOIN suppliers s ON s.id = a.supplier_id
 WHERE ($1::bigint IS NULL OR o.reseller_id = $1) AND ($2::bigint IS NULL OR a.supplier_id = $2)
   AND (NOT $3::boolean OR o.needs_decision_at IS NOT NULL) AND o.id > $4
   AND ($6::text IS NULL OR o.product_code = $6) AND ($7::boolean IS NULL OR o.testing = $7)
   AND ($8::date IS NULL OR o.business_day >= $8) AND ($9::date IS NULL OR o.business_day <= $9)
   AND ($10::interval IS NULL OR clock_timestamp() - o.created_at >= $10)
   AND ($11::interval IS NULL OR clock_timestamp() - o.created_at < $11)
 ORDER BY o.id LIMIT $5

-- name: filtered
-- Orders newest first; every filter may be null. Newer than the day's first order, as far as it is known.
SELECT o.id, o.reference, o.testing, o.dialect, o.product_code, o.product_name, o.destination, o.quantity, o.counter,
       o.price, o.cost, o.state::text AS state, o.reason, o.sn, o.created_at, o.final_at, o.needs_decision_at,
       r.code AS reseller_code, s.code AS supplier_code
  FROM orders o JOIN resellers r ON r.id = o.reseller_id LEFT JOIN suppliers s ON s.id = o.supplier_id
 WHERE ($1::bigint IS NULL OR o.reseller_id = $1)
   AND ($2::text IS NULL OR o.state = $2::text::order_state)
   AND ($3::bigint IS NULL OR o.supplier_id = $3)
   AND ($4::text IS NULL OR o.product_code = $4)
   AND ($5::boolean IS NULL OR o.testing = $5)
   AND ($6::date IS NULL OR o.business_day >= $6)
   AND ($7::date IS NULL OR o.business_day <= $7)
   AND o.id < $8
 ORDER BY o.id DESC LIMIT $9

-- name: filtered_days
-- The same within a few days: first the days by their index, then the newest of them.
SELECT o.id, o.reference, o.testing, o.dialect, o.product_code, o.product_name, o.destination, o.quantity, o.counter,
       o.price, o.cost, o.state::text AS state, o.reason, o.sn, o.created_at, o.final_at, o.needs_decision_at,
       r.code AS reseller_code, s.code AS supplier_code
  FROM (SELECT * FROM orders
         WHERE business_day = ANY($6::date[])
           AND ($1::bigint IS NULL OR reseller_id = $1) AND ($2::text IS NULL OR state = $2::text::order_state)
           AND ($3::bigint IS NULL OR supplier_id = $3) AND ($4::text IS NULL OR product_code = $4)
           AND ($5::boolean IS NULL OR testing = $5) AND id < $7
         ORDER BY id + 0 DESC LIMIT $8) o
  JOIN resellers r ON r.id = o.reseller_id LEFT JOIN suppliers s ON s.id = o.supplier_id
 ORDER BY o.id DESC
