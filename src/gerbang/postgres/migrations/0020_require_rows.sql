-- A statement that is sent together with its COMMIT checks its own row count.

CREATE FUNCTION require_rows(actual bigint, expected bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF actual <> expected THEN
        RAISE EXCEPTION 'expected % rows, found %', expected, actual USING ERRCODE = 'check_violation';
    END IF;
    RETURN actual;
END $$;
COMMENT ON FUNCTION require_rows(bigint, bigint) IS 'Gives the number of rows back, or raises: a row was not in the state that its lock promised.';
