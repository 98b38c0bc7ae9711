"""Why something was refused or failed: the one list every dialect maps to its own words."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """One cause of a refusal or a failure, in our words; dialects translate all of them."""

    # The request itself.
    INVALID_REQUEST = "invalid_request"
    INVALID_DESTINATION = "invalid_destination"
    INVALID_QUANTITY = "invalid_quantity"
    REFERENCE_REUSED = "reference_reused"
    DUPLICATE_SAME_DAY = "duplicate_same_day"
    ORDER_NOT_FOUND = "order_not_found"
    # Who asks.
    UNKNOWN_CREDENTIAL = "unknown_credential"
    INVALID_SIGNATURE = "invalid_signature"
    WRONG_PIN = "wrong_pin"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 (a reason, not a password)
    TIMESTAMP_EXPIRED = "timestamp_expired"
    ADDRESS_NOT_ALLOWED = "address_not_allowed"
    RESELLER_SUSPENDED = "reseller_suspended"
    DIALECT_NOT_ENABLED = "dialect_not_enabled"
    NOT_LIVE = "not_live"
    RATE_LIMITED = "rate_limited"
    DAILY_LIMIT_REACHED = "daily_limit_reached"
    # What is asked for.
    PRODUCT_NOT_FOUND = "product_not_found"
    PRODUCT_NOT_IN_GROUP = "product_not_in_group"
    PRODUCT_CLOSED = "product_closed"
    PRODUCT_DISTURBED = "product_disturbed"
    PRODUCT_WRONG_KIND = "product_wrong_kind"
    PRICE_NOT_SET = "price_not_set"
    PRICE_ABOVE_LIMIT = "price_above_limit"
    OUT_OF_STOCK = "out_of_stock"
    CUT_OFF = "cut_off"
    NO_ROUTE = "no_route"
    INSUFFICIENT_BALANCE = "insufficient_balance"
    MAINTENANCE = "maintenance"
    # What the destination or the biller said.
    NUMBER_NOT_FOUND = "number_not_found"
    NUMBER_EXPIRED = "number_expired"
    NUMBER_BLOCKED = "number_blocked"
    DESTINATION_NOT_ALLOWED = "destination_not_allowed"
    OUT_OF_AREA = "out_of_area"
    BILLER_FAILED = "biller_failed"
    BILLER_UNREACHABLE = "biller_unreachable"
    PROVIDER_LIMIT = "provider_limit"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    EXPIRED = "expired"
    SUPPLIER_REFUSED_US = "supplier_refused_us"
    """Our credential, address or float at the supplier; never the reseller's fault."""
    # Bills.
    BILL_NOT_FOUND = "bill_not_found"
    BILL_ALREADY_PAID = "bill_already_paid"
    BILL_CHANGED = "bill_changed"
    INQUIRY_NOT_FOUND = "inquiry_not_found"
    INQUIRY_EXPIRED = "inquiry_expired"
    INQUIRY_MISMATCH = "inquiry_mismatch"
    """The reference is that of another product's or customer's inquiry."""
    METER_WRONG = "meter_wrong"
    TOKEN_BELOW_MINIMUM = "token_below_minimum"  # noqa: S105 (a PLN token)
    KWH_LIMIT = "kwh_limit"
    # Deposits.
    INVALID_AMOUNT = "invalid_amount"
    NO_UNIQUE_AMOUNT = "no_unique_amount"
