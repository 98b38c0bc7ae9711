-- The RSA key under which clients may encrypt card fields (`encrypted=1`).

CREATE TABLE card_keys (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    public_key text NOT NULL,
    public_key_sha256 text NOT NULL,
    sealed bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN card_keys.public_key IS 'Base64 of the DER form on one line, as clients take it; its SHA-256 names it.';
