"""What Mini says: ``STATE;reference;price;serial number;reason`` and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gerbang.dialects.supplier_contract import AnswerRule, LearnRules
from gerbang.orders.reasons import Reason

NAME: Final = "mini"
LEARN: Final = LearnRules(resend_same_reference_safe=True, ask_safe_days=7)
REASONS: Final[Mapping[Reason, str]] = {reason: reason.value for reason in Reason}
ANSWERS: Final = (
    AnswerRule(answer="OK", outcome="delivered", source="this file"),
    AnswerRule(answer="WAIT", outcome="accepted", source="this file"),
    AnswerRule(answer="NONE", outcome="not_found", source="this file"),
    AnswerRule(
        answer="NO",
        outcome="rejected",
        reason=Reason.BILLER_FAILED,
        reroutable=True,
        reference_consumed=False,
        source="this file",
    ),
)
