"""Rules of the house that linters do not know: imports, words, sizes, SQL, and what leaks."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from gerbang.callbacks.deliver import DeliverySettings
from gerbang.settings import Settings
from gerbang.web.metrics import Metrics

ROOT: Final = Path(__file__).resolve().parents[1]
SOURCE: Final = ROOT / "src"
FILE_LINES_MAX: Final = 600

# --- debts: what is being mended; a test fails when one is paid but still listed -----------------

LONG_FILES: Final[frozenset[str]] = frozenset()
SQL_UNUSED: Final[frozenset[str]] = frozenset()
FOREIGN_DRIVERS: Final[frozenset[str]] = frozenset()
"""Modules outside postgres/ that know the driver."""
PAID: Final = "if something is missing on the left, the debt is paid: take it off the list"

# --- files --------------------------------------------------------------------------------------


@cache
def tracked() -> tuple[Path, ...]:
    """Files of the repository that git knows and that exist."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 (whichever git runs the checkout)
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    paths = (ROOT / name for name in listed.stdout.decode().split("\0") if name)
    return tuple(path for path in paths if path.is_file())


def own(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    found = {}
    for path in SOURCE.rglob("*.py"):
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def type_checking_nodes(tree: ast.Module) -> set[int]:
    """Nodes that only a type checker reads."""
    guards = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
    )
    return {id(inner) for guard in guards for node in guard.body for inner in ast.walk(node)}


@cache
def imports_of(name: str) -> frozenset[str]:
    """What a module imports when it runs, our own modules by their full names."""
    tree = tree_of(modules()[name])
    skipped = type_checking_nodes(tree)
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            full = (f"{node.module}.{alias.name}" for alias in node.names)
            found.update(one if one in modules() else node.module for one in full)
    return frozenset(found)


def reached(name: str, *, stop_at: frozenset[str] = frozenset()) -> dict[str, str]:
    """Every import a module leads to, with the chain that leads there."""
    chains: dict[str, str] = {}
    waiting = [(name, name)]
    while waiting:
        module, chain = waiting.pop()
        for imported in imports_of(module) - stop_at - chains.keys():
            chains[imported] = f"{chain} → {imported}"
            if imported in modules():
                waiting.append((imported, chains[imported]))
    return chains


# --- import directions --------------------------------------------------------------------------

PURE: Final = frozenset(
    {
        "gerbang.money",
        "gerbang.clock",
        "gerbang.markdown",
        "gerbang.docs_card_postings",
        "gerbang.docs_postings",
        "gerbang.bills.admit",
        "gerbang.bills.bill",
        "gerbang.bills.session",
        "gerbang.callbacks.backoff",
        "gerbang.callbacks.message",
        "gerbang.callbacks.queue",
        "gerbang.callbacks.standard",
        "gerbang.cards.acquirers.contract",
        "gerbang.cards.apply",
        "gerbang.cards.card",
        "gerbang.cards.merchant",
        "gerbang.cards.news",
        "gerbang.cards.payment",
        "gerbang.cards.plan",
        "gerbang.cards.reasons",
        "gerbang.cards.rows",
        "gerbang.cards.tokens",
        "gerbang.cards.transitions",
        "gerbang.cards.writes",
        "gerbang.dialects.card_contract",
        "gerbang.catalog.product",
        "gerbang.catalog.snapshot",
        "gerbang.deposits.line",
        "gerbang.deposits.match",
        "gerbang.deposits.message",
        "gerbang.deposits.statement",
        "gerbang.deposits.testing",
        "gerbang.deposits.ticket",
        "gerbang.dialects.contract",
        "gerbang.golive.checklist",
        "gerbang.ledger.account",
        "gerbang.ledger.book",
        "gerbang.ledger.move",
        "gerbang.ledger.transfer",
        "gerbang.orders.admit",
        "gerbang.orders.bill_money",
        "gerbang.orders.directory",
        "gerbang.orders.order",
        "gerbang.orders.outcome",
        "gerbang.orders.reasons",
        "gerbang.orders.questions",
        "gerbang.orders.settle",
        "gerbang.orders.situation",
        "gerbang.orders.testing",
        "gerbang.orders.transitions",
        "gerbang.orders.writes",
        "gerbang.outbound.message",
        "gerbang.outbound.transcript",
        "gerbang.recon.match",
        "gerbang.resellers.reseller",
        "gerbang.routing.candidate",
        "gerbang.routing.choose",
        "gerbang.routing.explain",
        "gerbang.routing.health",
        "gerbang.routing.route",
        "gerbang.routing.rules",
        "gerbang.routing.standing",
        "gerbang.routing.terms",
        "gerbang.routing.watch",
        "gerbang.sandbox.bill_counter",
        "gerbang.sandbox.bills",
        "gerbang.sandbox.book",
        "gerbang.sandbox.clock",
        "gerbang.sandbox.demo_catalog",
        "gerbang.sandbox.faults",
        "gerbang.sandbox.magic",
        "gerbang.sandbox.serials",
        "gerbang.sandbox.tickets",
        "gerbang.suppliers.float_position",
        "gerbang.terms.terms",
        "gerbang.suppliers.learn",
        "gerbang.suppliers.price_list",
        "gerbang.suppliers.supplier",
    }
)
"""Modules that decide: nothing they lead to waits, reads, draws or looks at a clock."""

