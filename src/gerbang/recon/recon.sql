-- name: make_lines
-- The lines of the statement that count.
CREATE TEMP TABLE recon_lines (line integer, reference text, amount bigint, sn text, supplier_order_id text) ON COMMIT DROP

-- name: name_lines
-- Lines with only the supplier's own order id get our reference, where an attempt of these days or a week around
-- has that id; else they stand under the id.
UPDATE recon_lines l SET reference = coalesce(a.reference, 'id:' || l.supplier_order_id)
  FROM (SELECT DISTINCT supplier_order_id FROM recon_lines WHERE reference = '') wanted
  LEFT JOIN (SELECT supplier_order_id, min(reference) AS reference FROM attempts
              WHERE supplier_id = $1 AND supplier_order_id <> ''
                AND created_at >= $2::timestamptz - interval '7 days' AND created_at < $3::timestamptz + interval '7 days'
              GROUP BY supplier_order_id) a USING (supplier_order_id)
 WHERE l.reference = '' AND wanted.supplier_order_id = l.supplier_order_id

-- name: make_theirs
-- What the supplier charged for each reference; ours end with the attempt's id.
CREATE TEMP TABLE recon_theirs ON COMMIT DROP AS
SELECT reference, sum(amount)::bigint AS amount, min(line) AS line,
       coalesce((array_agg(sn ORDER BY line DESC) FILTER (WHERE sn <> ''))[1], '') AS sn,
       substring(reference FROM '-([0-9]{1,18})$')::bigint AS attempt_id
  FROM recon_lines GROUP BY reference

-- name: make_ours
-- Our attempts of the days, and those of any day that the statement names.
CREATE TEMP TABLE recon_ours ON COMMIT DROP AS
SELECT id, order_id, reference, state, created_at, sn, CASE WHEN state = 'delivered' THEN coalesce(cost, 0) ELSE 0 END AS amount
  FROM attempts WHERE created_at >= $2 AND created_at < $3 AND supplier_id = $1
 UNION ALL
SELECT a.id, a.order_id, a.reference, a.state, a.created_at, a.sn, CASE WHEN a.state = 'delivered' THEN coalesce(a.cost, 0) ELSE 0 END
  FROM recon_theirs t JOIN attempts a ON a.id = t.attempt_id AND a.reference = t.reference
 WHERE a.supplier_id = $1 AND NOT (a.created_at >= $2 AND a.created_at < $3)

-- name: make_pairs
-- Both sides of each reference; corrections that are booked count as ours.
CREATE TEMP TABLE recon_pairs ON COMMIT DROP AS
SELECT coalesce(o.reference, t.reference) AS reference, t.line, o.id AS attempt_id, o.order_id, o.state,
       o.created_at AS at, (coalesce(o.amount, 0) + coalesce(c.amount, 0))::bigint AS ours_amount,
       coalesce(t.amount, 0) AS theirs_amount, coalesce(o.sn, '') AS ours_sn, coalesce(t.sn, '') AS theirs_sn
  FROM recon_ours o
  FULL JOIN recon_theirs t ON t.reference = o.reference
  LEFT JOIN (SELECT reference, sum(amount) AS amount FROM recon_corrections
              WHERE supplier_id = $1 AND transfer_id IS NOT NULL GROUP BY reference) c
    ON c.reference = coalesce(o.reference, t.reference)

-- name: analyze_theirs
-- So that the joins are planned for what is there.
ANALYZE recon_theirs

-- name: analyze_ours
-- So that the joins are planned for what is there.
ANALYZE recon_ours

