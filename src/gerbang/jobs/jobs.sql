-- name: insert_job
-- A job that begins now.
INSERT INTO jobs (realm, user_id, kind, title, total, file_name, file_type, node)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id

-- name: note_progress
-- How far it is; no row means that it was cancelled meanwhile.
UPDATE jobs SET done = $2, total = coalesce($3, total), beat_at = clock_timestamp()
 WHERE id = $1 AND state = 'running' RETURNING id

-- name: finish_job
-- How it ended; once.
UPDATE jobs SET state = $2::text::job_state, result = $3, error = $4, finished_at = clock_timestamp(),
       done = CASE WHEN $2::text = 'done' THEN coalesce(total, done) ELSE done END
 WHERE id = $1 AND state = 'running' RETURNING id

-- name: cancel_job
-- Ask it to stop: its next progress finds out.
UPDATE jobs SET state = 'cancelled', finished_at = clock_timestamp()
 WHERE id = $1 AND user_id = $2 AND state = 'running' RETURNING id

-- name: beat
-- Say that this node still works on its jobs.
UPDATE jobs SET beat_at = clock_timestamp() WHERE id = ANY($1::bigint[]) AND state = 'running'

-- name: interrupt_silent
-- Jobs whose node is gone.
UPDATE jobs SET state = 'interrupted', finished_at = clock_timestamp()
 WHERE state = 'running' AND beat_at < clock_timestamp() - $1 * interval '1 second'

-- name: insert_chunk
-- A piece of the file.
INSERT INTO job_chunks (job_id, number, content) VALUES ($1, $2, $3)

-- name: chunk
-- A piece of the file, to send on.
SELECT content FROM job_chunks WHERE job_id = $1 AND number = $2

-- name: delete_old_chunks
-- Files are kept for a day.
DELETE FROM job_chunks c USING jobs j
 WHERE c.job_id = j.id AND j.finished_at < clock_timestamp() - $1 * interval '1 second'

-- name: job_by_id
-- One job of a person.
SELECT id, kind, title, state::text AS state, done, total, result, error, file_name, file_type, created_at, finished_at,
       EXISTS (SELECT 1 FROM job_chunks c WHERE c.job_id = jobs.id) AS has_file
  FROM jobs WHERE id = $1 AND user_id = $2

-- name: list_jobs
-- A person's newest jobs.
SELECT id, kind, title, state::text AS state, done, total, result, error, file_name, created_at, finished_at,
       EXISTS (SELECT 1 FROM job_chunks c WHERE c.job_id = jobs.id) AS has_file
  FROM jobs WHERE user_id = $1 AND realm = $2
 ORDER BY id DESC LIMIT $3
