"""Twilio's SDK over the hub's HTTP client. Loaded with the first send.

The SDK has no setting for another address, drops the headers of what failed, and names this machine's system to Twilio:
here addresses, headers and errors are ours, and only what names a message or a call goes back into it.
"""

import logging
from collections.abc import Awaitable
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import msgspec
from twilio.base.exceptions import TwilioException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from connectors.families.twilio.access import Access
from connectors.families.twilio.api import Api
from connectors.kit.errors import BadPayload, OutcomeUnknown
from connectors.kit.request import decode
from connectors.kit.silence import silence
from normalizer.errors import ErrorCode

T = TypeVar("T")
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
        allow_redirects: bool = False,  # noqa: ARG002 - what is sent goes to nobody else
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


def client_of(api: Api, access: Access) -> Client:
    """The SDK's client of an account."""
    user, password = access.credentials
    # Given an environment, the SDK does not look for edges and regions in the process's own.
    return Client(
        user, password.reveal(), access.account_sid, http_client=HubClient(api), environment={"TWILIO_REGION": ""}
    )


async def made(asked: Awaitable[T]) -> T:
    """What the SDK made; an error of its own says nothing of whether Twilio did. Raises OutcomeUnknown."""
    try:
        return await asked
    except TwilioException as unexpected:
        failure = OutcomeUnknown(f"twilio-python: {type(unexpected).__name__}", code=ErrorCode.UNKNOWN)
    # Raised out here so that no error of the library hangs on to it.
    raise failure
