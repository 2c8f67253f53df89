"""Numbered text comes back: "2" after "1. Yes / 2. No" is the choice of No."""

import re
import unicodedata
from collections.abc import Sequence

from normalizer.parts import Action, ChoicePart, PostbackAction, ReplyAction

_NUMBER = re.compile(r"#?(\d{1,3})(?:\ufe0f?\u20e3|[.)])?")
"""Also other scripts' digits and the keycap emoji."""
MAX_ANSWER = 1000
"""Characters; a longer text is no pick."""


def chosen(text: str, actions: Sequence[Action]) -> ChoicePart | None:
    """The choice a text makes among numbered actions, by number or by label, else None.

    Never a guess: a text that names two different actions is None.
    """
    if len(text) > MAX_ANSWER:
        return None
    answer = _folded(text)
    named = [n for n, action in enumerate(actions) if answer and _folded(action.label) == answer]
    number = _NUMBER.fullmatch(answer)
    if number is not None and 1 <= int(number[1]) <= len(actions):
        named.append(int(number[1]) - 1)
    if len(set(named)) != 1:
        return None
    action = actions[named[0]]
    value = action.value if isinstance(action, PostbackAction | ReplyAction) else None
    return ChoicePart(value=value or action.label, label=action.label)


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
