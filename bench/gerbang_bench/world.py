"""What a bench needs in its database: resellers with money and keys, a product, a supplier.

The inserts keep the ledger's laws (each balance is one opening transfer), so that
``gerbang ledger verify`` is clean before and after a measurement.
"""

from __future__ import annotations

import hashlib

import asyncpg
import msgspec

from gerbang.postgres.migrate import migrate
from gerbang.secrets_box import SecretBox
from gerbang_bench.loadgen import post_template
from gerbang_bench.signed import SignedPurchases, Signer

RESELLERS = 1_000
OPENING = 1_000_000_000_000
PRODUCT = "BENCH5"
PRICE = 5_400
COST = 5_000
SUPPLIER = "bench"
PATH = "/reseller/api/v1/purchase"
DIALECT = "socx"
SIGNED_DIALECT = "isikuota"
DESTINATION_PATTERN = "^[0-9]{4,20}$"

_INSTALLATION = "INSERT INTO installation (tag) VALUES ('BNCH') ON CONFLICT DO NOTHING"
_ACCOUNTS = """
INSERT INTO accounts (code, kind, normal_side, tracked)
SELECT code, kind::account_kind, side::account_side, tracked
  FROM (SELECT 'reseller:' || code AS code, 'reseller' AS kind, 'credit' AS side, true AS tracked
          FROM unnest($1::text[]) code
         UNION ALL
        SELECT 'receivable:' || code, 'receivable', 'debit', true FROM unnest($1::text[]) code
         UNION ALL
        SELECT 'float:' || $2, 'supplier_float', 'debit', $3) x
"""
_CATALOGUE = """
WITH category AS (
    INSERT INTO categories (code, name, destination_pattern) VALUES ('pulsa', 'Pulsa', $4)
    ON CONFLICT (code) DO NOTHING
), list AS (
    INSERT INTO price_lists (code, name) VALUES ('bench', 'Bench') ON CONFLICT (code) DO NOTHING
)
INSERT INTO products (code, name, category, base_price, cost, same_day_rule)
VALUES ($1, 'Bench 5.000', 'pulsa', $2, $3, 'off')
"""
_RESELLERS = """
INSERT INTO resellers
       (code, name, account_id, receivable_account_id, price_list_id, dialects, callback_url,
        concurrent_requests_max, reply_wait_ms)
SELECT x.code, x.code, a.id, r.id, (SELECT id FROM price_lists WHERE code = 'bench'),
       '{socx,isikuota}', $2, 100000, '{"isikuota": 0}'
  FROM unnest($1::text[]) AS x (code)
  JOIN accounts a ON a.code = 'reseller:' || x.code
  JOIN accounts r ON r.code = 'receivable:' || x.code
"""
_CREDENTIALS = """
INSERT INTO credentials (reseller_id, dialect, key, sealed, label)
SELECT r.id, $4, x.key, x.sealed, 'bench'
  FROM unnest($1::text[], $2::text[], $3::bytea[]) AS x (code, key, sealed)
  JOIN resellers r ON r.code = x.code
"""
_OPENING_TRANSFERS = """
INSERT INTO transfers (id, key, event, phase, debit_account_id, credit_account_id, amount, actor)
SELECT nextval('transfer_ids'), 'bench:opening:' || a.code, 'opening', 'direct', bank.id, a.id,
       $2, 'bench'
  FROM unnest($1::text[]) AS x (code)
  JOIN accounts a ON a.code = 'reseller:' || x.code
 CROSS JOIN (SELECT id FROM accounts WHERE code = 'bank:main') bank
"""
_OPENING_ENTRIES = """
INSERT INTO entries (transfer_id, account_id, amount, previous, balance, version)
SELECT id, debit_account_id, -amount, NULL::bigint, NULL::bigint, NULL::bigint
  FROM transfers WHERE event = 'opening' AND actor = 'bench'
 UNION ALL
SELECT id, credit_account_id, amount, 0, amount, 1
  FROM transfers WHERE event = 'opening' AND actor = 'bench'
"""
_OPENING_BALANCES = """
UPDATE accounts a SET balance = t.amount, version = 1
  FROM transfers t
 WHERE t.credit_account_id = a.id AND t.event = 'opening' AND t.actor = 'bench'
"""
_SUPPLIER = """
INSERT INTO suppliers
       (code, name, dialect, base_url, sealed, float_account_id, concurrency_max, callback_ips)
SELECT $1, 'Bench', 'socx', $2, $3, id, 1000, '{127.0.0.1/32}'
  FROM accounts WHERE code = 'float:' || $1
"""
_ROUTE = """
INSERT INTO routes (product_id, supplier_id, supplier_product_code, cost)
SELECT p.id, s.id, p.code, $3 FROM products p, suppliers s WHERE p.code = $1 AND s.code = $2
"""


