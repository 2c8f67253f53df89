"""The least a consumer can do, to see how late events arrive: when each was recorded, and how long ago that was.

python -m benchmarks.bare_consumer QUEUE RESULT COUNT. After SIGTERM, when it has seen so many and nothing comes any
more, it writes pairs of seconds, as JSON, and ends.
"""

import json
import signal
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.broker import connect

PREFETCH = 2000
ACK_EVERY = 50
QUIET_SECONDS = 1.0


class Recorded(msgspec.Struct):
    time: datetime


RECORDED = msgspec.json.Decoder(Recorded)


def main() -> None:
    queue, result, count = sys.argv[1:]
    seen: list[tuple[float, float]] = []
    ends: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: ends.append(number))
    with connect() as connection, connection.channel() as channel:
        channel.auto_decode = False

        def take(message: Any) -> None:
            now = time.time()
            recorded = RECORDED.decode(message.body).time.timestamp()
            seen.append((recorded, now - recorded))
            if len(seen) % ACK_EVERY == 0:
                channel.basic_ack(message.delivery_tag, multiple=True)

        channel.basic_qos(0, PREFETCH, False)
        channel.basic_consume(queue, callback=take)
        quiet = False
        while not (ends and quiet and len(seen) >= int(count)):
            try:
                connection.drain_events(timeout=QUIET_SECONDS)
                quiet = False
            except TimeoutError:
                quiet = True
    Path(result).write_text(json.dumps(seen))


if __name__ == "__main__":
    main()
