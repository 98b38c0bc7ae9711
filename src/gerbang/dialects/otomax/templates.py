"""Reply templates: their language, their check and a preview; pure.

A template is one line of text with ``{placeholders}``. What stands between ``<`` and ``>`` is left
out where one of its placeholders has no value. ``{{ }} << >>`` are the characters themselves.
Times take a form: ``{waktu:dd/MM HH:mm}``. The names are the trade's, and the same that the
client half's parsing rules use for their groups.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final

import msgspec

from gerbang.bills.token import Token
from gerbang.clock import WIB

TEMPLATE_CHARS_MAX: Final = 1_000
TEMPLATES_CACHED_MAX: Final = 2_048


class Event(StrEnum):
    """What a reply or a report tells; each has one template."""

    ACCEPTED = "accepted"
    ACCEPTED_OPEN = "accepted_open"
    """Accepted, for an open denomination: the quantity is the nominal."""
    SUCCESS = "success"
    FAILED = "failed"
    REVERSED = "reversed"
    KNOWN_PENDING = "known_pending"
    """The three KNOWN events answer a repeated refID and `check=1`."""
    KNOWN_SUCCESS = "known_success"
    KNOWN_FAILED = "known_failed"
    NOT_FOUND = "not_found"
    REFUSED = "refused"
    BUSY = "busy"
    """Refused before the reference could be looked up; must not sound final."""
    DUPLICATE = "duplicate"
    BALANCE = "balance"


class Values(msgspec.Struct, frozen=True, kw_only=True):
    """What the placeholders of one reply stand for; None and "" are no value."""

    at: datetime
    trxid: int | None = None
    refid: str = ""
    nama: str = ""
    kode: str = ""
    counter: int = 1
    tujuan: str = ""
    qty: int = 1
    label_sn: str = "SN"
    sn: str = ""
    token: Token | None = None
    harga: int | None = None
    saldo: int | None = None
    saldo_awal: int | None = None
    keterangan: str = ""
    status: int = 1
    nama_member: str = ""
    kode_member: str = ""
    trxid_lama: int | None = None
    refid_lama: str = ""
    at_lama: datetime | None = None
    counter_lama: int = 1
    grouping: str = "."


Getter = Callable[[Values], str | None]
Part = str | Getter | tuple[str | Getter, ...]
"""Literal text, a placeholder, or an optional stretch of both."""


class Template(msgspec.Struct, frozen=True):
    """A template ready to be filled in."""

    parts: tuple[Part, ...]


class TemplateError(ValueError):
    """The template is wrong; carries every problem found."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


# --- placeholders -----------------------------------------------------------------------------


def _amount(value: int | None, values: Values) -> str | None:
    return None if value is None else f"{value:,}".replace(",", values.grouping)


def _number(value: int | None) -> str | None:
    return None if value is None else str(value)


def _of_token(values: Values, part: str) -> str | None:
    return None if values.token is None else str(getattr(values.token, part))


PLACEHOLDERS: Final[Mapping[str, tuple[str, Getter]]] = {
    "trxid": ("our number of the order", lambda v: _number(v.trxid)),
    "refid": ("the reseller's refID", lambda v: v.refid),
    "nama": ("name of the product", lambda v: v.nama),
    "kode": ("code of the product", lambda v: v.kode),
    "counter": ("counter, only from the second on", lambda v: _counter(v.counter)),
    "ke": ("counter, always", lambda v: str(v.counter)),
    "tujuan": ("destination", lambda v: v.tujuan),
    "qty": ("quantity, or the nominal", lambda v: str(v.qty)),
    "label_sn": ("SN or SN/Ref, as the reseller wants it", lambda v: v.label_sn),
    "sn": ("serial number", lambda v: v.sn),
    "token": ("electricity token, as groups of four digits", lambda v: _of_token(v, "token")),
    "kwh": ("token: kWh", lambda v: _of_token(v, "kwh")),
    "tarif": ("token: tariff", lambda v: _of_token(v, "tariff")),
    "daya": ("token: volt-ampere", lambda v: _of_token(v, "power")),
    "nama_pelanggan": ("token: the customer's name", lambda v: _of_token(v, "name")),
    "harga": ("price", lambda v: _amount(v.harga, v)),
    "saldo": ("balance now", lambda v: _amount(v.saldo, v)),
    "saldo_awal": ("balance before this order", lambda v: _amount(v.saldo_awal, v)),
    "keterangan": ("reason of a failure or refusal", lambda v: v.keterangan),
    "status": ("OtomaX status number", lambda v: str(v.status)),
    "nama_member": ("name of the reseller", lambda v: v.nama_member),
    "kode_member": ("code of the reseller", lambda v: v.kode_member),
    "trxid_lama": ("duplicate: number of the earlier order", lambda v: _number(v.trxid_lama)),
    "refid_lama": ("duplicate: refID of the earlier order", lambda v: v.refid_lama),
    "ke_berikut": ("duplicate: counter to use next", lambda v: str(v.counter_lama + 1)),
}
"""Name, what it stands for (shown in the console), and where its text comes from."""

TIMES: Final[Mapping[str, tuple[str, Callable[[Values], datetime | None]]]] = {
    "waktu": ("time (WIB), with a form such as HH:mm", lambda v: v.at),
    "waktu_lama": ("duplicate: time of the earlier order", lambda v: v.at_lama),
}

ONLY_DUPLICATE: Final = frozenset({"trxid_lama", "refid_lama", "ke_berikut", "waktu_lama"})

