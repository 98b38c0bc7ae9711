"""A form's own number: the same form sent twice is one action.

The page writes a fresh number into each form that moves money; whoever acts uses it as the key.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Final

from gerbang.errors import BadInputError

if TYPE_CHECKING:
    from gerbang.web.pages.visit import Visit

NUMBER_CHARS: Final = 16
_NUMBER: Final = re.compile(r"[0-9a-f]{16}")


def new_form_number() -> str:
    """Make one for the page."""
    return secrets.token_hex(NUMBER_CHARS // 2)


def read_form_number(visit: Visit) -> str:
    """Read it from what was sent. Raises BadInputError where it is missing or not one of ours."""
    number = visit.form.text("number", most=NUMBER_CHARS)
    if not _NUMBER.fullmatch(number):
        raise BadInputError(visit.t("error.old_form"))
    return number
