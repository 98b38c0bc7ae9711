"""Go through every flow in testing; ends with 0 when each came out as it must."""

from __future__ import annotations

import os
import secrets
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from receiver import Reports

from gerbang import Gerbang, bill_total, is_final

# The last four digits say what becomes of a testing order: docs/magic-numbers.md. For each the
# reports that must come, and words of the last answer.
WANTED = {
    "1230": (["20"], "Sukses"),
    "1231": (["20"], "Sukses"),
    "1234": (["40"], "Gagal"),
    "1237": (["20", "20"], "Sukses"),  # the serial number follows
    "1238": (["20", "40"], "saldo dikembalikan"),  # first a success, then taken back
}
BILL_CUSTOMER = "0001234561230"
DEADLINE_S = 30


def main() -> int:
    """Buy, ask, wait for reports, ask again."""
    environ = os.environ
    gerbang = Gerbang(
        environ.get("GERBANG_URL", "http://127.0.0.1:8080"),
        environ["GERBANG_MEMBER"],
        environ["GERBANG_PIN"],
        environ["GERBANG_PASSWORD"],
        slug=environ.get("GERBANG_SLUG", ""),
    )
    reports = Reports(int(environ.get("GERBANG_CALLBACK_PORT", "9300")))
    product = environ.get("GERBANG_PRODUCT", "X10")
    run = secrets.token_hex(4).upper()  # references are unique over runs too
    orders = {end: (f"PY-{run}-{end}", product, f"08171234{end}") for end in WANTED}

    def buy(order: tuple[str, str, str]) -> str:
        text = gerbang.buy(*order)
        # Pending is not a failure: ask, do not buy again.
        return text if is_final(text) else gerbang.status(*order)

    print(gerbang.balance())
    with ThreadPoolExecutor() as pool:
        print("\n".join(pool.map(buy, orders.values())))

    bill = (f"PY-{run}-BILL", environ.get("GERBANG_BILL_PRODUCT", "MPBPJS"), BILL_CUSTOMER)
    shown = gerbang.inquiry(f"{bill[0]}Q", *bill[1:])
    print(shown, gerbang.pay(*bill), gerbang.ticket(500_000), sep="\n")

    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        missing = [end for end in WANTED if reports.of(orders[end][0]) != WANTED[end][0]]
        if not missing:
            break
        time.sleep(0.2)

    wrong = [f"{end}: reported {reports.of(orders[end][0])}" for end in missing]
    paid = gerbang.status(bill[0], f"BYR{bill[1]}", bill[2])
    print(paid)
    if not bill_total(shown) or "sukses" not in paid.lower():
        wrong.append(f"the bill: {shown} {paid}")
    for end, order in orders.items():
        text = gerbang.status(*order)
        print(text)
        if WANTED[end][1].lower() not in text.lower():
            wrong.append(f"{end}: {text}")
    print("\n".join(wrong) or "all as it must be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
