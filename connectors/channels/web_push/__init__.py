"""Web Push: notifications to browsers, encrypted to each (RFC 8030, 8291, 8292; read 2026-11).

The app's page registers its subscription at the webhook; nobody writes on this channel. That a notification was
accepted does not say that it was shown.
"""

from collections.abc import Sequence
from typing import ClassVar, Final
from urllib.parse import urlsplit

import msgspec

from connectors.channels.web_push.config import Config as BrowserConfig
from connectors.channels.web_push.encryption import encrypt
from connectors.channels.web_push.refusals import ACCEPTED, refusal
from connectors.channels.web_push.subscription import SCHEME, Seal, Subscription, admitted, read
from connectors.channels.web_push.vapid import Sender, read_key
from connectors.channels.web_push.wire import headers, plain
from connectors.families.app import devices
from connectors.families.app.notice import CAPABILITY, notice
from connectors.families.app.receipts import Receipts
from connectors.kit.base import Account, Info, Outbound, Outcome, Plugin, Sent, Settles, Tools
from connectors.kit.errors import Refused, Unreachable
from connectors.kit.request import Request, Response
from connectors.kit.subscribes import Subscribing
from normalizer.errors import ErrorCode
from normalizer.inbound import Inbound

ASKS_KEY: Final = "GET"
"""A page asks for the public key to subscribe with; it is no secret."""


class WebPush(Plugin[BrowserConfig]):
    info: ClassVar[Info] = Info(
        name="web_push",
        channel="push",
        scheme=SCHEME,
        capability=CAPABILITY,
        settles=Settles.NEVER,
        summary="Notifications to browsers",
    )
    Config = BrowserConfig

    def __init__(self, config: BrowserConfig, tools: Tools) -> None:
        super().__init__(config, tools)
        self._receipts = Receipts(config.vapid_private_key)
        key = read_key(config.vapid_private_key)
        self._seal, self._sender = Seal(key), Sender(key, config.subject, tools.now)

    def verify(self, request: Request) -> None:
        if request.method != ASKS_KEY:
            devices.verify(self.config, self._receipts, request)

    def parse(self, request: Request) -> Sequence[Inbound]:
        if request.method == ASKS_KEY:
            return []
        return devices.heard(self.config, SCHEME, self._address, self._receipts, request)

    def respond(self, request: Request, outcome: Outcome) -> Response:
        usual = devices.answered(self.config.origins, request, outcome)
        if request.method != ASKS_KEY or outcome is Outcome.OVERLOADED:
            return usual
        body = msgspec.json.encode({"public_key": self._sender.public})
        return Response(200, body, {**usual.headers, "content-type": "application/json"})

    async def send(self, outbound: Outbound) -> Sent:
        subscription = self._seal.open(outbound.address.value)
        if subscription is None:
            raise Unreachable("sealed with another key: the browser has to subscribe anew", for_good=True)
        if not admitted(subscription, self.config.hosts):
            raise Unreachable("the push service is not among `hosts` any more")
        shown = notice(outbound, self.config, self._receipts)
        try:
            body = encrypt(plain(shown, self.tools.webhook_url), subscription.public, subscription.auth)
        except ValueError as error:
            raise Refused(f"cannot be encrypted: {error}", code=ErrorCode.CONTENT_UNSUPPORTED) from None
        authorization = self._sender.authorization(subscription.audience)
        answer = await self.tools.http.request(
            "POST",
            self._target(subscription),
            headers=headers(shown, self.config, authorization),
            body=body,
            seconds=self.config.send_seconds,
        )
        if answer.status not in ACCEPTED:
            raise refusal(answer, self.config.rate_pause)
        return Sent((answer.headers.get("location") or outbound.token,))

    async def check(self) -> Account:
        """What pages subscribe with. It asks nobody: push services have no accounts."""
        return Account(name=self.config.subject, details={"public_key": self._sender.public})

    def subscribing(self) -> Subscribing:
        return Subscribing(self.config.users, self._sender.public)

    def _address(self, device: bytes) -> str:
        return self._seal.close(read(device, self.config.hosts))

    def _target(self, subscription: Subscription) -> str:
        base = self.config.api_base
        if base is None:
            return subscription.endpoint
        url = urlsplit(subscription.endpoint)
        return base.rstrip("/") + url.path + (f"?{url.query}" if url.query else "")
