"""Pigeon, an invented messenger: what a complete small plugin looks like.

It signs `time.body` with HMAC-SHA-256 and has letters, reports and farewells.
It takes text, pictures, edits and typing.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import aiohttp
import msgspec

from connectors.kit.base import Info, Outbound, OutboundEdit, Plugin, Sent, Settles
from connectors.kit.capability import Capability, MediaLimit, TextLimit
from connectors.kit.config import PluginConfig
from connectors.kit.errors import (
    BadPayload,
    BadSignature,
    KitError,
    Misconfigured,
    OptedOut,
    OutcomeUnknown,
    Refused,
    Temporary,
    Unreachable,
)
from connectors.kit.http import Answer
from connectors.kit.request import Request, decode
from connectors.kit.secret import Secret
from normalizer.inbound import (
    Address,
    ConsentChanged,
    Inbound,
    MessageReceived,
    Peer,
    Person,
    StatusChanged,
    Unreadable,
)
from normalizer.model import ConsentState
from normalizer.parts import MediaKind
from normalizer.status import Status

REPORTS = {"flown": Status.ACCEPTED, "landed": Status.DELIVERED, "eaten": Status.FAILED}
REFUSALS: Mapping[int, type[KitError]] = {
    401: Misconfigured,
    404: Unreachable,
    410: OptedOut,
    422: Refused,
}
LATEST = 253402300799
"""The last second of year 9999, beyond which there are no dates."""

T = TypeVar("T")


class Config(PluginConfig, frozen=True, kw_only=True):
    """`loft` is the sender's number at Pigeon."""

    loft: str
    api_key: Secret
    webhook_secret: Secret
    api_base: str = "https://api.pigeon.example"


class Letter(msgspec.Struct, frozen=True):
    id: str
    sender: str
    words: str
    sent: int
    answers: str | None = None


class Happened(msgspec.Struct, frozen=True):
    id: str
    kind: str
    sent: int
    letter: str | None = None
    sender: str | None = None


class Delivery(msgspec.Struct, frozen=True):
    letters: tuple[msgspec.Raw, ...] = ()
    happened: tuple[Happened, ...] = ()


class Coop(msgspec.Struct, frozen=True):
    letter: str


DELIVERY = msgspec.json.Decoder(Delivery)
LETTER = msgspec.json.Decoder(Letter)
COOP = msgspec.json.Decoder(Coop)


def signature(secret: Secret, time: str, body: bytes) -> str:
    signed = time.encode("latin-1", "replace") + b"." + body
    return hmac.new(secret.reveal().encode(), signed, hashlib.sha256).hexdigest()


class Pigeon(Plugin[Config]):
    Config = Config
    info = Info(
        name="pigeon",
        channel="pigeon",
        scheme="pigeon",
        capability=Capability(
            text=TextLimit(most=500),
            media=MediaLimit(kinds=frozenset({MediaKind.IMAGE}), most_octets=1 << 20),
            replies=True,
            edits=True,
            typing=True,
            inbound=frozenset({"message_received", "status_changed", "consent_changed"}),
        ),
        settles=Settles.CALLBACK,
    )

    def verify(self, request: Request) -> None:
        presented = request.headers.get("x-pigeon-signature")
        if presented is None:
            raise BadSignature("not signed", missing=True)
        wanted = signature(self.config.webhook_secret, request.headers.get("x-pigeon-time", ""), request.body)
        if not hmac.compare_digest(wanted.encode(), presented.encode()):
            raise BadSignature("signed with another secret")

    def parse(self, request: Request) -> Sequence[Inbound]:
        delivery = decode(request.body, DELIVERY)
        letters = [self.letter(bytes(raw)) for raw in delivery.letters]
        return [*letters, *map(self.happened, delivery.happened)]

    def letter(self, raw: bytes) -> Inbound:
        key = "l:" + hashlib.sha256(raw).hexdigest()[:16]
        try:
            letter = decode(raw, LETTER)
        except BadPayload as error:
            return Unreadable(key=key, slice=raw, reason=str(error))
        if not 0 <= letter.sent <= LATEST:
            return Unreadable(key=key, slice=raw, reason="sent at no possible time")
        return MessageReceived(
            key=f"l:{letter.id}",
            external_id=letter.id,
            peer=Peer(person=Person(address=Address(scheme="pigeon", value=letter.sender))),
            text=letter.words,
            reply_to=letter.answers,
            occurred_at=datetime.fromtimestamp(letter.sent, UTC),
        )

    def happened(self, happened: Happened) -> Inbound:
        key = f"h:{happened.id}"
        raw = msgspec.json.encode(happened)
        if not 0 <= happened.sent <= LATEST:
            return Unreadable(key=key, slice=raw, reason="happened at no possible time")
        at = datetime.fromtimestamp(happened.sent, UTC)
        if happened.kind in REPORTS and happened.letter:
            return StatusChanged(
                key=key,
                external_id=happened.letter,
                status=REPORTS[happened.kind],
                provider_code=happened.kind,
                occurred_at=at,
            )
        if happened.kind == "farewell" and happened.sender:
            peer = Peer(person=Person(address=Address(scheme="pigeon", value=happened.sender)))
            return ConsentChanged(key=key, peer=peer, state=ConsentState.OPTED_OUT, source="farewell", occurred_at=at)
        return Unreadable(key=key, slice=raw, reason="no such happening")

    async def send(self, outbound: Outbound) -> Sent:
        if outbound.payload.media:
            return await self.send_picture(outbound)
        letter = {"to": outbound.address.value, "words": outbound.payload.text, "ref": outbound.token}
        if outbound.reply_to:
            letter["answers"] = outbound.reply_to
        return self.sent(await self.post("/letters", letter))

    async def send_picture(self, outbound: Outbound) -> Sent:
        file = outbound.files[outbound.payload.media[0].attachment_id]
        form = aiohttp.FormData()
        form.add_field("to", outbound.address.value)
        with file.path.open("rb") as content:
            form.add_field("picture", content, filename=file.name, content_type=file.media_type)
            answer = await self.tools.http.request("POST", self.url("/pictures"), headers=self.headers(), body=form)
        return self.sent(answer)

    async def edit(self, outbound: OutboundEdit) -> Sent:
        return self.sent(await self.post(f"/letters/{outbound.external_id}", {"words": outbound.payload.text}, "PUT"))

    async def typing(self, address: Address, thread: str | None) -> None:  # noqa: ARG002 - it has no threads
        await self.post("/cooing", {"to": address.value})

    async def post(self, path: str, body: Any, method: str = "POST") -> Answer:
        headers = {**self.headers(), "content-type": "application/json"}
        return await self.tools.http.request(method, self.url(path), headers=headers, body=msgspec.json.encode(body))

    def sent(self, answer: Answer) -> Sent:
        if answer.status == 200:
            return Sent((decoded(answer, lambda: COOP.decode(answer.body)).letter,))
        raise named(answer)

    def url(self, path: str) -> str:
        return f"{self.config.api_base}/v1/lofts/{self.config.loft}{path}"

    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.config.api_key.reveal()}"}


def decoded(answer: Answer, read: Callable[[], T]) -> T:
    try:
        return read()
    except msgspec.DecodeError as error:
        raise OutcomeUnknown(f"status {answer.status} with an answer that is not understood") from error


def named(answer: Answer) -> KitError:
    if answer.status == 429:
        return Temporary("too many letters", retry_after=float(answer.headers["retry-after"]))
    kind = REFUSALS.get(answer.status, OutcomeUnknown)
    return kind(f"Pigeon answered {answer.status}", provider_code=str(answer.status))
