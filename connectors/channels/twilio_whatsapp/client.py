"""Sending by Twilio's SDK. Loaded with the first send."""

from connectors.channels.twilio_whatsapp.config import Config
from connectors.channels.twilio_whatsapp.wire import message
from connectors.families.twilio.api import Api
from connectors.families.twilio.client import client_of, made
from connectors.families.twilio.statuses import STATUS, UNDONE, row_of
from connectors.kit.base import Outbound, Sent
from connectors.kit.errors import Refused
from normalizer.status import Status


class Sender:
    """Sends messages. Raises the sending errors of `connectors.kit.errors`."""

    def __init__(self, api: Api, config: Config, webhook: str) -> None:
        self._client = client_of(api, config)
        self._config = config
        self._webhook = webhook

    def __repr__(self) -> str:
        return "Sender(***)"

    async def send(self, outbound: Outbound) -> Sent:
        sent = await made(self._client.messages.create_async(**message(outbound, self._config, self._webhook)))
        status = STATUS.get(sent.status, Status.ACCEPTED)
        if status in UNDONE:
            code = str(sent.error_code) if sent.error_code else None
            raise Refused(f"the message is {sent.status}", code=row_of(code).code, provider_code=code)
        return Sent((sent.sid,), status)
