"""What the payment pages hold, as a client that parses them and as a browser sees them."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from string import Formatter

import pytest

from gerbang.dialects.nicepay.assets import answer_asset
from gerbang.dialects.nicepay.page_words import (
    FIELD_OF_PROBLEM,
    PROBLEM_OF_CODE,
    WORDS,
    choose_language,
    problem_of,
    result_of,
)
from gerbang.dialects.nicepay.pages import (
    BROWSER_FIELDS,
    BeginView,
    ChallengeView,
    CheckoutView,
    OrderFace,
    ResultView,
    ReturnView,
    auto_submit_page,
    begin_page,
    challenge_page,
    checkout_page,
    page_answer,
    page_headers,
    result_page,
    rupiah,
)
from gerbang.outbound.message import InboundRequest

ORDER = OrderFace(merchant="Toko <b>&", amount=1250000, goods="Sepatu", reference="ORD-1")
TXID = "SIMMID000101202601021530001234"


class Page(HTMLParser):
    """The tags of a page."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def hidden(self) -> dict[str, str]:
        return {i["name"]: i["value"] for i in self.all("input") if i.get("type") == "hidden"}

    @property
    def form(self) -> dict[str, str]:
        (one,) = self.all("form")
        return one


def checkout(**changes: object) -> bytes:
    values: dict[str, object] = {
        "language": "id",
        "order": ORDER,
        "action": "/nicepay/redirect/v2/payment",
        "hidden": {"tXid": TXID},
    }
    return checkout_page(CheckoutView(**(values | changes)))  # type: ignore[arg-type]


def challenge(**changes: object) -> bytes:
    values: dict[str, object] = {
        "language": "en",
        "order": ORDER,
        "action": "http://127.0.0.1/nicepay/api/mpgsAuth.do",
        "hidden": {"tXid": TXID, "sealed": "abc"},
        "masked_number": "443426******0008",
        "seconds_left": 300,
    }
    return challenge_page(ChallengeView(**(values | changes)))  # type: ignore[arg-type]


BACK = auto_submit_page(
    ReturnView(
        language="id",
        url="https://shop.example/back?wc-api=x&key=1",
        fields={"resultCd": "0000", "resultMsg": "SUCCESS", "goodsNm": '"><script>'},
    )
)
RESULT = result_page(
    ResultView(language="id", result_cd="8022", fields={"resultCd": "8022", "tXid": ""})
)
BEGIN = begin_page(
    BeginView(language="id", action="http://h/nicepay/api/mpgsAuth.do", hidden={"tXid": TXID})
)
PAGES = {
    "checkout": checkout(tenors=(1, 3)),
    "challenge": challenge(),
    "begin": BEGIN,
    "return": BACK,
    "result": RESULT,
}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_every_page_starts_with_its_head_and_says_its_language(page: bytes) -> None:
    assert page[:6] == b"<head>"
    assert Page(page).all("html")[0]["lang"] in ("id", "en")


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_nothing_on_a_page_is_inline_or_from_elsewhere(page: bytes) -> None:
    parsed = Page(page)
    assert all(one["src"].startswith("/nicepay/assets/") for one in parsed.all("script"))
    assert all(one["href"].startswith("/nicepay/assets/") for one in parsed.all("link"))
    assert parsed.all("style") == []
    assert parsed.all("iframe") == []
    for _tag, attributes in parsed.tags:
        assert not [name for name in attributes if name == "style" or name.startswith("on")]


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_every_field_has_a_label(page: bytes) -> None:
    parsed = Page(page)
    labelled = {one.get("for") for one in parsed.all("label")}
    typed = [i for i in parsed.all("input") if i.get("type") not in ("hidden", "radio")]
    assert {i["id"] for i in typed} <= labelled
    ids = {attributes["id"] for _, attributes in parsed.tags if "id" in attributes}
    described = {name for i in typed for name in i["aria-describedby"].split()}
    assert described <= ids


