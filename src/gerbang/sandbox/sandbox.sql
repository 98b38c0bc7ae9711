-- name: move_clock
-- Move the sandbox clock forward; gives the new offset.
UPDATE installation SET sandbox_clock_offset_s = sandbox_clock_offset_s + $1 RETURNING sandbox_clock_offset_s

-- name: clock
-- Where the sandbox clock stands, and whether it may be moved at all.
SELECT sandbox_clock_offset_s AS offset_s, demo FROM installation

-- name: pull_callbacks
-- Retries of callbacks come so much nearer; what a node has claimed keeps its claim.
UPDATE callbacks c SET due_at = c.due_at - $1::bigint * interval '1 second'
  FROM resellers r
 WHERE r.id = c.reseller_id AND c.due_at IS NOT NULL AND c.claimed_by IS NULL
   AND (r.sandboxed OR (c.snapshot->>'testing')::boolean)

-- name: pull_attempts
-- Status questions of sandboxed resellers' orders come so much nearer; claims stay.
UPDATE attempts a SET due_at = a.due_at - $1::bigint * interval '1 second'
  FROM orders o JOIN resellers r ON r.id = o.reseller_id
 WHERE a.order_id = o.id AND r.sandboxed AND a.due_at IS NOT NULL AND a.claimed_by IS NULL
   AND a.state IN ('accepted', 'unknown')

-- name: age_attempts
-- Orders of sandboxed resellers that are not known yet grow older by so much.
INSERT INTO sandbox_ageing (attempt_id, aged_s)
SELECT a.id, $1::bigint
  FROM attempts a JOIN orders o ON o.id = a.order_id JOIN resellers r ON r.id = o.reseller_id
 WHERE r.sandboxed AND o.state = 'pending' AND a.due_at IS NOT NULL AND $1::bigint > 0
ON CONFLICT (attempt_id) DO UPDATE SET aged_s = sandbox_ageing.aged_s + excluded.aged_s
