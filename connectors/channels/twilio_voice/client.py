"""Calling by Twilio's SDK. Loaded with the first call."""

from connectors.channels.twilio_voice.config import Config
from connectors.channels.twilio_voice.wire import call
from connectors.families.twilio.api import Api
from connectors.families.twilio.client import client_of, made
from connectors.kit.base import Outbound, Sent


class Caller:
    """Makes calls. Raises the sending errors of `connectors.kit.errors`."""

    def __init__(self, api: Api, config: Config, webhook: str) -> None:
        self._client = client_of(api, config)
        self._config = config
        self._webhook = webhook

    def __repr__(self) -> str:
        return "Caller(***)"

    async def send(self, outbound: Outbound) -> Sent:
        begun = await made(self._client.calls.create_async(**call(outbound, self._config, self._webhook)))
        return Sent((begun.sid,))
