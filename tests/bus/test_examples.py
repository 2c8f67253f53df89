"""The examples, as they are printed: each is run, and takes what it says it takes."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from connectors.channels.telegram.simulator import Simulator
from gateway.bus.contract import open_bus
from gateway.bus.names import commands_of, queue_of
from tests.bus.conftest import RABBIT, SECONDS, name, need, running, send, until
from tests.end_to_end.hub_process import SECRET, TOKEN, HubProcess
from tests.project.tree import ROOT

EXAMPLES = ROOT / "docs" / "examples"
URL = RABBIT.removesuffix("//") + "/%2F" if RABBIT.endswith("//") else RABBIT
EVENTS = [
    {"specversion": "1.0", "id": f"e-{n}", "type": "onethread.message.received.v1", "position": str(n)}
    for n in range(3)
]


@contextmanager
def started(command, folder, **environ):
    """The lines an example prints, as it prints them."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # with what a script began
        _, said = process.communicate(timeout=SECONDS)
        sys.stderr.write(said)


async def lines(process, count):
    async with asyncio.timeout(SECONDS):
        return [(await asyncio.to_thread(process.stdout.readline)).strip() for _ in range(count)]


@pytest.fixture
def node(tmp_path):
    """A folder with the script and what it imports."""
    npm = need("npm")
    script = tmp_path / "consume_amqplib.mjs"
    script.write_text((EXAMPLES / script.name).read_text())
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", tmp_path, "amqplib@2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return [need("node"), script]


def takes_everything(command, folder):
    """It prints each event, in its order, and acknowledges what it printed."""

    async def work():
        queue = name()
        async with running(open_bus(RABBIT), queue) as bus:
            for event in EVENTS:
                await send(bus, queue, json.dumps(event).encode(), event["id"])
            with started([*command, URL, queue.removeprefix("onethread.q.")], folder) as process:
                return await lines(process, len(EVENTS))

    assert asyncio.run(work()) == [f"{event['type']} {event['id']}" for event in EVENTS]


@pytest.mark.server("rabbitmq")
@pytest.mark.parametrize("script", ["consume_kombu.py", "consume_pika.py"])
def test_python_takes_a_queue(script, tmp_path):
    takes_everything([sys.executable, EXAMPLES / script], tmp_path)


@pytest.mark.server("rabbitmq")
def test_node_takes_a_queue(node, tmp_path):
    takes_everything(node, tmp_path)


def test_a_shell_follows_the_feed_and_goes_on_where_it_stopped(tmp_path):
    need("curl")
    script, position = ["sh", EXAMPLES / "consume_sse.sh"], tmp_path / "position"
    with Simulator({"token": TOKEN, "secret_token": SECRET}) as simulator, HubProcess(tmp_path, simulator.url) as hub:
        key = hub.session.headers["Authorization"].removeprefix("Bearer ")
        hub.tell(hub.update(text="first"))
        stored = hub.events()
        command = [*script, hub.url, position]
        with started(command, tmp_path, KEY=key) as process:
            first = asyncio.run(lines(process, len(stored)))
            asyncio.run(until(lambda: position.exists() and position.read_text().strip() == stored[-1]["position"]))
        hub.tell(hub.update(text="second"))
        rest = hub.events()[len(stored) :]
        with started(command, tmp_path, KEY=key) as process:
            second = asyncio.run(lines(process, len(rest)))
    assert [json.loads(line) for line in first] == stored
    assert [json.loads(line) for line in second] == rest


@pytest.mark.server("rabbitmq")
def test_a_bot_answers_a_customer_by_way_of_the_bus(tmp_path):
    """The whole way: webhook, store, relay, queue, bot, command, delivery, answer to the command."""
    bot = name().removeprefix("onethread.q.")

    async def delete():
        async with running(open_bus(RABBIT), queue_of(bot), commands_of(bot)):
            pass

    with Simulator({"token": TOKEN, "secret_token": SECRET}) as simulator:
        hub = HubProcess(tmp_path, simulator.url)
        settings = json.loads(hub.config.read_text())
        settings |= {"bus": RABBIT, "subscriptions": {bot: {"queue": True, "commands": True}}}
        hub.config.write_text(json.dumps(settings))
        try:
            with hub, started([sys.executable, EXAMPLES / "answer_pika.py", URL, bot], tmp_path) as process:
                hub.tell(hub.update(text="Polly?"))
                [received] = hub.until("message.received")
                [accepted] = hub.until("command.accepted")
                hub.until("delivery.updated")
                [line] = asyncio.run(lines(process, 1))
                [sent] = [request for request in simulator.requests if request.path.endswith("/sendMessage")]
        finally:
            asyncio.run(delete())
    assert json.loads(sent.body)["text"] == "You said: Polly?"
    assert accepted["data"]["command_id"] == f"answer-to-{received['data']['message']['id']}"
    assert line == f"onethread.command.accepted.v1 {accepted['data']['command_id']}"
