"""Devices of an app's users: the app registers them at the connector's own webhook, with its user's token.

    POST /in/<connector>
    Authorization: Bearer <the user's token, as for the chat>
    {"device": {…}, "on": true, "before": {…}}

`device` is what the channel addresses, `on: false` lets it go, `before` says what it was known as. What came of a
notification is told there too (`connectors.families.app.receipts`). A browser asks first (`OPTIONS`); that proves
nothing, and nothing comes of it. Source: fetch.spec.whatwg.org, CORS protocol (read 2026-11).
"""

from collections.abc import Callable, Collection, Mapping
from hashlib import sha256
from typing import Annotated, Final

import msgspec

from connectors.families.app import tokens
from connectors.families.app.keys import UserKeys, check_keys, check_origins
from connectors.families.app.receipts import Receipts, about_receipt
from connectors.kit.base import ANSWERS, Outcome
from connectors.kit.errors import BadPayload, BadSignature
from connectors.kit.request import Request, Response, decode
from normalizer.inbound import Address, Claim, ConsentChanged, IdentityMoved, Inbound, Peer, Person
from normalizer.model import ConsentState, Proof

PREFLIGHT: Final = "OPTIONS"
ANY: Final = "*"
STATES: Final[Mapping[bool, ConsentState]] = {True: ConsentState.OPTED_IN, False: ConsentState.OPTED_OUT}


class DeviceKeys(UserKeys, frozen=True, kw_only=True):
    """Settings of a channel of notifications; what it sends by is its own."""

    users: Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9_-]*$")]
    """The chat connector whose users the devices are of; it takes the same tokens."""
    origins: tuple[str, ...] = ()
    """Whose pages may register: `https://app.example.com` each, `*` for all. An app that is no page needs none."""


NOTHING: Final = msgspec.Raw(b"null")


class Registration(msgspec.Struct, frozen=True):
    device: msgspec.Raw
    on: bool = True
    before: msgspec.Raw = NOTHING


REGISTRATION: Final = msgspec.json.Decoder(Registration)
AddressOf = Callable[[bytes], str]
"""A device as JSON to the value of its address. Raises BadPayload. Pure."""


def check_devices(config: DeviceKeys) -> None:
    """Raises ValueError."""
    if config.jwt_secret is None and config.jwt_public_key is None:
        raise ValueError("nobody may register: set jwt_secret or jwt_public_key")
    check_keys(config)
    check_origins(config.origins)


def verify(config: UserKeys, receipts: Receipts, request: Request) -> None:
    """Raises BadSignature unless a signed-in user asks, or a browser before one does, or a receipt proves itself."""
    if request.method != PREFLIGHT and not receipts.proves(request):
        tokens.user(config, request)


def heard(
    config: DeviceKeys, scheme: str, address_of: AddressOf, receipts: Receipts, request: Request
) -> list[Inbound]:
    """What a request says of a device, or of a notification. Raises BadPayload."""
    if request.method == PREFLIGHT:
        return []
    if about_receipt(request):
        return receipts.heard(request)
    return _device(config, scheme, address_of, request)


def _device(config: DeviceKeys, scheme: str, address_of: AddressOf, request: Request) -> list[Inbound]:
    try:
        claims = tokens.user(config, request)
    except BadSignature as error:  # as when a kept request is read again, whose token was not kept
        raise BadPayload(f"nobody's device: {error.detail}") from None
    told = decode(request.body, REGISTRATION)
    device = Address(scheme=scheme, value=address_of(bytes(told.device)))
    key = f"device:{sha256(device.value.encode()).hexdigest()}:{request.received_at.timestamp():.6f}"
    items: list[Inbound] = []
    if told.on and bytes(told.before) != bytes(NOTHING):
        before = Address(scheme=scheme, value=address_of(bytes(told.before)))
        if before != device:
            moved = IdentityMoved(key=f"{key}:moved", before=before, after=device, occurred_at=request.received_at)
            items.append(moved)
    items.append(
        ConsentChanged(
            key=key,
            peer=_peer(config, device, claims),
            state=STATES[told.on],
            source="the app",
            only_here=True,
            occurred_at=request.received_at,
        )
    )
    return items


def answered(origins: Collection[str], request: Request, outcome: Outcome) -> Response:
    """What the app hears, readable to its pages."""
    usual = ANSWERS[outcome]
    shared = _shared(origins, request.headers.get("origin"))
    if request.method != PREFLIGHT or outcome is Outcome.OVERLOADED:
        return Response(usual.status, usual.body, {**usual.headers, **shared})
    asked = {
        "access-control-allow-methods": "GET, POST",
        "access-control-allow-headers": "authorization, content-type, traceparent",
        "access-control-max-age": "600",
    }
    return Response(204, headers={**shared, **asked} if len(shared) > 1 else shared)


def _shared(origins: Collection[str], origin: str | None) -> dict[str, str]:
    admitted = origin is not None and origin.isascii() and (ANY in origins or origin in origins)
    return {"vary": "origin", **({"access-control-allow-origin": origin or ""} if admitted else {})}


def _peer(config: DeviceKeys, device: Address, claims: tokens.Claims) -> Peer:
    """The device, and whose it is: the user of the chat that takes the same tokens."""
    user = Claim(scheme=tokens.SCHEME, value=tokens.USER + claims.sub, scope=config.users)
    return Peer(
        person=Person(address=device, name=claims.name or None, locale=claims.locale or None),
        proof=Proof.VERIFIED,
        claims=(user, *tokens.proven(claims)),
        contact_ref=claims.sub,
    )
