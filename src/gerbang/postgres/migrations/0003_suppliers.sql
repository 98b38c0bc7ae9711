-- Suppliers: our float there as it was read, and reconciliation with their statements.

-- --- float -----------------------------------------------------------------------------------------

CREATE FUNCTION untracked_balance(account bigint) RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (
        WITH c AS (SELECT k.balance, k.business_day FROM checkpoints k WHERE k.account_id = account
                    ORDER BY k.business_day DESC LIMIT 1)
        SELECT (coalesce((SELECT balance FROM c), 0) + coalesce((
            SELECT sum(e.amount) FROM entries e JOIN transfers t ON t.id = e.transfer_id
             WHERE e.account_id = account AND e.version IS NULL
               AND t.business_day > coalesce((SELECT business_day FROM c), '-infinity'::date)), 0))::bigint);
COMMENT ON FUNCTION untracked_balance IS 'Credit-positive rupiah of a house or float account: its checkpoint and the entries since.';

CREATE TABLE supplier_floats (
    supplier_id bigint PRIMARY KEY REFERENCES suppliers,
    ask_due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    asked_at timestamptz,
    ask_error text NOT NULL DEFAULT '',
    difference bigint,
    differing_readings integer NOT NULL DEFAULT 0,
    differs_case text NOT NULL DEFAULT '',
    low_case text NOT NULL DEFAULT ''
);
COMMENT ON COLUMN supplier_floats.difference IS 'Rupiah the supplier said above (negative: below) everything our ledger can explain; null before the first reading.';
COMMENT ON COLUMN supplier_floats.low_case IS 'Subject of the case that is open about it; empty where nothing is wrong.';

-- --- reconciliation --------------------------------------------------------------------------------

CREATE TYPE recon_kind AS ENUM ('missing_there', 'missing_here', 'amount_differs', 'serial_differs');

CREATE TABLE recon_runs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    supplier_id bigint NOT NULL REFERENCES suppliers,
    first_day date NOT NULL,
    last_day date NOT NULL,
    file_name text NOT NULL DEFAULT '',
    actor text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    lines_count bigint NOT NULL,
    lines_skipped bigint NOT NULL,
    ours_count bigint NOT NULL,
    ours_amount bigint NOT NULL,
    theirs_count bigint NOT NULL,
    theirs_amount bigint NOT NULL,
    matched bigint NOT NULL,
    differences jsonb NOT NULL,
    CONSTRAINT recon_runs_days_in_order CHECK (first_day <= last_day)
);
CREATE INDEX recon_runs_supplier ON recon_runs (supplier_id, id);

CREATE TABLE recon_differences (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    supplier_id bigint NOT NULL REFERENCES suppliers,
    reference text NOT NULL,
    kind recon_kind NOT NULL,
    first_run_id bigint NOT NULL REFERENCES recon_runs,
    last_run_id bigint NOT NULL REFERENCES recon_runs,
    line integer,
    attempt_id bigint,
    order_id bigint,
    attempt_state attempt_state,
    at timestamptz NOT NULL,
    ours_amount bigint,
    theirs_amount bigint,
    ours_sn text NOT NULL DEFAULT '',
    theirs_sn text NOT NULL DEFAULT '',
    case_id bigint REFERENCES cases,
    closed_at timestamptz,
    closed_by text NOT NULL DEFAULT '',
    resolution text NOT NULL DEFAULT '',
    UNIQUE (supplier_id, reference, kind)
);
CREATE INDEX recon_differences_open ON recon_differences (supplier_id, id) WHERE closed_at IS NULL;
CREATE INDEX recon_differences_run ON recon_differences (last_run_id, id);
COMMENT ON TABLE recon_differences IS 'One row for each reference and kind, however many statements say so: it ages from `at`.';
COMMENT ON COLUMN recon_differences.ours_amount IS 'Rupiah the order cost us by the ledger, corrections included; null where we know no such attempt.';

CREATE TABLE recon_corrections (
    supplier_id bigint NOT NULL REFERENCES suppliers,
    reference text NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    amount bigint NOT NULL CHECK (amount <> 0),
    transfer_id bigint UNIQUE,
    actor text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (supplier_id, reference, number)
);
COMMENT ON TABLE recon_corrections IS 'Written before its transfer; transfer_id follows once the ledger has it.';
COMMENT ON COLUMN recon_corrections.amount IS 'Rupiah taken from our float there; negative where it is given back.';

-- Statements ask for attempts of some days; they are stored in the order of time, so this is enough.
CREATE INDEX attempts_created ON attempts USING brin (created_at);
