"""Who reads events as they come, to see how late they are: `python -m benchmarks.readers KIND WHERE KEY RESULT`.

`sse` holds the feed's stream open, `poll` asks for page after page and waits at its end, `rabbitmq` consumes a
subscription's queue. After SIGTERM, when nothing comes any more, it writes which messages it had and when, by the
machine's steady clock, as JSON.
"""

import asyncio
import json
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import uvloop

from benchmarks.broker import connect

Seen = list[tuple[int, float]]
"""The number of each message, and when its event was in hand."""
QUIET_SECONDS = 1.0
PREFETCH = 2_000
ACK_EVERY = 50
LIMIT = 500


class Message(msgspec.Struct):
    external_ids: list[str]


class Data(msgspec.Struct):
    message: Message


class Received(msgspec.Struct):
    data: Data


class Page(msgspec.Struct):
    events: list[Received]
    next: str


RECEIVED = msgspec.json.Decoder(Received)
PAGE = msgspec.json.Decoder(Page)


def number_of(event: Received) -> int:
    return int(event.data.message.external_ids[0].partition(":")[0])


async def read_stream(session: aiohttp.ClientSession, base: str, seen: Seen) -> None:
    url = f"{base}/v1/events?types=message.received"
    async with session.get(url, headers={"accept": "text/event-stream"}) as answer:
        answer.raise_for_status()
        rest = b""
        async for octets in answer.content.iter_any():
            *lines, rest = (rest + octets).split(b"\n")
            at = time.perf_counter()
            seen.extend((number_of(RECEIVED.decode(line[6:])), at) for line in lines if line.startswith(b"data: "))


async def read_pages(session: aiohttp.ClientSession, base: str, seen: Seen) -> None:
    position = ""
    while True:
        url = f"{base}/v1/events?types=message.received&after={position}&wait=30&limit={LIMIT}"
        async with session.get(url) as answer:
            answer.raise_for_status()
            page = PAGE.decode(await answer.read())
        at = time.perf_counter()
        seen.extend((number_of(event), at) for event in page.events)
        position = page.next


READ = {"sse": read_stream, "poll": read_pages}


async def follow(kind: str, base: str, key: str) -> Seen:
    """What comes over HTTP, until SIGTERM and then silence."""
    seen: Seen = []
    ending = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ending.set)
    timeout = aiohttp.ClientTimeout(total=None)
    headers = {"authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession(headers=headers, timeout=timeout, read_bufsize=1 << 20) as session:
        reading = asyncio.create_task(READ[kind](session, base, seen))
        print("reading", flush=True)
        stopping = asyncio.create_task(ending.wait())
        await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
        count = -1
        while not reading.done() and count < len(seen):
            count = len(seen)
            await asyncio.sleep(QUIET_SECONDS)
        reading.cancel()
        stopping.cancel()
        with suppress(asyncio.CancelledError):
            await reading
    return seen


def consume(queue: str) -> Seen:
    """What comes to a queue of RabbitMQ."""
    seen: Seen = []
    ends: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: ends.append(number))
    with connect() as connection, connection.channel() as channel:
        channel.auto_decode = False

        def take(message: Any) -> None:
            seen.append((number_of(RECEIVED.decode(message.body)), time.perf_counter()))
            if len(seen) % ACK_EVERY == 0:
                channel.basic_ack(message.delivery_tag, multiple=True)

        channel.basic_qos(0, PREFETCH, False)
        channel.basic_consume(queue, callback=take)
        print("reading", flush=True)
        quiet = False
        while not (ends and quiet):
            try:
                connection.drain_events(timeout=QUIET_SECONDS)
                quiet = False
            except TimeoutError:
                quiet = True
    return seen


def main() -> None:
    kind, where, key, result = sys.argv[1:]
    seen = consume(where) if kind == "rabbitmq" else uvloop.run(follow(kind, where, key))
    Path(result).write_text(json.dumps(seen))


if __name__ == "__main__":
    main()