def test_a_card_number_or_code_is_never_filled_in() -> None:
    filled = {i["name"]: i.get("value") for i in Page(checkout(holder="Budi")).all("input")}
    assert filled["cardHolderNm"] == "Budi"
    assert not any(filled.get(name) for name in ("cardNo", "cardCvv", "cardExp"))


def test_the_card_form_tells_the_browser_what_to_fill_in() -> None:
    told = {i["name"]: i.get("autocomplete") for i in Page(checkout()).all("input")}
    assert told["cardNo"] == "cc-number"
    assert told["cardExp"] == "cc-exp"
    assert told["cardCvv"] == "cc-csc"
    assert told["cardHolderNm"] == "cc-name"
    assert Page(checkout()).form["method"] == "post"


def test_a_mid_without_cvv_asks_for_none() -> None:
    names = {i["name"] for i in Page(checkout(cvv_needed=False)).all("input")}
    assert "cardCvv" not in names


def test_instalments_are_offered_only_where_the_mid_has_them() -> None:
    one = Page(checkout())
    assert one.hidden["instmntMon"] == "1"
    many = Page(checkout(tenors=(1, 3, 12), tenor=3))
    radios = [i for i in many.all("input") if i.get("type") == "radio"]
    assert [i["value"] for i in radios] == ["1", "3", "12"]
    assert [i["value"] for i in radios if "checked" in i] == ["3"]
    assert "Rp\u00a0416.667" in checkout(tenors=(1, 3)).decode()


def test_what_is_wrong_stands_in_words_beside_its_field() -> None:
    page = checkout(problems={"cardNo": "number_wrong"})
    number = next(i for i in Page(page).all("input") if i["name"] == "cardNo")
    assert number["aria-invalid"] == "true"
    assert WORDS["number_wrong"][0] in page.decode()


@pytest.mark.parametrize(
    ("code", "field"),
    [("54", "cardExp"), ("14", "cardNo"), ("N7", "cardCvv"), ("9160", "cardExp")],
)
def test_a_declined_attempt_marks_the_field_it_is_about(code: str, field: str) -> None:
    inputs = Page(checkout(result_cd=code)).all("input")
    assert [i["name"] for i in inputs if "aria-invalid" in i] == [field]


def test_a_decline_that_is_about_no_field_stands_above_the_form_with_its_code() -> None:
    page = checkout(result_cd="51", language="en").decode()
    assert "Insufficient funds" in page
    assert "51)" in page


def test_the_challenge_form_has_the_name_that_clients_look_up() -> None:
    for page in (challenge(), BEGIN):
        parsed = Page(page)
        assert parsed.form["name"] == parsed.form["id"] == "mpgsAuthFrm"
        assert parsed.form["action"].endswith("/nicepay/api/mpgsAuth.do")
        assert parsed.hidden["tXid"] == TXID
    assert set(BROWSER_FIELDS) <= Page(BEGIN).hidden.keys()
    assert Page(BEGIN).hidden["registered"] == "true"


def test_the_challenge_can_be_answered_and_cancelled() -> None:
    buttons = {b.get("value") for b in Page(challenge()).all("button") if b.get("name")}
    assert buttons == {"verify", "cancel"}
    otp = next(i for i in Page(challenge()).all("input") if i["name"] == "otp")
    assert otp["autocomplete"] == "one-time-code"
    assert "aria-invalid" in next(
        i for i in Page(challenge(problem="otp_wrong")).all("input") if i["name"] == "otp"
    )


def test_the_way_back_posts_the_fields_and_keeps_the_address_whole() -> None:
    parsed = Page(BACK)
    assert parsed.form["action"] == "https://shop.example/back?wc-api=x&key=1"
    assert parsed.form["method"] == "post"
    assert parsed.hidden["resultMsg"] == "SUCCESS"
    assert parsed.hidden["goodsNm"] == '"><script>'


def test_the_way_back_by_get_carries_the_query_as_inputs() -> None:
    view = ReturnView(
        language="id", url="https://s.example/b?k=1&e=", fields={"resultCd": "51"}, method="get"
    )
    parsed = Page(auto_submit_page(view))
    assert parsed.form["action"] == "https://s.example/b"
    assert parsed.hidden == {"k": "1", "e": "", "resultCd": "51"}


