"""New ids: UUIDv7 that sort by the order they were made in within this process, even when the clock jumps back."""

import random
import threading
import time

from normalizer.ids import uuid7

_random = random.Random(random.SystemRandom().getrandbits(256))  # noqa: S311 - ids must differ, not be secret
_lock = threading.Lock()
_last_ms = 0
_entropy = 0


def new_id() -> str:
    """A UUIDv7 greater than every one this process made before."""
    global _last_ms, _entropy
    now = time.time_ns() // 1_000_000
    with _lock:
        if now > _last_ms:
            _last_ms, _entropy = now, _random.getrandbits(73)
        else:
            _entropy += 1 + _random.getrandbits(32)
        return uuid7(_last_ms, _entropy)
