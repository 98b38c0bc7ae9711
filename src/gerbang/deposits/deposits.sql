-- name: lock_opening
-- Tickets are opened one after another, so that the last free total is given once and found always.
SELECT pg_advisory_xact_lock(hashtextextended('deposit_tickets', 0))

-- name: open_ticket_of
-- The reseller's ticket for this amount that is still open.
SELECT t.id FROM deposit_tickets t
 WHERE t.reseller_id = $1 AND t.testing = $2 AND t.amount = $3 AND t.state = 'open'
   AND t.valid_before > sandbox_now(t.sandboxed)

-- name: expire_tickets
-- Close the tickets whose time is up, one reseller's or everybody's ($1 null).
UPDATE deposit_tickets SET state = 'expired', closed_at = clock_timestamp(), closed_by = 'time'
 WHERE state = 'open' AND valid_before <= sandbox_now(sandboxed) AND ($1::bigint IS NULL OR reseller_id = $1)
RETURNING id

-- name: release_totals
-- Let others have the totals of tickets that closed seven days ago, some at a time.
UPDATE deposit_ticket_banks b SET reserved = false
  FROM (SELECT b.ticket_id, b.bank_account_id
          FROM deposit_ticket_banks b JOIN deposit_tickets t ON t.id = b.ticket_id
         WHERE b.reserved AND t.closed_at <= clock_timestamp() - interval '7 days'
         LIMIT 1000 FOR UPDATE OF b SKIP LOCKED) old
 WHERE b.ticket_id = old.ticket_id AND b.bank_account_id = old.bank_account_id
RETURNING b.ticket_id

-- name: unpaid_tickets_count
-- How many totals a reseller keeps from others without having paid.
SELECT count(*) FROM deposit_tickets
 WHERE reseller_id = $1 AND testing = $2 AND state <> 'paid'
   AND (closed_at IS NULL OR closed_at > clock_timestamp() - interval '7 days')

-- name: active_banks
-- The accounts that a new ticket lists.
SELECT id FROM bank_accounts WHERE active ORDER BY id

-- name: totals_taken
-- Totals between $3 and $4 that are in use on any of these banks.
SELECT DISTINCT grand_total FROM deposit_ticket_banks
 WHERE bank_account_id = ANY ($1::bigint[]) AND testing = $2 AND reserved AND grand_total BETWEEN $3 AND $4

-- name: insert_ticket
-- A new ticket; its validity runs on the clock that it lives by.
INSERT INTO deposit_tickets (reseller_id, testing, sandboxed, dialect, amount, unique_digits, fee, grand_total,
                             valid_before)
SELECT $1, $2, s.sandboxed, $3, $4, $5, $6, $7, sandbox_now(s.sandboxed) + $8 * interval '1 second'
  FROM (SELECT $2 OR r.sandboxed AS sandboxed FROM resellers r WHERE r.id = $1) s
RETURNING id

-- name: insert_ticket_banks
-- Reserve the total on every bank the ticket lists.
INSERT INTO deposit_ticket_banks (ticket_id, bank_account_id, testing, grand_total)
SELECT $1, bank, $3, $4 FROM unnest($2::bigint[]) bank

-- name: tickets
-- Tickets, newest first; every filter may be null. A ticket whose time is up shows as expired.
SELECT t.id, r.code AS reseller, t.testing, t.dialect, t.amount, t.unique_digits AS unique, t.fee, t.grand_total,
       CASE WHEN t.state = 'open' AND t.valid_before <= sandbox_now(t.sandboxed) THEN 'expired'
            ELSE t.state::text END AS state,
       t.valid_before, t.created_at, t.closed_at, t.closed_by, c.bank_line_id, c.posted_at AS credited_at,
       (SELECT jsonb_agg(jsonb_build_object('id', a.id, 'bank_name', a.bank_name, 'account_no', a.account_no,
                                            'beneficiary_name', a.beneficiary_name, 'active', a.active) ORDER BY a.id)
          FROM deposit_ticket_banks b JOIN bank_accounts a ON a.id = b.bank_account_id
         WHERE b.ticket_id = t.id) AS banks
  FROM deposit_tickets t
  JOIN resellers r ON r.id = t.reseller_id
  LEFT JOIN deposit_credits c ON c.ticket_id = t.id
 WHERE t.id < $1 AND ($2::bigint IS NULL OR t.id = $2) AND ($3::text IS NULL OR r.code = $3)
   AND ($4::text IS NULL OR t.state::text = $4)
 ORDER BY t.id DESC LIMIT $5

-- name: cancel_ticket
-- Close an open ticket by hand.
UPDATE deposit_tickets SET state = 'cancelled', closed_at = clock_timestamp(), closed_by = $2
 WHERE id = $1 AND state = 'open'
RETURNING id

-- name: reseller_by_code
-- Who a ticket or a credit is for.
SELECT id, code FROM resellers WHERE code = $1

-- name: bank_account_ids
-- Every account of ours, active or not: lines may still come.
SELECT account_no, id FROM bank_accounts

