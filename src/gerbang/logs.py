"""Structured logs: dotted past-tense events with key-values; secrets masked by name."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

SECRET_NAMES: Final = frozenset(
    {
        "token",
        "pin",
        "password",
        "sign",
        "signature",
        "secret",
        "secret_key",
        "api_key",
        "authorization",
        "merchant_token",
        "merchantToken",
        "merchant_key",
        "card_no",
        "cvv",
        "otp",
    }
)
MASK: Final = "•••"


def configure_logs(*, level: str = "info", style: str = "auto") -> None:
    """Send structured logs to standard error as JSON or, on a terminal, for people."""
    as_json = style == "json" or (style == "auto" and not sys.stderr.isatty())
    renderer: Any = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            mask_secrets,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=_StandardError,
        # Not cached: a test, or a reload, may change the configuration.
        cache_logger_on_first_use=False,
    )


class _StandardError:
    """Write to whatever standard error is at that moment (tests and daemons replace it)."""

    def __init__(self, *_: Any) -> None:
        pass

    def msg(self, message: str) -> None:
        sys.stderr.write(message + "\n")

    log = debug = info = warning = warn = error = critical = fatal = failure = exception = msg


def mask_secrets(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Replace what a secret's name stands for, wherever it stands in the event."""
    for name in event.keys() & SECRET_NAMES:
        event[name] = MASK
    return event
