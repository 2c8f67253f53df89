"""The plugin, and its provider, as the tests use them."""

from pathlib import Path
from typing import Any

from connectors.channels import twilio_whatsapp
from connectors.channels.twilio_whatsapp import TwilioWhatsApp
from connectors.channels.twilio_whatsapp.simulator import Simulator
from connectors.kit.base import Tools
from connectors.kit.config import configured
from connectors.kit.http import Http
from tests.channels.beside import CONNECTOR, HOOK, NOW

FIXTURES = Path(twilio_whatsapp.__file__).parent / "fixtures"
ACCOUNT = "AC9d0c1f3e5a7b2d4f6a8c0e1b3d5f7a9c"
TOKEN = "token-nobody_shall_see-0000000001"
NUMBER = "+447700900111"
MINA = "+447700900222"
SETTINGS: dict[str, Any] = {"account_sid": ACCOUNT, "auth_token": TOKEN, "number": NUMBER}


def plugin(**settings: Any) -> TwilioWhatsApp:
    config = configured(TwilioWhatsApp.Config, {**SETTINGS, **settings})
    return TwilioWhatsApp(config, Tools(CONNECTOR, Http(CONNECTOR), lambda: NOW, HOOK))


def simulator(**settings: Any) -> Simulator:
    return Simulator({**SETTINGS, **settings}, HOOK)
