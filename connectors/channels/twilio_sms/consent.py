"""STOP, START and HELP: what a message says of being written to, beside being a message.

With Advanced Opt-Out, Twilio tells what it took a message for; without, it acts upon words of its own, and so do we.
YES, which it also takes for START, is left out: customers answer it to any question. Source:
help.twilio.com/articles/223134027, twilio.com/docs/messaging/tutorials/advanced-opt-out (read 2026-11).
"""

from collections.abc import Mapping
from typing import Final

from normalizer.model import ConsentState

CONSENT: Final[Mapping[str, ConsentState]] = {
    "STOP": ConsentState.OPTED_OUT,
    "START": ConsentState.OPTED_IN,
}
"""By `OptOutType`; HELP changes nothing."""
KEYWORDS: Final[Mapping[str, ConsentState]] = {
    **dict.fromkeys(
        ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"), ConsentState.OPTED_OUT
    ),
    **dict.fromkeys(("START", "UNSTOP"), ConsentState.OPTED_IN),
}
"""Only where a message says nothing else."""


def consent(told: str | None, text: str, *, keywords: bool) -> tuple[ConsentState, str] | None:
    """What was decided, and what said so; `told` is Twilio's own word."""
    if told:
        state = CONSENT.get(told)
        return None if state is None else (state, f"OptOutType {told}")
    word = text.strip().upper()
    return (KEYWORDS[word], f"keyword {word}") if keywords and word in KEYWORDS else None
