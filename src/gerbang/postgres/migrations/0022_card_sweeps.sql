-- What the sweep of cards looks for twice a second is found without reading all attempts.

CREATE INDEX payment_attempts_unsettled_refunds ON payment_attempts (payment_id, id)
 WHERE kind = 'refund' AND state = 'approved' AND settlement_id IS NULL;
