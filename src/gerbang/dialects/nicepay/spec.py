"""NICEPAY's codes, words and tables, with the section of the protocol sheet that each is from."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gerbang.cards.payment import PaymentKind, PaymentState
from gerbang.cards.reasons import CardReason

SUCCESS: Final = "0000"
UNCERTAIN: Final = "1004"
"""A timeout: the result is not known, and an inquiry will tell."""
PAY_CARD: Final = "01"
PAY_ANY: Final = "00"

# --- §13: result codes and their texts ------------------------------------------------------------

TEXTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "0000": "SUCCESS",
        "1004": "Timeout; the result is not known yet, please inquire",
        "8003": "Registration data is wrong",
        "8004": "No such tXid",
        "8022": "No such tXid",
        "8026": "Visa 3-D Secure failed",
        "8027": "Card number, expiry or CVV is malformed",
        "8028": "callBackUrl is wrong",
        "8061": "Full cancel failed",
        "9001": "The request is malformed",
        "9002": "The server is busy",
        "9003": "The order is invalid",
        "9004": "amt or referenceNo does not fit the tXid",
        "9007": "amt is missing",
        "9008": "amt is not a whole number",
        "9009": "referenceNo was used before",
        "9010": "merchantToken is wrong",
        "9011": "No such merchant id",
        "9012": "The payment method is not active for this merchant id",
        "9013": "currency is missing or not IDR",
        "9014": "referenceNo is missing",
        "9015": "goodsNm is missing",
        "9016": "billingNm is missing",
        "9017": "billingPhone is missing",
        "9018": "billingEmail is missing",
        "9019": "callBackUrl is missing",
        "9020": "dbProcessUrl is missing",
        "9022": "cartData is not valid JSON",
        "9023": "The cart's total is not amt",
        "9024": "userIP is missing",
        "9025": "billingCity is missing",
        "9026": "billingState is missing",
        "9027": "billingPostCd is missing",
        "9028": "billingCountry is missing",
        "9029": "The instalment tenor is not offered",
        "9030": "Please check the data",
        "9031": "timeStamp is wrong",
        "9106": "The payment failed",
        "9109": "referenceNo is longer than 40",
        "9115": "amt is too low",
        "9116": "The payment is in process",
        "9117": "3-D Secure failed",
        "9118": "instmntType is wrong",
        "9123": "amt is above the limit",
        "9127": "The payment was made before",
        "9129": "The order has expired",
        "9130": "The card is not taken here",
        "9142": "Foreign cards are not taken here",
        "9143": "The pre-authorisation token is not usable",
        "9145": "The capture is above the hold",
        "9147": "A parameter is wrong",
        "9148": "A recurring token needs 3-D Secure",
        "9149": "Recurring is not enabled",
        "9151": "The card's first digits are blocked",
        "9152": "High risk; too many tries with this card",
        "9154": "The card's daily count is reached",
        "9155": "The card's daily amount is reached",
        "9157": "No valid 3-D Secure data",
        "9158": "cardHolderNm is missing or wrong",
        "9160": "cardExpYymm is not YYMM",
        "9161": "No such recurring token",
        "9301": "cancelType is wrong",
        "9302": "A cancel or charge of this tXid is in process",
        "9303": "Noted: the cancel follows as soon as the charge's result is known",
        "9312": "amt is missing or not a number",
        "9314": "This tXid cannot be cancelled",
        "9315": "This was cancelled before",
        "9319": "More than what is left",
        "9320": "No full cancel after a partial one",
        "9321": "amt must be above zero",
        "9326": "Cannot be cancelled after settlement",
        "9327": "No partial cancel before settlement",
        "9331": "This merchant id may not cancel",
        "9332": "This merchant id may not cancel partially",
        "9334": "Older than 90 days",
        "C935": "Cancelled by the customer",
    }
)


def text_of(code: str, given: str = "") -> str:
    """Give the words of a code; an issuer's own words where we have none."""
    return TEXTS.get(code) or given or "Declined by the issuer"


# --- what we refuse, by call ---------------------------------------------------------------------

