-- name: steps
-- Which steps to the first sale are done.
SELECT EXISTS (SELECT 1 FROM bank_accounts) AS bank,
       EXISTS (SELECT 1 FROM categories) AS category,
       EXISTS (SELECT 1 FROM products) AS product,
       EXISTS (SELECT 1 FROM suppliers) AS supplier,
       EXISTS (SELECT 1 FROM routes WHERE enabled) AS route,
       EXISTS (SELECT 1 FROM resellers) AS reseller,
       EXISTS (SELECT 1 FROM credentials WHERE revoked_at IS NULL) AS credential,
       EXISTS (SELECT 1 FROM accounts WHERE kind = 'reseller' AND balance + credit_limit > 0) AS funds,
       EXISTS (SELECT 1 FROM orders) AS "order",
       (SELECT code FROM resellers ORDER BY id DESC LIMIT 1) AS reseller_code,
       (SELECT code FROM suppliers ORDER BY id DESC LIMIT 1) AS supplier_code