-- name: insert_lines
-- Keep what is not known yet.
INSERT INTO bank_lines (bank_account_id, identity, direction, amount, description, reference, at, at_is_day, source)
SELECT n.*, $9 FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[],
                           $7::timestamptz[], $8::boolean[]) n
ON CONFLICT ON CONSTRAINT bank_lines_known_once DO NOTHING
RETURNING id

-- name: lines_by_identity
-- What is kept under these names.
SELECT l.id, l.bank_account_id, l.identity, l.amount
  FROM unnest($1::bigint[], $2::text[]) n(bank, name)
  JOIN bank_lines l ON l.bank_account_id = n.bank AND l.identity = n.name

-- name: take_new_lines
-- Lines that nobody has judged yet, held until the end of this judgement.
SELECT id, bank_account_id, direction, amount, description, at, at_is_day
  FROM bank_lines WHERE state = 'new' ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED

-- name: lock_tickets_of_totals
-- Live tickets that ask for exactly these totals on these accounts, held in the order of their ids.
SELECT b.bank_account_id, t.id AS ticket_id, t.reseller_id, r.code AS reseller_code, t.amount, t.fee, t.grand_total,
       t.created_at,
       CASE WHEN t.state = 'open' AND t.valid_before <= sandbox_now(t.sandboxed) THEN 'expired'
            ELSE t.state::text END AS state,
       CASE WHEN t.state = 'open' AND t.valid_before <= sandbox_now(t.sandboxed) THEN clock_timestamp()
            ELSE t.closed_at END AS closed_at
  FROM (SELECT DISTINCT bank, total FROM unnest($1::bigint[], $2::bigint[]) u(bank, total)) l
  JOIN deposit_ticket_banks b ON b.bank_account_id = l.bank AND b.grand_total = l.total AND NOT b.testing
  JOIN deposit_tickets t ON t.id = b.ticket_id
  JOIN resellers r ON r.id = t.reseller_id
 ORDER BY t.id
   FOR UPDATE OF t

-- name: tickets_near_line
-- Open tickets on an account that are off by a little, or whose reseller the description names.
SELECT b.bank_account_id, t.id AS ticket_id, t.reseller_id, r.code AS reseller_code, t.amount, t.fee, t.grand_total,
       t.created_at, t.state::text AS state, t.closed_at
  FROM deposit_ticket_banks b
  JOIN deposit_tickets t ON t.id = b.ticket_id
  JOIN resellers r ON r.id = t.reseller_id
 WHERE b.bank_account_id = $1 AND NOT b.testing AND b.reserved AND t.state = 'open'
   AND t.valid_before > sandbox_now(t.sandboxed)
   AND (b.grand_total BETWEEN $2::bigint - $4::bigint AND $2::bigint + $4::bigint OR position(r.code IN upper($3::text)) > 0)
 ORDER BY abs(b.grand_total - $2::bigint) LIMIT 50

-- name: pay_tickets
-- The money is there: open tickets become paid, where they still are open and in time.
UPDATE deposit_tickets SET state = 'paid', closed_at = clock_timestamp(), closed_by = 'match'
 WHERE id = ANY ($1::bigint[]) AND state = 'open' AND valid_before > sandbox_now(sandboxed)
RETURNING id

-- name: insert_credits
-- Write the intentions down before the ledger is asked.
INSERT INTO deposit_credits (bank_line_id, line_amount, reseller_id, ticket_id, amount, fee, actor, note)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
                     $7::text[], $8::text[])

-- name: judge_lines
-- What became of each line, and why.
UPDATE bank_lines l SET state = n.state::bank_line_state, verdict = n.verdict, explanation = n.explanation
  FROM unnest($1::bigint[], $2::text[], $3::text[], $4::jsonb[]) n(id, state, verdict, explanation)
 WHERE l.id = n.id AND l.state = 'new'
RETURNING l.id

-- name: unposted_credits
-- Intentions that the ledger has not booked yet, the oldest first.
SELECT c.bank_line_id, c.amount, c.fee, c.actor, c.note, c.ticket_id, r.code AS reseller, r.account_id
  FROM deposit_credits c JOIN resellers r ON r.id = c.reseller_id
 WHERE c.posted_at IS NULL AND c.bank_line_id > $1 ORDER BY c.bank_line_id LIMIT $2

-- name: note_posted
-- The ledger has it all.
WITH done AS (
    UPDATE deposit_credits SET posted_at = clock_timestamp() WHERE bank_line_id = $1 AND posted_at IS NULL
    RETURNING bank_line_id)
UPDATE bank_lines l SET state = 'credited' FROM done WHERE l.id = done.bank_line_id AND l.state = 'crediting'
RETURNING l.id