DIALECT_GLUE: Final = frozenset({"server", "bill_server", "browser", "__init__"})
"""The only files of a dialect that await; all others are pure."""

IMPURE: Final = frozenset(
    {
        "aiohttp",
        "asyncio",
        "asyncpg",
        "fastapi",
        "fcntl",
        "http",
        "os",
        "pathlib",
        "random",
        "secrets",
        "select",
        "shutil",
        "signal",
        "socket",
        "ssl",
        "subprocess",
        "tempfile",
        "threading",
        "time",
        "urllib.request",
        "uvicorn",
    }
)

MEDIA_TYPES: Final = frozenset({"gerbang.web.asgi"})
"""Dialects take names of media types and sizes from here, and nothing that waits."""


def dialect_modules() -> Iterator[str]:
    for name, path in modules().items():
        if name.startswith("gerbang.dialects.") and len(name.split(".")) > 2:
            yield name if path.stem != "__init__" else f"{name}.__init__"


def pure_modules() -> list[str]:
    inner = (name for name in dialect_modules() if len(name.split(".")) > 3)
    return sorted({*PURE, *(name for name in inner if name.split(".")[-1] not in DIALECT_GLUE)})


def is_impure(imported: str) -> bool:
    return imported in IMPURE or imported.split(".", maxsplit=1)[0] in IMPURE


@pytest.mark.parametrize("name", pure_modules())
def test_a_pure_module_leads_to_nothing_that_does_io(name: str) -> None:
    if name not in modules():
        pytest.skip(f"{name} was renamed or taken away: mend the list")
    chains = reached(name, stop_at=MEDIA_TYPES)
    assert [chain for imported, chain in chains.items() if is_impure(imported)] == []


def test_every_pure_module_of_the_list_exists() -> None:
    assert sorted(PURE - modules().keys()) == []


def test_dialects_take_only_constants_and_types_from_the_web() -> None:
    allowed = {
        "JSON_TYPE", "TEXT_TYPE", "XML_TYPE", "BODY_BYTES_MAX", "QUERY_BYTES_MAX",
    }  # fmt: skip
    taken: set[str] = set()
    for name in pure_modules():
        for node in ast.walk(tree_of(modules()[name])) if name in modules() else ():
            if isinstance(node, ast.ImportFrom) and node.module == "gerbang.web.asgi":
                taken.update(f"{name}: {a.name}" for a in node.names if a.name not in allowed)
    assert taken == set()


def users_of(library: str, inside: tuple[str, ...]) -> set[str]:
    return {
        name
        for name in modules()
        if any(one.split(".")[0] == library for one in imports_of(name))
        and not name.startswith(inside)
    }


def test_only_postgres_knows_the_driver() -> None:
    assert users_of("asyncpg", ("gerbang.postgres",)) == FOREIGN_DRIVERS, PAID


def test_only_the_way_out_and_the_sandbox_know_the_http_client() -> None:
    assert users_of("aiohttp", ("gerbang.outbound", "gerbang.sandbox")) == set()


