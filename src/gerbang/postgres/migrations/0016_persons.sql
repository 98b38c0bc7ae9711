-- Where two persons are needed it must be known who both are, whichever way each of them came.

CREATE FUNCTION person_of(actor text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN substring(actor FROM '^(?:console|user):([a-z0-9][a-z0-9._@+-]{1,63})(?:/.*)?$');
COMMENT ON FUNCTION person_of IS
    'The person behind an actor: console:ani and user:ani/api:ops are both ani. Empty where nobody can tell.';

ALTER TABLE api_tokens ADD COLUMN user_id bigint REFERENCES users;
COMMENT ON COLUMN api_tokens.user_id IS 'Whose it is: then it may what that person may. Empty: a program''s.';
CREATE INDEX api_tokens_user ON api_tokens (user_id) WHERE user_id IS NOT NULL;

-- Approved and not yet carried out, by nobody knows whom: it waits again. Carrying out is idempotent.
UPDATE proposals SET state = 'waiting', checker = NULL, decided_at = NULL
 WHERE state = 'approved' AND two_persons AND coalesce(person_of(maker) = person_of(checker), true);

-- What was decided before stands as it is (NOT VALID); from now on it is the law.
ALTER TABLE proposals
    DROP CONSTRAINT proposals_two_persons,
    ADD CONSTRAINT proposals_two_persons
        CHECK (NOT two_persons OR state IN ('waiting', 'rejected') OR coalesce(person_of(maker) <> person_of(checker), false))
        NOT VALID;
ALTER TABLE deposit_proposals
    DROP CONSTRAINT deposit_proposals_four_eyes,
    ADD CONSTRAINT deposit_proposals_four_eyes
        CHECK (state <> 'approved' OR coalesce(person_of(maker) <> person_of(checker), false)) NOT VALID;
