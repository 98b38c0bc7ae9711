-- name: write_book_entries
-- What the issuer does, each reference once; asked for again, it is only counted.
INSERT INTO sandbox_issuer_book AS b (reference, kind, of_reference, amount, outcome)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::jsonb[])
ON CONFLICT (reference) DO UPDATE SET heard = b.heard + 1
RETURNING reference, outcome, heard, pg_current_xact_id()::text AS xact_id

-- name: outcome_of
-- What became of a charge or hold.
SELECT outcome FROM sandbox_issuer_book WHERE reference = $1