-- name: lines
-- Bank lines, newest first; every filter may be null.
SELECT l.id, a.account_no, a.bank_name, l.direction, l.amount, l.description, l.reference, l.at, l.at_is_day, l.source,
       l.state::text AS state, l.verdict, l.explanation, l.received_at, c.ticket_id, r.code AS reseller,
       c.amount AS credited, c.fee, c.actor AS credited_by, c.posted_at AS credited_at,
       (SELECT to_jsonb(p) || jsonb_build_object('reseller', pr.code) FROM deposit_proposals p
          LEFT JOIN resellers pr ON pr.id = p.reseller_id
         WHERE p.bank_line_id = l.id AND p.state = 'waiting') AS proposal
  FROM bank_lines l
  JOIN bank_accounts a ON a.id = l.bank_account_id
  LEFT JOIN deposit_credits c ON c.bank_line_id = l.id
  LEFT JOIN resellers r ON r.id = c.reseller_id
 WHERE l.id < $1 AND ($2::bigint IS NULL OR l.id = $2) AND ($3::text IS NULL OR l.state::text = $3)
   AND ($4::text IS NULL OR a.account_no = $4)
 ORDER BY l.id DESC LIMIT $5

-- name: lines_by_id
-- How these lines stand.
SELECT id, state::text AS state, verdict, explanation FROM bank_lines WHERE id = ANY ($1::bigint[])

-- name: lock_line
-- A line, held while somebody decides about it.
SELECT id, bank_account_id, amount, state::text AS state FROM bank_lines WHERE id = $1 FOR UPDATE

-- name: lock_ticket
-- A live ticket that lists this account, held.
SELECT t.id, t.reseller_id, r.code AS reseller, t.fee, t.state::text AS state
  FROM deposit_tickets t
  JOIN resellers r ON r.id = t.reseller_id
  JOIN deposit_ticket_banks b ON b.ticket_id = t.id AND b.bank_account_id = $2
 WHERE t.id = $1 AND NOT t.testing
   FOR UPDATE OF t

-- name: pay_ticket_by_hand
-- Two persons say that this ticket is paid, however late.
UPDATE deposit_tickets SET state = 'paid', closed_at = clock_timestamp(), closed_by = $2
 WHERE id = $1 AND state <> 'paid'
RETURNING id

-- name: insert_proposal
-- What somebody thinks should be done with a line.
INSERT INTO deposit_proposals (bank_line_id, action, reseller_id, ticket_id, maker, note)
VALUES ($1, $2, $3, $4, $5, $6)
RETURNING id

-- name: lock_proposal
-- A proposal with its line, both held.
SELECT p.id, p.bank_line_id, p.action, p.reseller_id, p.ticket_id, p.state, p.maker, p.note, r.code AS reseller,
       l.amount, l.bank_account_id, l.state::text AS line_state
  FROM deposit_proposals p
  JOIN bank_lines l ON l.id = p.bank_line_id
  LEFT JOIN resellers r ON r.id = p.reseller_id
 WHERE p.id = $1
   FOR UPDATE OF p, l

-- name: decide_proposal
-- The second person has decided.
UPDATE deposit_proposals SET state = $2, checker = $3, decided_at = clock_timestamp() WHERE id = $1 AND state = 'waiting'
RETURNING id

-- name: step_queued_line
-- Take a line out of the queue.
UPDATE bank_lines SET state = $2::text::bank_line_state WHERE id = $1 AND state = 'queued' RETURNING id

-- name: proposals
-- Proposals, newest first; every filter may be null.
SELECT p.id, p.bank_line_id, p.action, r.code AS reseller, p.ticket_id, p.state, p.maker, p.note, p.made_at, p.checker,
       p.decided_at, l.amount, l.description, l.at, a.account_no
  FROM deposit_proposals p
  JOIN bank_lines l ON l.id = p.bank_line_id
  JOIN bank_accounts a ON a.id = l.bank_account_id
  LEFT JOIN resellers r ON r.id = p.reseller_id
 WHERE p.id < $1 AND ($2::bigint IS NULL OR p.id = $2) AND ($3::text IS NULL OR p.state = $3)
 ORDER BY p.id DESC LIMIT $4

-- name: insert_bank
-- An account of ours.
INSERT INTO bank_accounts (bank_name, account_no, beneficiary_name) VALUES ($1, $2, $3) RETURNING id

-- name: update_bank
-- Change what is given; the number stays.
UPDATE bank_accounts SET bank_name = coalesce($2, bank_name), beneficiary_name = coalesce($3, beneficiary_name),
       active = coalesce($4, active)
 WHERE account_no = $1
RETURNING id

-- name: banks
-- Our accounts; $1 may name one.
SELECT id, bank_name, account_no, beneficiary_name, active, created_at FROM bank_accounts
 WHERE $1::text IS NULL OR account_no = $1 ORDER BY id

-- name: save_format
-- A column map under a name.
INSERT INTO bank_line_formats (name, map) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET map = excluded.map, updated_at = now()

-- name: formats
-- Saved column maps; $1 may name one.
SELECT name, map FROM bank_line_formats WHERE $1::text IS NULL OR name = $1 ORDER BY name

-- name: save_source
-- A statement service with the secret that signs its messages; a new secret replaces the old one.
INSERT INTO bank_line_sources (name, sealed) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, active = true

-- name: close_source
-- Its messages are not believed any more.
UPDATE bank_line_sources SET active = false WHERE name = $1 RETURNING name

-- name: sources
-- Statement services, without their secrets.
SELECT name, active, created_at FROM bank_line_sources ORDER BY name

-- name: source_secret
-- What signs the messages of an active source.
SELECT sealed FROM bank_line_sources WHERE name = $1 AND active
