-- name: export_these
-- Orders by their numbers, in the order that they were asked for.
SELECT o.id, o.created_at, o.final_at, o.reference, r.code AS reseller, o.dialect, o.product_code, o.product_name,
       o.destination, o.quantity, o.counter, o.price, o.cost, o.state::text AS state, o.reason, o.sn,
       s.code AS supplier, o.testing
  FROM unnest($1::bigint[]) WITH ORDINALITY AS w(id, place)
  JOIN orders o ON o.id = w.id
  JOIN resellers r ON r.id = o.reseller_id LEFT JOIN suppliers s ON s.id = o.supplier_id
 ORDER BY w.place

-- name: search_ids
-- Every order that a search means, newest first, older than $7; each part goes through an index.
SELECT id FROM (
    SELECT id FROM orders WHERE id = $2::bigint
    UNION
    SELECT o.id FROM resellers r
      CROSS JOIN unnest(ARRAY[false, true]) AS t(testing)
      CROSS JOIN LATERAL (SELECT id FROM orders WHERE reseller_id = r.id AND testing = t.testing AND reference = $1) o
    UNION
    SELECT id FROM orders WHERE business_day = ANY($3::date[]) AND destination = ANY($5::text[])
    UNION
    SELECT id FROM orders WHERE business_day = ANY($4::date[]) AND sn = $1 AND $6::boolean) found
 WHERE id < $7 ORDER BY id DESC LIMIT $8

-- name: export_page
-- Orders newest first, with everything a spreadsheet wants.
SELECT o.id, o.created_at, o.final_at, o.reference, r.code AS reseller, o.dialect, o.product_code, o.product_name,
       o.destination, o.quantity, o.counter, o.price, o.cost, o.state::text AS state, o.reason, o.sn,
       s.code AS supplier, o.testing
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
