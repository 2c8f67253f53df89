"""Twilio's SDK over the hub's HTTP client. Loaded with the first send.

The SDK has no setting for another address, drops the headers of what failed, and names this machine's system to Twilio:
here addresses, headers and errors are ours, and only what names a message goes back into it.
"""

import logging
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from twilio.base.exceptions import TwilioException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from connectors.channels.twilio_sms.api import Api
from connectors.channels.twilio_sms.config import Config
from connectors.channels.twilio_sms.statuses import STATUS, UNDONE, row_of
from connectors.channels.twilio_sms.wire import message
from connectors.kit.base import Outbound, Sent
from connectors.kit.errors import BadPayload, OutcomeUnknown, Refused
from connectors.kit.request import decode
from connectors.kit.silence import silence
from normalizer.errors import ErrorCode
from normalizer.status import Status

NAME: Final = "twilio"
silence(NAME)  # its records hold numbers, and what people wrote


class Created(msgspec.Struct, frozen=True):
    sid: str
    status: str = "queued"
    error_code: int | None = None


CREATED: Final = msgspec.json.Decoder(Created)


class HubClient(AsyncHttpClient):  # type: ignore[misc] # the SDK comes without types
    """The SDK's way to the network. Raises the sending errors of `connectors.kit.errors`."""

    def __init__(self, api: Api) -> None:
        super().__init__(logging.getLogger(NAME), is_async=True)
        self._api = api

    async def request(
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,  # noqa: ARG002 - ours say less of this machine
        auth: tuple[str, str] | None = None,  # noqa: ARG002 - the configured ones
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - ours is configured
        allow_redirects: bool = False,  # noqa: ARG002 - a message is sent to nobody else
    ) -> Any:
        assert method == "POST", "only what sends goes through the SDK"
        assert not params
        answer = await self._api.send(uri, urlencode(data or {}, doseq=True).encode())
        try:
            created = decode(answer.body, CREATED)
        except BadPayload as error:
            unread = f"an answer that cannot be read: {error.detail}"
            raise OutcomeUnknown(unread, code=ErrorCode.PROVIDER_DOWN) from None
        return Response(answer.status, msgspec.json.encode(created).decode())


class Sender:
    """Sends messages. Raises the sending errors of `connectors.kit.errors`."""

    def __init__(self, api: Api, config: Config, webhook: str) -> None:
        user, password = config.credentials
        # Given an environment, the SDK does not look for edges and regions in the process's own.
        self._client = Client(
            user, password.reveal(), config.account_sid, http_client=HubClient(api), environment={"TWILIO_REGION": ""}
        )
        self._config = config
        self._webhook = webhook

    def __repr__(self) -> str:
        return "Sender(***)"

    async def send(self, outbound: Outbound) -> Sent:
        arguments = message(outbound, self._config, self._webhook)
        failure: OutcomeUnknown | None = None
        try:
            made = await self._client.messages.create_async(**arguments)
        except TwilioException as unexpected:
            failure = OutcomeUnknown(f"twilio-python: {type(unexpected).__name__}", code=ErrorCode.UNKNOWN)
        if failure is not None:
            # Raised out here so that no error of the library hangs on to it.
            raise failure
        status = STATUS.get(made.status, Status.ACCEPTED)
        if status in UNDONE:
            code = str(made.error_code) if made.error_code else None
            raise Refused(f"the message is {made.status}", code=row_of(code).code, provider_code=code)
        return Sent((made.sid,), status)
