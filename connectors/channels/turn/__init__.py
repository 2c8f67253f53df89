"""WhatsApp through Turn.io: one business number, in the words of WhatsApp's API on premises.

Webhooks hold the lists of messages and reports alone, and are signed; nothing of ours comes back with a report. Source:
whatsapp.turn.io/docs (read 2026-11). Does not serve journeys, Turn.io's other channels, contexts and labels.
"""

from base64 import b64encode
from collections.abc import Sequence
from functools import cached_property
from hmac import compare_digest, digest
from typing import Any, ClassVar, Final

import msgspec

from connectors.channels.turn.config import Config as NumberConfig
from connectors.channels.turn.media import Shelf
from connectors.families.meta.graph import Graph, Limits
from connectors.families.meta.whatsapp import wire
from connectors.families.meta.whatsapp.capability import CAPABILITY
from connectors.families.meta.whatsapp.listing import listed
from connectors.families.meta.whatsapp.parse import key_of, parse_value
from connectors.families.meta.whatsapp.people import SCHEME
from connectors.families.meta.whatsapp.refusals import ON_PREMISES, TABLE
from connectors.families.meta.whatsapp.sending import composed, post
from connectors.families.meta.whatsapp.templates import Templates, templates
from connectors.kit.base import (
    Account,
    Fetched,
    Info,
    Outbound,
    OutboundReaction,
    Plugin,
    Sent,
    Settles,
)
from connectors.kit.errors import BadSignature
from connectors.kit.request import Request
from normalizer.inbound import Ignored, Inbound

SIGNATURE: Final = "x-turn-hook-signature"
SUBSCRIPTION: Final = "x-turn-hook-subscription"
HEARD: Final = "whatsapp"
"""The subscription with what customers say; others repeat what was sent."""
CHOICES: Final = frozenset({"reply", "postback", "link", "share_location"})
"""That Turn.io takes forms could not be verified."""
UNSAID: Final = ("messaging_product", "biz_opaque_callback_data")
"""What the Cloud API wants or echoes and the API on premises does not know."""
REFUSALS: Final = {**ON_PREMISES, **TABLE}


class Turn(Plugin[NumberConfig]):
    info: ClassVar[Info] = Info(
        name="turn",
        channel="whatsapp",
        scheme=SCHEME,
        capability=msgspec.structs.replace(
            CAPABILITY,
            typing=False,
            reads=False,
            actions=CAPABILITY.actions and msgspec.structs.replace(CAPABILITY.actions, types=CHOICES),
        ),
        settles=Settles.NEVER,
        summary="WhatsApp through Turn.io",
    )
    Config = NumberConfig

    @cached_property
    def api(self) -> Graph:
        config = self.config
        return Graph(self.tools.http, config.api_base, "v1", config.token, REFUSALS, self._limits)

    @cached_property
    def shelf(self) -> Shelf:
        return Shelf(self.tools.http, self.config.api_base, self.config.token, REFUSALS, self._limits)

    @cached_property
    def templates(self) -> Templates:
        config = self.config
        base = f"{config.api_base.rstrip('/')}/graph"
        behind = Graph(self.tools.http, base, config.graph_version, config.token, REFUSALS, self._limits)
        return templates(lambda: listed(behind, config.business_account_id), self.tools.now, config.templates_for)

    def verify(self, request: Request) -> None:
        presented = request.headers.get(SIGNATURE)
        if not presented:
            raise BadSignature("no X-Turn-Hook-Signature", missing=presented is None)
        signed = b64encode(digest(self.config.hmac_secret.reveal().encode(), request.body, "sha256"))
        if not compare_digest(signed, presented.encode()):
            raise BadSignature("not signed with this webhook's secret")

    def parse(self, request: Request) -> Sequence[Inbound]:
        subscription = request.headers.get(SUBSCRIPTION, HEARD)
        if subscription != HEARD:
            return [
                Ignored(
                    key=key_of(request.body),
                    reason=f"of the subscription {subscription[:64]}, which repeats what was sent",
                )
            ]
        return parse_value(request.body)

    async def send(self, outbound: Outbound) -> Sent:
        """Files are brought first; what the message then says is refused or sent at once."""
        brought = {name: await self.shelf.bring(file) for name, file in outbound.files.items()}
        body = await composed(
            outbound, self.templates, self.config.list_label, lambda file: {"id": brought[file.attachment_id]}
        )
        return await self._post(body)

    async def react(self, outbound: OutboundReaction) -> Sent:
        return await self._post(wire.reaction(outbound))

    async def fetch(self, source: str) -> Fetched:
        return Fetched(self.shelf.octets(source, self.config.download_octets))

    async def check(self) -> Account:
        """Turn.io names nobody to a token; that it opens the account's templates is what is known."""
        count = len(await self.templates.all())
        return Account(
            name=f"a number of the account {self.config.business_account_id}", details={"templates": f"{count}"}
        )

    async def _post(self, body: wire.Body) -> Sent:
        return await post(self.api, "messages", self._on_premises(body))

    def _on_premises(self, body: wire.Body) -> dict[str, Any]:
        told = {name: value for name, value in body.items() if name not in UNSAID}
        if "template" in told:
            language = {**told["template"]["language"], "policy": "deterministic"}
            namespace = {"namespace": self.config.namespace} if self.config.namespace else {}
            told["template"] = {**namespace, **told["template"], "language": language}
        return told

    @property
    def _limits(self) -> Limits:
        return Limits(self.config.send_seconds, self.config.rate_pause)
