"""A hub with a number, and callers at Twilio's simulator who are led by its menus."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from connectors.channels import twilio_voice
from connectors.channels.twilio_voice import TwilioVoice
from connectors.channels.twilio_voice.simulator import Simulator
from connectors.kit.base import Tools
from connectors.kit.config import configured
from connectors.kit.fixtures import WireRequest, as_request
from connectors.kit.http import Http
from gateway.receive import receive
from gateway.store.times import now
from tests.background.heronry import rows
from tests.channels import beside
from tests.channels.beside import CONNECTOR, HOOK, NOW, Beside

FIXTURES = Path(twilio_voice.__file__).parent / "fixtures"
ACCOUNT = "AC9d0c1f3e5a7b2d4f6a8c0e1b3d5f7a9c"
TOKEN = "token-nobody_shall_see-0000000001"
NUMBER = "+447700900111"
MINA = "+447700900222"
ADA = "client:ada"
STEPS: dict[str, Any] = {
    "start": {
        "do": "menu",
        "say": {"en-GB": "Press 1 for orders, 2 for an agent, 9 for Spanish.", "es-ES": "Pulse 1 para pedidos."},
        "keys": {"1": "orders", "2": "agent", "3": "queue", "4": "callback", "5": "room", "9": "spanish"},
        "words": {"orders": "orders", "an agent": "agent", "pedidos": "orders"},
        "tries": 2,
        "otherwise": "voicemail",
    },
    "spanish": {
        "do": "menu",
        "language": "es-ES",
        "say": {"es-ES": "Pulse 1 para pedidos."},
        "keys": {"1": "orders"},
        "words": {"pedidos": "orders"},
    },
    "orders": {
        "do": "menu",
        "say": {"en-GB": "Press 1 to change an order.", "es-ES": "Pulse 1 para cambiar."},
        "keys": {"1": "agent", "0": "start"},
        "otherwise": "voicemail",
    },
    "agent": {"do": "dial", "to": [ADA, "+447700900333"], "otherwise": "voicemail", "closed": "shut"},
    "queue": {"do": "queue", "queue": "sales", "otherwise": "voicemail", "most": 30},
    "room": {"do": "room", "record": True, "otherwise": "voicemail"},
    "callback": {"do": "callback", "say": "We will call you."},
    "voicemail": {"do": "voicemail", "say": {"en-GB": "Leave a message.", "es-ES": "Deje un mensaje."}},
    "shut": {"do": "voicemail", "say": "We are closed."},
}
SETTINGS: dict[str, Any] = {
    "account_sid": ACCOUNT,
    "auth_token": TOKEN,
    "number": NUMBER,
    "language": "en-GB",
    "steps": STEPS,
    "agents": {"ada": ADA, "bob": "client:bob"},
}


def plugin(**settings: Any) -> TwilioVoice:
    config = configured(TwilioVoice.Config, {**SETTINGS, **settings})
    return TwilioVoice(config, Tools(CONNECTOR, Http(CONNECTOR), lambda: NOW, HOOK))


@asynccontextmanager
async def running(folder: Path, provider: Simulator, **settings: Any) -> AsyncIterator[Beside]:
    """A hub whose answers the provider's callers follow."""
    async with beside.running(folder, "twilio_voice", provider, **settings) as hub:

        async def deliver(wire: WireRequest) -> tuple[int, bytes]:
            connector = hub.hub.connectors[CONNECTOR]
            answer = await receive(hub.hub, connector, as_request(wire, HOOK, now()))
            return answer.status, answer.body

        provider.deliver = deliver
        yield hub


def simulator(**settings: Any) -> Simulator:
    return Simulator({**SETTINGS, **settings}, HOOK)


def story(hub: Beside) -> list[str]:
    """The durable events of calls, in order, as `started ringing`."""
    found = rows(hub.hub, "SELECT type, body FROM events WHERE type LIKE 'call.%' ORDER BY position")
    told = [(type_, msgspec.json.decode(body)["data"]["call"]["status"]) for type_, body in found]
    return [f"{type_.removeprefix('call.')} {status}" for type_, status in told]