def test_a_result_page_leads_nowhere() -> None:
    parsed = Page(RESULT)
    assert parsed.all("form") == []
    assert parsed.all("a") == []
    assert parsed.all("script") == []
    assert parsed.hidden["resultCd"] == "8022"


def test_a_merchants_words_are_only_words() -> None:
    assert b"<b>&<" not in checkout()
    assert b"Toko &lt;b&gt;&amp;" in checkout()


# --- headers --------------------------------------------------------------------------------------


def headers(returns_to: str = "") -> dict[str, str]:
    return dict(page_headers(returns_to=returns_to))


def test_pages_are_not_kept_framed_or_told_to_others() -> None:
    answer = page_answer(RESULT, status=200)
    told = dict(answer.headers)
    assert told["cache-control"] == "no-store"
    assert told["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in told["content-security-policy"]
    assert "unsafe" not in told["content-security-policy"]
    assert answer.body == RESULT


def test_forms_go_only_to_us_and_on_the_way_back_to_the_merchant() -> None:
    assert "form-action 'self';" in headers()["content-security-policy"]
    policy = headers("http://10.0.0.2:9000/back?x=1")["content-security-policy"]
    assert "form-action 'self' https: http://10.0.0.2:9000;" in policy


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://a;script-src *", "http://[bad", "//x", "https://a b/"]
)
def test_an_address_cannot_widen_the_policy(url: str) -> None:
    policy = headers(url)["content-security-policy"]
    assert re.search(r"form-action 'self' https: ;", policy)


# --- words ----------------------------------------------------------------------------------------


def test_every_problem_has_words_in_both_languages() -> None:
    assert {*PROBLEM_OF_CODE.values(), *FIELD_OF_PROBLEM} <= WORDS.keys()
    for indonesian, english in WORDS.values():
        assert indonesian.strip()
        assert english.strip()
        assert not [name for _, name, _, _ in Formatter().parse(indonesian + english) if name]


def test_unknown_is_never_called_failed() -> None:
    assert result_of("1004") == result_of("9507") == "unknown"
    assert result_of("51") == "failed"
    assert result_of("0000") == "paid"
    page = result_page(ResultView(language="en", result_cd="1004", fields={})).decode()
    assert "do not pay again" in page.lower()


def test_a_code_nobody_listed_is_a_plain_problem() -> None:
    assert problem_of("C999") == "problem"


@pytest.mark.parametrize(
    ("asked", "accepted", "chosen"),
    [
        ("en", "id", "en"),
        ("", "id-ID,id;q=0.9,en;q=0.8", "id"),
        ("", "en-US,en;q=0.9", "en"),
        ("", "fr,en;q=0.3,id;q=0.2", "en"),
        ("", "en;q=0.1,id;q=0.2", "id"),
        ("", "de", "id"),
        ("xx", "", "id"),
        ("", "en;q=x", "id"),
    ],
)
def test_the_language_is_what_was_asked_or_the_browsers(
    asked: str, accepted: str, chosen: str
) -> None:
    assert choose_language(asked=asked, accept_language=accepted) == chosen


def test_rupiah_are_written_with_points() -> None:
    assert rupiah(1250000) == "Rp\u00a01.250.000"
    assert rupiah(999) == "Rp\u00a0999"


@pytest.mark.parametrize("name", ["pay.css", "pay.js"])
def test_style_and_script_come_from_our_own_address(name: str) -> None:
    answer = answer_asset(InboundRequest(method="GET", path=f"/nicepay/assets/{name}"))
    assert answer.status == 200
    assert answer.body


def test_nothing_else_is_an_asset() -> None:
    for name in ("x.js", "..", "%2e%2e", ""):
        request = InboundRequest(method="GET", path=f"/nicepay/assets/{name}")
        assert answer_asset(request).status == 404