class World(msgspec.Struct, frozen=True, kw_only=True):
    """How to call the gateway: for each reseller a token and what he signs with."""

    dsn: str
    tokens: tuple[str, ...]
    signers: tuple[Signer, ...]
    supplier_token: str

    def templates(self, *, resellers: int, prefix: str) -> tuple[str, ...]:
        """Give a purchase template for each of the first resellers; ids begin with `prefix`."""
        body = f'{{"code":"{PRODUCT}","request_id":"{prefix}{{id}}","msisdn":"{{to}}"}}'
        return tuple(
            post_template(
                PATH,
                {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
                body,
            )
            for token in self.tokens[:resellers]
        )

    def signed(self, *, resellers: int, prefix: str) -> SignedPurchases:
        """Give the purchases that the first resellers sign; ids begin with `prefix`."""
        return SignedPurchases(signers=self.signers[:resellers], product=PRODUCT, prefix=prefix)


def reseller_code(number: int) -> str:
    """Give the code of a reseller, from 0."""
    return f"BENCH{number:04}"


def _token(name: str) -> str:
    # Reproducible; a bench's database lives for minutes and on loopback only.
    return hashlib.sha256(f"gerbang bench {name}".encode()).hexdigest()[:43]


def describe_world(dsn: str, *, resellers: int = RESELLERS) -> World:
    """Say how to call a gateway over a database that `make_world` has filled."""
    codes = [reseller_code(number) for number in range(resellers)]
    return World(
        dsn=dsn,
        tokens=tuple(_token(code) for code in codes),
        signers=tuple(
            Signer(code, _token(f"{code} api key"), _token(f"{code} secret key")) for code in codes
        ),
        supplier_token=_token("supplier"),
    )


async def count_resellers(dsn: str) -> int:
    """Count those of a world that was made earlier."""
    connection = await asyncpg.connect(dsn)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM resellers"))
    finally:
        await connection.close()


async def make_world(
    dsn: str,
    *,
    secret_key: bytes,
    callback_url: str = "",
    supplier_url: str = "http://127.0.0.1:9",
    resellers: int = RESELLERS,
) -> World:
    """Migrate an empty database and fill it."""
    await migrate(dsn)
    codes = [reseller_code(number) for number in range(resellers)]
    world = describe_world(dsn, resellers=resellers)
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            await _fill(connection, world, codes, SecretBox(secret_key), callback_url, supplier_url)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()
    return world


async def _fill(
    connection: asyncpg.Connection,
    world: World,
    codes: list[str],
    box: SecretBox,
    callback_url: str,
    supplier_url: str,
) -> None:
    await connection.execute(_INSTALLATION)
    await connection.execute(_ACCOUNTS, codes, SUPPLIER, False)  # noqa: FBT003 (a column's value)
    await connection.execute(_CATALOGUE, PRODUCT, PRICE, COST, DESTINATION_PATTERN)
    await connection.execute(_RESELLERS, codes, callback_url)
    keys = [hashlib.sha256(token.encode()).hexdigest() for token in world.tokens]
    sealed = [box.seal({"token": token}) for token in world.tokens]
    await connection.execute(_CREDENTIALS, codes, keys, sealed, DIALECT)
    sealed = [
        box.seal({"api_key": signer.api_key, "secret_key": signer.secret_key})
        for signer in world.signers
    ]
    await connection.execute(_CREDENTIALS, codes, codes, sealed, SIGNED_DIALECT)
    await connection.execute(_OPENING_TRANSFERS, codes, OPENING)
    await connection.execute(_OPENING_ENTRIES)
    await connection.execute(_OPENING_BALANCES)
    secret = box.seal({"token": world.supplier_token})
    await connection.execute(_SUPPLIER, SUPPLIER, supplier_url, secret)
    await connection.execute(_ROUTE, PRODUCT, SUPPLIER, COST)
