-- name: count_orders
-- Orders of one WIB day by reseller, over the index by day. Testing orders move no money and do not count.
SELECT reseller_id, count(*) AS count FROM orders WHERE business_day = $1 AND NOT testing GROUP BY reseller_id