CORE: Final = (
    "orders",
    "ledger",
    "resellers",
    "catalog",
    "suppliers",
    "routing",
    "callbacks",
    "bills",
    "cards",
    "deposits",
    "terms",
    "golive",
)
NOUNS_FOR_DIALECTS: Final = frozenset(
    {
        "gerbang.bills.bill",
        "gerbang.bills.receipt_words",
        "gerbang.bills.token",
        "gerbang.orders.outcome",
        "gerbang.orders.reasons",
        "gerbang.cards.card",
        "gerbang.cards.merchant",
        "gerbang.cards.payment",
        "gerbang.cards.reasons",
    }
)


def test_a_dialect_imports_no_use_case_of_the_core() -> None:
    wrong = {
        f"{name} → {imported}"
        for name in modules()
        if name.startswith("gerbang.dialects.")
        for imported in imports_of(name)
        if imported.startswith(
            tuple(f"gerbang.{part}" for part in (*CORE, "postgres", "api", "cli"))
        )
        and imported not in NOUNS_FOR_DIALECTS
    }
    assert wrong == set()


CONTRACTS: Final = frozenset(
    {"contract", "supplier_contract", "card_contract", "dialect", "credential_form", "extras"}
)


def test_dialects_do_not_know_each_other() -> None:
    folders = {name.split(".")[2] for name in modules() if name.count(".") >= 3}
    wrong = {
        f"{name} → {imported}"
        for name in modules()
        if name.startswith("gerbang.dialects.")
        and name.count(".") >= 2
        and name.split(".")[2] in folders
        for imported in imports_of(name)
        if imported.startswith("gerbang.dialects.")
        and imported.split(".")[2] not in {*CONTRACTS, name.split(".")[2]}
        and name not in {"gerbang.dialects.registry", "gerbang.dialects.names"}
    }
    assert wrong == set()


ROOTS: Final = frozenset({"gerbang.app", "gerbang.application"})


def test_nobody_imports_the_composition_root_but_the_command_line() -> None:
    users = {
        n
        for n in modules()
        if imports_of(n) & ROOTS and not n.startswith(("gerbang.cli", "gerbang.application"))
    }
    assert users == set()


def test_the_core_does_not_know_its_pages() -> None:
    pages = ("gerbang.api", "gerbang.cli", "gerbang.console", "gerbang.portal", "gerbang.web")
    wrong = {
        f"{name} → {imported}"
        for name in modules()
        if name.startswith(tuple(f"gerbang.{part}" for part in ("ledger", "orders", "catalog")))
        for imported in imports_of(name)
        if imported.startswith(pages)
    }
    assert wrong == set()


# --- words --------------------------------------------------------------------------------------

BANNED_WORDS: Final = frozenset(
    {"util", "utils", "helper", "helpers", "transaction", "transactions", "trx"}
)
MONEY_WORDS: Final = frozenset(
    {"price", "amount", "balance", "cost", "fee", "rupiah", "saldo", "margin", "credit", "debit"}
)
DATABASE_WORD: Final = frozenset({"transaction"})
"""The database's own word, where it is called: `connection.transaction()`."""


def words_of(identifier: str) -> set[str]:
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", identifier)
    return set(spaced.lower().split("_"))


