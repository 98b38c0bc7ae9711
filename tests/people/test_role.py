from __future__ import annotations

from gerbang.people.role import ALLOWED, CONSOLE_ROLES, Permission, Role


def test_every_role_has_its_permissions_and_every_permission_somebody() -> None:
    assert set(ALLOWED) == set(Role)
    assert frozenset().union(*ALLOWED.values()) == frozenset(Permission)


def test_who_only_watches_changes_nothing_but_the_own_account() -> None:
    changing = {p for p in ALLOWED[Role.VIEWER] if not p.value.endswith(".read")}
    assert changing == {Permission.OWN_ACCOUNT}


def test_support_touches_no_money_and_only_owners_touch_people() -> None:
    money = {Permission.BALANCE_CHANGE, Permission.DEPOSITS_CHANGE, Permission.ORDERS_DECIDE}
    assert not money & ALLOWED[Role.SUPPORT]
    for role in CONSOLE_ROLES:
        assert (Permission.PEOPLE_CHANGE in ALLOWED[role]) == (role is Role.OWNER)


def test_a_reseller_has_nothing_of_the_console() -> None:
    assert ALLOWED[Role.RESELLER] == {Permission.PORTAL_USE, Permission.OWN_ACCOUNT}
