-- Files that prove what somebody says in a case: a screenshot, a receipt.

CREATE TABLE case_files (
    case_id bigint NOT NULL REFERENCES cases,
    number smallint NOT NULL CHECK (number BETWEEN 1 AND 5),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    type text NOT NULL CHECK (type IN ('image/png', 'image/jpeg', 'image/webp', 'application/pdf')),
    content bytea NOT NULL CHECK (octet_length(content) BETWEEN 1 AND 2000000),
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    added_by text NOT NULL CHECK (added_by <> ''),
    added_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (case_id, number)
);
COMMENT ON COLUMN case_files.type IS 'What its first bytes say, not what the sender said.';
CREATE TRIGGER case_files_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON case_files
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