PAYMENT_CODES: Final[Mapping[CardReason, str]] = MappingProxyType(
    {
        CardReason.UNKNOWN_PAYMENT: "8022",
        CardReason.ALREADY_PAID: "9127",
        CardReason.IN_PROCESS: "9116",
        CardReason.EXPIRED: "9129",
        CardReason.ATTEMPTS_USED_UP: "9106",
        CardReason.CARD_DAY_COUNT: "9154",
        CardReason.CARD_DAY_AMOUNT: "9155",
        CardReason.CARD_VELOCITY: "9152",
        CardReason.BIN_REFUSED: "9151",
        CardReason.FOREIGN_CARD: "9142",
        CardReason.TOKEN_UNKNOWN: "9161",
        CardReason.RECURRING_NEEDS_SECURE: "9148",
        CardReason.RECURRING_OFF: "9149",
        CardReason.HOLD_UNKNOWN: "9143",
        CardReason.CAPTURE_ABOVE_HOLD: "9145",
        CardReason.CHALLENGE_OVER: "9157",
    }
)
CANCEL_CODES: Final[Mapping[CardReason, str]] = MappingProxyType(
    {
        CardReason.UNKNOWN_PAYMENT: "9314",
        CardReason.NOT_CANCELLABLE: "9314",
        CardReason.CANCEL_TYPE: "9301",
        CardReason.CANCEL_ZERO: "9321",
        CardReason.CANCEL_NOT_ALLOWED: "9331",
        CardReason.PARTIAL_NOT_ALLOWED: "9332",
        CardReason.CANCELLED_BEFORE: "9315",
        CardReason.FULL_AFTER_PARTIAL: "9320",
        CardReason.TOO_LATE_TO_REFUND: "9334",
        CardReason.PARTIAL_BEFORE_SETTLEMENT: "9327",
        CardReason.ABOVE_REMAINDER: "9319",
        CardReason.FULL_IS_SMALLER: "8061",
        CardReason.REFUNDS_OFF: "9326",
        CardReason.CANCEL_QUEUED: "9303",
        CardReason.CANCEL_BUSY: "9302",
    }
)
REGISTRATION_CODES: Final[Mapping[CardReason, str]] = MappingProxyType(
    {CardReason.REFERENCE_USED: "9009"}
)

REQUIRED: Final[tuple[tuple[str, str], ...]] = (
    ("currency", "9013"),
    ("referenceNo", "9014"),
    ("goodsNm", "9015"),
    ("billingNm", "9016"),
    ("billingPhone", "9017"),
    ("billingEmail", "9018"),
    ("dbProcessUrl", "9020"),
    ("billingCity", "9025"),
    ("billingState", "9026"),
    ("billingPostCd", "9027"),
    ("billingCountry", "9028"),
    ("billingAddr", "8003"),
)
"""§0: required fields of a registration with the code of each one's absence."""

# --- §12 and §6: states --------------------------------------------------------------------------

STATUS_WORDS: Final[Mapping[PaymentState, tuple[str, str]]] = MappingProxyType(
    {
        PaymentState.INITIALISED: ("9", "init"),
        PaymentState.PROCESSING: ("9", "in process"),
        PaymentState.CHALLENGED: ("9", "init"),
        PaymentState.PAID: ("0", "paid"),
        PaymentState.SETTLED: ("0", "paid"),
        PaymentState.PARTLY_REFUNDED: ("0", "paid"),
        PaymentState.PREAUTHED: ("0", "preauthed"),
        PaymentState.CAPTURED: ("0", "preauthed"),
        PaymentState.VOID: ("1", "void"),
        PaymentState.REFUNDED: ("2", "refund"),
        PaymentState.FAILED: ("8", "failed"),
        PaymentState.EXPIRED: ("8", "expired"),
    }
)
IN_PROCESS: Final = "in process"
"""What an inquiry says while the acquirer is asked (§0 leaves the word to us)."""
TRANS_TYPES: Final[Mapping[PaymentKind, str]] = MappingProxyType(
    {
        PaymentKind.SALE: "1",
        PaymentKind.RECURRING: "2",
        PaymentKind.PREAUTH: "3",
        PaymentKind.CAPTURE: "4",
    }
)
ACQUIRER_BANK: Final = ("OTHR", "Other")
USER_AGENT: Final = "Jakarta Commons-HttpClient/3.1"
"""§8: merchants allow this User-Agent in their firewalls."""
