-- name: deposit_of_payment
-- The deposit by card that a payment fills, if it is one.
SELECT d.id, d.state::text AS state, d.taken_back, r.code AS reseller
  FROM card_deposits d JOIN payments p ON p.id = d.payment_id JOIN resellers r ON r.id = d.reseller_id
 WHERE p.txid = $1
