"""Firebase Cloud Messaging, HTTP v1: notifications to Android, iOS and the web through one Firebase project.

The app registers its device's token at the webhook; nobody writes on this channel. That a notification was accepted
does not say that it was shown. Source: firebase.google.com/docs/cloud-messaging (read 2026-11).
"""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Final

import msgspec

from connectors.channels.fcm.access import Access
from connectors.channels.fcm.config import Config as ProjectConfig
from connectors.channels.fcm.config import read_account
from connectors.channels.fcm.refusals import refusal
from connectors.channels.fcm.wire import message
from connectors.families.app import devices
from connectors.families.app.notice import CAPABILITY, notice
from connectors.families.app.receipts import Receipts
from connectors.kit.base import Account, Info, Outbound, Outcome, Plugin, Sent, Settles, Tools
from connectors.kit.config import PluginConfig
from connectors.kit.errors import BadPayload, Misconfigured, OutcomeUnknown, Temporary
from connectors.kit.request import Request, Response, decode
from normalizer.errors import ErrorCode
from normalizer.inbound import Inbound

SCHEME: Final = "fcm"


class Device(msgspec.Struct, frozen=True):
    token: Annotated[str, msgspec.Meta(min_length=20, max_length=1024, pattern=r"^[A-Za-z0-9_:%.=-]+$")]


class Made(msgspec.Struct, frozen=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


DEVICE: Final = msgspec.json.Decoder(Device)
MADE: Final = msgspec.json.Decoder(Made)


class Fcm(Plugin[ProjectConfig]):
    info: ClassVar[Info] = Info(
        name="fcm",
        channel="push",
        scheme=SCHEME,
        capability=CAPABILITY,
        settles=Settles.NEVER,
        summary="Notifications by Firebase Cloud Messaging",
    )
    Config = ProjectConfig

    def __init__(self, config: ProjectConfig, tools: Tools) -> None:
        super().__init__(config, tools)
        self._receipts = Receipts(config.service_account)
        self._access = Access(config, tools)

    @classmethod
    def trusted_origins(cls, config: PluginConfig) -> Sequence[str]:
        return (config.api_base, config.tokens_from) if isinstance(config, ProjectConfig) else ()

    def verify(self, request: Request) -> None:
        devices.verify(self.config, self._receipts, request)

    def parse(self, request: Request) -> Sequence[Inbound]:
        return devices.heard(self.config, SCHEME, _address, self._receipts, request)

    def respond(self, request: Request, outcome: Outcome) -> Response:
        return devices.answered(self.config.origins, request, outcome)

    async def send(self, outbound: Outbound) -> Sent:
        body = message(outbound.address.value, notice(outbound, self.config, self._receipts), self.config)
        token = await self._access.token()
        answer = await self.tools.http.request(
            "POST",
            f"{self.config.api_base.rstrip('/')}/v1/projects/{self._project}/messages:send",
            headers={"authorization": f"Bearer {token.text}", "content-type": "application/json"},
            body=msgspec.json.encode(body),
            seconds=self.config.send_seconds,
        )
        if answer.status == 200:
            try:
                return Sent((decode(answer.body, MADE).name,))
            except BadPayload:
                raise OutcomeUnknown("an answer that names no message", code=ErrorCode.PROVIDER_DOWN) from None
        error = refusal(answer, self.config.rate_pause)
        if answer.status == 401 and isinstance(error, Misconfigured):
            self._access.forget(token.text)
            if not token.fresh:  # withdrawn before its time: another may do
                raise Temporary("the access token is no longer taken", provider_code=error.provider_code)
        raise error

    async def check(self) -> Account:
        """Whether the service account is given access tokens; not that it may send."""
        token = await self._access.token()
        if not token.fresh:
            self._access.forget(token.text)
            await self._access.token()
        return Account(name=read_account(self.config.service_account).client_email, details={"project": self._project})

    @property
    def _project(self) -> str:
        return read_account(self.config.service_account).project_id


def _address(device: bytes) -> str:
    return decode(device, DEVICE).token
