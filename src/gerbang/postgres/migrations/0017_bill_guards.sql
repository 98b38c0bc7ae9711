-- A bill that a supplier paid may not be paid again, whoever bears its cost: also after a failure was told.

CREATE INDEX bill_guards_free ON bill_guards (biller, customer_no, period) WHERE NOT held AND released_at IS NULL;

CREATE FUNCTION check_bill_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.order_id, NEW.biller, NEW.customer_no, NEW.period)
           IS DISTINCT FROM (OLD.order_id, OLD.biller, OLD.customer_no, OLD.period) THEN
            RAISE EXCEPTION 'what order % guards does not change', OLD.order_id USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        IF NOT NEW.held AND NEW.released_at IS NULL AND EXISTS (
            SELECT 1 FROM attempts a WHERE a.order_id = NEW.order_id AND a.state = 'delivered') THEN
            RAISE EXCEPTION 'the bill of order % is paid: only a person lets go of it', NEW.order_id
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    ELSIF EXISTS (
        SELECT 1 FROM bill_guards g JOIN attempts a ON a.order_id = g.order_id AND a.state = 'delivered'
         WHERE g.biller = NEW.biller AND g.customer_no = NEW.customer_no AND g.period = NEW.period
           AND NOT g.held AND g.released_at IS NULL) THEN
        RAISE EXCEPTION 'the bill of order % is paid already', NEW.order_id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bill_guards_obey BEFORE INSERT OR UPDATE ON bill_guards
    FOR EACH ROW EXECUTE FUNCTION check_bill_guard();

-- Payments that were delivered late before this law. "Another payment held it" is no release by a person.
ALTER TABLE bill_guards DISABLE TRIGGER bill_guards_obey;
UPDATE bill_guards SET released_at = NULL, released_why = '' WHERE released_by = '' AND released_at IS NOT NULL;
UPDATE bill_guards h SET held = true
  FROM (SELECT DISTINCT ON (g.biller, g.customer_no, g.period) g.order_id, g.period
          FROM bill_guards g JOIN attempts a ON a.order_id = g.order_id AND a.state = 'delivered'
         WHERE NOT g.held AND g.released_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM bill_guards x WHERE x.biller = g.biller AND x.customer_no = g.customer_no
                                                         AND x.period = g.period AND x.held)
         ORDER BY g.biller, g.customer_no, g.period, g.order_id) w
 WHERE h.order_id = w.order_id AND h.period = w.period;
ALTER TABLE bill_guards ENABLE TRIGGER bill_guards_obey;
ALTER TABLE bill_guards ADD CONSTRAINT bill_guards_released_by_a_person
    CHECK ((released_at IS NULL) = (released_by = '') AND NOT (held AND released_at IS NOT NULL));

COMMENT ON TABLE bill_guards IS 'The same customer and period are paid once: held from the order on, released when it failed and nobody delivered it, or by a person.';
