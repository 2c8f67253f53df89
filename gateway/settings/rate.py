"""How fast a connector may send, as people write it: `10/s`, `600/m`; or `{per_second: 10, burst: 20}`."""

import math
import re
from typing import Any

import msgspec

PERIODS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
TEXT = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*/\s*([smhd])")
MOST = 100_000
EXPECTED = "expected a rate such as 10/s, 600/m or {per_second: 10, burst: 20}"
SCHEMA: dict[str, Any] = {
    "description": "How fast this connector may send, in the unit its provider counts; left out: as fast as it goes.",
    "oneOf": [
        {"type": "string", "pattern": rf"^\s*{TEXT.pattern}\s*$"},
        {
            "type": "object",
            "properties": {
                "per_second": {"type": "number", "exclusiveMinimum": 0, "maximum": MOST},
                "burst": {"type": "integer", "minimum": 1, "maximum": MOST},
            },
            "required": ["per_second"],
            "additionalProperties": False,
        },
    ],
}


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """In the unit the provider counts: segments where the channel divides texts into such, else requests."""

    per_second: float
    burst: int = 1
    """How many may leave at once after a quiet time."""


def rate(value: Any) -> Rate:
    """Raises ValueError."""
    per_second, burst = _written(value)
    for number, kinds in ((per_second, int | float), (burst, int)):
        if isinstance(number, bool) or not isinstance(number, kinds):
            raise ValueError(EXPECTED)
    if not math.isfinite(per_second) or not 0 < per_second <= MOST:
        raise ValueError(f"expected more than 0 and at most {MOST} a second")
    if not 1 <= burst <= MOST:
        raise ValueError(f"expected a burst of 1 to {MOST}")
    return Rate(per_second=float(per_second), burst=burst)


def _written(value: Any) -> tuple[Any, Any]:
    if isinstance(value, str) and (match := TEXT.fullmatch(value.strip())):
        return float(match[1]) / PERIODS[match[2]], 1
    if isinstance(value, dict) and {"per_second"} <= value.keys() <= {"per_second", "burst"}:
        return value["per_second"], value.get("burst", 1)
    raise ValueError(EXPECTED)
