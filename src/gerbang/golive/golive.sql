-- name: facts
-- Everything the checklist asks of a reseller's testing and of its account, in one row.
SELECT r.id, r.code, r.live, r.callback_url, r.dialects, cardinality(r.allowed_ips) AS addresses,
       a.balance - a.held AS available, o.deposit_min, o.kyc_required,
       CASE WHEN kyc_holds(r.id) THEN 'approved'
            ELSE coalesce((SELECT CASE WHEN k.state = 'approved' THEN 'expired' ELSE k.state::text END
                             FROM kyc_records k WHERE k.reseller_id = r.id ORDER BY k.id DESC LIMIT 1), 'none')
            END AS kyc_state,
       (SELECT count(*) FROM credentials c WHERE c.reseller_id = r.id AND NOT c.testing AND c.revoked_at IS NULL
           AND (c.expires_at IS NULL OR c.expires_at > clock_timestamp())) AS live_credentials,
       (SELECT count(*) FROM refusals f WHERE f.reseller_id = r.id AND f.testing AND f.reason = 'reference_reused'
           AND f.at > clock_timestamp() - interval '7 days') AS references_reused,
       t.orders, t.references_own, t.references_made, t.asked_pending, t.asked_failed, c.told, c.not_told, b.*, d.*
  FROM resellers r
  JOIN accounts a ON a.id = r.account_id
 CROSS JOIN operator_terms o
 CROSS JOIN LATERAL (
       SELECT coalesce(jsonb_object_agg(s.state, s.orders), '{}') AS orders,
              coalesce(sum(s.orders - s.made), 0)::bigint AS references_own,
              coalesce(sum(s.made), 0)::bigint AS references_made,
              coalesce(sum(s.asked_pending), 0)::bigint AS asked_pending,
              coalesce(sum(s.asked_final) FILTER (WHERE s.state = 'failed'), 0)::bigint AS asked_failed
         FROM (SELECT m.state::text AS state, count(*) AS orders, count(m.signature_key) AS made,
                      count(*) FILTER (WHERE q.asked_pending) AS asked_pending,
                      count(*) FILTER (WHERE q.asked_final) AS asked_final
                 FROM orders m LEFT JOIN testing_questions q ON q.order_id = m.id
                WHERE m.reseller_id = r.id AND m.testing GROUP BY m.state) s) t
 CROSS JOIN LATERAL (
       SELECT coalesce(jsonb_object_agg(e.event, e.told) FILTER (WHERE e.told > 0), '{}') AS told,
              coalesce(sum(e.given_up), 0)::bigint AS not_told
         FROM (SELECT b.event, count(*) FILTER (WHERE b.state = 'delivered') AS told,
                      count(*) FILTER (WHERE b.state = 'exhausted' AND b.occurred_at > b.last_told) AS given_up
                 FROM (SELECT n.event, n.state, n.occurred_at,
                              coalesce(max(n.occurred_at) FILTER (WHERE n.state = 'delivered') OVER (), '-infinity')
                                  AS last_told
                         FROM orders m JOIN callbacks n ON n.order_id = m.id
                        WHERE m.reseller_id = r.id AND m.testing) b
                GROUP BY b.event) e) c
 CROSS JOIN LATERAL (
       SELECT coalesce((r.settings->>'sells_bills')::boolean, false)
              OR EXISTS (SELECT 1 FROM inquiries i WHERE i.reseller_id = r.id) AS sells_bills,
              (SELECT count(*) FROM inquiries i WHERE i.reseller_id = r.id AND i.testing AND i.state = 'found')
                  AS bills_found,
              (SELECT count(*) FROM orders p
                WHERE p.reseller_id = r.id AND p.testing AND p.kind = 'postpaid' AND p.state = 'success')
                  AS bills_paid) b
 CROSS JOIN LATERAL (
       SELECT coalesce((r.settings->>'asks_tickets')::boolean, false)
              OR coalesce(bool_or(k.dialect = ANY(r.dialects)), false) AS asks_tickets,
              count(*) FILTER (WHERE k.testing AND k.dialect = ANY(r.dialects)) AS tickets_tried
         FROM deposit_tickets k WHERE k.reseller_id = r.id) d
 WHERE r.code = $1
