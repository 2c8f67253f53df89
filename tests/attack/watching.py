"""What can be seen from outside: the feed as a whole, and who follows it while everything dies."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import aiohttp

from tests.end_to_end.hub_process import HubProcess
from tests.end_to_end.test_kill import assert_gap_free

RECEIVED = "onethread.message.received.v1"


class Stream:
    """Reads the feed as Server-Sent Events, and comes back where it was cut off."""

    def __init__(self, hub: HubProcess) -> None:
        self._hub = hub
        self.positions: list[int] = []
        self.ids: list[str] = []

    async def follow(self) -> None:
        """Until it is cancelled."""
        headers = {"Authorization": str(self._hub.session.headers["Authorization"]), "Accept": "text/event-stream"}
        timeout = aiohttp.ClientTimeout(total=None, sock_read=30)
        async with aiohttp.ClientSession(headers=headers, timeout=timeout, read_bufsize=1 << 20) as session:
            while True:
                with suppress(aiohttp.ClientError, OSError, ValueError):
                    await self._read(session)
                await asyncio.sleep(0.05)

    async def _read(self, session: aiohttp.ClientSession) -> None:
        since = {"Last-Event-ID": str(self.positions[-1])} if self.positions else {}
        async with session.get(f"{self._hub.url}/v1/events", headers=since) as answer:
            position = 0
            async for line in answer.content:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name == "id" and value.isdecimal():
                    position = int(value)
                elif name == "data" and position:
                    self.positions.append(position)
                    self.ids.append(json.loads(value)["id"])
                    position = 0


def received(events: Sequence[dict[str, Any]]) -> list[str]:
    """The texts of the messages that came in, in the feed's order."""
    return [event["data"]["message"]["text"].strip() for event in events if event["type"] == RECEIVED]


def assert_once_and_in_order(events: Sequence[dict[str, Any]], said: Sequence[Sequence[str]]) -> None:
    """The messages of the feed are those that were acknowledged, each once, each customer's in their order; nothing of
    any count is missing."""
    counted = Counter(received(events))
    assert {text: count for text, count in counted.items() if count != 1} == {}
    assert counted.keys() == {text for one in said for text in one}
    by_customer: dict[str, list[str]] = {}
    for text in received(events):
        by_customer.setdefault(text.rpartition(" ")[0], []).append(text)
    assert by_customer == {one[0].rpartition(" ")[0]: list(one) for one in said if one}
    assert_gap_free(list(events))