_TIME_CODES: Final[Mapping[str, str]] = {
    "dd": "%d", "MM": "%m", "yyyy": "%Y", "yy": "%y", "HH": "%H", "mm": "%M", "ss": "%S",
}  # fmt: skip
_TIME_FORM: Final = re.compile(r"(?:yyyy|yy|dd|MM|HH|mm|ss|[ /:.\-]){1,20}")
_TIME_CODE: Final = re.compile(r"yyyy|yy|dd|MM|HH|mm|ss")
_TOKEN: Final = re.compile(r"\{\{|\}\}|<<|>>|\{[^{}<>]*\}|[{}<>]|[^{}<>]+")
_LITERAL: Final[Mapping[str, str]] = {"{{": "{", "}}": "}", "<<": "<", ">>": ">"}


def _counter(counter: int) -> str | None:
    return str(counter) if counter > 1 else None


def _time_getter(name: str, form: str) -> Getter:
    codes = _TIME_CODE.sub(lambda match: _TIME_CODES[match[0]], form)
    pick = TIMES[name][1]

    def get(values: Values) -> str | None:
        at = pick(values)
        return at.astimezone(WIB).strftime(codes) if at else None

    return get


# --- reading a template -----------------------------------------------------------------------


@lru_cache(maxsize=TEMPLATES_CACHED_MAX)
def compile_template(text: str) -> Template:
    """Read a template, or raise TemplateError with every problem."""
    problems = _outside_problems(text)
    reader = _Reader(problems)
    if not problems:
        for token in _TOKEN.findall(text):
            reader.take(token)
        reader.finish()
    if problems:
        raise TemplateError(problems)
    return Template(tuple(reader.parts))


def _outside_problems(text: str) -> list[str]:
    if not text.strip():
        return ["the template is empty"]
    if len(text) > TEMPLATE_CHARS_MAX:
        return [f"the template is longer than {TEMPLATE_CHARS_MAX} characters"]
    if any(not one.isprintable() and one not in "\n\t" for one in text):
        return ["the template has a control character"]
    return []


class _Reader:
    """Collects the parts of a template, token by token."""

    def __init__(self, problems: list[str]) -> None:
        self.parts: list[Part] = []
        self._problems = problems
        self._optional: list[str | Getter] | None = None

    def take(self, token: str) -> None:
        match token:
            case "<" if self._optional is None:
                self._optional = []
            case ">" if self._optional is not None:
                self.parts.append(tuple(self._optional))
                self._optional = None
            case "<" | ">" | "{" | "}":
                self._problems.append(f"stray {token!r}; write it twice if it is meant")
            case _ if token.startswith("{") and token not in _LITERAL:
                self._add(self._placeholder(token[1:-1]))
            case _:
                self._add(_LITERAL.get(token, token))

    def finish(self) -> None:
        if self._optional is not None:
            self._problems.append("a '<' is not closed")

    def _add(self, part: str | Getter) -> None:
        (self.parts if self._optional is None else self._optional).append(part)

    def _placeholder(self, inside: str) -> str | Getter:
        name, colon, form = inside.partition(":")
        if name in TIMES:
            if _TIME_FORM.fullmatch(form):
                return _time_getter(name, form)
            self._problems.append(f"{{{name}}} needs a form such as {{{name}:dd/MM HH:mm}}")
        elif name not in PLACEHOLDERS:
            self._problems.append(f"unknown placeholder {{{name}}}")
        elif colon:
            self._problems.append(f"{{{name}}} takes no form")
        else:
            return PLACEHOLDERS[name][1]
        return ""


def render(template: Template, values: Values) -> str:
    """Fill a template in."""
    out: list[str] = []
    for part in template.parts:
        if isinstance(part, str):
            out.append(part)
        elif isinstance(part, tuple):
            out.append(_render_optional(part, values))
        else:
            out.append(part(values) or "")
    return "".join(out)


def _render_optional(parts: tuple[str | Getter, ...], values: Values) -> str:
    out: list[str] = []
    for part in parts:
        text = part if isinstance(part, str) else part(values)
        if not text:
            return ""
        out.append(text)
    return "".join(out)


# --- for the console --------------------------------------------------------------------------


def check_template(event: str, text: str) -> list[str]:
    """Name everything that is wrong with a template; an empty list means it may be saved."""
    if event not in Event.__members__.values():
        return [f"unknown event {event!r}; one of {', '.join(Event)}"]
    try:
        compile_template(text)
    except TemplateError as error:
        return list(error.problems)
    problems = []
    used = _names_in(text)
    if event != Event.DUPLICATE and (wrong := sorted(used & ONLY_DUPLICATE)):
        problems.append(f"{', '.join(wrong)} only exist in the event {Event.DUPLICATE}")
    if event == Event.BALANCE and "saldo" not in used:
        problems.append("a balance reply needs {saldo}")
    return problems


def _names_in(text: str) -> set[str]:
    return {
        token[1:-1].partition(":")[0]
        for token in _TOKEN.findall(text)
        if token.startswith("{") and token not in _LITERAL
    }


_SAMPLE: Final = Values(
    at=datetime(2026, 5, 31, 5, 36, 46, tzinfo=UTC),
    trxid=210286229, refid="TRX-113", nama="Telkomsel 5.000", kode="S5", tujuan="081234567890",
    qty=1, sn="R260531.1236.2100F1", harga=5_400, saldo=94_600, saldo_awal=100_000,
    keterangan="Nomor tujuan salah", nama_member="Demo Member", kode_member="DEMO",
    trxid_lama=210286100, refid_lama="TRX-112",
    at_lama=datetime(2026, 5, 31, 2, 5, 9, tzinfo=UTC),
)  # fmt: skip


def preview(text: str, *, label_sn: str = "SN/Ref", grouping: str = ".") -> str:
    """Fill a template in with an invented order; raises TemplateError when it is wrong."""
    sample = msgspec.structs.replace(_SAMPLE, label_sn=label_sn, grouping=grouping)
    return render(compile_template(text), sample)
