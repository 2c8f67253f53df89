"""Lengths of time and sizes as people write them: `30m`, `1h30m`, `30d`; `1MiB`, `512 KiB`, `20MB`."""

import math
import re
from typing import Any

SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
OCTETS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
MOST_SECONDS = 3650 * 86_400
MOST_OCTETS = 2**50

TERM = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*(ms|s|m|h|d|w)\s*")
SIZE = re.compile(r"([0-9]{1,16}(?:\.[0-9]{1,6})?)\s*([A-Za-z]{0,3})")


def seconds(value: Any) -> float:
    """From seconds, or text such as `1h30m` (ms, s, m, h, d, w). Raises ValueError."""
    if isinstance(value, str):
        terms = TERM.findall(value)
        if not terms or TERM.sub("", value):
            raise ValueError("expected a length of time such as 30s, 30m or 1h30m")
        value = sum(float(number) * SECONDS[unit] for number, unit in terms)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("expected a length of time such as 30s, 30m or 1h30m")
    if not 0 <= value <= MOST_SECONDS:
        raise ValueError("expected between 0 and ten years")
    return float(value)


def octets(value: Any) -> int:
    """From octets, or text such as `1MiB` (2^20) and `1MB` (10^6). Raises ValueError."""
    if isinstance(value, str):
        match = SIZE.fullmatch(value.strip())
        if not match or match[2].lower() not in OCTETS:
            raise ValueError("expected a size such as 1MiB")
        value = int(float(match[1]) * OCTETS[match[2].lower()])
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("expected a size such as 1MiB")
    if not 0 < value <= MOST_OCTETS:
        raise ValueError("expected more than 0 and at most 1024 TiB")
    return value
