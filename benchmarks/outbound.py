"""What outbound is measured with: the provider and the hub as processes, a queue to empty, and the parts alone."""

import asyncio
import dataclasses
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
import msgspec
import structlog
import uvloop

from benchmarks.contenders import CONNECTOR, PATH, ROOT, SECRET, SERVER_CORE, Running, free_port
from benchmarks.load import CHATS, LOAD_CORE, update
from connectors.channels.telegram import Telegram
from connectors.kit.base import Outbound, Sent, Tools
from connectors.kit.request import Request
from gateway.hub import Hub
from gateway.live import LiveConnector, bring_up
from gateway.receive import receive
from gateway.send.accept import accept
from gateway.send.asks import Ask
from gateway.settings import load
from normalizer.commands import SendMessage
from normalizer.inbound import Address
from normalizer.model import Author, AuthorKind
from normalizer.payload import Payload

TOKEN = "1000000000:BENCHMARK"  # noqa: S105 - of a bot that does not exist
TEXT = "It left this morning, and should be with you on Tuesday; the number of the parcel is 00340434161094042557."
CONCURRENCY = 64
FIRST = 100_000_000
HUB_FILE = """\
public_url: http://127.0.0.1:{port}
listen: 127.0.0.1:{port}
store: sqlite:///hub.db
files: ./files
limits: {{concurrency: {concurrency}}}
connectors:
  {connector}: {{plugin: telegram, token: "{token}", secret_token: "{secret}", api_base: "{provider}"}}
"""
AGENT = Author(kind=AuthorKind.AGENT, name="bench")


