-- The book of applied migrations.

-- name: take_turn
-- Take the right to migrate, held until the connection closes; false while another node has it.
SELECT pg_try_advisory_lock(hashtextextended('gerbang.migrate', 0));

-- name: create_table
-- Make the book itself, in a database that has none.
CREATE TABLE IF NOT EXISTS schema_migrations (
    number integer PRIMARY KEY CHECK (number > 0),
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- name: list_applied
-- What this database has, in order.
SELECT number, name, sha256
  FROM schema_migrations
 ORDER BY number;

-- name: set_timeouts
-- Limits for the transaction of one migration.
SELECT set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true);

-- name: note_applied
-- Write a migration into the book, in its own transaction.
INSERT INTO schema_migrations (number, name, sha256)
VALUES ($1, $2, $3);
