-- name: operator_terms
-- What this operator asks of everybody.
SELECT kyc_required, checklist_required, deposit_min, orders_per_month_min, surcharge_amount, surcharge_inquiries,
       surcharge_day
  FROM operator_terms

-- name: lock_operator_terms
-- The same, held until the end of the change.
SELECT to_jsonb(t) - 'only_row' AS row FROM operator_terms t FOR UPDATE

-- name: update_operator_terms
-- Write the members that $1 names.
UPDATE operator_terms t
   SET kyc_required = n.kyc_required, checklist_required = n.checklist_required, deposit_min = n.deposit_min,
       orders_per_month_min = n.orders_per_month_min, surcharge_amount = n.surcharge_amount,
       surcharge_inquiries = n.surcharge_inquiries, surcharge_day = n.surcharge_day
  FROM operator_terms o, LATERAL jsonb_populate_record(o, $1::jsonb) n
RETURNING to_jsonb(t) - 'only_row' AS row

-- name: save_reseller_terms
-- Where this reseller's terms differ.
INSERT INTO reseller_terms (reseller_id, orders_per_month_min, surcharge_exempt) VALUES ($1, $2, $3)
ON CONFLICT (reseller_id) DO UPDATE
   SET orders_per_month_min = excluded.orders_per_month_min, surcharge_exempt = excluded.surcharge_exempt

-- name: terms_of_resellers
-- Resellers with their terms and KYC, by code; every filter may be null.
SELECT r.id, r.code, r.name, r.status::text AS status, r.live, r.sandboxed, wib_day(r.created_at) AS since,
       coalesce(t.orders_per_month_min, o.orders_per_month_min) AS orders_per_month_min,
       t.orders_per_month_min AS own_orders_per_month_min, coalesce(t.surcharge_exempt, false) AS surcharge_exempt,
       o.surcharge_amount, o.surcharge_inquiries,
       CASE WHEN k.state = 'approved' AND NOT kyc_holds(r.id) THEN 'expired'
            ELSE coalesce(k.state::text, 'none') END AS kyc_state,
       k.evidence AS kyc_evidence, k.evidence_date AS kyc_date, k.valid_until AS kyc_valid_until
  FROM resellers r
 CROSS JOIN operator_terms o
  LEFT JOIN reseller_terms t ON t.reseller_id = r.id
  LEFT JOIN LATERAL (SELECT * FROM kyc_records WHERE reseller_id = r.id ORDER BY id DESC LIMIT 1) k ON true
 WHERE ($1::text IS NULL OR r.code = $1) AND r.code > $2 AND ($3::text IS NULL OR r.status = $3::reseller_status)
 ORDER BY r.code LIMIT $4

-- name: orders_of_days
-- Successful orders of some days by reseller; $3 null is everybody. Testing never counts.
SELECT reseller_id, count(*) AS count FROM orders
 WHERE business_day BETWEEN $1 AND $2 AND NOT testing AND state = 'success' AND ($3::bigint IS NULL OR reseller_id = $3)
 GROUP BY reseller_id

-- name: inquiries_of_days
-- Bills that resellers asked for on some days; further suppliers of one question are not further questions.
SELECT reseller_id, count(*) AS count FROM inquiries
 WHERE business_day BETWEEN $1 AND $2 AND NOT testing AND number = 1 AND ($3::bigint IS NULL OR reseller_id = $3)
 GROUP BY reseller_id

-- name: insert_kyc
-- One more record; the newest counts.
INSERT INTO kyc_records (reseller_id, state, evidence, evidence_date, valid_until, actor)
VALUES ($1, $2::text::kyc_state, $3, $4, $5, $6) RETURNING id

-- name: kyc_of_reseller
-- All records of a reseller, the newest first.
SELECT id, state::text AS state, evidence, evidence_date, valid_until, actor, at
  FROM kyc_records WHERE reseller_id = $1 ORDER BY id DESC LIMIT 100

-- name: take_live_away
-- Live access ends with the KYC it needed.
UPDATE resellers SET live = false, updated_at = now()
 WHERE id = $1 AND live AND (SELECT kyc_required FROM operator_terms)
RETURNING id

-- name: insert_surcharge
-- The intention to charge, before the ledger is asked; once for a reseller and month.
INSERT INTO surcharges (reseller_id, month, inquiries, days, per_inquiries, rate, amount, actor)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (reseller_id, month) DO NOTHING
RETURNING reseller_id

-- name: surcharges_of_month
-- What was charged for a month, or is about to be.
SELECT s.*, r.code, r.account_id, r.receivable_account_id FROM surcharges s JOIN resellers r ON r.id = s.reseller_id
 WHERE s.month = $1 AND ($2::bigint IS NULL OR s.reseller_id = $2) ORDER BY r.code

-- name: note_surcharge_posted
-- The ledger has it.
UPDATE surcharges SET posted_at = clock_timestamp(), paid_from = $3
 WHERE reseller_id = $1 AND month = $2 AND posted_at IS NULL

-- name: today
-- The WIB day by the database's clock.
SELECT wib_day(clock_timestamp())
