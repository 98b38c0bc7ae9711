-- Suppliers watched: circuits that all nodes share, areas of destinations, serial numbers that come twice,
-- replies kept as regression cases, and what two persons must agree on.

-- --- health ----------------------------------------------------------------------------------------

CREATE TABLE circuits (
    supplier_id bigint NOT NULL REFERENCES suppliers,
    product_id bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('closed', 'open', 'half_open')),
    trouble text NOT NULL,
    facts jsonb NOT NULL DEFAULT '{}',
    reason text NOT NULL,
    since timestamptz,
    retry_at timestamptz,
    openings integer NOT NULL DEFAULT 0,
    questions_failed integer NOT NULL DEFAULT 0,
    version bigint NOT NULL DEFAULT 1,
    node text NOT NULL,
    ask_claimed_until timestamptz,
    alarm text NOT NULL DEFAULT '',
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (supplier_id, product_id)
);
CREATE INDEX circuits_open ON circuits (supplier_id) WHERE state <> 'closed';
COMMENT ON TABLE circuits IS 'Circuits that ever tripped; nodes agree on them by version: the first change wins, the others take it over.';
COMMENT ON COLUMN circuits.product_id IS '0 is the supplier itself.';
COMMENT ON COLUMN circuits.alarm IS 'Subject of the case that is open about it; empty where none is.';

ALTER TABLE products
    ADD COLUMN closed_by_health boolean NOT NULL DEFAULT false,
    ADD COLUMN health_reason text NOT NULL DEFAULT '';
COMMENT ON COLUMN products.closed_by_health IS 'Disturbed by itself, because no supplier of it is trusted; opens by itself.';
COMMENT ON COLUMN products.health_reason IS 'Why, for the operator; resellers read status_reason.';

-- What a person says of a product''s status stands: Gerbang opens only what it closed itself.
CREATE FUNCTION forget_health() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.closed_by_health AND OLD.closed_by_health THEN
        NEW.closed_by_health := false;
        NEW.health_reason := '';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER products_forget_health BEFORE UPDATE OF status ON products FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION forget_health();

-- --- areas -----------------------------------------------------------------------------------------

CREATE TABLE areas (
    prefix text PRIMARY KEY CHECK (prefix ~ '^[0-9]{3,8}$'),
    area text NOT NULL CHECK (length(area) <= 64),
    changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id()
);
COMMENT ON COLUMN areas.area IS 'Where numbers with this prefix are; empty takes the prefix away.';
CREATE TRIGGER areas_note_change BEFORE INSERT OR UPDATE ON areas FOR EACH ROW EXECUTE FUNCTION note_change();
CREATE INDEX areas_changed ON areas (changed_xid);
CREATE TRIGGER areas_never_deleted BEFORE DELETE OR TRUNCATE ON areas
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- --- serial numbers --------------------------------------------------------------------------------

CREATE TABLE serial_numbers (
    supplier_id bigint NOT NULL,
    sn_hash bigint NOT NULL,
    attempt_id bigint NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (supplier_id, sn_hash, attempt_id)
);
CREATE INDEX serial_numbers_seen ON serial_numbers USING brin (seen_at);
COMMENT ON TABLE serial_numbers IS 'Serial numbers of the last months, letters and digits hashed: one that comes on a second order opens a case.';

CREATE TABLE serial_watch (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    message_id bigint NOT NULL
);
COMMENT ON TABLE serial_watch IS 'Up to which message serial numbers were compared; whoever locks the row does the next.';
INSERT INTO serial_watch (message_id) SELECT coalesce(max(id), 0) FROM attempt_messages;

-- --- replies ---------------------------------------------------------------------------------------

CREATE TABLE reply_cases (
    supplier_id bigint NOT NULL REFERENCES suppliers,
    name text NOT NULL,
    kept jsonb NOT NULL,
    actor text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (supplier_id, name)
);
COMMENT ON TABLE reply_cases IS 'Replies and what they must be read as: rules that read one of them otherwise are refused.';

-- --- two persons -----------------------------------------------------------------------------------

CREATE TABLE proposals (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('order_decision', 'correction')),
    subject text NOT NULL,
    content jsonb NOT NULL,
    reason text NOT NULL,
    maker text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    two_persons boolean NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'approved', 'rejected', 'done', 'overtaken')),
    checker text,
    decided_at timestamptz,
    result text NOT NULL DEFAULT '',
    finished_at timestamptz,
    CONSTRAINT proposals_two_persons CHECK (NOT two_persons OR state IN ('waiting', 'rejected') OR coalesce(checker <> maker, false)),
    CONSTRAINT proposals_decided CHECK ((state = 'waiting') = (decided_at IS NULL))
);
CREATE UNIQUE INDEX proposals_waiting ON proposals (kind, subject) WHERE state IN ('waiting', 'approved');
CREATE INDEX proposals_open ON proposals (id) WHERE state IN ('waiting', 'approved');
COMMENT ON COLUMN proposals.state IS 'waiting for a second person; approved and not yet carried out; done; or overtaken by the truth.';
