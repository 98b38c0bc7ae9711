"""When a supplier is asked about an attempt, and what its answers count for; pure.

A final attempt is asked about for one of two reasons. It is *doubted* when news that nobody proved,
or that may be older than its end, contradict it; then it is asked until there is an answer. It is
*watched* when it was decided without the supplier's own word (by "not found", or by a person) or by
a word that may be old: a few questions, then no more.
`not_found_since` says since when it is watched.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from gerbang.orders.situation import Situation, open_case
from gerbang.orders.transitions import ATTEMPT_OPEN, AttemptState

SENDS_MAX: Final = 5
"""How often one reference is sent where sending it again is declared safe."""
WATCH_AFTER: Final = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
"""The questions that still go out after a decision without the supplier's word."""
PURCHASE: Final = "buy"
"""The source of what a supplier replied to the purchase itself."""
QUESTION: Final = "ask"
"""The source of what a supplier answered to a question."""
UNASKABLE_LOOK_AGAIN: Final = timedelta(hours=1)
"""An attempt that cannot be asked about waits for a callback or a person."""


def schedule_question(s: Situation) -> None:
    """Ask again, later each time."""
    waits = s.learn.ask_again_after_ms
    wait_ms = waits[min(s.attempt.asks, len(waits) - 1)]
    s.attempt.due_at = s.now + timedelta(milliseconds=wait_ms)
    s.changed = True


def ask_now(s: Situation) -> None:
    """Doubt: nobody proved what contradicts this final attempt, so its supplier is asked."""
    s.attempt.not_found = 0
    s.attempt.not_found_since = None
    s.attempt.due_at = s.now
    s.changed = True


def watch(s: Situation) -> None:
    """Ask a few more times about a decision that the supplier itself did not tell."""
    s.attempt.not_found_since = s.now
    s.attempt.due_at = s.now + WATCH_AFTER[0]
    s.changed = True


def look_soon(s: Situation) -> None:
    """Ask at once about what was believed for safety's sake; an answer that agrees ends it."""
    s.attempt.not_found_since = s.now
    s.attempt.due_at = s.now
    s.changed = True


def may_be_overtaken(s: Situation) -> bool:
    """Whether what is said of a final attempt may be older than what ended it.

    A reply to the purchase, and an answer to a question that was asked before the end (nobody asks
    about a final attempt that is not due), may have been on their way when a callback brought the
    end. They are no news before a question that begins now confirms them.
    """
    return s.source == PURCHASE or (s.source == QUESTION and s.attempt.due_at is None)


def look_again(s: Situation) -> None:
    """A question told nothing: ask again, or watch, or leave it to a person."""
    if s.attempt.state in ATTEMPT_OPEN:
        if s.unanswerable:
            s.attempt.due_at = s.now + UNASKABLE_LOOK_AGAIN
            s.changed = True
        else:
            schedule_question(s)
    elif s.attempt.due_at is None:
        return
    elif s.unanswerable:
        doubted = is_doubted(s)
        end_questions(s)
        if doubted:
            open_case(s, "news_not_confirmed", {"answer": "cannot be asked"})
    elif is_doubted(s):
        schedule_question(s)
    else:
        _watch_on(s)


def _watch_on(s: Situation) -> None:
    since = s.attempt.not_found_since or s.attempt.created_at
    left = [since + after for after in WATCH_AFTER if since + after > s.now]
    s.attempt.due_at = left[0] if left else None
    s.changed = True


def is_doubted(s: Situation) -> bool:
    """Whether a final attempt is being asked about because somebody contradicted it."""
    final = s.attempt.state not in ATTEMPT_OPEN
    return final and s.attempt.due_at is not None and s.attempt.not_found_since is None


def is_watched(s: Situation) -> bool:
    """Whether a final attempt is still asked about because nobody's word decided it."""
    final = s.attempt.state not in ATTEMPT_OPEN
    return final and s.attempt.due_at is not None and s.attempt.not_found_since is not None


def answer_doubt(s: Situation, *, denied: AttemptState, answer: AttemptState) -> None:
    """The supplier says what we hold to be true; what was contradicted is false, and it lied.

    A callback answers no question: it may be an old one that comes again.
    """
    if s.source == "callback" or s.attempt.due_at is None:
        return
    if is_doubted(s):
        open_case(s, "news_not_confirmed", {"said": denied.value, "answer": answer.value})
    end_questions(s)


def end_questions(s: Situation) -> None:
    """Ask no more."""
    if s.attempt.due_at is not None:
        s.attempt.due_at = None
        s.changed = True


# --- "not found" ---------------------------------------------------------------------------------


def may_send_again(s: Situation) -> bool:
    """Whether the identical request may go again with the same reference.

    Never where a question about so old a reference is no longer safe.
    """
    safe_until = s.attempt.created_at + timedelta(days=s.learn.ask_safe_days)
    return (
        s.attempt.state is AttemptState.UNKNOWN
        and s.learn.resend_same_reference_safe
        and s.attempt.sends < SENDS_MAX
        and s.now < safe_until
    )


def count_not_found(s: Situation) -> None:
    """Count an answer; those before the last sending counted for nothing."""
    s.attempt.not_found += 1
    s.attempt.not_found_since = s.attempt.not_found_since or s.now


def is_evidence(s: Situation) -> bool:
    """Whether enough spaced "not found" answers came over the quiet window.

    Only for an attempt whose outcome is unknown: a supplier that had accepted the order and
    forgets it contradicts itself, and a person decides.
    """
    needed = s.learn.not_found_answers
    since = s.attempt.not_found_since
    if not needed or since is None or s.attempt.state is not AttemptState.UNKNOWN:
        return False
    quiet = timedelta(seconds=s.learn.not_found_quiet_s)
    return s.attempt.not_found >= needed and s.now - since >= quiet
