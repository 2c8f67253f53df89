"""A small store that the hub itself made, of which `benchmarks.multiplied` makes large ones.

So many customers with histories as they are in life: few write a lot, most write little, and every third message is an
answer that the provider accepted. Numbers of customers and of messages begin with words of their own, by which they are
found again in what the hub wrote.
"""

import asyncio
import dataclasses
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import structlog
import uvloop

from benchmarks.contenders import CONNECTOR, HUB_FILE, PATH, SECRET, free_port
from benchmarks.load import BODY
from connectors.channels.telegram import Telegram
from connectors.kit.base import Outbound, Sent, Tools
from connectors.kit.request import Request
from gateway.hub import Hub
from gateway.receive import receive
from gateway.send.accept import accept
from gateway.send.asks import Ask
from gateway.settings import load
from normalizer.commands import SendMessage
from normalizer.model import Author, AuthorKind

CUSTOMERS = 1_000
MESSAGES = 10_000
CHAT = 7_261_500
"""The first digits of a customer's number, before three more: those of the first thousand."""
NUMBER = 5_173_920
"""The first digits of a message's number, before five more."""
TEXT = "It left this morning, and should be with you on Tuesday; the number of the parcel is 00340434161094042557."
AGENT = Author(kind=AuthorKind.AGENT, name="bench")
AT_ONCE = 64


class Instant(Telegram):
    """Takes everything at once, and asks nobody."""

    taken = 0

    async def send(self, outbound: Outbound) -> Sent:
        self.taken += 1
        return Sent((f"{NUMBER}{MESSAGES + self.taken:05d}:{outbound.address.value}",))


def make(folder: Path) -> Path:
    """The store, with everything that was asked of the hub done."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    config = folder / "onethread.yaml"
    config.write_text(HUB_FILE.format(port=free_port(), connector=CONNECTOR, secret=SECRET))
    uvloop.run(_live(Hub(load(config, {}))))
    return folder / "hub.db"


def chat(customer: int) -> int:
    """The number of one of the customers; those of a larger store are numbered on."""
    return CHAT * 1_000 + customer


async def _live(hub: Hub) -> None:
    old = hub.connectors[CONNECTOR]
    plugin = Instant(old.plugin.config, Tools(connector=CONNECTOR, http=old.http))
    hub.connectors = {CONNECTOR: dataclasses.replace(old, plugin=plugin)}
    await hub.start()
    cases: dict[int, str] = {}
    answers = 0
    for said in _turns():
        await asyncio.gather(*(_write(hub, number, customer) for number, customer, answer in said if not answer))
        _learn(hub, cases)
        asks = [
            Ask("bench", AGENT, SendMessage(conversation_id=cases[customer], text=TEXT), hub.connectors)
            for _, customer, answer in said
            if answer
        ]
        await asyncio.gather(*(hub.writer.write(accept, ask) for ask in asks))
        answers += len(asks)
        while plugin.taken < answers or hub.writer.waiting:  # noqa: ASYNC110 - nobody tells when the last is recorded
            await asyncio.sleep(0.001)
    await hub.stop()


def _turns() -> Iterator[list[tuple[int, int, bool]]]:
    """Number, customer and whether it is an answer, of each message; nobody is answered who did not write before."""
    shares = [1 / (1 + customer) for customer in range(CUSTOMERS)]
    dice = random.Random(5)  # noqa: S311 - the same history each time
    drawn = dice.choices(range(CUSTOMERS), shares, k=MESSAGES - CUSTOMERS)
    order = [*range(CUSTOMERS), *drawn]  # each writes once, and then the talkative ones more
    said = [(n, customer, n >= CUSTOMERS and n % 3 == 0) for n, customer in enumerate(order)]
    yield from (said[first : first + AT_ONCE] for first in range(0, MESSAGES, AT_ONCE))


async def _write(hub: Hub, number: int, customer: int) -> None:
    of = chat(customer)
    n = NUMBER * 100_000 + number
    headers = {"x-telegram-bot-api-secret-token": SECRET, "content-type": "application/json"}
    body = (BODY % (n, n, of, of, of, of)).encode()
    request = Request("POST", hub.settings.public_url + PATH, headers, body, datetime.now(UTC))
    answer = await receive(hub, hub.connectors[CONNECTOR], request)
    assert answer.status == 200, answer


def _learn(hub: Hub, cases: dict[int, str]) -> None:
    """Which conversation each customer's is, once all have one."""
    if len(cases) < CUSTOMERS:
        with hub.engine.connect() as connection:
            rows: Sequence[tuple[str, str]] = connection.exec_driver_sql(
                "SELECT address, conversation_id FROM routes"
            ).fetchall()  # type: ignore[assignment]
        cases.update((int(address) - chat(0), conversation) for address, conversation in rows)
