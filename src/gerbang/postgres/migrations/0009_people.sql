-- People who sign in to the console and the portal, their sessions, and work that runs in the background.

CREATE TABLE users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    username text NOT NULL UNIQUE CHECK (username ~ '^[a-z0-9][a-z0-9._@+-]{1,63}$'),
    name text NOT NULL CHECK (name <> ''),
    role text NOT NULL CHECK (role IN ('owner', 'finance', 'support', 'viewer', 'reseller')),
    reseller_id bigint REFERENCES resellers,
    password_hash text NOT NULL,
    password_temporary boolean NOT NULL DEFAULT false,
    totp_sealed bytea,
    totp_step bigint NOT NULL DEFAULT 0,
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_portal_has_reseller CHECK ((role = 'reseller') = (reseller_id IS NOT NULL))
);
COMMENT ON COLUMN users.password_hash IS 'argon2id.';
COMMENT ON COLUMN users.password_temporary IS 'Somebody else chose it: a new one is asked for at the next sign-in.';
COMMENT ON COLUMN users.totp_sealed IS 'The second factor''s secret, sealed; empty where there is none.';
COMMENT ON COLUMN users.totp_step IS 'The newest time step whose code was used: no code works twice.';
CREATE INDEX users_reseller ON users (reseller_id) WHERE reseller_id IS NOT NULL;
CREATE TRIGGER users_never_deleted BEFORE DELETE OR TRUNCATE ON users
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE recovery_codes (
    user_id bigint NOT NULL REFERENCES users,
    code_hash text NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (user_id, code_hash)
);
COMMENT ON TABLE recovery_codes IS 'Each replaces the second factor once; kept as SHA-256.';

CREATE TABLE user_sessions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_hash text NOT NULL UNIQUE,
    user_id bigint NOT NULL REFERENCES users,
    realm text NOT NULL CHECK (realm IN ('console', 'portal')),
    second_factor_due boolean NOT NULL,
    ip text NOT NULL,
    user_agent text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    ended_at timestamptz
);
COMMENT ON TABLE user_sessions IS 'The cookie carries a random token; here is its SHA-256.';
CREATE INDEX user_sessions_user ON user_sessions (user_id, id) WHERE ended_at IS NULL;

CREATE TABLE sign_in_failures (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    username text NOT NULL,
    ip text NOT NULL
);
CREATE INDEX sign_in_failures_username ON sign_in_failures (username, at);
CREATE INDEX sign_in_failures_ip ON sign_in_failures (ip, at);

CREATE TABLE console_networks (
    network cidr PRIMARY KEY,
    note text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE console_networks IS 'From where the console may be used; empty means from everywhere.';

CREATE TYPE job_state AS ENUM ('running', 'done', 'failed', 'interrupted', 'cancelled');

CREATE TABLE jobs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    realm text NOT NULL CHECK (realm IN ('console', 'portal')),
    user_id bigint NOT NULL REFERENCES users,
    kind text NOT NULL,
    title text NOT NULL,
    state job_state NOT NULL DEFAULT 'running',
    done bigint NOT NULL DEFAULT 0,
    total bigint,
    result jsonb NOT NULL DEFAULT '{}',
    error text NOT NULL DEFAULT '',
    file_name text NOT NULL DEFAULT '',
    file_type text NOT NULL DEFAULT '',
    node text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    beat_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    CONSTRAINT jobs_finished_has_time CHECK ((state = 'running') = (finished_at IS NULL))
);
COMMENT ON COLUMN jobs.beat_at IS 'When its node last said that it works on it: one that is silent is interrupted.';
CREATE INDEX jobs_user ON jobs (user_id, id);
CREATE INDEX jobs_running ON jobs (beat_at) WHERE state = 'running';

CREATE TABLE job_chunks (
    job_id bigint NOT NULL REFERENCES jobs ON DELETE CASCADE,
    number integer NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (job_id, number)
);
COMMENT ON TABLE job_chunks IS 'The file a job made, in pieces; taken away a day later.';
