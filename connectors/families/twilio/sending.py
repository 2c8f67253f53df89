"""Sending messages by Twilio's SDK. Loaded with the first send."""

from collections.abc import Mapping
from typing import Any

from connectors.families.twilio.access import Access
from connectors.families.twilio.api import Api
from connectors.families.twilio.client import client_of, made
from connectors.families.twilio.statuses import STATUS, UNDONE, row_of
from connectors.kit.base import Sent
from connectors.kit.errors import Refused
from normalizer.status import Status


class Sender:
    """Sends messages. Raises the sending errors of `connectors.kit.errors`."""

    def __init__(self, api: Api, access: Access) -> None:
        self._client = client_of(api, access)

    def __repr__(self) -> str:
        return "Sender(***)"

    async def send(self, arguments: Mapping[str, Any]) -> Sent:
        """A message of these arguments of `messages.create`."""
        sent = await made(self._client.messages.create_async(**arguments))
        status = STATUS.get(sent.status, Status.ACCEPTED)
        if status in UNDONE:
            code = str(sent.error_code) if sent.error_code else None
            raise Refused(f"the message is {sent.status}", code=row_of(code).code, provider_code=code)
        return Sent((sent.sid,), status)
