"""PyNaCl judges signatures, discord.py intents and numbers."""

from datetime import UTC, datetime

import pytest
from discord import Intents, InteractionType, MessageType
from discord.gateway import DiscordWebSocket
from discord.http import Route
from discord.utils import snowflake_time
from discord_bot import FIXTURES, NELLY, SETTINGS, plugin
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from connectors.channels.discord.gateway import PRIVATE, SERVERS, Op
from connectors.channels.discord.parse import COMMAND, PING, PRESS, SAID
from connectors.channels.discord.signature import SIGNATURE, TIMESTAMP
from connectors.channels.discord.simulator import KEY, PUBLIC, Simulator
from connectors.channels.discord.wire import ours
from connectors.kit.errors import BadSignature
from connectors.kit.fixtures import read_fixtures
from connectors.kit.request import Request
from tests.channels.beside import HOOK

REACTION = "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me"


def test_the_simulators_interactions_are_genuine_to_pynacl():
    wire = Simulator(SETTINGS, HOOK).genuine(b'{"type":1}')
    theirs = VerifyKey(bytes.fromhex(PUBLIC))
    signed = wire.headers[TIMESTAMP].encode() + wire.body
    assert theirs.verify(signed, bytes.fromhex(wire.headers[SIGNATURE])) == signed
    with pytest.raises(BadSignatureError):
        theirs.verify(signed + b" ", bytes.fromhex(wire.headers[SIGNATURE]))


def test_what_pynacl_signs_is_genuine_and_what_another_signs_is_not():
    body, at = b'{"type":1,"id":"1"}', "1790000000"
    for key, genuine in ((SigningKey(KEY), True), (SigningKey(bytes(32)), False)):
        headers = {SIGNATURE: key.sign(at.encode() + body).signature.hex(), TIMESTAMP: at}
        request = Request("POST", HOOK, headers, body, datetime.now(UTC))
        if genuine:
            plugin().verify(request)
        else:
            with pytest.raises(BadSignature) as raised:
                plugin().verify(request)
            assert raised.value.missing  # so that Discord hears 401


def test_intents_are_those_of_discord_py():
    private = Intents(dm_messages=True, dm_reactions=True)
    servers = Intents(guilds=True, guild_messages=True, guild_reactions=True, message_content=True)
    assert (private.value, servers.value) == (PRIVATE, SERVERS)


def test_numbers_are_those_of_discord_py():
    assert [(op.name, op.value) for op in Op] == [
        ("DISPATCH", DiscordWebSocket.DISPATCH),
        ("HEARTBEAT", DiscordWebSocket.HEARTBEAT),
        ("IDENTIFY", DiscordWebSocket.IDENTIFY),
        ("RESUME", DiscordWebSocket.RESUME),
        ("RECONNECT", DiscordWebSocket.RECONNECT),
        ("INVALID", DiscordWebSocket.INVALIDATE_SESSION),
        ("HELLO", DiscordWebSocket.HELLO),
        ("ACKNOWLEDGED", DiscordWebSocket.HEARTBEAT_ACK),
    ]
    assert {MessageType.default.value, MessageType.reply.value} == SAID
    assert (
        InteractionType.ping.value,
        InteractionType.application_command.value,
        InteractionType.component.value,
    ) == (PING, COMMAND, PRESS)


def test_reactions_are_where_discord_py_puts_them():
    for emoji in ("👍", "parcel:41771983429993937"):
        theirs = Route("PUT", REACTION, channel_id=1, message_id=2, emoji=emoji).url
        assert theirs == f"{Route.BASE}{ours('1', '2', emoji)}"


def test_an_interactions_time_is_that_of_its_id():
    (case,) = [case for case in read_fixtures(FIXTURES).inbound if case.name == "command"]
    (item,) = case.expected
    assert item.occurred_at == snowflake_time(int(item.external_id.removeprefix("interaction:")))
    assert item.peer.person.address.value == NELLY
