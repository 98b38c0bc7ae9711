-- Trials tell only one way at a time, after a silence: what came of each is kept.

ALTER TABLE merchant_trials
    ADD COLUMN told_at timestamptz,
    ADD COLUMN note text NOT NULL DEFAULT '';
COMMENT ON COLUMN merchant_trials.told_at IS
    'When the silence ended: the browser was returned, or the notification sent. An inquiry proves the trial only soon after it.';
COMMENT ON COLUMN merchant_trials.note IS 'Why it ended without a proof.';
