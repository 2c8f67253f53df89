"""An app for simulators of push services: it signs its users in and registers their devices."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from time import time
from typing import Any, Final

import jwt
import msgspec

from connectors.families.app.tokens import BEARER
from connectors.kit.fixtures import WireRequest
from connectors.kit.request import Request
from connectors.kit.testing import mutate

HEADER: Final = "authorization"
HOUR: Final = 3600


def registration(config: Mapping[str, Any], hub_url: str, body: bytes, user: str) -> WireRequest:
    """The request with which the app of these settings registers a user's device."""
    token = jwt.encode({"sub": user, "exp": int(time()) + HOUR}, config["jwt_secret"], algorithm="HS256")
    headers = {"content-type": "application/json", HEADER: BEARER + token}
    return WireRequest("POST", path(hub_url), headers, body)


def path(hub_url: str) -> str:
    return "/" + hub_url.split("/", 3)[3]


def seen(hub_url: str, data: Mapping[str, Any], how: str) -> WireRequest:
    """The request with which the app tells what came of a notification that carried `data`."""
    body = msgspec.json.encode({"receipt": data["receipt"], "seen": how})
    return WireRequest("POST", path(hub_url), {"content-type": "application/json"}, body)


def told(device: Mapping[str, Any], *, on: bool = True, before: Mapping[str, Any] | None = None) -> bytes:
    """The body of a registration."""
    return msgspec.json.encode({"device": device, "on": on} | ({"before": before} if before else {}))


def _part(number: int) -> Callable[[Request], Request]:
    """With one of the token's three parts changed."""

    def mutated(request: Request) -> Request:
        parts = request.headers.get(HEADER, "").split(".")
        if len(parts) != 3:
            return request
        # Within the payload the sixth character is a letter of `{"sub"`, in the header one of `{"alg"`.
        parts[number] = parts[number][:5] + mutate.flipped(parts[number][5:])
        return replace(request, headers={**request.headers, HEADER: ".".join(parts)})

    return mutated


def _unsigned(request: Request) -> Request:
    """With a token that says that it is not signed."""
    token = request.headers.get(HEADER, "")
    if not token:
        return request
    claims = {"sub": "somebody", "exp": int(request.received_at.timestamp()) + HOUR}
    return replace(request, headers={**request.headers, HEADER: BEARER + jwt.encode(claims, "", algorithm="none")})


def _anothers(request: Request) -> Request:
    """With a token of another app."""
    if HEADER not in request.headers:
        return request
    claims = {"sub": "somebody", "exp": int(request.received_at.timestamp()) + HOUR}
    token = jwt.encode(claims, "the secret of some other app 00000", algorithm="HS256")
    return replace(request, headers={**request.headers, HEADER: BEARER + token})


def _receipt(change: Callable[[str], str]) -> Callable[[Request], Request]:
    """With a receipt that says something else."""

    def mutated(request: Request) -> Request:
        try:
            body = msgspec.json.decode(request.body, type=dict[str, Any])
        except msgspec.MsgspecError:
            return request
        if "receipt" not in body:
            return request
        return replace(request, body=msgspec.json.encode({**body, "receipt": change(body["receipt"])}))

    return mutated


MUTATORS: Final[Mapping[str, Callable[[Request], Request]]] = {
    "token dropped": mutate.header_dropped(HEADER),
    "token emptied": mutate.header_emptied(HEADER),
    "token cut": mutate.header_cut(HEADER),
    "claims changed": _part(1),
    "signature changed": _part(2),
    "token unsigned": _unsigned,
    "token of another app": _anothers,
    "receipt of another message": _receipt(mutate.flipped),
    "receipt's signature cut": _receipt(lambda receipt: receipt[:-1]),
    "receipt's signature dropped": _receipt(lambda receipt: receipt.rpartition(".")[0]),
    "receipt emptied": _receipt(lambda _: ""),
}
