-- The surcharge of a month that is over may be posted by the gateway itself.

ALTER TABLE operator_terms ADD COLUMN surcharge_day integer NOT NULL DEFAULT 0
    CONSTRAINT operator_terms_surcharge_day CHECK (surcharge_day BETWEEN 0 AND 28);
COMMENT ON COLUMN operator_terms.surcharge_day IS 'The day of the following month from which on a month''s surcharges are posted without anybody asking; 0 is never.';