@contextmanager
def provider() -> Iterator[str]:
    """The simulated Bot API on the other core; its address."""
    command = [sys.executable, "-m", "connectors.channels.telegram.simulator", "--token", TOKEN]
    with subprocess.Popen(
        ["taskset", "-c", LOAD_CORE, *command], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def configured(folder: Path, address: str) -> Path:
    config = folder / "onethread.yaml"
    config.write_text(
        HUB_FILE.format(
            port=free_port(),
            concurrency=CONCURRENCY,
            connector=CONNECTOR,
            token=TOKEN,
            secret=SECRET,
            provider=address,
        )
    )
    return config


@contextmanager
def sending(config: Path) -> Iterator[Running]:
    """The hub as it is deployed; it begins at once with what is queued."""
    command = [sys.executable, "-m", "gateway.cli", "serve", "--config", str(config)]
    with (config.parent / "log").open("w") as log:
        process = subprocess.Popen(
            ["taskset", "-c", SERVER_CORE, *command], cwd=ROOT, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield Running("hub", 0, process.pid, config.parent)
        finally:
            process.terminate()
            process.wait(timeout=30)


def fill(config: Path, messages: int) -> None:
    """Queues so many messages to the customers of all chats, as commands do."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    hub = Hub(load(config, {}))
    uvloop.run(_fill(hub, messages))


async def _fill(hub: Hub, messages: int) -> None:
    hub.writer.start()
    await _queue(hub, messages)
    await asyncio.to_thread(hub.writer.stop)
    hub.engine.dispose()


async def _queue(hub: Hub, messages: int) -> None:
    connector, headers = hub.connectors[CONNECTOR], {"x-telegram-bot-api-secret-token": SECRET}
    for number in range(CHATS):
        url = hub.settings.public_url + PATH
        await receive(hub, connector, Request("POST", url, headers, update(FIRST + number), datetime.now(UTC)))
    with hub.engine.connect() as connection:
        cases = [id_ for (id_,) in connection.exec_driver_sql("SELECT id FROM conversations")]
    for _ in range(0, messages, len(cases)):
        commands = (SendMessage(conversation_id=case, text=TEXT) for case in cases)
        asks = [Ask("bench", AGENT, command, hub.connectors) for command in commands]
        await asyncio.gather(*(hub.writer.write(accept, ask) for ask in asks))


# --- the parts alone, each in a process of its own on the server's core -----------------------------------------------


def cost(part: str, address: str, messages: int) -> float:
    """CPU microseconds that one message takes in a part."""
    command = [sys.executable, "-m", "benchmarks.outbound", part, address, str(messages)]
    told = subprocess.run(
        ["taskset", "-c", SERVER_CORE, *command], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return float(json.loads(told.stdout.splitlines()[-1]))


async def _session(address: str, messages: int) -> float:
    """aiohttp as it is, with no more than the request."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONCURRENCY)) as session:

        async def post(number: int) -> None:
            async with session.post(_url(address), data=_body(number), headers=JSON) as answer:
                await answer.read()

        return await _measured(post, messages)


async def _client(address: str, messages: int) -> float:
    """The hub's HTTP client: limits, guard, redacted log."""
    with _connector(address) as connector:

        async def post(number: int) -> None:
            await connector.http.request("POST", _url(address), headers=JSON, body=_body(number))

        spent = await _measured(post, messages)
        await connector.http.close()
    return spent


async def _channel(address: str, messages: int) -> float:
    """The channel's plugin, with its SDK, over the hub's HTTP client."""
    with _connector(address) as connector:

        async def send(number: int) -> None:
            recipient = Address(scheme="telegram", value=str(FIRST + number % CHATS))
            await connector.plugin.send(Outbound(token=f"{number}.1", address=recipient, payload=Payload(text=TEXT)))

        spent = await _measured(send, messages)
        await connector.http.close()
    return spent


class Instant(Telegram):
    """Takes everything at once, and asks nobody."""

    taken = 0

    async def send(self, outbound: Outbound) -> Sent:
        await asyncio.sleep(0.001)
        self.taken += 1
        return Sent((f"{self.taken}:{outbound.address.value}",))


async def _lane(address: str, messages: int) -> float:
    """Claiming, rendering and recording, with a provider that takes everything at once."""
    with TemporaryDirectory(dir=Path(__file__).parent, prefix="round-") as made:
        config = configured(Path(made), address)
        await _fill(Hub(load(config, {})), messages)
        hub = Hub(load(config, {}))
        old = hub.connectors[CONNECTOR]
        plugin = Instant(old.plugin.config, Tools(connector=CONNECTOR, http=old.http))
        hub.connectors = {CONNECTOR: dataclasses.replace(old, plugin=plugin)}
        before = time.process_time()
        await hub.start()
        while plugin.taken < messages or hub.writer.waiting:  # noqa: ASYNC110 - nobody tells when the last is recorded
            await asyncio.sleep(0.01)
        spent = time.process_time() - before
        await hub.stop()
    return spent / messages * 1e6


PARTS = {"session": _session, "client": _client, "channel": _channel, "lane": _lane}


JSON = {"content-type": "application/json"}


def _url(address: str) -> str:
    return f"{address}/bot{TOKEN}/sendMessage"


def _body(number: int) -> bytes:
    return msgspec.json.encode({"chat_id": FIRST + number % CHATS, "text": TEXT})


@contextmanager
def _connector(address: str) -> Iterator[LiveConnector]:
    with TemporaryDirectory(dir=Path(__file__).parent, prefix="round-") as made:
        settings = load(configured(Path(made), address), {})
        yield bring_up(settings, settings.connectors[CONNECTOR], lambda _: None)


async def _measured(do: Callable[[int], Awaitable[None]], messages: int) -> float:
    """CPU microseconds a call, `CONCURRENCY` at a time, once all is warm."""
    await _many(do, messages // 5)
    before = time.process_time()
    await _many(do, messages)
    return (time.process_time() - before) / messages * 1e6


async def _many(do: Callable[[int], Awaitable[None]], messages: int) -> None:
    left = iter(range(messages))

    async def one() -> None:
        for number in left:
            await do(number)

    await asyncio.gather(*(one() for _ in range(CONCURRENCY)))


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    print(json.dumps(uvloop.run(PARTS[sys.argv[1]](sys.argv[2], int(sys.argv[3])))))
