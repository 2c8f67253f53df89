"""The Apple Push Notification service: notifications to one iOS app, over HTTP/2.

The app registers its device's token at the webhook; nobody writes on this channel. That a notification was accepted
does not say that it was shown. Source: developer.apple.com/documentation/usernotifications (read 2026-11).
"""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Final

import msgspec

from connectors.channels.apns.access import Sender
from connectors.channels.apns.config import Config as AppConfig
from connectors.channels.apns.http2 import Http2
from connectors.channels.apns.refusals import EXPIRED, refusal
from connectors.channels.apns.wire import body, headers, name
from connectors.families.app import devices
from connectors.families.app.notice import CAPABILITY, notice
from connectors.families.app.receipts import Receipts
from connectors.kit.base import Info, Outbound, Outcome, Plugin, Sent, Settles, Tools
from connectors.kit.errors import Temporary, Unreachable
from connectors.kit.request import Request, Response, decode
from normalizer.errors import ErrorCode
from normalizer.inbound import Inbound

SCHEME: Final = "apns"
HEX: Final = frozenset("0123456789abcdef")


class Device(msgspec.Struct, frozen=True):
    token: Annotated[str, msgspec.Meta(pattern="^[0-9A-Fa-f]{64,200}$")]


DEVICE: Final = msgspec.json.Decoder(Device)


class Apns(Plugin[AppConfig]):
    info: ClassVar[Info] = Info(
        name="apns",
        channel="push",
        scheme=SCHEME,
        capability=CAPABILITY,
        settles=Settles.NEVER,
        summary="Notifications by Apple's push service",
    )
    Config = AppConfig

    def __init__(self, config: AppConfig, tools: Tools) -> None:
        super().__init__(config, tools)
        self._receipts = Receipts(config.signing_key)
        self._sender, self._http2 = Sender(config, tools.now), Http2(tools.http)

    def verify(self, request: Request) -> None:
        devices.verify(self.config, self._receipts, request)

    def parse(self, request: Request) -> Sequence[Inbound]:
        return devices.heard(self.config, SCHEME, _address, self._receipts, request)

    def respond(self, request: Request, outcome: Outcome) -> Response:
        return devices.answered(self.config.origins, request, outcome)

    async def send(self, outbound: Outbound) -> Sent:
        shown, device = notice(outbound, self.config, self._receipts), outbound.address.value
        if not HEX.issuperset(device):  # it becomes part of a path
            raise Unreachable("no device's token", for_good=True, code=ErrorCode.INVALID_ADDRESS)
        token, id_ = self._sender.token(), name(outbound.token)
        answer = await self._http2.post(
            f"{self.config.api_base.rstrip('/')}/3/device/{device}",
            headers(shown, self.config, token, id_, self.tools.now()),
            body(shown, self.config),
            self.config.send_seconds,
        )
        if answer.status == 200:
            return Sent((answer.headers.get("apns-id") or id_,))
        error = refusal(answer, self.config.rate_pause)
        if error.provider_code == EXPIRED and self._sender.outdated(token):
            raise Temporary("our token was too old: the next is new", provider_code=EXPIRED)
        raise error


def _address(device: bytes) -> str:
    return decode(device, DEVICE).token.lower()