-- name: totals
-- How many references each side charges, how much, and how many are alike at first sight.
SELECT count(*) FILTER (WHERE ours_amount <> 0) AS ours_count, coalesce(sum(ours_amount), 0)::bigint AS ours_amount,
       count(*) FILTER (WHERE theirs_amount <> 0) AS theirs_count,
       coalesce(sum(theirs_amount), 0)::bigint AS theirs_amount,
       count(*) FILTER (WHERE ours_amount <> 0 AND ours_amount = theirs_amount
                          AND (ours_sn = theirs_sn OR ours_sn = '' OR theirs_sn = '')) AS alike,
       count(*) FILTER (WHERE ours_amount <> theirs_amount
                           OR (ours_amount <> 0 AND ours_sn <> theirs_sn AND ours_sn <> '' AND theirs_sn <> '')) AS unlike
  FROM recon_pairs

-- name: unlike
-- Pairs that match.py must judge.
SELECT reference, line, attempt_id, order_id, state::text AS state, at, ours_amount, theirs_amount, ours_sn, theirs_sn
  FROM recon_pairs
 WHERE ours_amount <> theirs_amount
    OR (ours_amount <> 0 AND ours_sn <> theirs_sn AND ours_sn <> '' AND theirs_sn <> '')

-- name: make_found
-- What match.py found.
CREATE TEMP TABLE recon_found (reference text, kind text) ON COMMIT DROP

-- name: insert_run
-- What a comparison came to.
INSERT INTO recon_runs (supplier_id, first_day, last_day, file_name, actor, started_at, lines_count, lines_skipped,
                        ours_count, ours_amount, theirs_count, theirs_amount, matched, differences)
VALUES ($1, $2, $3, $4, $5, now(), $6, $7, $8, $9, $10, $11, $12, $13)
RETURNING id

-- name: keep_differences
-- One row for each reference and kind; one that was closed opens again only when it changed.
INSERT INTO recon_differences AS d (supplier_id, reference, kind, first_run_id, last_run_id, line, attempt_id, order_id,
                                    attempt_state, at, ours_amount, theirs_amount, ours_sn, theirs_sn)
SELECT $1, p.reference, f.kind::recon_kind, $2, $2, p.line, p.attempt_id, p.order_id, p.state, coalesce(p.at, $3),
       p.ours_amount, p.theirs_amount, p.ours_sn, p.theirs_sn
  FROM recon_found f JOIN recon_pairs p ON p.reference = f.reference
    ON CONFLICT (supplier_id, reference, kind) DO UPDATE
   SET last_run_id = excluded.last_run_id, line = excluded.line, attempt_id = excluded.attempt_id,
       order_id = excluded.order_id, attempt_state = excluded.attempt_state, ours_amount = excluded.ours_amount,
       theirs_amount = excluded.theirs_amount, ours_sn = excluded.ours_sn, theirs_sn = excluded.theirs_sn,
       closed_at = CASE WHEN (d.ours_amount, d.theirs_amount, d.ours_sn, d.theirs_sn)
                             IS NOT DISTINCT FROM (excluded.ours_amount, excluded.theirs_amount, excluded.ours_sn, excluded.theirs_sn)
                        THEN d.closed_at END

-- name: close_gone
-- Differences of references that were compared now and do not differ any more.
UPDATE recon_differences d
   SET closed_at = clock_timestamp(), closed_by = 'gerbang', resolution = 'no longer differs', last_run_id = $2
  FROM recon_pairs p
 WHERE d.supplier_id = $1 AND d.closed_at IS NULL AND d.last_run_id <> $2 AND p.reference = d.reference

-- name: list_runs
-- Runs, newest first; the supplier may be null.
SELECT r.id, s.code AS supplier, r.first_day, r.last_day, r.file_name, r.actor, r.started_at, r.finished_at, r.lines_count,
       r.lines_skipped, r.ours_count, r.ours_amount, r.theirs_count, r.theirs_amount, r.matched, r.differences
  FROM recon_runs r JOIN suppliers s ON s.id = r.supplier_id
 WHERE r.id < $1 AND ($2::text IS NULL OR s.code = $2) AND ($3::bigint IS NULL OR r.id = $3)
 ORDER BY r.id DESC LIMIT $4

