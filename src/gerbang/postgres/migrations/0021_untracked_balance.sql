-- The balance of a house or float account from what came since its checkpoint, whatever the planner believes: with
-- ten million orders stored it read every entry that the account ever had. OFFSET 0 keeps the order of the two steps:
-- first the transfers of the days since, then the entry of each.

CREATE OR REPLACE FUNCTION untracked_balance(account bigint) RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (
        WITH c AS MATERIALIZED (
                 SELECT k.balance, k.business_day FROM checkpoints k WHERE k.account_id = account
                  ORDER BY k.business_day DESC LIMIT 1),
             since AS MATERIALIZED (
                 SELECT t.id FROM transfers t
                  WHERE t.business_day > coalesce((SELECT business_day FROM c), '-infinity'::date))
        SELECT (coalesce((SELECT balance FROM c), 0) + coalesce((
            SELECT sum(e.amount) FROM since
             CROSS JOIN LATERAL (SELECT x.amount FROM entries x
                                  WHERE x.transfer_id = since.id AND x.account_id = account AND x.version IS NULL
                                  OFFSET 0) e), 0))::bigint);
