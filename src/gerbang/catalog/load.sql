-- The statements of the loader: what changed since a snapshot that it remembers.

-- name: changes
-- Which tables have rows that the snapshot $1 did not see, in one round trip.
-- Rows of the future (their xid came with a backup of another cluster) are not changes.
SELECT now.snapshot::text AS snapshot,
       pg_snapshot_xmax(now.snapshot)::text AS bound,
       EXISTS (SELECT 1 FROM categories
                WHERE changed_xid >= pg_snapshot_xmin($1::text::pg_snapshot)) AS categories
  FROM (SELECT pg_current_snapshot() AS snapshot) now;
