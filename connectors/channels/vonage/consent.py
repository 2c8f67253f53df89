"""STOP and START: what a short message says of being written to, beside being a message.

Vonage's blocking of numbers is the operator's to set up and is told nowhere; the words are those that carriers ask for.
"""

from collections.abc import Mapping
from typing import Final

from connectors.channels.vonage.config import Config
from normalizer.model import ConsentState

SPOKEN: Final = frozenset({"sms", "mms"})
KEYWORDS: Final[Mapping[str, ConsentState]] = {
    **dict.fromkeys(("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"), ConsentState.OPTED_OUT),
    **dict.fromkeys(("START", "UNSTOP"), ConsentState.OPTED_IN),
}
"""Only where a message says nothing else."""


def consent(config: Config, text: str) -> tuple[ConsentState, str] | None:
    """What was decided, and what said so."""
    word = text.strip().upper()
    if not config.default_keywords or config.channel not in SPOKEN or word not in KEYWORDS:
        return None
    return KEYWORDS[word], f"keyword {word}"
