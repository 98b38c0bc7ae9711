-- name: acquirers_beyond
-- Our merchant accounts at acquirers, with what changes when one is changed.
SELECT id, code, base_url, sealed, settings, changed_xid::text AS version FROM acquirers WHERE kind = 'nicepay'

-- name: attempt_of_reference
-- The attempt that an acquirer knows by this reference.
SELECT a.id, a.payment_id, p.txid, a.state IN ('sent', 'challenged', 'unknown') AS open
  FROM payment_attempts a JOIN payments p ON p.id = a.payment_id WHERE a.reference = $1
