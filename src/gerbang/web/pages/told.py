"""What other parts of the gateway say in English, told in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from gerbang.web.pages.catalogue import Words


def finding_text(words: Words, finding: Any) -> str:
    """Tell what one step of an examination found; `finding` is the doctor's."""
    values = {name: send_error(words, value) for name, value in finding.values.items()}
    return words(f"doctor_says.{finding.because}", **values)


def send_error(words: Words, text: str) -> str:
    """Tell why a message could not be sent: ``cannot connect: Connection refused``."""
    return ": ".join(words.of("send_error", part) for part in text.split(": "))


def phrase(words: Words, text: str, group: str) -> str:
    """Tell phrases that a group has under their English, some with ``{names}``; others stay."""
    texts = words.group(group)
    return "; ".join(_phrase(texts, part) for part in text.split("; "))


def _phrase(texts: dict[str, str], text: str) -> str:
    if text in texts:
        return texts[text]
    for english, told in texts.items():
        if "{" in english:
            pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(english))
            found = re.fullmatch(pattern, text)
            if found is not None:
                return told.format_map(found.groupdict())
    return text


def filters() -> dict[str, Callable[..., str]]:
    """Give them as filters of the pages."""

    @pass_context
    def finding(context: Context, value: Any) -> str:
        return finding_text(context["t"], value)

    @pass_context
    def send_why(context: Context, value: str) -> str:
        return send_error(context["t"], value)

    @pass_context
    def told(context: Context, value: str, group: str) -> str:
        return phrase(context["t"], value, group)

    return {"finding": finding, "send_why": send_why, "told": told}
