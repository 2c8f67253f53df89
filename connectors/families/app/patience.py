"""How long a push service asks us to wait."""

from typing import Final

from connectors.kit.http import Answer

LONGEST: Final = 3600.0
"""Seconds; who says more is asked again after an hour."""


def waiting(answer: Answer, pause: float) -> float:
    """Seconds by the answer's `Retry-After`; `pause` where it says none, or a date."""
    told = answer.headers.get("retry-after", "").strip()
    return min(max(float(told), 1.0), LONGEST) if told.isdecimal() and len(told) < 10 else pause
