"""The plugin bound to another implementation's server, over TCP."""

import asyncio
import socket
from datetime import UTC, datetime

import pytest
import smpp34
from smsc import BEFORE, saying

from connectors.channels.smpp import Smpp
from connectors.kit.base import Tools
from connectors.kit.collects import Collected
from connectors.kit.config import configured
from connectors.kit.errors import Refused
from connectors.kit.http import Http
from connectors.kit.request import Request


async def served(act):
    """What `act` gives with the plugin, the server, and the server's side of the session."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = smpp34.Server("127.0.0.1", port)
    await server.start()
    config = configured(Smpp.Config, {**BEFORE, "api_base": f"smpp://127.0.0.1:{port}", "poll_seconds": 0.3})
    plugin = Smpp(config, Tools("support", Http("support")))
    try:
        await plugin.poll(None)
        async with asyncio.timeout(10):
            esme = await server.next()
        return await act(plugin, server, esme)
    finally:
        await plugin.close()
        await server.stop()


def test_a_server_of_another_make_takes_what_we_send():
    async def act(plugin, server, esme):
        assert (esme.system_id, esme.can_receive) == ("acme", True)
        sending = asyncio.ensure_future(plugin.send(saying("Größe: 5 €")))
        came = await server.next()
        assert (came.source_addr, came.source_addr_ton) == ("447700900111", 1)
        assert (came.destination_addr, came.data_coding, came.registered_delivery) == ("447700900222", 0, 1)
        assert came.short_message.decode("gsm0338") == "Größe: 5 €"
        came.accept("ABC-1")
        assert (await sending).external_ids == ("ABC-1",)
        refused = asyncio.ensure_future(plugin.send(saying("Hello", "2.1")))
        (await server.next()).reject(smpp34.ESME_RINVMSGLEN)
        with pytest.raises(Refused):
            await refused

    asyncio.run(served(act))


def test_a_server_of_another_make_hears_that_what_it_delivers_is_kept():
    async def act(plugin, _server, esme):
        delivering = asyncio.ensure_future(
            esme.deliver_sm(
                "447700900111",
                b"Where is it?",
                source_addr="447700900222",
                source_addr_ton=1,
                tlvs=[smpp34.Tlv(0x1401, b"a parameter of the carrier's own")],
            )
        )
        batch = None
        while batch is None:
            found = await plugin.poll("{}")
            batch = found if isinstance(found, Collected) else None
        octets = b"".join([chunk async for chunk in batch.chunks])
        request = Request("COLLECT", "collect://support", batch.headers, octets, datetime.now(UTC))
        (message,) = plugin.parse(request)
        assert (message.text, message.peer.person.address.value) == ("Where is it?", "+447700900222")
        assert not delivering.done()
        await plugin.poll(batch.cursor)
        assert (await delivering).is_success

    asyncio.run(served(act))
