-- The last commit of each worker of a write lane, written in that commit itself.
-- After a crash of the server a transaction id that never reached the log is given out again, so
-- pg_xact_status alone may answer for somebody else's transaction. This row cannot.

CREATE TABLE lane_commits (
    slot text PRIMARY KEY,
    number bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 20);
COMMENT ON TABLE lane_commits IS 'The number of the last committed batch of each lane worker; old rows may be deleted.';
