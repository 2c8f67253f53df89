"""New ids: UUIDv7 that sort by the order they were made in within this process, even when the clock jumps back."""

import random
import threading
import time

from normalizer.ids import uuid7

_random = random.Random(random.SystemRandom().getrandbits(256))  # noqa: S311 - ids must differ, not be secret
_lock = threading.Lock()
_last_ms = 0
_head = ""
_tail = 0


def new_id() -> str:
    """A UUIDv7 greater than every one this process made before.

    Within a millisecond only the last 48 bits rise, by random steps: several are made per message, so they are cheap.
    """
    global _tail
    now = time.time_ns() // 1_000_000
    with _lock:
        if now > _last_ms:
            _begin(now)
        else:
            _tail += 1 + _random.getrandbits(20)
        return f"{_head}{_tail:012x}"


def not_before(ms: int) -> None:
    """Ids to come are greater than any made before this millisecond since 1970: by a process before this one, and the
    clock may have been set back meanwhile."""
    with _lock:
        if ms > _last_ms:
            _begin(ms)


def _begin(ms: int) -> None:
    global _last_ms, _head, _tail
    _last_ms, _head, _tail = ms, uuid7(ms, _random.getrandbits(74))[:24], _random.getrandbits(40)
