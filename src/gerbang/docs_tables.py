"""Blocks of the documentation that are made from the code's own tables.

Every block is a plain function that gives Markdown; the postings and the contradictions are what
`orders/settle.py` does when it is run, not what somebody remembers. ``python -m
gerbang.docs_tables`` rewrites the blocks between their markers, and gerbang.toml.example; a test
fails where one is out of date.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import msgspec

from gerbang import settings as settings_module
from gerbang.cards.acquirers.sandbox_cards import TEST_CARDS
from gerbang.cards.payment import PaymentState
from gerbang.cards.transitions import PAYMENT_STEPS
from gerbang.dialects.contract import OrderState
from gerbang.dialects.dialect import Dialect
from gerbang.dialects.isikuota import spec as isikuota_spec
from gerbang.dialects.otomax import spec as otomax_spec
from gerbang.dialects.registry import DIALECTS
from gerbang.dialects.socx import spec as socx_spec
from gerbang.dialects.supplier_contract import AnswerRule, LearnRules
from gerbang.docs_card_postings import card_posting_table
from gerbang.docs_card_tables import nicepay_codes, nicepay_states
from gerbang.docs_magic_tables import bill_magic_table, deposit_magic_table, magic_table
from gerbang.docs_postings import contradiction_table, posting_table
from gerbang.docs_words import fact_names, in_indonesian
from gerbang.markdown import code, table
from gerbang.orders.reasons import Reason
from gerbang.orders.transitions import ATTEMPT_STEPS, ORDER_STEPS, AttemptState
from gerbang.routing.explain import TEXTS
from gerbang.routing.health import HealthSettings
from gerbang.routing.terms import PRODUCT_HEALTH, SUPPLIER_HEALTH
from gerbang.web.metrics import Metrics

_BLOCK: Final = re.compile(
    r"(<!-- generated: (?P<name>[a-z-]+) -->\n).*?(<!-- /generated -->)", re.DOTALL
)


class UnknownBlockError(Exception):
    """A marker names a block that no function makes."""


def block(name: str, language: str = "en") -> str:
    """Make one block in a language."""
    if name not in BLOCKS:
        raise UnknownBlockError(name)
    text = BLOCKS[name]().strip()
    return in_indonesian(text) if language == "id" else text


def rewrite(text: str, language: str = "en") -> str:
    """Give the text with every generated block made anew."""

    def made(found: re.Match[str]) -> str:
        return f"{found[1]}\n{block(found['name'], language)}\n\n{found[3]}"

    return _BLOCK.sub(made, text)


# --- settings -----------------------------------------------------------------------------------

MORE_ABOUT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "callback_attempts_max": "How often one callback is sent before it counts as exhausted.",
        "callback_timeout_ms": "How long a receiver of callbacks may take to answer.",
        "callback_host_concurrency_max": "How many callbacks go to one receiver at a time.",
        "callback_concurrency_max": "How many callbacks are being sent at a time, all receivers.",
        "lane_workers": "Connections that commit batches of writes side by side.",
        "lane_batch_writes_max": "How many writes one commit may carry.",
        "lane_queue_writes_max": "How many writes may wait; more are answered *maintenance*.",
        "dispatch_concurrency_max": "How many attempts one node works on at a time.",
        "poll_interval_ms": "How often a node looks for attempts that are due.",
        "cache_refresh_ms": "How often a node looks for changed resellers, products and routes.",
        "supplier_idle_reuse_ms_max": (
            "A purchase reuses a connection idle for less than this; 0 always takes a fresh one."
        ),
        "log_level": "debug, info, warning, error or critical.",
    }
)
"""Words for settings whose own line in settings.py has none."""


class SettingLine(msgspec.Struct, frozen=True, kw_only=True):
    """One setting as the documentation shows it."""

    name: str
    kind: str
    default: Any
    about: str


def setting_lines() -> list[SettingLine]:
    """Read every setting with its comment from the class that holds them."""
    tree = ast.parse(inspect.getsource(settings_module.Settings))
    defaults = settings_module.Settings()
    owner = tree.body[0]
    assert isinstance(owner, ast.ClassDef)  # noqa: S101 (the source of a class)
    lines: list[SettingLine] = []
    abouts: dict[str, str] = {}
    for before, node in zip(owner.body, [*owner.body[1:], ast.Pass()], strict=True):
        if isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name):
            name = before.target.id
            abouts[name] = MORE_ABOUT.get(name, "")
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                abouts[name] = inspect.cleandoc(str(node.value.value)).replace("\n", " ")
            kind = ast.unparse(before.annotation)
            lines.append(
                SettingLine(
                    name=name, kind=kind, default=getattr(defaults, name), about=abouts[name]
                )
            )
    return lines


def _settings_table() -> str:
    rows = ((code(s.name), code(_toml(s.default)), s.about) for s in setting_lines())
    return table(("setting", "default", "meaning"), rows)


def _toml(value: object) -> str:
    return msgspec.json.encode(value).decode()


def toml_example() -> str:
    """Write gerbang.toml.example: every setting, commented out, at its default."""
    parts = [
        "# Every setting of a Gerbang node, at its default. Copy to gerbang.toml and uncomment",
        "# what you change. The environment wins over this file: GERBANG_PORT overrides port.",
        "",
        "[gerbang]",
    ]
    for line in setting_lines():
        parts += ["", f"# {line.about}", f"# {line.name} = {_toml(line.default)}"]
    return "\n".join(parts) + "\n"


# --- states -------------------------------------------------------------------------------------


def _diagram(steps: Iterable[tuple[str, str]], first: str) -> str:
    lines = [f"    [*] --> {first}", *sorted(f"    {a} --> {b}" for a, b in steps)]
    return "```mermaid\nstateDiagram-v2\n" + "\n".join(lines) + "\n```"


def _order_diagram() -> str:
    return _diagram(((a.value, b.value) for a, b in ORDER_STEPS), OrderState.PENDING.value)


def _attempt_diagram() -> str:
    return _diagram(((a.value, b.value) for a, b in ATTEMPT_STEPS), AttemptState.PREPARED.value)


def _payment_diagram() -> str:
    steps = ((a.value, b.value) for a, b in PAYMENT_STEPS)
    return _diagram(steps, PaymentState.INITIALISED.value)


def _test_cards() -> str:
    rows = ((code(card.number), code(card.code), card.meaning) for card in TEST_CARDS)
    return table(("card", "result", "what it does"), rows)


def _state_words() -> str:
    telling = [d.extras for d in DIALECTS.values() if d.extras.states]
    rows = [
        (code(state.value), *(extras.states[state.value] for extras in telling))
        for state in OrderState
    ]
    return table(("state", *(extras.states_head for extras in telling)), rows)


# --- dialects -----------------------------------------------------------------------------------


def _isikuota_codes() -> str:
    rows = []
    for reason in Reason:
        word = isikuota_spec.REASONS[reason]
        rows.append(
            (
                code(reason.value),
                code(word),
                str(isikuota_spec.HTTP_STATUS[word]),
                isikuota_spec.REASON_TEXT[reason],
            )
        )
    return table(("reason", "code", "HTTP", "message"), rows)


def _socx_codes() -> str:
    rows = []
    for reason in Reason:
        rc, stored = socx_spec.REASONS[reason], socx_spec.ORDER_RC[reason]
        rows.append((code(reason.value), code(rc), code(stored), socx_spec.MESSAGES[rc]))
    return table(("reason", "rc of a refusal", "rc of a failed order", "message"), rows)


def _otomax_codes() -> str:
    rows = (
        (
            code(reason.value),
            code(otomax_spec.REASONS[reason]),
            otomax_spec.REASON_TEXT[reason],
            "yes" if reason in otomax_spec.BEFORE_LOOKUP else "",
        )
        for reason in Reason
    )
    return table(("reason", "OtomaX number", "text", "never with GAGAL"), rows)


def _truth_tables() -> str:
    return "\n\n".join(
        f"### {dialect.title}\n\n{_truth_table(dialect.answers)}" for dialect in DIALECTS.values()
    )


def _truth_table(answers: Iterable[AnswerRule]) -> str:
    rows = []
    for rule in answers:
        outcome = rule.outcome.replace("_", "").lower()
        rejected = outcome == "rejected"
        rows.append(
            (
                rule.answer,
                _OUTCOME_WORD[outcome],
                code(rule.reason.value) if rule.reason else "",
                _yes(rule.reroutable) if rejected else "",
                _yes(not rule.reference_consumed) if rejected else "",
            )
        )
    head = ("answer", "outcome", "reason", "another supplier may be tried", "reference stays free")
    return table(head, rows)


_OUTCOME_WORD: Final = {
    "delivered": "Delivered",
    "accepted": "Accepted",
    "rejected": "Rejected",
    "unknown": "**Unknown**",
    "notfound": "Not found",
}


def _yes(value: bool) -> str:  # noqa: FBT001 (a word for a truth value)
    return "yes" if value else "no"


def _learn_table() -> str:
    rows = []
    for dialect in DIALECTS.values():
        learn = dialect.learn
        evidence = "never evidence"
        if learn.not_found_answers:
            evidence = f"{learn.not_found_answers} answers over {learn.not_found_quiet_s} s"
        waits = ", ".join(f"{ms / 1000:g}" for ms in learn.ask_again_after_ms)
        rows.append((dialect.title, _resend_word(learn), evidence, waits))
    head = ("supplier speaks", "same reference again", '"not found"', "asked again after (s)")
    return table(head, rows)


def _resend_word(learn: LearnRules) -> str:
    if learn.resend_same_reference_safe:
        return "safe"
    return "unsafe, unless declared" if learn.resend_same_reference_declarable else "unsafe"


def _capabilities() -> str:
    rows = []
    for dialect in DIALECTS.values():
        wait = f"{dialect.reply_wait_ms_default / 1000:g} s"
        formats = ", ".join(code(name) for name in dialect.callback_formats)
        events = ", ".join(sorted(event.value for event in dialect.callback_events))
        rows.append((dialect.title, _yes(dialect.weak), wait, formats, events))
    head = (
        "dialect",
        "needs an address list",
        "a reply waits for the result",
        "callback formats",
        "events",
    )
    return table(head, rows)


# --- routing, metrics, commands ------------------------------------------------------------------


def _verdicts() -> str:
    rows = ((code(word.value), fact_names(english)) for word, (english, _) in TEXTS.items())
    return table(("verdict", "in words"), rows)


def _metrics_table() -> str:
    rows = [
        (code(metric.name), metric.type, metric.documentation)
        for metric in Metrics().registry.collect()
    ]
    return table(("metric", "type", "what it tells"), rows)


def _health_table() -> str:
    rows = [
        (code(name), str(getattr(SUPPLIER_HEALTH, name)), str(getattr(PRODUCT_HEALTH, name)))
        for name in HealthSettings.__struct_fields__
    ]
    return table(("number", "supplier", "product there"), rows)


def _commands() -> str:
    import typer

    from gerbang.cli.main import app

    rows: list[tuple[str, str]] = []

    def describe(command: Any, path: str) -> None:
        inner: Mapping[str, Any] = getattr(command, "commands", {})
        for name in sorted(inner):
            describe(inner[name], f"{path} {name}")
        if not inner:
            said = inspect.cleandoc(command.help or "").partition("\n\n")[0]
            rows.append((code(path), said.replace("\n", " ")))

    describe(typer.main.get_command(app), "gerbang")
    return table(("command", "what it does"), rows)


def _packages() -> str:
    """Every folder of the program with the first sentence of its own docstring."""
    root = Path(__file__).parent
    folders = sorted(file.parent.name for file in root.glob("*/__init__.py"))
    rows = []
    for name in folders:
        source = (root / name / "__init__.py").read_text(encoding="utf-8")
        said = inspect.cleandoc(ast.get_docstring(ast.parse(source)) or "").partition("\n\n")[0]
        rows.append((code(f"{name}/"), said.replace("\n", " ").replace("``", "`")))
    return table(("in `src/gerbang/`", "what"), rows)


def _codes_of(dialect: Dialect) -> str:
    """What every dialect has: its own word for every reason."""
    rows = ((code(reason.value), code(word)) for reason, word in dialect.reasons.items())
    return table(("reason", dialect.title), rows)


BLOCKS: Final[Mapping[str, Callable[[], str]]] = MappingProxyType(
    {
        **{f"{d.name}-codes": partial(_codes_of, d) for d in DIALECTS.values()},
        "settings": _settings_table,
        "order-states": _order_diagram,
        "attempt-states": _attempt_diagram,
        "state-words": _state_words,
        "isikuota-codes": _isikuota_codes,
        "socx-codes": _socx_codes,
        "otomax-codes": _otomax_codes,
        "truth-tables": _truth_tables,
        "learning": _learn_table,
        "capabilities": _capabilities,
        "magic-numbers": magic_table,
        "magic-deposits": deposit_magic_table,
        "magic-bills": bill_magic_table,
        "postings": posting_table,
        "contradictions": contradiction_table,
        "card-postings": card_posting_table,
        "payment-states": _payment_diagram,
        "test-cards": _test_cards,
        "nicepay-states": nicepay_states,
        "nicepay-codes": nicepay_codes,
        "verdicts": _verdicts,
        "metrics": _metrics_table,
        "health": _health_table,
        "commands": _commands,
        "packages": _packages,
    }
)


def documents(root: Path) -> list[Path]:
    """Every Markdown page of the repository that may hold generated blocks."""
    return [*sorted(root.glob("*.md")), *sorted(root.glob("docs/**/*.md"))]


def language_of(page: Path) -> str:
    """Tell a page's language: ``deposits.id.md`` is Indonesian."""
    return "id" if page.name.endswith(".id.md") else "en"


def main() -> None:
    """Rewrite every page and gerbang.toml.example below the working directory."""
    root = Path.cwd()
    for page in documents(root):
        text = page.read_text()
        if (made := rewrite(text, language_of(page))) != text:
            page.write_text(made)
    (root / "gerbang.toml.example").write_text(toml_example())


if __name__ == "__main__":
    main()
