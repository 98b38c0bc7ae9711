"""Settings are checked before they are saved."""

from __future__ import annotations

from typing import Any

import pytest

from gerbang.dialects.otomax.settings import (
    RESERVED_SLUGS,
    check_member,
    check_reseller_settings,
    check_supplier_settings,
)


def test_good_settings_have_no_problems() -> None:
    assert not check_reseller_settings(
        {
            "otomax.profile": "text-plus",
            "otomax.templates": {"success": "{kode}.{tujuan} OK {sn}"},
            "otomax.sn_label": "SN",
            "otomax.slug": "toko_berkah-1",
            "otomax.legacy_sign": False,
            "otomax.require_sign": True,
            "socx.anything": 1,
        }
    )
    assert not check_supplier_settings(
        {
            "member_id": "gp001",
            "auth": "both",
            "method": "POST",
            "trx_path": "/trx/toko",
            "balance_path": "/trx/balance",
            "balance_sign": "empty",
            "counter_as": "dest",
            "nominal_as": "qty",
            "check": True,
            "ask_matches_reference": True,
            "resend_same_reference": "safe",
            "reply_rules": ["builtin:oke", "builtin:generic"],
        }
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("profile", "text-other"),
        ("profile", None),
        ("templates", "x"),
        ("templates", {"success": "{nothing}"}),
        ("templates", {"success": 1}),
        ("templates", {"sukses": "x"}),
        ("sn_label", ""),
        ("sn_label", "x" * 21),
        ("slug", "a b"),
        ("slug", 7),
        ("legacy_sign", "yes"),
        *(("slug", slug) for slug in sorted(RESERVED_SLUGS)),
    ],
)
def test_a_wrong_setting_of_a_reseller_is_named(name: str, value: Any) -> None:
    problems = check_reseller_settings({f"otomax.{name}": value})
    assert problems
    assert all(one.startswith(f"otomax.{name}: ") for one in problems)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("member_id", "a|b"),
        ("member_id", 7),
        ("auth", "none"),
        ("method", "PUT"),
        ("trx_path", "trx"),
        ("trx_path", "/trx?x=1"),
        ("balance_sign", True),
        ("counter_as", "url"),
        ("check", "no"),
        ("resend_same_reference", True),
        ("reply_rules", ["builtin:x"]),
        ("reply_rules", {}),
    ],
)
def test_a_wrong_setting_of_a_supplier_is_named(name: str, value: Any) -> None:
    problems = check_supplier_settings({name: value})
    assert problems
    assert all(one.startswith(f"{name}: ") for one in problems)


@pytest.mark.parametrize("member", ["", "A", "yusuf", "A|B", "A B", "A" * 33, "\u00c4B"])
def test_a_member_code_that_could_not_be_signed_is_refused(member: str) -> None:
    assert check_member(member)


def test_a_usual_member_code_is_taken() -> None:
    assert not check_member("OK00123")
