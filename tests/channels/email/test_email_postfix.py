"""A real mail server as the relay: it delivers what we send, and its own bounces come back and are understood."""

import asyncio
from contextlib import asynccontextmanager

import msgspec
import pytest
from email_sender import ANN, SETTINGS

from connectors.channels.email.simulator import Simulator
from gateway.hub import Hub
from gateway.send.accept import accept
from gateway.send.asks import Ask
from gateway.settings.loading import load
from normalizer.commands import Recipient, SendMessage
from normalizer.model import Author, AuthorKind
from tests.background.heronry import eventually, rows
from tests.end_to_end.hub_process import free_port
from tests.end_to_end.own_postfix import OwnPostfix

pytestmark = pytest.mark.server("postfix")
AGENT = Author(kind=AuthorKind.AGENT, ref="key", name="Ada")


@asynccontextmanager
async def running(folder, relay, listener):
    connector = {**SETTINGS, "plugin": "email", "smtp": f"smtp://127.0.0.1:{relay}"}
    told = {
        "store": "sqlite:///hub.db",
        "files": "./files",
        "listeners": {"smtp": f"127.0.0.1:{listener}"},
        "connectors": {"mail": connector},
    }
    (folder / "onethread.yaml").write_bytes(msgspec.json.encode(told))
    hub = Hub(load(folder / "onethread.yaml", {}))
    await hub.start()
    try:
        yield hub
    finally:
        await hub.stop()


async def say(hub, to):
    ask = Ask("p", AGENT, SendMessage(text="Hello.", to=Recipient(connector="mail", address=to)), hub.connectors, None)
    await hub.writer.write(accept, ask)


def test_mail_is_delivered_and_what_cannot_be_comes_back_as_a_failure(tmp_path):
    listener = free_port()

    async def test(postfix, mailbox):
        async with running(tmp_path, postfix.port, listener) as hub:
            await say(hub, ANN)
            (got,) = await asyncio.to_thread(mailbox.wait, 1, 30)
            assert got.body == b"Hello.\r\n"
            assert got.headers["mail-from"].startswith("help+b.")
            assert (await hub.connectors["mail"].plugin.check()).details["relay"] == f"smtp://127.0.0.1:{postfix.port}"
            await say(hub, "nobody@nowhere.example")
            states = "SELECT status, json_extract(body, '$.error.code') FROM deliveries ORDER BY id"
            await eventually(lambda: [row[0] for row in rows(hub, states)] == ["accepted", "failed"], 30)
            assert rows(hub, "SELECT id FROM quarantine") == []

    with Simulator({**SETTINGS, "smtp": "smtp://127.0.0.1"}) as mailbox:
        routes = {
            ANN: f"smtp:[127.0.0.1]:{mailbox.url.rpartition(':')[2]}",
            "example.com": f"smtp:[127.0.0.1]:{listener}",
        }
        with OwnPostfix(routes) as postfix:
            asyncio.run(test(postfix, mailbox))