def named_things(path: Path) -> Iterator[tuple[int, str]]:
    """Names that a file gives: modules, classes, functions, arguments, variables."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id


def test_nothing_is_named_with_a_banned_word() -> None:
    wrong = [
        f"{own(path)}:{line} {name}"
        for path in modules().values()
        for line, name in [(0, path.stem), *named_things(path)]
        if words_of(name) & BANNED_WORDS and not is_on_the_wire(path, name)
    ]
    assert wrong == []


def is_on_the_wire(path: Path, name: str) -> bool:
    """OtomaX's path is called trx, and the database's connection has a transaction."""
    in_dialect = path.is_relative_to(SOURCE / "gerbang/dialects")
    return (in_dialect and "trx" in words_of(name)) or (
        path.is_relative_to(SOURCE / "gerbang/postgres")
        and words_of(name) & BANNED_WORDS <= DATABASE_WORD
    )


def mentions_float(annotation: ast.expr | None) -> bool:
    return annotation is not None and "float" in re.findall(r"\w+", ast.unparse(annotation))


def money_as_float(path: Path) -> Iterator[str]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.arg):
            name, annotation = node.arg, node.annotation
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name, annotation = node.target.id, node.annotation
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            name, annotation = node.name, node.returns
        else:
            continue
        if words_of(name) & MONEY_WORDS and mentions_float(annotation):
            yield f"{own(path)}:{node.lineno} {name}"


def test_no_money_is_a_float() -> None:
    assert [line for path in modules().values() for line in money_as_float(path)] == []


# --- SQL ----------------------------------------------------------------------------------------


@cache
def statements_in_use() -> frozenset[str]:
    """Names that the package takes as attributes, or writes as text for getattr."""
    found: set[str] = set()
    for path in modules().values():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return frozenset(found)


def test_every_named_statement_is_used() -> None:
    unused = {
        f"{own(path)}: {name}"
        for path in SOURCE.rglob("*.sql")
        for name in re.findall(r"^-- name: (\w+)", path.read_text(), re.MULTILINE)
        if name not in statements_in_use()
    }
    assert unused == SQL_UNUSED, PAID


def test_every_named_statement_says_what_it_is_for() -> None:
    silent = []
    for path in SOURCE.rglob("*.sql"):
        for name, following in re.findall(
            r"^-- name: (\w+)\n(.*)$", path.read_text(), re.MULTILINE
        ):
            if not following.startswith("-- "):
                silent.append(f"{own(path)}: {name}")
    assert silent == []


# --- sizes and leftovers ------------------------------------------------------------------------

LONG_BY_NATURE: Final = (".lock", "schema.sql", "0001_spine.sql", ".css", ".js", ".json", ".svg")
"""Made by machines, one migration, or somebody else's."""


def test_no_file_is_longer_than_the_limit() -> None:
    long = {
        own(path)
        for path in tracked()
        if path.suffix in {".py", ".sql", ".md", ".toml"}
        and not path.name.endswith(LONG_BY_NATURE)
        and path.read_text().count("\n") > FILE_LINES_MAX
    }
    assert long == LONG_FILES, PAID


def text_of(path: Path) -> str:
    try:
        return path.read_text()
    except UnicodeDecodeError:
        return ""


UNFINISHED: Final = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
ABOUT_UNFINISHED: Final = frozenset({"pyproject.toml"})
"""Explains why the word is not used."""


def third_party(path: Path) -> bool:
    return "static" in path.parts or "vendor" in path.parts


def test_nothing_is_left_to_do_in_a_comment() -> None:
    wrong = [
        own(path)
        for path in tracked()
        if not third_party(path)
        and own(path) not in ABOUT_UNFINISHED
        and UNFINISHED.search(text_of(path))
    ]
    assert wrong == []


MACHINE_PATHS: Final = re.compile(r"(?<![\w.])/(?:home|Users|work|root|mnt)/[\w.-]+/")
INDEXES: Final = re.compile(
    r"--(?:extra-)?index-url|--find-links|files\.pythonhosted|https?://[^\s/]*@"
)


def test_no_path_of_a_machine_is_written_down() -> None:
    wrong = {
        f"{own(path)}: {found[0]}"
        for path in tracked()
        if not third_party(path) and (found := MACHINE_PATHS.search(text_of(path)))
    }
    assert wrong == set()


def test_no_package_index_or_login_is_written_down() -> None:
    lock_and_docs = [p for p in tracked() if p.suffix in {".lock", ".in", ".toml", ".txt", ".cfg"}]
    wrong = {own(path) for path in lock_and_docs if INDEXES.search(text_of(path))}
    assert wrong == set()


# --- what is promised must be wired ---------------------------------------------------------------

UNFED_METRICS: Final[frozenset[str]] = frozenset()
UNUSED_SETTINGS: Final[frozenset[str]] = frozenset()


def attributes_used(but: str) -> set[str]:
    """Attributes that any module of the package takes, one module left out."""
    return {
        node.attr
        for name, path in modules().items()
        if name != but
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute)
    }


def test_every_metric_is_fed() -> None:
    own_names = {name for name in vars(Metrics()) if name != "registry"}
    by_itself = {"lane_batch_writes", "lane_batch_seconds"}
    unfed = own_names - by_itself - attributes_used("gerbang.web.metrics")
    assert unfed == UNFED_METRICS, PAID


def test_every_setting_does_something() -> None:
    # The deliverer takes those it names by itself.
    taken = {*attributes_used("gerbang.settings"), *DeliverySettings.__struct_fields__}
    assert set(Settings.__struct_fields__) - taken == UNUSED_SETTINGS, PAID