-- name: list_differences
-- Differences, oldest row first, with their age in days; every filter may be null.
SELECT d.id, s.code AS supplier, d.reference, d.kind::text AS kind, d.first_run_id, d.last_run_id, d.line, d.attempt_id,
       d.order_id, d.attempt_state::text AS attempt_state, d.at, wib_day(now()) - wib_day(d.at) AS age_days,
       d.ours_amount, d.theirs_amount, d.ours_sn, d.theirs_sn, d.case_id, d.closed_at, d.closed_by, d.resolution
  FROM recon_differences d JOIN suppliers s ON s.id = d.supplier_id
 WHERE d.id > $1 AND ($2::text IS NULL OR s.code = $2) AND ($3::text IS NULL OR d.kind = $3::recon_kind)
   AND (NOT $4 OR d.closed_at IS NULL) AND ($5::bigint IS NULL OR d.id = $5)
 ORDER BY d.id LIMIT $6

-- name: ages
-- Open differences by supplier, kind and age, with the money in them.
SELECT s.code AS supplier, d.kind::text AS kind, count(*) AS open,
       coalesce(sum(d.theirs_amount - d.ours_amount) FILTER (WHERE d.kind <> 'serial_differs'), 0)::bigint AS amount,
       count(*) FILTER (WHERE age <= 1) AS days_0_1, count(*) FILTER (WHERE age BETWEEN 2 AND 7) AS days_2_7,
       count(*) FILTER (WHERE age BETWEEN 8 AND 30) AS days_8_30, count(*) FILTER (WHERE age > 30) AS days_31
  FROM (SELECT *, wib_day(now()) - wib_day(at) AS age FROM recon_differences WHERE closed_at IS NULL) d
  JOIN suppliers s ON s.id = d.supplier_id
 WHERE $1::text IS NULL OR s.code = $1
 GROUP BY s.code, d.kind ORDER BY s.code, d.kind

-- name: lock_difference
-- A difference with what its correction needs, held until the end of the transaction.
SELECT d.id, d.supplier_id, d.reference, d.kind::text AS kind, d.ours_amount, d.theirs_amount, d.order_id, d.attempt_id,
       d.case_id, d.closed_at, s.code AS supplier, s.float_account_id, a.state::text AS attempt_state,
       (CASE WHEN a.state = 'delivered' THEN coalesce(a.cost, 0) ELSE 0 END
        + coalesce((SELECT sum(c.amount) FROM recon_corrections c
                     WHERE c.supplier_id = d.supplier_id AND c.reference = d.reference
                       AND c.transfer_id IS NOT NULL), 0))::bigint AS ours_now
  FROM recon_differences d JOIN suppliers s ON s.id = d.supplier_id LEFT JOIN attempts a ON a.id = d.attempt_id
 WHERE d.id = $1 FOR UPDATE OF d

-- name: known_corrections
-- The corrections of a reference, in order.
SELECT number, amount, transfer_id FROM recon_corrections WHERE supplier_id = $1 AND reference = $2 ORDER BY number

-- name: insert_correction
-- The intention, before the transfer.
INSERT INTO recon_corrections (supplier_id, reference, number, amount, actor) VALUES ($1, $2, $3, $4, $5)

-- name: finish_correction
-- The ledger has it.
UPDATE recon_corrections SET transfer_id = $4 WHERE supplier_id = $1 AND reference = $2 AND number = $3

-- name: close_difference
-- Done with it.
UPDATE recon_differences SET closed_at = clock_timestamp(), closed_by = $2, resolution = $3
 WHERE id = $1 AND closed_at IS NULL RETURNING id

-- name: open_case
-- Give it to a person.
INSERT INTO cases (kind, subject, order_id, attempt_id, detail) VALUES ($1, $2, $3, $4, $5) RETURNING id

-- name: note_case
-- Where it is being looked at.
UPDATE recon_differences SET case_id = $2 WHERE id = $1
