-- A reseller's terms: who it is (KYC), a monthly minimum of orders, a surcharge for those that only ask for bills.

CREATE TABLE operator_terms (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    kyc_required boolean NOT NULL DEFAULT false,
    checklist_required boolean NOT NULL DEFAULT false,
    deposit_min bigint NOT NULL DEFAULT 100000 CHECK (deposit_min >= 0),
    orders_per_month_min integer NOT NULL DEFAULT 1000 CHECK (orders_per_month_min >= 0),
    surcharge_amount bigint NOT NULL DEFAULT 100000 CHECK (surcharge_amount >= 0),
    surcharge_inquiries integer NOT NULL DEFAULT 1000 CHECK (surcharge_inquiries > 0)
);
COMMENT ON TABLE operator_terms IS 'What this operator asks of its resellers; one row.';
COMMENT ON COLUMN operator_terms.surcharge_amount IS 'Rupiah a month for each started surcharge_inquiries of the mean daily inquiries.';
INSERT INTO operator_terms DEFAULT VALUES;
CREATE TRIGGER operator_terms_never_deleted BEFORE DELETE OR TRUNCATE ON operator_terms
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE reseller_terms (
    reseller_id bigint PRIMARY KEY REFERENCES resellers,
    orders_per_month_min integer CHECK (orders_per_month_min >= 0),
    surcharge_exempt boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE reseller_terms IS 'Where a reseller''s terms differ; no row and null mean the operator''s.';

CREATE TYPE kyc_state AS ENUM ('submitted', 'approved', 'rejected', 'revoked');

CREATE TABLE kyc_records (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reseller_id bigint NOT NULL REFERENCES resellers,
    state kyc_state NOT NULL,
    evidence text NOT NULL CHECK (btrim(evidence) <> ''),
    evidence_date date NOT NULL,
    valid_until date,
    actor text NOT NULL CHECK (actor <> ''),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT kyc_records_valid_after_evidence CHECK (valid_until >= evidence_date),
    CONSTRAINT kyc_records_evidence_is_not_of_the_future CHECK (evidence_date <= wib_day(at))
);
COMMENT ON TABLE kyc_records IS 'Who the reseller is, by what evidence; the newest record counts.';
CREATE INDEX kyc_records_reseller ON kyc_records (reseller_id, id);
CREATE TRIGGER kyc_records_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON kyc_records
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION kyc_holds(who bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT state = 'approved' AND coalesce(valid_until >= wib_day(clock_timestamp()), true)
                       FROM kyc_records WHERE reseller_id = who ORDER BY id DESC LIMIT 1), false)
$$;

CREATE FUNCTION check_live() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (TG_OP = 'INSERT' OR NOT OLD.live) AND (SELECT kyc_required FROM operator_terms) AND NOT kyc_holds(NEW.id) THEN
        RAISE EXCEPTION 'live access needs an approved KYC record' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER resellers_live_needs_kyc BEFORE INSERT OR UPDATE OF live ON resellers
    FOR EACH ROW WHEN (NEW.live) EXECUTE FUNCTION check_live();

CREATE TABLE surcharges (
    reseller_id bigint NOT NULL REFERENCES resellers,
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    inquiries bigint NOT NULL CHECK (inquiries > 0),
    days integer NOT NULL CHECK (days BETWEEN 28 AND 31),
    per_inquiries integer NOT NULL CHECK (per_inquiries > 0),
    rate bigint NOT NULL CHECK (rate > 0),
    amount bigint NOT NULL,
    paid_from text CHECK (paid_from IN ('balance', 'receivable')),
    actor text NOT NULL,
    intended_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    posted_at timestamptz,
    PRIMARY KEY (reseller_id, month),
    CONSTRAINT surcharges_month_is_over CHECK ((month + interval '1 month')::date <= wib_day(intended_at)),
    CONSTRAINT surcharges_each_started_step
        CHECK (amount = (inquiries + days::bigint * per_inquiries - 1) / (days::bigint * per_inquiries) * rate),
    CONSTRAINT surcharges_posted_from_somewhere CHECK ((posted_at IS NULL) = (paid_from IS NULL))
);
COMMENT ON TABLE surcharges IS 'The intention to charge, committed before the ledger is asked; once for a reseller and month.';
CREATE INDEX surcharges_unposted ON surcharges (month) WHERE posted_at IS NULL;
CREATE TRIGGER surcharges_never_deleted BEFORE DELETE OR TRUNCATE ON surcharges
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
