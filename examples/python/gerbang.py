"""A client of the OtomaX dialect. Written from docs/dialects/otomax.md."""

from __future__ import annotations

import base64
import hashlib
import re
import urllib.parse
import urllib.request

NOT_FINAL = ("akan diproses", "sedang diproses", "tunggu trx sblmnya selesai")
TIMEOUT_S = 15


class Gerbang:
    """Buys and asks; every request says that it is a test unless `testing` is False."""

    def __init__(
        self,
        url: str,
        member: str,
        pin: str,
        password: str,
        *,
        slug: str = "",
        testing: bool = True,
    ) -> None:
        """Prepare; nothing is sent yet."""
        self._trx = f"{url}/trx/{slug}" if slug else f"{url}/trx"
        self._balance = f"{url}/balance"
        self._ticket = f"{url}/ticket"
        self._member = member
        self._secrets = f"{pin}|{password}"
        self._testing = testing

    def balance(self) -> str:
        """Ask for the balance."""
        sign = make_sign(f"OtomaX|CheckBalance|{self._member}|{self._secrets}")
        return _get(self._balance, {"memberID": self._member, "sign": sign})

    def buy(self, reference: str, product: str, dest: str) -> str:
        """Buy. The same request never buys twice, so this may be repeated."""
        return self._order(reference, product, dest)

    def inquiry(self, reference: str, product: str, customer: str) -> str:
        """Ask what a customer owes; no money moves. The bill stands in the SN."""
        return self._order(reference, f"CEK{product}", customer)

    def pay(self, reference: str, product: str, customer: str) -> str:
        """Pay the bill that was shown, with a refID of its own; repeating it never pays twice."""
        return self._order(reference, f"BYR{product}", customer)

    def ticket(self, amount: int) -> str:
        """Ask for a deposit ticket: exactly the total that it names has to come."""
        member, secrets = self._member, self._secrets
        sign = make_sign(f"OtomaX|ticket|{member}|{secrets}|{amount}")
        fields = {"memberID": member, "amount": str(amount), "sign": sign}
        return _get(self._ticket, fields | ({"testing": "1"} if self._testing else {}))

    def status(self, reference: str, product: str, dest: str) -> str:
        """Ask how an order stands; never buys."""
        return self._order(reference, product, dest, check="1")

    def _order(self, reference: str, product: str, dest: str, **more: str) -> str:
        text = f"OtomaX|{self._member}|{product}|{dest}|{reference}|{self._secrets}"
        fields = {
            "memberID": self._member,
            "product": product,
            "dest": dest,
            "refID": reference,
            "qty": "1",
            "sign": make_sign(text),
            **more,
        }
        if self._testing:
            fields["testing"] = "1"  # left out, the same request is a live one
        return _get(self._trx, fields)


def make_sign(text: str) -> str:
    """Hash raw and write it in URL-safe base64 without padding."""
    digest = hashlib.sha1(text.encode(), usedforsecurity=False).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def bill_total(text: str) -> int | None:
    """Read what an inquiry says is to be paid; None where it shows no bill."""
    found = re.search(r"/TOTAL:(\d+)", text)
    return int(found[1]) if found else None


def is_final(text: str) -> bool:
    """Say whether a reply is the last word; whatever cannot be told is not."""
    return not any(words in text for words in NOT_FINAL)


def _get(address: str, fields: dict[str, str]) -> str:
    # An error here says nothing about the order: ask for its state, never take it for a failure.
    query = urllib.parse.urlencode(fields)
    with urllib.request.urlopen(f"{address}?{query}", timeout=TIMEOUT_S) as answer:  # noqa: S310
        text: str = answer.read().decode()
        return text
