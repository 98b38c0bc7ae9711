"""Parameters and fields."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gerbang.dialects.otomax import wire
from gerbang.dialects.otomax.form import UnreadableError, read_fields
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import InboundRequest

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "otomax.json").read_text())
LOGIN = wire.Login("YUSUF", "1144", "abcd")
FIELDS = {"memberid": "YUSUF", "product": "X10", "dest": "08123456789", "refid": "2140669"}
GOOD = "Cp9NLVuKWBt5Sey_uMlYsvnKvJI"


def signed(sign: str, *, legacy: bool = False, **changes: str) -> Reason | None:
    fields = FIELDS | {"sign": sign} | changes
    texts = wire.order_texts(fields, LOGIN, legacy=legacy)
    return wire.check_login(fields, LOGIN, texts=texts, legacy=legacy)


def by(query: str = "", body: bytes = b"", kind: str = "", method: str = "GET") -> dict[str, str]:
    headers = (("content-type", kind),) if kind else ()
    return read_fields(
        InboundRequest(
            method=method, path="/trx", query=query.encode("latin-1"), headers=headers, body=body
        )
    )


# --- parameters -----------------------------------------------------------------------------------


def test_names_are_read_without_regard_to_case_and_values_trimmed() -> None:
    fields = by("MemberId=%20yusuf%20&PRODUCT=X10&Dest=+0812+&REFid=1&what=ever")
    assert fields == {"memberid": "yusuf", "product": "X10", "dest": "0812", "refid": "1"}


def test_query_and_form_are_one() -> None:
    kind = "application/x-www-form-urlencoded; charset=UTF-8"
    fields = by("memberID=A&product=X10", b"dest=0812&refID=1", kind, method="POST")
    assert fields == {"memberid": "A", "product": "X10", "dest": "0812", "refid": "1"}


def test_a_multipart_form_is_read() -> None:
    body = (
        b'--b1\r\nContent-Disposition: form-data; name="memberID"\r\n\r\nYUSUF\r\n'
        b'--b1\r\ncontent-disposition: form-data; name="password"\r\n\r\np\xc3\xa4ss\r\n--b1--\r\n'
    )
    fields = by("product=X10", body, "multipart/form-data; boundary=b1", method="POST")
    assert fields == {"product": "X10", "memberid": "YUSUF", "password": "päss"}


def test_the_body_of_a_get_is_not_read() -> None:
    assert by("memberID=A", b"memberID=B", method="GET") == {"memberid": "A"}


def test_the_same_value_twice_is_one() -> None:
    assert by("memberID=A&memberid=A") == {"memberid": "A"}


@pytest.mark.parametrize(
    ("query", "body", "kind"),
    [
        ("refID=1&refid=2", b"", ""),
        ("refID=1", b"refID=2", "application/x-www-form-urlencoded"),
        ("refID=%FF", b"", ""),
        ("refID=\xff", b"", ""),
        ("&".join(f"a{n}=1" for n in range(70)), b"", ""),
        ("", b"{}", "application/json"),
        ("", b"<a/>", "text/xml"),
        ("", b"a=%C3", "application/x-www-form-urlencoded"),
        ("", b"--x\r\n", "multipart/form-data; boundary=b1"),
        ("", b"--b1\r\nContent-Disposition: form-data", "multipart/form-data; boundary=b1"),
        ("", b"--b1--", "multipart/form-data"),
        ("", b"--b1--", "multipart/form-data; boundary=" + "b" * 999),
        (
            "",
            b'--b\r\nContent-Disposition: form-data; name="pin"\r\n\r\n\xff\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
        ),
        (
            "",
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 70 + b"--b--\r\n",
            "multipart/form-data; boundary=b",
        ),
    ],
)
def test_what_cannot_be_read_for_certain_is_refused(query: str, body: bytes, kind: str) -> None:
    with pytest.raises(UnreadableError):
        by(query, body, kind, method="POST")


@given(
    query=st.binary(max_size=200),
    body=st.binary(max_size=300),
    kind=st.sampled_from(
        ["", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", ";;=", "text/"]
    ),
)
def test_any_bytes_are_read_or_refused(query: bytes, body: bytes, kind: str) -> None:
    request = InboundRequest(
        method="POST", path="/trx", query=query, headers=(("content-type", kind),), body=body
    )
    try:
        fields = read_fields(request)
    except UnreadableError:
        return
    wire.read_wanted(fields)
    texts = wire.order_texts(fields, LOGIN, legacy=True)
    wire.check_login(fields, LOGIN, texts=texts, legacy=True)


# --- fields ---------------------------------------------------------------------------------------


def wanted(**changes: str) -> wire.Wanted:
    result = wire.read_wanted(FIELDS | changes)
    assert isinstance(result, wire.Wanted), result
    return result


def problem(**changes: str) -> wire.FieldProblem:
    result = wire.read_wanted(FIELDS | changes)
    assert isinstance(result, wire.FieldProblem), result
    return result


def test_an_order_is_taken_apart() -> None:
    got = wanted(
        product="x10", dest="0812 345 678", qty="3", counter="2", harga_max="5000", testing="1"
    )
    assert got == wire.Wanted(
        product="X10",
        destination="0812345678",
        reference="2140669",
        quantity=3,
        counter=2,
        price_max=5_000,
        testing=True,
    )


@pytest.mark.parametrize(
    ("dest", "counter", "destination"),
    [
        ("1.085333753276", 1, "085333753276"),
        ("12.085333753276", 12, "085333753276"),
        ("085333753276", None, "085333753276"),
        ("user.name@mail.example", None, "user.name@mail.example"),
        ("1.2.0853", None, "1.2.0853"),
        ("12345678(2001)", None, "12345678(2001)"),
    ],
)
def test_a_counter_may_stand_in_front_of_the_number(
    dest: str, counter: int | None, destination: str
) -> None:
    got = wanted(dest=dest)
    assert (got.counter, got.destination) == (counter, destination)


def test_the_same_counter_may_be_said_twice() -> None:
    assert wanted(dest="2.0853", counter="2").counter == 2


@pytest.mark.parametrize("reference", ["reffid=apisik123456", "trx_1758-1.2", "A" * 64, "0"])
def test_references_of_real_clients_are_taken(reference: str) -> None:
    assert wanted(refid=reference).reference == reference


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("refid", ""),
        ("refid", "a|b"),
        ("refid", "a b"),
        ("refid", "a#b"),
        ("refid", "a&b"),
        ("refid", "a\x00"),
        ("refid", "a\n"),
        ("refid", "A" * 65),
        ("refid", "ä"),
        ("product", ""),
        ("product", "X|10"),
        ("product", "X\x0010"),
        ("product", "X" * 65),
        ("dest", ""),
        ("dest", "0812|R1"),
        ("dest", "0812\x00"),
        ("dest", "0.0812345"),
        ("dest", "100.0812345"),
        ("qty", "0"),
        ("qty", "-1"),
        ("qty", "1.5"),
        ("qty", "1e3"),
        ("qty", "\uff11"),
        ("qty", "9" * 13),
        ("counter", "0"),
        ("counter", "100"),
        ("counter", "x"),
        ("harga_max", "x"),
        ("check", "2"),
        ("check", "yes"),
        ("testing", "2"),
        ("testing", "ja"),
        ("testing", ""),
        ("cmd", "ticket"),
        ("cmd", ""),
    ],
)
def test_a_wrong_field_is_named(field: str, value: str) -> None:
    assert problem(**{field: value}).field == field


def test_two_different_counters_are_refused() -> None:
    assert problem(dest="2.0853", counter="3").field == "counter"


def test_reasons_of_wrong_fields_are_their_own() -> None:
    assert problem(dest="a|b").reason is Reason.INVALID_DESTINATION
    assert problem(qty="0").reason is Reason.INVALID_QUANTITY
    assert problem(refid="").reason is Reason.INVALID_REQUEST


def test_an_empty_quantity_is_none_and_no_price_limit_is_zero() -> None:
    got = wanted(qty="", harga_max="0", counter="")
    assert (got.quantity, got.price_max, got.counter) == (None, None, None)


def test_a_status_question_needs_only_the_reference() -> None:
    got = wire.read_wanted({"refid": "1", "check": "1"})
    assert isinstance(got, wire.Wanted)
    assert got.check


def test_a_status_question_without_reference_needs_product_and_destination() -> None:
    assert isinstance(wire.read_wanted({"check": "1", "product": "X10"}), wire.FieldProblem)
    both = wire.read_wanted({"check": "1", "product": "X10", "dest": "0812"})
    assert isinstance(both, wire.Wanted)


@pytest.mark.parametrize(
    ("destination", "quantity", "result"),
    [
        ("0896#1000", None, ("0896", 1_000)),
        ("0896#1000", 1, ("0896", 1_000)),
        ("0896#1000", 1_000, ("0896", 1_000)),
        ("0896", 5, ("0896", 5)),
        ("0896#", None, ("0896#", None)),
        ("0896#x", None, ("0896#x", None)),
    ],
)
def test_a_nominal_may_stand_behind_the_number(
    destination: str, quantity: int | None, result: tuple[str, int | None]
) -> None:
    given_order = wire.Wanted(
        product="SDANA", destination=destination, reference="1", quantity=quantity
    )
    got = wire.with_nominal(given_order)
    assert isinstance(got, wire.Wanted)
    assert (got.destination, got.quantity) == result


def test_two_different_nominals_are_refused() -> None:
    given_order = wire.Wanted(product="SDANA", destination="0896#1000", reference="1", quantity=7)
    got = wire.with_nominal(given_order)
    assert isinstance(got, wire.FieldProblem)
    assert got.reason is Reason.INVALID_QUANTITY


def test_text_that_was_not_checked_is_made_harmless() -> None:
    assert wire.shown("a\x00b\nc" + "d" * 99) == "abc" + "d" * 59
