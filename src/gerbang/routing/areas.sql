-- name: upsert_areas
-- Where numbers are, by prefix; gives how many changed.
WITH changed AS (
    INSERT INTO areas (prefix, area) SELECT * FROM unnest($1::text[], $2::text[])
    ON CONFLICT (prefix) DO UPDATE SET area = excluded.area WHERE areas.area <> excluded.area
    RETURNING 1
)
SELECT count(*) FROM changed

-- name: clear_others
-- Take away the prefixes that a whole table does not name; gives how many.
WITH gone AS (UPDATE areas SET area = '' WHERE area <> '' AND NOT prefix = ANY($1::text[]) RETURNING 1)
SELECT count(*) FROM gone

-- name: list_areas
-- Prefixes with their areas.
SELECT prefix, area FROM areas
 WHERE area <> '' AND prefix > $1 AND ($2::text IS NULL OR area = $2) ORDER BY prefix LIMIT $3

-- name: names
-- The areas there are, with how many prefixes each has.
SELECT area, count(*) AS prefixes FROM areas WHERE area <> '' GROUP BY area ORDER BY area

-- name: area_of
-- The area of a number: its longest prefix decides.
SELECT prefix, area FROM areas
 WHERE area <> '' AND prefix = ANY(ARRAY(SELECT left($1, n) FROM generate_series(3, 8) n))
 ORDER BY length(prefix) DESC LIMIT 1
